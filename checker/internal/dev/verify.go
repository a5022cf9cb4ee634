package dev

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/gotool"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// How the trials are run.
const (
	seeds         = 5
	variantSeeds  = 2
	clauseTimeout = 60 * time.Second
	// A fault that hangs is given less time: nobody waits for its dump.
	hangTimeout = 2 * time.Second
)

// Verify holds the topics to the rules, and returns a report for each. The
// error says that they could not be judged.
func (g *Gate) Verify(ctx context.Context, topics []*course.Topic) ([]Report, error) {
	defer g.done()
	var subjects []*subject
	for i, t := range topics {
		g.progress("reading", i, len(topics))
		subjects = append(subjects, g.inspect(t))
	}
	bench, err := g.bench()
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	if err := g.try(ctx, bench, subjects); err != nil {
		return nil, err
	}
	g.progress("vetting", 0, 1)
	if err := g.vet(ctx, subjects); err != nil {
		return nil, err
	}
	var reports []Report
	for _, s := range subjects {
		reports = append(reports, s.Report)
	}
	return reports, nil
}

func (g *Gate) bench() (*runner.Bench, error) {
	return runner.OpenBench(runner.Options{
		Root: g.Root, Originals: g.Originals, Course: g.Course,
		Jobs: g.Jobs, NoCache: g.NoCache, Timeout: clauseTimeout,
	})
}

// try compiles all candidates of the subjects and runs every trial.
func (g *Gate) try(ctx context.Context, bench *runner.Bench, subjects []*subject) error {
	missing, err := runner.RaceMissing(ctx, g.Root)
	if err != nil {
		return err
	}
	var plans []*plan
	var all, race []*runner.Specimen
	for _, s := range subjects {
		p := s.plan()
		if missing != "" {
			s.Notes = append(s.Notes, "not run under the race detector: "+missing)
		}
		plans = append(plans, p)
		all = append(all, p.specimens()...)
		if missing == "" {
			race = append(race, p.raced()...)
		}
	}
	g.progress("compiling", 0, 2)
	if err := bench.Load(ctx, all); err != nil {
		return err
	}
	if err := bench.Build(ctx, all, false); err != nil {
		return err
	}
	g.progress("compiling for the race detector", 1, 2)
	if err := bench.Build(ctx, race, true); err != nil {
		return err
	}
	var trials []*runner.Trial
	for _, p := range plans {
		p.refusals()
		p.trials(missing == "")
		for _, e := range p.expected {
			trials = append(trials, e.trials...)
		}
	}
	n := 0
	err = bench.Run(ctx, trials, func(*runner.Trial) {
		n++
		g.progress("running", n, len(trials))
	})
	if err != nil {
		return err
	}
	for _, p := range plans {
		for _, e := range p.expected {
			e.judge(p.subject, e.trials)
		}
	}
	return nil
}

// A plan is what is to be tried on one topic.
type plan struct {
	*subject
	reference *runner.Specimen
	stub      *runner.Specimen
	faults    []*specimen
	variants  []*specimen
	expected  []expectation
}

// A specimen is a fault or a variant that could be applied.
type specimen struct {
	*mutation
	*runner.Specimen
}

func (s *subject) plan() *plan {
	p := &plan{subject: s}
	if len(s.clauses) == 0 || len(s.stub) == 0 || len(s.reference) == 0 {
		return p // said before
	}
	p.reference = &runner.Specimen{Topic: s.topic, Name: "reference", Files: s.reference}
	p.stub = &runner.Specimen{Topic: s.topic, Name: "stub", Files: s.stub}
	p.faults = s.specimens(s.faults)
	p.variants = s.specimens(s.variants)
	return p
}

func (s *subject) specimens(list []*mutation) []*specimen {
	allowed := candidate.PolicyOf(s.Course, s.topic).Imports
	var specimens []*specimen
	for _, m := range list {
		files, err := m.apply(s.reference, allowed)
		if err != nil {
			s.bad("bring the .txtar up to date with the reference", "%s: %v", m.title(), err)
			continue
		}
		specimens = append(specimens, &specimen{m, &runner.Specimen{Topic: s.topic, Name: m.title(), Files: files}})
	}
	return specimens
}

// title is "fault one-read" or "variant atomic".
func (m *mutation) title() string { return strings.TrimSuffix(m.kind, "s") + " " + m.name }

func (p *plan) specimens() []*runner.Specimen {
	if p.reference == nil {
		return nil
	}
	list := []*runner.Specimen{p.reference, p.stub}
	for _, s := range slices.Concat(p.faults, p.variants) {
		list = append(list, s.Specimen)
	}
	return list
}

// raced are the specimens that are tried under the race detector too.
func (p *plan) raced() []*runner.Specimen {
	if p.reference == nil {
		return nil
	}
	list := []*runner.Specimen{p.reference}
	if !p.topic.Race {
		return list
	}
	for _, f := range p.faults {
		if slices.Contains(f.kills, runner.NoDataRace) {
			list = append(list, f.Specimen)
		}
	}
	for _, v := range p.variants {
		list = append(list, v.Specimen)
	}
	return list
}

// refusals reports the specimens that do not run. What already keeps the
// reference from running is said once.
func (p *plan) refusals() {
	known := map[string]bool{}
	for _, s := range p.specimens() {
		var lines []string
		for line := range strings.Lines(s.Refusal) {
			line = strings.TrimRight(line, "\n")
			if !known[line] {
				lines = append(lines, line)
			}
			known[line] = known[line] || s == p.reference
		}
		if len(lines) > 0 {
			p.bad("every candidate of the gate must be compiled and allowed", "%s is refused:\n%s", s.Name, strings.Join(lines, "\n"))
		}
	}
}

// trials makes the expectations.
func (p *plan) trials(race bool) {
	if p.reference == nil {
		return
	}
	p.mustPass(p.reference, seeds, "correct the reference or the clause")
	p.mustPassAlone(p.reference)
	p.mustFail()
	for _, v := range p.variants {
		p.mustPass(v.Specimen, variantSeeds, "the clause demands more than the contract, or the variant breaks it")
	}
	for _, f := range p.faults {
		p.mustKill(f, race)
	}
	if !race {
		return
	}
	for _, s := range p.raced() {
		if !slices.ContainsFunc(p.faults, func(f *specimen) bool { return f.Specimen == s }) {
			p.expect(noRace{}, s, p.clauses, upTo(1), runner.Trial{Race: true})
		}
	}
}

// An expectation is some trials, and what is said if they go otherwise.
type expectation struct {
	judgement
	trials []*runner.Trial
}

// A judgement reports what is wrong with the outcome of trials.
type judgement interface {
	judge(s *subject, trials []*runner.Trial)
}

// expect runs the clauses on a specimen with each of the seeds.
func (p *plan) expect(j judgement, s *runner.Specimen, clauses []course.Clause, seeds []uint64, like runner.Trial) {
	if s.Refusal != "" {
		return
	}
	e := expectation{judgement: j}
	for _, c := range clauses {
		for _, seed := range seeds {
			t := like
			t.Specimen, t.Clause, t.Seed = s, c, seed
			e.trials = append(e.trials, &t)
		}
	}
	p.expected = append(p.expected, e)
}

// upTo returns the seeds from 1 to n.
func upTo(n int) []uint64 {
	var list []uint64
	for seed := range n {
		list = append(list, uint64(seed)+1)
	}
	return list
}

func (p *plan) mustPass(s *runner.Specimen, n int, remedy string) {
	for _, c := range p.clauses {
		p.expect(passes{remedy, ""}, s, []course.Clause{c}, upTo(n), runner.Trial{})
	}
}

func (p *plan) mustPassAlone(s *runner.Specimen) {
	for _, c := range p.clauses {
		p.expect(passes{"correct the reference or the clause", " with GOMAXPROCS=1"}, s, []course.Clause{c}, upTo(1), runner.Trial{Procs: 1})
	}
}

func (p *plan) mustFail() {
	for _, c := range p.clauses {
		p.expect(fails{result.ByAssertion}, p.stub, []course.Clause{c}, upTo(1), runner.Trial{})
	}
}

func (p *plan) mustKill(f *specimen, race bool) {
	like := runner.Trial{}
	if f.by == result.ByHang {
		like.Timeout = hangTimeout
	}
	for _, name := range f.kills {
		if c, ok := p.clause(name); ok {
			p.expect(fails{f.by}, f.Specimen, []course.Clause{c}, upTo(seeds), like)
		}
		if name == runner.NoDataRace && race && p.topic.Race {
			p.expect(races{}, f.Specimen, p.clauses, upTo(seeds), runner.Trial{Race: true})
		}
	}
}

// passes wants every trial to pass.
type passes struct{ remedy, how string }

func (j passes) judge(s *subject, trials []*runner.Trial) {
	for _, t := range trials {
		if v := t.Outcome.Verdict; v != result.Pass && v != result.Unsupported {
			s.bad(j.remedy, "%s: clause %s says %s on seed %d%s: %s",
				t.Specimen.Name, shortName(t), v, t.Seed, j.how, firstLine(t.Outcome.Reason))
			return
		}
	}
}

// fails wants every trial to fail in one way.
type fails struct{ by result.By }

func (j fails) judge(s *subject, trials []*runner.Trial) {
	for _, t := range trials {
		c := &t.Outcome
		switch {
		case c.Verdict == result.Unsupported:
			return
		case c.Verdict == result.Pass:
			s.bad("sharpen the clause, or correct the stub or the header's kills:", "%s: clause %s lets it pass on seed %d", t.Specimen.Name, shortName(t), t.Seed)
			return
		case c.Verdict != result.Fail:
			s.bad("see why the clause could not be judged", "%s: clause %s says %s on seed %d: %s", t.Specimen.Name, shortName(t), c.Verdict, t.Seed, firstLine(c.Reason))
			return
		case c.By != j.by:
			s.bad(fmt.Sprintf("make it end by %s, or say by: %s in the header of a fault for which that is right", j.by, c.By),
				"%s: clause %s rejects it by %s on seed %d: %s", t.Specimen.Name, shortName(t), c.By, t.Seed, firstLine(c.Reason))
			return
		}
	}
}

// noRace wants the clause NoDataRace to pass, for a topic without it just
// every clause.
type noRace struct{}

func (noRace) judge(s *subject, trials []*runner.Trial) {
	if c := runner.Race(trials); c.Verdict != result.Pass && c.Verdict != result.Unsupported {
		s.bad("correct it, or the clause", "%s: %s", trials[0].Specimen.Name, firstLine(c.Reason))
	}
}

// races wants a report from the race detector on every seed.
type races struct{}

func (races) judge(s *subject, trials []*runner.Trial) {
	shown := map[uint64]bool{}
	for _, t := range trials {
		shown[t.Seed] = shown[t.Seed] || t.Report != ""
	}
	for seed := range uint64(len(shown)) {
		if !shown[seed+1] {
			s.bad("let some clause reach the race, or correct the header's kills:", "%s: no clause shows a data race on seed %d", trials[0].Specimen.Name, seed+1)
			return
		}
	}
}

func shortName(t *runner.Trial) string { return strings.TrimPrefix(t.Clause.Name, "Test") }

// vet runs go vet on the references, the stubs and the suites.
func (g *Gate) vet(ctx context.Context, subjects []*subject) error {
	args := []string{"vet"}
	for _, s := range subjects {
		for _, folder := range []string{s.topic.Solution(), s.topic.Stub(), s.topic.Contract()} {
			args = append(args, "./"+folder)
		}
	}
	cmd := gotool.Command(ctx, g.Root, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		return nil
	}
	found := false
	for line := range strings.Lines(out.String()) {
		line = strings.TrimPrefix(strings.TrimPrefix(strings.TrimSpace(line), "vet: "), "./")
		for _, s := range subjects {
			for _, folder := range []string{s.topic.Solution(), s.topic.Contract()} {
				if strings.HasPrefix(line, folder+"/") {
					s.bad("correct it", "go vet: %s", line)
					found = true
				}
			}
		}
	}
	if !found {
		return errors.Join(fmt.Errorf("go vet: %w", err), errors.New(strings.TrimSpace(out.String())))
	}
	return nil
}
