package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/doctor"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func (a *app) doctor() *cobra.Command {
	noBuild := false
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Examine whether this machine can judge the course",
		Long: "doctor examines the machine: what judging needs, what it can do without, and what to\n" +
			"do about it. Then it compiles every suite against its reference, so that the first\n" +
			"check does not have to wait for the standard library.\n\n" +
			"The exit status is 3 if nothing can be judged here.",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			return examine(ctx, s, noBuild)
		}),
	}
	cmd.Flags().BoolVar(&noBuild, "no-build", false, "compile nothing")
	return cmd
}

func examine(ctx context.Context, s *session, noBuild bool) error {
	findings := doctor.Examine(ctx, s.root)
	if err := report.Doctor(s.Stdout, s.style(s.Terminals.Stdout), findings); err != nil {
		return err
	}
	if slices.ContainsFunc(findings, func(f doctor.Finding) bool { return f.State == doctor.Broken }) {
		return &failure{code: exitCannotJudge, err: errors.New("nothing can be judged here"), remedy: "see to what is marked with ✗, and run doctor again"}
	}
	if noBuild {
		return nil
	}
	topics, err := s.chooseBuilt(nil)
	if err != nil {
		return err
	}
	o := runner.Options{Candidate: candidate.FS(s.Originals, "solutions"), Topics: topics, Race: true}
	if err := s.watched(o, func(o runner.Options) error { return s.Warm(ctx, o) }); err != nil {
		return fmt.Errorf("suites do not build here: %w", err)
	}
	s.say("every suite is built; a check takes about a second now")
	return nil
}
