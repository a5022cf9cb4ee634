package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func (a *app) compare() *cobra.Command {
	var spoil bool
	cmd := &cobra.Command{
		Use:   "compare TOPIC",
		Short: "Show your marks, and your code beside the reference",
		Long:  "compare shows your marks, and your code beside the reference, once the assignment passes.",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return compare(ctx, s, args, spoil)
		}),
	}
	cmd.Flags().BoolVar(&spoil, "spoil", false, "show the reference before the assignment passes")
	return cmd
}

func compare(ctx context.Context, s *session, args []string, spoil bool) error {
	t, err := s.chooseOne(args)
	if err != nil {
		return err
	}
	files := s.learner()
	yours, err := files.Files(t)
	if err != nil {
		return &failure{code: exitNotPassed, err: fmt.Errorf("%s cannot be compared: %w", t.Exercise(), err)}
	}
	topics, err := s.judge(ctx, runner.Options{Candidate: files, Topics: []*course.Topic{t}})
	if err != nil {
		return err
	}
	if mark := topics[0].Mark(result.Assignment); !mark.Full() && !spoil {
		return &failure{
			code:   exitNotPassed,
			err:    fmt.Errorf("the assignment of %s does not pass yet: %d of %d clauses", t.ID(), mark.Passed, mark.Total),
			remedy: fmt.Sprintf("%q shows why; --spoil shows the reference all the same", report.Command+" check "+t.ID()),
		}
	}
	reference, err := candidate.FS(s.Originals, "solutions").Files(t)
	if err != nil {
		return err
	}
	return report.Compare(s.Stdout, s.style(s.Terminals.Stdout), report.CompareView{Topic: topics[0], Yours: yours, Reference: reference})
}
