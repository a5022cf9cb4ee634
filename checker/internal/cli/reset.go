package cli

import (
	"bufio"
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/progress"
)

func (a *app) reset() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use:   "reset TOPIC",
		Short: "Put the stub and the visible suite back in place",
		Long: "reset puts the stub and the visible suite back in place, after asking. The Go files\n" +
			"that were there are kept under .wirekata/backup.",
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(_ context.Context, s *session, args []string) error {
			return reset(s, args, yes)
		}),
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func reset(s *session, args []string, yes bool) error {
	t, err := s.chooseOne(args)
	if err != nil {
		return err
	}
	r, err := s.planReset(t)
	if err != nil {
		return err
	}
	if r.unchanged() {
		s.say("%s is as it was at the beginning; nothing to do", t.ID())
		return nil
	}
	if !yes {
		if err := s.confirm(r.question()); err != nil {
			return err
		}
	}
	if err := r.run(); err != nil {
		return &failure{code: exitCannotJudge, err: fmt.Errorf("%s cannot be put back: %w", t.ID(), err), remedy: r.whereYours()}
	}
	fmt.Fprintf(s.Stdout, "%s is as it was at the beginning\n", t.ID())
	if len(r.yours) > 0 {
		fmt.Fprintf(s.Stdout, "your files are in %s\n", r.backup)
	}
	s.remember(func(p *progress.Progress) { p.Forget(t.ID()) })
	return nil
}

// confirm asks a question that only "y" or "yes" answers with yes.
func (s *session) confirm(question string) error {
	if !s.Terminals.Stdin {
		return usage("add --yes to go on without being asked", "there is nobody to ask: standard input is no terminal")
	}
	fmt.Fprintf(s.Stderr, "checker: %s [y/N] ", foreign.Line(question))
	answer, _ := bufio.NewReader(s.Stdin).ReadString('\n')
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "y", "yes":
		return nil
	}
	return &failure{code: exitNotPassed, err: fmt.Errorf("nothing was changed")}
}
