package dev

import (
	"context"
	"fmt"
	"runtime"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A Condition is a way to run legal code in which its verdict must be the same
// as ever.
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

// A Steadiness says how often one topic's reference and variants were run in a
// condition, and what was not a pass.
type Steadiness struct {
	ID          string
	Condition   string
	Runs        int // of the whole of both suites, on the reference
	VariantRuns int // the same on each variant
	Variants    int
	Changes     []string // specimen, clause, seed and reason of each verdict that is no pass
	Skipped     string   // why the condition cannot be made here
}

// Steady runs both suites of each topic in each condition, n times on the
// reference and a tenth of that on each variant, each time with another seed.
func (g *Gate) Steady(ctx context.Context, topics []*course.Topic, n int) ([]Steadiness, error) {
	defer g.done()
	again := *g
	again.NoCache = true
	bench, err := again.bench()
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	missing, err := runner.RaceMissing(ctx, g.Root)
	if err != nil {
		return nil, err
	}
	var plans []*plan
	var legal []*runner.Specimen
	for _, t := range topics {
		p := g.inspect(t).plan()
		if p.reference == nil {
			return nil, notSound(t)
		}
		plans = append(plans, p)
		legal = append(legal, p.legal()...)
	}
	if err := again.build(ctx, bench, legal, missing == ""); err != nil {
		return nil, err
	}
	var all []Steadiness
	for _, p := range plans {
		for _, c := range Conditions() {
			one := Steadiness{ID: p.ID, Condition: c.Name, Runs: n, VariantRuns: (n + 9) / 10, Variants: len(p.variants)}
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
	list := []*runner.Specimen{p.reference}
	for _, v := range p.variants {
		list = append(list, v.Specimen)
	}
	return list
}

func (g *Gate) build(ctx context.Context, bench *runner.Bench, specimens []*runner.Specimen, race bool) error {
	g.progress("compiling", 0, 1)
	if err := bench.Load(ctx, specimens); err != nil {
		return err
	}
	if err := bench.Build(ctx, specimens, false); err != nil {
		return err
	}
	if race {
		if err := bench.Build(ctx, specimens, true); err != nil {
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
	var trials []*runner.Trial
	for _, s := range p.legal() {
		n := into.Runs
		if s != p.reference {
			n = into.VariantRuns
		}
		for _, seed := range upTo(n) {
			for _, k := range p.clauses {
				trials = append(trials, &runner.Trial{Specimen: s, Clause: k, Seed: seed, Race: c.race, Procs: c.procs})
			}
		}
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
	for _, t := range trials {
		if v := t.Outcome.Verdict; v == result.Pass && t.Report == "" || v == result.Unsupported {
			continue
		}
		into.Changes = append(into.Changes, fmt.Sprintf("%s: %s says %s on seed %d: %s", t.Specimen.Name, shortName(t), t.Outcome.Verdict, t.Seed, firstLine(t.Outcome.Reason)))
	}
	return nil
}
