package cli

import (
	"context"
	"fmt"
	"io"
	"math/big"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// gradeFlags are the flags of grade.
type gradeFlags struct {
	candidate   string
	json, junit string
	failUnder   string
	seed        uint64
	noRace      bool
}

func (a *app) grade() *cobra.Command {
	var f gradeFlags
	cmd := &cobra.Command{
		Use:   "grade",
		Short: "Judge the whole course, and compute the marks",
		Long: "grade judges the whole course: every topic with what it still needs, and the marks.\n" +
			"The exit status is 0 once the marks are known, whatever they are; see --fail-under.",
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
	flags.StringVar(&f.failUnder, "fail-under", "", "exit with 1 if the final mark is less than `N` percent")
	flags.Uint64Var(&f.seed, "seed", 0, "replay the random choices of the seed `N`")
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
	files, err := s.handin(f.candidate)
	if err != nil {
		return err
	}
	outcome, err := s.judge(ctx, runner.Options{Candidate: files.readAll(topics), Topics: topics, Seed: f.seed, Race: !f.noRace})
	if err != nil {
		return err
	}
	if f.candidate == "" {
		if err := s.record(outcome, files); err != nil {
			return err
		}
	}
	v := s.gradeView(outcome, f)
	if err := s.writeGrade(v, f); err != nil {
		return err
	}
	return gradeStatus(v, limit)
}

// check finds what can be wrong with the flags, before minutes are spent on
// judging. It returns the limit of --fail-under, or nil.
func (f *gradeFlags) check(s *session) (*big.Rat, error) {
	if f.json == "-" && f.junit == "-" {
		return nil, usage("give one of them a file", "--json and --junit cannot both go to standard output")
	}
	for _, name := range []string{f.json, f.junit} {
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

// handin returns the source of the candidate: the folder, or the exercises
// where none is given. A folder that has no section of the course is most
// likely not the one that was meant.
func (s *session) handin(dir string) (*snapshot, error) {
	if dir == "" {
		return s.learner(), nil
	}
	at := s.from(dir)
	if s.hasSection(at) {
		return newSnapshot(candidate.Dir(at)), nil
	}
	remedy := fmt.Sprintf("give the folder that holds the sections, like %s/", s.course.Sections[0].ID)
	if s.hasSection(filepath.Join(at, "exercises")) {
		remedy = fmt.Sprintf("did you mean %s?", filepath.Join(dir, "exercises"))
	}
	return nil, usage(remedy, "--candidate %s has no section of the course", dir)
}

func (s *session) hasSection(dir string) bool {
	for _, section := range s.course.Sections {
		if info, err := os.Stat(filepath.Join(dir, section.ID)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}

func (s *session) gradeView(outcome []result.Topic, f gradeFlags) report.GradeView {
	v := report.GradeView{
		Topics:    outcome,
		Marks:     result.Compute(outcome, s.course.Weights),
		Weights:   s.course.Weights,
		Pass:      s.course.Pass,
		Candidate: f.candidate,
		Part:      s.narrowed,
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

// writeGrade writes the report and the documents that were asked for. The
// report leaves standard output to a document that goes there.
func (s *session) writeGrade(v report.GradeView, f gradeFlags) error {
	w, style := s.Stdout, s.style()
	if f.json == "-" || f.junit == "-" {
		w, style = s.Stderr, s.styleOfStderr()
	}
	if err := report.Grade(w, style, v); err != nil {
		return err
	}
	if err := s.document(f.json, v, report.JSON); err != nil {
		return err
	}
	return s.document(f.junit, v, report.JUnit)
}

// document writes v to the named file, or to standard output for "-".
func (s *session) document(name string, v report.GradeView, write func(io.Writer, report.GradeView) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(s.Stdout, v)
	}
	file, err := os.Create(s.from(name))
	if err != nil {
		return err
	}
	defer file.Close()
	if err := write(file, v); err != nil {
		return err
	}
	return file.Close()
}

// gradeStatus is the failure that grade's exit status stands for, or nil.
func gradeStatus(v report.GradeView, limit *big.Rat) error {
	if err := unjudged(v.Topics); err != nil {
		return err
	}
	if limit == nil || v.Marks.Final.Cmp(limit) >= 0 {
		return nil
	}
	return &failure{
		code: exitNotPassed,
		err:  fmt.Errorf("the final mark %s is under %s", report.Percent(v.Marks.Final), report.Percent(limit)),
	}
}
