package dev

import (
	"cmp"
	"context"
	"fmt"
	"runtime"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A Condition is a way to run candidates in which their verdicts must be the
// same as ever.
type Condition struct {
	Name  string
	jobs  int // processes at a time
	procs int
	race  bool
}

// Conditions are the conditions of a certificate.
func Conditions() []Condition {
	cpus := runtime.NumCPU()
	return []Condition{
		{Name: "idle", jobs: 1},
		{Name: "3x busy", jobs: 3 * cpus},
		{Name: "one CPU", jobs: cpus, procs: 1},
		{Name: "race detector", jobs: cpus, race: true},
	}
}

// A Steadiness says how often one topic's candidates were run in a condition,
// and which verdicts were not what they should be.
type Steadiness struct {
	ID        string
	Condition string
	Runs      int // of both suites, on the reference
	OtherRuns int // of both suites on each variant; on faults and cheats see [Gate.Steady]
	Variants  int
	Faults    int      // those that were run
	Cheats    int      // those that were run
	Changes   []string // specimen, clause, seed and reason
	Skipped   string   // why the condition cannot be made here
}

// Steady runs the suites of each topic in each condition, each time with
// another seed: n times on the reference, which must pass; a tenth of that on
// each variant, which must pass, on each fault the clauses that are named as
// its killers, which must reject it, and on each cheat the hidden clauses,
// each of which must be of one mind. Faults that hang, or have a race and nothing
// else, are left to the gate; the race detector runs only what is legal.
func (g *Gate) Steady(ctx context.Context, topics []*course.Topic, n int) ([]Steadiness, error) {
	defer g.done()
	again := *g
	again.NoCache = true
	bench, missing, err := again.bench(ctx)
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	var plans []*plan
	var legal, illegal []*runner.Specimen
	for _, t := range topics {
		p := g.inspect(t).plan()
		if p.reference == nil {
			return nil, notSound(t)
		}
		p.aim()
		plans = append(plans, p)
		legal = append(legal, p.legal()...)
		illegal = append(illegal, specimensOf(p.faults)...)
		illegal = append(illegal, specimensOf(p.cheats)...)
	}
	if err := g.build(ctx, bench, append(illegal, legal...), legal, missing == ""); err != nil {
		return nil, err
	}
	var all []Steadiness
	for _, p := range plans {
		for _, c := range Conditions() {
			one := Steadiness{ID: p.ID, Condition: c.Name, Runs: n, OtherRuns: (n + 9) / 10}
			if c.race && missing != "" {
				one.Skipped = missing
			} else if err := p.steady(ctx, bench, c, &one); err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
}

// legal are the specimens that every clause must pass.
func (p *plan) legal() []*runner.Specimen {
	return append([]*runner.Specimen{p.reference}, specimensOf(p.variants)...)
}

func specimensOf(list []*specimen) []*runner.Specimen {
	var all []*runner.Specimen
	for _, s := range list {
		all = append(all, s.Specimen)
	}
	return all
}

// build compiles the specimens, and some of them for the race detector too.
func (g *Gate) build(ctx context.Context, bench *runner.Bench, specimens, raced []*runner.Specimen, race bool) error {
	g.progress("compiling", 0, 1)
	if err := bench.Load(ctx, specimens); err != nil {
		return err
	}
	if err := bench.Build(ctx, specimens, false); err != nil {
		return err
	}
	if race {
		if err := bench.Build(ctx, raced, true); err != nil {
			return err
		}
	}
	for _, s := range specimens {
		if s.Refusal != "" {
			return fmt.Errorf("topic %s: %s is refused:\n%s", s.Topic.ID(), s.Name, s.Refusal)
		}
	}
	return nil
}

// steady runs one topic in one condition.
func (p *plan) steady(ctx context.Context, bench *runner.Bench, c Condition, into *Steadiness) error {
	p.expected = nil
	like := runner.Trial{Race: c.race, Procs: c.procs}
	expect := func(verdict result.Verdict, s *runner.Specimen, clauses []course.Clause, n int) {
		for _, k := range clauses {
			p.expect(always{verdict}, s, []course.Clause{k}, upTo(n), like)
		}
	}
	expect(result.Pass, p.reference, p.clauses, into.Runs)
	into.Variants = len(p.variants)
	for _, v := range p.variants {
		expect(result.Pass, v.Specimen, p.clauses, into.OtherRuns)
	}
	if !c.race {
		for _, f := range p.faults {
			if killers := p.killers(f); f.by != result.ByHang && len(killers) > 0 {
				expect(result.Fail, f.Specimen, killers, into.OtherRuns)
				into.Faults++
			}
		}
		like.Timeout = hangTimeout
		into.Cheats = len(p.cheats)
		for _, f := range p.cheats {
			expect("", f.Specimen, p.hiddenClauses(), into.OtherRuns)
		}
	}
	var trials []*runner.Trial
	for _, e := range p.expected {
		trials = append(trials, e.trials...)
	}
	done := 0
	bench.Jobs = c.jobs
	err := bench.Run(ctx, trials, func(*runner.Trial) {
		done++
		p.progress(p.ID+", "+c.Name, done, len(trials))
	})
	if err != nil {
		return err
	}
	var found subject // of this condition: the same may have been found in another
	for _, e := range p.expected {
		e.judge(&found, e.trials)
	}
	for _, f := range found.Findings {
		into.Changes = append(into.Changes, f.Text)
	}
	return nil
}

// always wants the same verdict of every trial; "" for whatever the first one
// says.
type always struct{ verdict result.Verdict }

func (j always) judge(s *subject, trials []*runner.Trial) {
	want := cmp.Or(j.verdict, trials[0].Outcome.Verdict)
	for _, t := range trials {
		where := fmt.Sprintf("%s: clause %s, seed %d", t.Specimen.Name, shortName(t), t.Seed)
		switch v := t.Outcome.Verdict; {
		case v == result.Unsupported:
		case v != want:
			s.bad("", "%s: %s instead of %s: %s", where, v, want, firstLine(t.Outcome.Reason))
		case t.Report != "":
			s.bad("", "%s: a data race", where)
		}
	}
}
