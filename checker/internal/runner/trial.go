package runner

import (
	"context"
	"time"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A Trial is one clause run on one specimen.
type Trial struct {
	Specimen *Specimen
	Clause   course.Clause
	Seed     uint64
	Race     bool
	Procs    int           // GOMAXPROCS; 0 for what the system has
	Timeout  time.Duration // 0 for the bench's

	Outcome result.Clause
	Report  string // the race detector's
}

// Run runs the trials and sets their outcomes. A trial of a specimen that was
// refused has the verdict refused. done, which may be nil, is called serially
// after each trial.
func (b *Bench) Run(ctx context.Context, trials []*Trial, done func(*Trial)) error {
	var tasks []task
	of := map[*result.Clause]*Trial{}
	runs := map[*Trial]*raceRun{}
	for _, t := range trials {
		t.Outcome = manifest(t.Clause)
		p := t.Specimen.programs[t.Race]
		if p == nil {
			t.Outcome.Verdict, t.Outcome.Reason = result.Refused, t.Specimen.Refusal
			continue
		}
		of[&t.Outcome] = t
		k := task{topic: t.Specimen.Topic.ID(), into: &t.Outcome, job: job{
			program: p, clause: t.Clause.Name, seed: t.Seed, race: t.Race, procs: t.Procs, timeout: t.Timeout,
			memory: b.o.MaxMemory, box: b.o.Sandbox, many: true,
		}}
		if k.timeout == 0 {
			k.timeout = b.o.Timeout
		}
		if t.Race {
			runs[t] = new(raceRun)
			k.race = runs[t]
		}
		tasks = append(tasks, k)
	}
	m := &machine{root: b.o.Root, jobs: b.Jobs, cache: b.cache}
	return m.runTasks(ctx, tasks, func(k task) {
		t := of[k.into]
		if r := runs[t]; r != nil {
			t.Report = r.report
		}
		if done != nil {
			done(t)
		}
	})
}

// Race returns the verdict of the clause NoDataRace over trials that ran
// under the race detector.
func Race(trials []*Trial) result.Clause {
	r := &raceCase{}
	for _, t := range trials {
		r.runs = append(r.runs, raceRun{clause: t.Outcome, report: t.Report})
	}
	return r.outcome()
}

// RaceMissing says why the race detector cannot be used here, or returns "".
func RaceMissing(ctx context.Context, root string) (string, error) { return raceMissing(ctx, root) }
