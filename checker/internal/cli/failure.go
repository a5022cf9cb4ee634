package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/report"
)

// The exit statuses other than 0; see the package's comment.
const (
	exitNotPassed   = 1
	exitUsage       = 2
	exitCannotJudge = 3
	exitSelfIssued  = 4
	exitUnknown     = 5
)

// A failure ends the command. A failure without an error says nothing more:
// the report has said it.
type failure struct {
	code   int
	err    error
	remedy string // what to do about it; "" where the problem says it
}

func (f *failure) Error() string {
	if f.err == nil {
		return fmt.Sprintf("exit status %d", f.code)
	}
	return f.err.Error()
}

func (f *failure) Unwrap() error { return f.err }

// lines are what is said on standard error: the problem, then the remedy.
func (f *failure) lines() []string {
	if f.err == nil {
		return nil
	}
	lines := strings.Split(strings.TrimRight(f.err.Error(), "\n"), "\n")
	if f.remedy != "" {
		lines = append(lines, f.remedy)
	}
	return lines
}

// usage is a failure of the command line itself.
func usage(remedy, format string, args ...any) error {
	return &failure{code: exitUsage, err: fmt.Errorf(format, args...), remedy: remedy}
}

// asFailure returns err as a failure. What is none yet comes from cobra, and
// is about flags and arguments.
func asFailure(err error) *failure {
	var f *failure
	if errors.As(err, &f) {
		return f
	}
	text := strings.TrimSpace(strings.ReplaceAll(err.Error(), "\n\n", "\n"))
	return &failure{code: exitUsage, err: errors.New(text), remedy: fmt.Sprintf("see %q", report.Command+" --help")}
}
