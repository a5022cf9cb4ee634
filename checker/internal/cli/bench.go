package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func (a *app) bench() *cobra.Command {
	b := runner.Benchmark{}
	cmd := &cobra.Command{
		Use:   "bench TOPIC",
		Short: "Measure your code beside the reference and a peer",
		Long: "bench runs the topic's benchmarks on your code and on the reference, in turn. First come lines\n" +
			"that benchstat reads (\"benchstat -col /by FILE\"), then a chart of the medians, and ratios to the\n" +
			"reference. No mark depends on it. It waits until the assignment passes.",
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return bench(ctx, s, args, b)
		}),
	}
	cmd.Flags().StringVar(&b.Match, "bench", "", "only benchmarks that match `regexp`")
	cmd.Flags().DurationVar(&b.Time, "benchtime", 100*time.Millisecond, "how long each runs, at least")
	cmd.Flags().IntVar(&b.Count, "count", 3, "how many times each runs")
	return cmd
}

func bench(ctx context.Context, s *session, args []string, b runner.Benchmark) error {
	if b.Count < 1 || b.Time <= 0 {
		return usage("", "--count and --benchtime must be more than nothing")
	}
	if _, err := regexp.Compile(b.Match); err != nil {
		return usage("", "--bench: %w", err)
	}
	t, err := s.chooseOne(args)
	if err != nil {
		return err
	}
	if b.Topic = t; !hasBenchmark(s, t) {
		return usage(fmt.Sprintf("%q shows its costs as counts", report.Command+" compare "+t.ID()), "%s has no benchmark", t.ID())
	}
	files := s.learner()
	mine, err := s.judgeOne(ctx, b.Topic, files)
	if err != nil {
		return err
	}
	if err := unfinished(mine); err != nil {
		return err
	}
	fmt.Fprintf(s.Stdout, "goos: %s\ngoarch: %s\npkg: %s\n", runtime.GOOS, runtime.GOARCH, b.Topic.ID())
	view := report.BenchView{First: []string{runner.Yours, runner.Reference}}
	err = s.watched(runner.Options{Candidate: files}, func(o runner.Options) error {
		return s.Measure(ctx, o, b, func(m runner.Measurement) {
			fmt.Fprintln(s.Stdout, m.Line)
			view.Measured = append(view.Measured, report.Measured{
				Name: m.Name, By: m.By, Nanoseconds: m.NsPerOp, Octets: m.AllocedBytesPerOp, Allocations: m.AllocsPerOp,
			})
		})
	})
	switch {
	case ctx.Err() != nil:
		return &failure{code: exitCannotJudge, err: errors.New("interrupted")}
	case errors.Is(err, runner.ErrYours):
		return &failure{code: exitNotPassed, err: err}
	case err != nil:
		return &failure{code: exitCannotJudge, err: err}
	case len(view.Measured) == 0:
		return usage("leave --bench out to run all", "no benchmark of %s matches %q", t.ID(), b.Match)
	}
	fmt.Fprintln(s.Stdout)
	return report.Bench(s.Stdout, s.style(s.Terminals.Stdout), view)
}
