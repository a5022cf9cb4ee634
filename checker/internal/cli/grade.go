package cli

import (
	"context"
	"math/big"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// gradeFlags are the flags of grade.
type gradeFlags struct {
	candidate   string
	json, junit string
	html        string
	failUnder   string
	seed        uint64
	noRace      bool
	noCache     bool // run also what has been judged before
	sandbox     string
}

func (a *app) grade() *cobra.Command {
	var f gradeFlags
	cmd := &cobra.Command{
		Use:   "grade",
		Short: "Judge the whole course, and compute the marks",
		Long: "grade judges the whole course: every topic with what it still needs, and the marks.\n" +
			"The exit status is 0 once the marks are known, whatever they are; see --fail-under.\n\n" +
			"The code of another folder (--candidate) runs in the best sandbox that the machine\n" +
			"offers, which the report names. With --sandbox required it is not run in a lesser\n" +
			"one than namespaces: the exit status is 3 then.",
		Example: "  " + report.Command + " grade\n" +
			"  " + report.Command + " grade --candidate ../handins/ada --json ada.json --fail-under 70",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			return grade(ctx, s, f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.candidate, "candidate", "", "judge the folder `DIR`, laid out like exercises/")
	flags.StringVar(&f.json, "json", "", "write the outcome as JSON to `FILE`, or - for standard output")
	flags.StringVar(&f.junit, "junit", "", "write it as JUnit XML to `FILE`, or - for standard output")
	flags.StringVar(&f.html, "html", "", "write it as a page for a browser to `FILE`, or - for standard output")
	flags.StringVar(&f.failUnder, "fail-under", "", "exit with 1 if the final mark is less than `N` percent")
	flags.Uint64Var(&f.seed, "seed", 0, "replay the random choices of the seed `N`")
	flags.StringVar(&f.sandbox, "sandbox", "", "confine the clauses: best, at least `LEVEL` (namespaces, landlock, limits), or off (default best with --candidate, else off)")
	flags.BoolVar(&f.noRace, "no-race", false, "do not look for data races")
	return cmd
}

func grade(ctx context.Context, s *session, f gradeFlags) error {
	limit, err := f.check(s)
	if err != nil {
		return err
	}
	topics, err := s.chooseBuilt(nil)
	if err != nil {
		return err
	}
	v, err := s.graded(ctx, topics, f)
	if err != nil {
		return err
	}
	if err := s.writeGrade(v, f); err != nil {
		return err
	}
	return gradeStatus(v, limit)
}

// graded judges the topics, and remembers the outcome where they are the
// learner's own.
func (s *session) graded(ctx context.Context, topics []*course.Topic, f gradeFlags) (report.GradeView, error) {
	files, err := s.handin(f.candidate)
	if err != nil {
		return report.GradeView{}, err
	}
	box, err := s.box(&f)
	if err != nil {
		return report.GradeView{}, err
	}
	outcome, err := s.judge(ctx, runner.Options{Candidate: files.readAll(topics), Topics: topics, Seed: f.seed, Race: !f.noRace, NoCache: f.noCache, Sandbox: box})
	if err != nil {
		return report.GradeView{}, err
	}
	if f.candidate == "" {
		s.record(outcome, files)
	}
	v := s.gradeView(outcome, f)
	v.Sandbox, v.SandboxOpen = box.String(), box.Level.Open()
	return v, nil
}

func (s *session) gradeView(outcome []result.Topic, f gradeFlags) report.GradeView {
	v := report.GradeView{
		Topics:    outcome,
		Marks:     result.Compute(outcome, s.course.Weights),
		Weights:   s.course.Weights,
		Pass:      s.course.Pass,
		Candidate: f.candidate,
		Part:      s.narrowed,
		Title:     s.course.Title,
		Sections:  s.course.Sections,
		When:      s.Now(),
		NoRace:    f.noRace,
	}
	if !s.narrowed {
		v.Announced = announced(s.course)
	}
	return v
}

func announced(c *course.Course) []string {
	var ids []string
	for _, t := range c.Topics() {
		if !t.Built {
			ids = append(ids, t.ID())
		}
	}
	return ids
}

// check finds what can be wrong with the flags, before minutes are spent on
// judging. It returns the limit of --fail-under, or nil.
func (f *gradeFlags) check(s *session) (*big.Rat, error) {
	documents := []string{f.json, f.junit, f.html}
	if n := slices.Index(documents, "-"); n >= 0 && slices.Contains(documents[n+1:], "-") {
		return nil, usage("give the others a file", "only one of --json, --junit and --html can go to standard output")
	}
	for _, name := range documents {
		if name == "" || name == "-" {
			continue
		}
		if info, err := os.Stat(filepath.Dir(s.from(name))); err != nil || !info.IsDir() {
			return nil, usage("make its folder first", "%s cannot be written: no such folder", name)
		}
	}
	if f.failUnder == "" {
		return nil, nil
	}
	limit, ok := new(big.Rat).SetString(f.failUnder)
	if !ok || limit.Sign() < 0 || limit.Cmp(big.NewRat(100, 1)) > 0 {
		return nil, usage("give a number from 0 to 100, like 70 or 69.5", "--fail-under %q is no mark", f.failUnder)
	}
	return limit, nil
}
