package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// A program is a compiled pair of suites.
type program struct {
	path      string
	sum       string // of the file's content, or of all that decides on it
	candidate string // the value of candidateEnv, where there are several in it
}

// A builder compiles suites against candidates, in the kept directory.
type builder struct {
	root      string
	originals fs.FS
	room      *kept
	timeout   time.Duration                                            // of one go command
	run       func(ctx context.Context, args []string) ([]byte, error) // goTool
}

func newBuilder(o Options, room *kept) *builder {
	b := &builder{root: o.Root, originals: o.Originals, room: room, timeout: o.BuildTimeout}
	b.run = b.goTool
	return b
}

// build compiles the cases that have a candidate with one go command. A case
// that does not compile is refused with the compiler's message.
func (b *builder) build(ctx context.Context, cases []*topicCase, race bool) error {
	byPath := map[string]*topicCase{}
	over, err := newOverlay(b.root, b.room)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if c.candidate == nil || race && c.race == nil {
			continue
		}
		byPath[modulePath+c.topic.Exercise()] = c
		if err := over.layTopic(b.originals, c); err != nil {
			return err
		}
	}
	failed, err := b.compile(ctx, over, slices.Sorted(maps.Keys(byPath)), race)
	if err != nil {
		return err
	}
	for imported, c := range byPath {
		if message, ok := failed[imported]; ok {
			c.refused(errors.New(strings.Join(append(c.candidate.Differs, message), "\n")))
			c.program = nil
			continue
		}
		p, err := newProgram(b.binary(c.topic.Name, race))
		if err != nil {
			return err
		}
		if race {
			c.race.program = p
		} else {
			c.program = p
		}
	}
	return nil
}

// buildAll compiles the cases, and with the race detector those that want it.
func (b *builder) buildAll(ctx context.Context, cases []*topicCase) error {
	if err := b.build(ctx, cases, false); err != nil {
		return err
	}
	return b.buildRace(ctx, cases)
}

const modulePath = "github.com/wirekata/wirekata/"

// bin is the folder of the kept directory for programs without the detector.
const bin = "bin"

func (b *builder) outDir(race bool) string {
	if race {
		return filepath.Join(b.room.dir, "race")
	}
	return filepath.Join(b.room.dir, bin)
}

// binary is the test binary of a topic, whose name no other topic has.
func (b *builder) binary(name string, race bool) string {
	name += ".test"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.outDir(race), name)
}

// newProgram returns the program in a file.
func newProgram(file string) (*program, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return &program{path: file, sum: hex.EncodeToString(h.Sum(nil))}, nil
}

// buildTimeout is how long a go command may compile: the standard library and
// every peer on a slow machine, and then some.
const buildTimeout = 5 * time.Minute

// compile builds the test binaries of the packages, and returns the messages
// of those that failed, or that have a package below them that did.
func (b *builder) compile(ctx context.Context, over *overlay, packages []string, race bool) (map[string]string, error) {
	out := b.outDir(race)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	file, err := over.write()
	if err != nil {
		return nil, err
	}
	args := []string{"test", "-c", "-json", "-overlay", file, "-vet=off", "-ldflags=-w", "-o", out + string(filepath.Separator)}
	if race {
		args = append(args, "-race")
	}
	var failed failures
	if err := b.attempt(ctx, args, packages, &failed); err != nil {
		return nil, err
	}
	messages := map[string]string{}
	for p, message := range failed.messages {
		messages[p] = asLearnerKnows(over.asWritten(message))
	}
	return messages, nil
}

// failures are the packages that did not build.
type failures struct {
	messages map[string]string
	slow     map[string]bool // those that took too long
}

func (f *failures) add(p, message string) {
	if f.messages == nil {
		f.messages, f.slow = map[string]string{}, map[string]bool{}
	}
	f.messages[p] += message
}

// attempt builds the packages and adds those that do not build to failed.
// Binaries are trusted only from a go command that succeeded, so a command
// that failed is run again without what failed. Where the packages take too
// long together, each is built by itself.
func (b *builder) attempt(ctx context.Context, args, packages []string, failed *failures) error {
	for len(packages) > 0 {
		stdout, err := b.run(ctx, append(slices.Clone(args), packages...))
		switch {
		case err == nil:
			return nil
		case errors.Is(err, errSlow) && len(packages) == 1:
			failed.add(packages[0], fmt.Sprintf("%s: compiling takes more than %s; write it in a way that is simpler to compile",
				strings.TrimPrefix(packages[0], modulePath), b.timeout))
			failed.slow[packages[0]] = true
			return nil
		case errors.Is(err, errSlow):
			for _, p := range packages {
				if err := b.attempt(ctx, args, []string{p}, failed); err != nil {
					return err
				}
			}
			return nil
		}
		if line := diskFull(stdout); line != "" {
			return gotool.Explain(args[0], err, line) // and no candidate is to blame
		}
		n := len(packages)
		blame(failed, packages, buildFailures(stdout))
		packages = slices.DeleteFunc(slices.Clone(packages), func(p string) bool { _, bad := failed.messages[p]; return bad })
		if len(packages) == n {
			return fmt.Errorf("suites: %w\n%s", err, plainOutput(stdout))
		}
	}
	return nil
}

// preflight compiles the candidates alone, and refuses those that take too
// long or too much memory. The rules that need types are applied by this very
// process, which cannot be stopped and could be made to take as much.
func (b *builder) preflight(ctx context.Context, cases []*topicCase) error {
	over, err := newOverlay(b.root, b.room)
	if err != nil {
		return err
	}
	byPath := map[string]*topicCase{}
	for _, c := range cases {
		if c.candidate == nil {
			continue
		}
		byPath[modulePath+c.topic.Exercise()] = c
		if err := over.layCandidate(c); err != nil {
			return err
		}
	}
	file, err := over.write()
	if err != nil {
		return err
	}
	var failed failures
	if err := b.attempt(ctx, []string{"build", "-json", "-overlay", file}, slices.Sorted(maps.Keys(byPath)), &failed); err != nil {
		return err
	}
	for p, message := range failed.messages {
		if failed.slow[p] || !atALine.MatchString(message) {
			byPath[p].refused(errors.New(asLearnerKnows(over.asWritten(message))))
		}
	}
	return nil
}

// atALine finds an ordinary error of the compiler, which the rules that need
// types say better. A compiler that was out of memory names no line.
var atALine = regexp.MustCompile(`(?m)\.go:\d+:`)

// errSlow says that a go command was ended because it took too long.
var errSlow = errors.New("compiling takes too long")

// goTool runs the go command and returns its standard output.
func (b *builder) goTool(ctx context.Context, args []string) ([]byte, error) {
	bounded, cancel := context.WithTimeoutCause(ctx, b.timeout, errSlow)
	defer cancel()
	cmd := gotool.Command(bounded, b.root, args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Start()
	if err == nil {
		gotool.BoundMemory(cmd, maxResident)
		err = cmd.Wait()
	}
	switch {
	case err == nil:
		return stdout.Bytes(), nil
	case bounded.Err() != nil:
		return nil, context.Cause(bounded)
	}
	return stdout.Bytes(), gotool.Explain(args[0], err, stderr.String())
}

// blame gives each message to the package that it is about or below.
func blame(failed *failures, packages []string, messages map[string]string) {
	for imported, message := range messages {
		for _, p := range packages {
			if imported == p || strings.HasPrefix(imported, p+"/") {
				failed.add(p, message)
			}
		}
	}
}
