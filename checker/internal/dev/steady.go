package dev

import (
	"context"
	"fmt"
	"runtime"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A Condition is a way to run the reference in which its verdict must be the
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

// A Steadiness says how often one topic's reference was run in a condition,
// and what was not a pass.
type Steadiness struct {
	ID        string
	Condition string
	Runs      int      // of the whole of both suites
	Changes   []string // clause, seed and reason of each verdict that is no pass
	Skipped   string   // why the condition cannot be made here
}

// Steady runs both suites of each topic on the reference, in each condition
// and n times, each time with another seed.
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
	var references []*runner.Specimen
	var subjects []*subject
	for _, t := range topics {
		s := g.inspect(t)
		subjects = append(subjects, s)
		references = append(references, &runner.Specimen{Topic: t, Name: "reference", Files: s.reference})
	}
	if err := again.build(ctx, bench, references, missing == ""); err != nil {
		return nil, err
	}
	var all []Steadiness
	for i, s := range subjects {
		for _, c := range Conditions() {
			one := Steadiness{ID: s.ID, Condition: c.Name}
			if c.race && missing != "" {
				one.Skipped = missing
			} else if err := s.steady(ctx, bench, references[i], c, n, &one); err != nil {
				return nil, err
			}
			all = append(all, one)
		}
	}
	return all, nil
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
func (s *subject) steady(ctx context.Context, bench *runner.Bench, reference *runner.Specimen, c Condition, n int, into *Steadiness) error {
	var trials []*runner.Trial
	for seed := range n {
		for _, k := range s.clauses {
			trials = append(trials, &runner.Trial{Specimen: reference, Clause: k, Seed: uint64(seed) + 1, Race: c.race, Procs: c.procs})
		}
	}
	done := 0
	bench.Jobs = c.jobs
	err := bench.Run(ctx, trials, func(*runner.Trial) {
		done++
		s.progress(s.ID+", "+c.Name, done, len(trials))
	})
	if err != nil {
		return err
	}
	into.Runs = n
	for _, t := range trials {
		if v := t.Outcome.Verdict; v == result.Pass && t.Report == "" || v == result.Unsupported {
			continue
		}
		into.Changes = append(into.Changes, fmt.Sprintf("%s says %s on seed %d: %s", shortName(t), t.Outcome.Verdict, t.Seed, firstLine(t.Outcome.Reason)))
	}
	return nil
}
