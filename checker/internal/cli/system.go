package cli

import (
	"context"
	"io/fs"
	"os"
	"os/signal"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// Main runs the command line of this process and returns the exit status.
func Main(originals fs.FS, commands ...*cobra.Command) int {
	return RunProcess(System(originals, commands...))
}

// RunProcess runs the command line of this process in the environment. An
// interrupt ends the judging; a second one ends the process.
func RunProcess(env Env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	return Run(ctx, env, os.Args[1:])
}

// System is the environment of this process.
func System(originals fs.FS, commands ...*cobra.Command) Env {
	dir, err := os.Getwd()
	if err != nil {
		dir = "."
	}
	return Env{
		Dir:       dir,
		Stdin:     os.Stdin,
		Stdout:    os.Stdout,
		Stderr:    os.Stderr,
		Terminals: terminals(),
		Now:       time.Now,
		Originals: originals,
		Judge:     runner.Judge,
		Measure:   runner.Measure,
		Warm:      runner.Warm,
		Sandbox:   sandbox.Best,
		Commands:  commands,
	}
}

func terminals() Terminals {
	dumb := os.Getenv("TERM") == "dumb" // nothing on it can be painted over
	t := Terminals{
		Stdin:  term.IsTerminal(int(os.Stdin.Fd())),
		Stdout: term.IsTerminal(int(os.Stdout.Fd())) && !dumb,
		Stderr: term.IsTerminal(int(os.Stderr.Fd())) && !dumb,
		Color:  os.Getenv("NO_COLOR") == "",
	}
	for _, f := range []*os.File{os.Stdout, os.Stderr} {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && t.Width == 0 {
			t.Width = width
		}
	}
	return t
}
