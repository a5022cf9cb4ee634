package cli

import (
	"fmt"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// Values of --sandbox beside the names of levels.
const (
	bestSandbox     = "best"     // whatever there is
	requiredSandbox = "required" // the strongest, or nothing is run
)

// box returns the sandbox that the flag --sandbox asks for: one's own code
// runs in none, and that of others in the best there is.
func (s *session) box(f *gradeFlags) (*sandbox.Box, error) {
	least, err := f.leastSandbox()
	if err != nil {
		return nil, err
	}
	if f.sandbox == sandbox.Off.String() || f.sandbox == "" && f.candidate == "" {
		return &sandbox.Box{}, nil
	}
	b := s.Sandbox()
	if b.Level < least {
		return nil, &failure{
			code:   exitCannotJudge,
			err:    fmt.Errorf("sandbox: level %s is not to be had here, only %s\n%s", least, b, strings.Join(b.Lacks, "\n")),
			remedy: fmt.Sprintf("%q says what to do about it; --sandbox best takes what there is", report.Command+" doctor"),
		}
	}
	if b.Level == sandbox.Off {
		s.say("sandbox: there is none here; the code of %s can do %s", f.candidate, b.Level.Open())
	}
	return b, nil
}

// leastSandbox is the level that --sandbox insists on.
func (f *gradeFlags) leastSandbox() (sandbox.Level, error) {
	switch f.sandbox {
	case "", bestSandbox:
		return sandbox.Off, nil
	case requiredSandbox:
		return sandbox.Namespaces, nil
	}
	level, ok := sandbox.ParseLevel(f.sandbox)
	if !ok {
		return 0, usage("give best, required, namespaces, landlock, limits or off", "--sandbox %q is no level", f.sandbox)
	}
	return level, nil
}
