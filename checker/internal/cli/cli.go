// Package cli is the command line of the checker: it reads flags, chooses
// topics, and hands over to the packages that judge and render.
//
// Data goes to standard output: the report, or JSON where "-" asks for it.
// Everything said to a person beside it goes to standard error, one line a
// sentence, beginning with "checker: ", the problem first and then the remedy.
//
// The exit status is part of the interface:
//
//	0  done; for check: every clause passes
//	1  check: some clause does not pass; grade: the mark is under --fail-under;
//	   certificate: not passed; verify: refused
//	2  usage: the command was not understood, and nothing was done
//	3  could not judge
//	4  verify: intact, and signed by the learner
//	5  verify: intact, and signed by nobody that was said to be trusted
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// An Env is everything that a command uses from outside.
type Env struct {
	Dir       string // the working directory
	Stdin     io.Reader
	Stdout    io.Writer
	Stderr    io.Writer
	Terminals Terminals
	Now       func() time.Time
	// Originals are the suites, stubs and references that verdicts rest on.
	Originals fs.FS
	// Judge runs the clauses.
	Judge func(context.Context, runner.Options) ([]result.Topic, error)
	// Measure runs a topic's benchmarks.
	Measure func(context.Context, runner.Options, runner.Benchmark, func(runner.Measurement)) error
	// Warm compiles what Judge would.
	Warm func(context.Context, runner.Options) error
	// Sandbox returns the best sandbox that this machine offers.
	Sandbox func() *sandbox.Box
	// Commands are subcommands from elsewhere.
	Commands []*cobra.Command
}

// Terminals says which of the standard streams are terminals, and how they
// may be used.
type Terminals struct {
	Stdin, Stdout, Stderr bool
	Color                 bool // NO_COLOR is not set
	Width                 int  // 0 where it is not known
}

// Run runs the command line args (without the program's name) and returns the
// exit status.
func Run(ctx context.Context, env Env, args []string) int {
	root := newRoot(&app{Env: env})
	root.SetArgs(args)
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	f := asFailure(err)
	for _, line := range f.lines() {
		fmt.Fprintln(env.Stderr, "checker: "+foreign.Line(line))
	}
	return f.code
}

// An app is the state that the commands share.
type app struct {
	Env
	topics []string // the flag --topics
}

func newRoot(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "checker",
		Short: "Judge the exercises of the wirekata course",
		Long: "checker judges the exercises of the wirekata course: the suite that you can see\n" +
			"(the assignment) and the contract that you cannot (the assessment).\n\n" +
			"A topic is named like protocols/websocket, or websocket alone.",
		Example:       "  " + report.Command + " list\n  " + report.Command + " check websocket",
		Annotations:   map[string]string{cobra.CommandDisplayNameAnnotation: report.Command},
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		Run:           func(cmd *cobra.Command, _ []string) { cmd.Help() },
	}
	root.CompletionOptions.DisableDefaultCmd = true // no shell completes "go tool checker"
	cobra.EnableCommandSorting = false              // they stand in the order of the work
	root.PersistentFlags().StringSliceVar(&a.topics, "topics", nil, "only these topics, `a/b,c/d`")
	root.AddCommand(a.list(), a.watch(), a.check(), a.hint(), a.compare(), a.bench(), a.reset(), a.grade(), a.certificate(), a.verify(), a.doctor())
	for _, c := range a.Commands {
		adopt(c)
		root.AddCommand(c)
	}
	return root
}

// noArgs refuses whatever is left on the command line that is no command.
func noArgs(root *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range root.Commands() {
		names = append(names, c.Name())
	}
	return fmt.Errorf("unknown command %q%s", args[0], course.Suggest(args[0], names))
}

// A runFunc is a command's work in an opened repository.
type runFunc func(ctx context.Context, s *session, args []string) error

// run adapts f to cobra. An error of f's own that is no failure yet means
// that the checker could not do its work.
func (a *app) run(f runFunc) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		s, err := a.open(cmd.Flags().Changed("topics"))
		if err == nil {
			err = f(cmd.Context(), s, args)
		}
		var known *failure
		if err == nil || errors.As(err, &known) {
			return err
		}
		return &failure{code: exitCannotJudge, err: err}
	}
}

// adopt makes a command from elsewhere, and those below it, fail as the
// others do: an error that says its exit status has that, and no error of its
// own is one of usage. They take their topics as arguments alone.
func adopt(c *cobra.Command) {
	if run := c.RunE; run != nil {
		c.RunE = func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("topics") {
				return usage("name the topics as arguments", "%q does not look at --topics", cmd.CommandPath())
			}
			err := run(cmd, args)
			if err == nil {
				return nil
			}
			code := exitCannotJudge
			if e, ok := errors.AsType[interface {
				error
				ExitCode() int
			}](err); ok {
				code = e.ExitCode()
			}
			return &failure{code: code, err: err}
		}
	}
	for _, below := range c.Commands() {
		adopt(below)
	}
}
