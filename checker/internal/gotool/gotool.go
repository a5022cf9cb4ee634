// Package gotool runs the go command the way the checker needs it: in the
// repository, with the module's own go.mod and without a workspace.
package gotool

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"

	"github.com/wirekata/wirekata/checker/internal/procgroup"
)

// Command returns the command `go args...` in the module at root. When ctx is
// done, it is interrupted together with the compilers that it runs.
func Command(ctx context.Context, root string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=-mod=readonly -buildvcs=false", "PWD="+root)
	procgroup.Own(cmd, syscall.SIGINT)
	cmd.Cancel = func() error { return procgroup.Signal(cmd, syscall.SIGINT) }
	cmd.WaitDelay = 5 * time.Second
	return cmd
}

// Output runs the command and returns what it printed. The error has what it
// printed to its standard error.
func Output(ctx context.Context, root string, args ...string) ([]byte, error) {
	cmd := Command(ctx, root, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, Explain(args[0], err, stderr.String())
	}
	return out, nil
}

// Explain returns the error of a go command that failed, with what it printed
// to its standard error, and what to do where that is known.
func Explain(verb string, err error, stderr string) error {
	stderr = strings.TrimSpace(stderr)
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return errors.New("go command: not found; install Go from https://go.dev/dl and put it on the PATH")
	case strings.Contains(stderr, "requires go >= "):
		return fmt.Errorf("go command: older than the course: %s\ninstall that version or a later one from https://go.dev/dl", stderr)
	case strings.Contains(stderr, "no space left on device"):
		return fmt.Errorf("go %s: the disk is full: %s\nmake room, for example with \"go clean -cache\"", verb, stderr)
	}
	return fmt.Errorf("go %s: %w\n%s", verb, err, stderr)
}
