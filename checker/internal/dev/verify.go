package dev

import (
	"context"
	"time"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// How the trials are run.
const (
	seeds         = 5
	variantSeeds  = 2
	clauseTimeout = 60 * time.Second
	// A bench compiles hundreds of candidates with one go command, and none of
	// them is a stranger's.
	benchTimeout = 2 * time.Hour
	// A fault that hangs is given less time: nobody waits for its dump.
	hangTimeout = 2 * time.Second
	// Any cell of a matrix may hang.
	matrixTimeout = 5 * time.Second
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
	bench, missing, err := g.bench(ctx)
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	if err := g.try(ctx, bench, missing, subjects); err != nil {
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

// bench opens a bench, and says why there is no race detector if there is none.
func (g *Gate) bench(ctx context.Context) (b *runner.Bench, missing string, err error) {
	if missing, err = runner.RaceMissing(ctx, g.Root); err != nil {
		return nil, "", err
	}
	b, err = runner.OpenBench(runner.Options{
		Root: g.Root, Originals: g.Originals, Course: g.Course,
		Jobs: g.Jobs, NoCache: g.NoCache, Timeout: clauseTimeout, BuildTimeout: benchTimeout,
	})
	return b, missing, err
}

// try compiles all candidates of the subjects and runs every trial. missing says
// why there is no race detector, if there is none.
func (g *Gate) try(ctx context.Context, bench *runner.Bench, missing string, subjects []*subject) error {
	var plans []*plan
	var all, race []*runner.Specimen
	for _, s := range subjects {
		p := s.plan()
		p.aim()
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
	if err := g.run(ctx, bench, "running", trials); err != nil {
		return err
	}
	trials = nil
	for _, p := range plans {
		for i, e := range p.expected {
			if j, ok := e.judgement.(races); ok {
				more := j.more(e.trials)
				trials = append(trials, more...)
				p.expected[i].trials = append(e.trials, more...)
			}
		}
	}
	if err := g.run(ctx, bench, "looking for races again", trials); err != nil {
		return err
	}
	for _, p := range plans {
		for _, e := range p.expected {
			e.judge(p.subject, e.trials)
		}
	}
	return nil
}

func (g *Gate) run(ctx context.Context, bench *runner.Bench, stage string, trials []*runner.Trial) error {
	n := 0
	return bench.Run(ctx, trials, func(*runner.Trial) {
		n++
		g.progress(stage, n, len(trials))
	})
}
