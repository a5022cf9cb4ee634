package cli

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
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
	if err := report.Check(s.Stdout, s.style(), v); err != nil {
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
	p, err := s.progress()
	if err != nil {
		return nil, err
	}
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

// withClause returns those of the topics that have the clause, and completes
// its name. Where the topic was left open, only one may have it.
func (s *session) withClause(topics []*course.Topic, f *checkFlags, open bool) ([]*course.Topic, error) {
	var having []*course.Topic
	var all, ids []string
	for _, t := range topics {
		names, err := s.clauseNames(t)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		for _, name := range names {
			if name == f.clause || name == "Test"+f.clause {
				f.clause = name
				having, ids = append(having, t), append(ids, t.ID())
				break
			}
		}
	}
	switch {
	case len(having) == 0:
		return nil, usage("a failing clause's \"again\" line shows its name",
			"clause %q: no such clause%s", f.clause, course.Suggest(f.clause, all))
	case open && len(having) > 1:
		return nil, usage("name the topic too", "clause %q is in %s", f.clause, strings.Join(ids, ", "))
	}
	f.race = f.race || f.clause == runner.NoDataRace
	return having, nil
}

func (s *session) clauseNames(t *course.Topic) ([]string, error) {
	clauses, err := course.Clauses(s.Originals, t)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range clauses {
		names = append(names, c.Name)
	}
	if t.Race {
		names = append(names, runner.NoDataRace)
	}
	return names, nil
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

// afterCheck remembers the outcome and adds to the view what follows from it.
func (s *session) afterCheck(v *report.CheckView, topics []*course.Topic, f checkFlags, files *snapshot) error {
	if err := s.record(v.Topics, files); err != nil {
		return err
	}
	for _, t := range topics {
		if t.Race && !f.race {
			v.WithoutRace = append(v.WithoutRace, t.ID())
		}
	}
	p, err := s.progress()
	if err != nil {
		return err
	}
	if next := s.next(s.course.Topics(), p); next != nil {
		v.Next = next.ID()
	}
	return nil
}

// checkStatus is the failure that check's exit status stands for, or nil.
func checkStatus(topics []result.Topic) error {
	if err := unjudged(topics); err != nil {
		return err
	}
	for i := range topics {
		if !topics[i].Finished() {
			return &failure{code: exitNotPassed}
		}
	}
	return nil
}

// unjudged is the failure where a clause could not be judged: its mark is no
// mark.
func unjudged(topics []result.Topic) error {
	n := 0
	for i := range topics {
		n += topics[i].Count(result.Error)
	}
	if n == 0 {
		return nil
	}
	return &failure{
		code:   exitCannotJudge,
		err:    fmt.Errorf("clauses that could not be judged: %d; they are counted as not passed", n),
		remedy: "run it again; if it stays, it is the checker's fault: please report it",
	}
}
