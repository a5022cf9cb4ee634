package cli

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// checkFlags are the flags of check.
type checkFlags struct {
	clause  string
	seed    uint64
	trace   bool
	race    bool
	noCache bool
}

func (a *app) check() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [TOPIC...]",
		Short: "Run both suites of some topics, and show what does not pass",
		Long: "check runs both suites of the topics, and shows what does not pass in full. Without\n" +
			"a topic it takes those whose files changed since their last check, or else the next one.",
		Example: "  " + report.Command + " check\n" +
			"  " + report.Command + " check websocket --race\n" +
			"  " + report.Command + " check websocket --clause TestUnmaskedFrame --seed 8121 --trace",
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return check(ctx, s, args, f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.clause, "clause", "", "only the clause `NAME`")
	flags.Uint64Var(&f.seed, "seed", 0, "replay the random choices of the seed `N`")
	flags.BoolVar(&f.trace, "trace", false, "show every step, what is on the wire at each, and all output")
	flags.BoolVar(&f.race, "race", false, "look for data races too")
	flags.BoolVar(&f.noCache, "no-cache", false, "run clauses although nothing changed")
	return cmd
}

func check(ctx context.Context, s *session, args []string, f checkFlags) error {
	files := s.learner()
	topics, err := s.toCheck(args, &f, files)
	if err != nil || len(topics) == 0 {
		return err
	}
	s.noteSuites(topics)
	outcome, err := s.judge(ctx, runner.Options{
		Candidate: files.readAll(topics), Topics: topics,
		Clause: f.clause, Seed: f.seed, Trace: f.trace, Race: f.race, NoCache: f.noCache,
	})
	if err != nil {
		return err
	}
	v := report.CheckView{Topics: outcome, Full: f.trace, Part: f.clause != ""}
	if !v.Part {
		if err := s.afterCheck(&v, topics, f, files); err != nil {
			return err
		}
	}
	if err := report.Check(s.Stdout, s.style(s.Terminals.Stdout), v); err != nil {
		return err
	}
	return checkStatus(outcome)
}

// toCheck returns the topics to check; none, after saying so, where there is
// nothing left to do.
func (s *session) toCheck(args []string, f *checkFlags, files *snapshot) ([]*course.Topic, error) {
	topics, err := s.chooseBuilt(args)
	if err != nil {
		return nil, err
	}
	if f.clause != "" {
		return s.withClause(topics, f, len(args) == 0)
	}
	if len(args) > 0 {
		return topics, nil
	}
	p := s.progress()
	if changed := s.changed(topics, p, files.readAll(topics)); len(changed) > 0 {
		return changed, nil
	}
	next := s.next(topics, p)
	if next == nil {
		s.say("nothing changed since the last check, when everything passed")
		s.say("%q judges it all again", report.Command+" grade")
		return nil, nil
	}
	s.say("nothing changed since the last check; checking the next topic, %s", next.ID())
	return []*course.Topic{next}, nil
}

// noteSuites says where the visible suite was edited: what judges is the
// original, so an edit would seem to have no effect.
func (s *session) noteSuites(topics []*course.Topic) {
	for _, t := range topics {
		name := path.Join(t.Exercise(), suiteFile)
		yours, err := os.ReadFile(s.path(name))
		if err != nil {
			continue
		}
		if original, err := fs.ReadFile(s.Originals, path.Join(t.Contract(), suiteFile)); err == nil && !bytes.Equal(yours, original) {
			s.say("%s is not the original, which is what judges", name)
		}
	}
}

// noteStubs says where the course has changed a stub under work that began
// with another one.
func (s *session) noteStubs(topics []*course.Topic, files *snapshot) {
	p := s.progress()
	for _, t := range topics {
		if began := p.Stub(t.ID()); began != "" && began != s.stubSum(t) && s.begun(t, files) {
			s.say("the course has changed the stub of %s since you began; yours is kept", t.ID())
			s.say("%q puts the new one in place, and yours into a backup", report.Command+" reset "+t.ID())
		}
	}
}

// afterCheck remembers the outcome and adds to the view what follows from it.
func (s *session) afterCheck(v *report.CheckView, topics []*course.Topic, f checkFlags, files *snapshot) error {
	s.noteStubs(topics, files)
	s.record(v.Topics, files)
	for _, t := range topics {
		if t.Race && !f.race {
			v.WithoutRace = append(v.WithoutRace, t.ID())
		}
	}
	p := s.progress()
	if next := s.next(s.course.Topics(), p); next != nil {
		v.Next = next.ID()
	}
	return nil
}
