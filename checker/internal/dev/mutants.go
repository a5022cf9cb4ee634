package dev

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/gosource"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A Survey says what became of the mutants of a topic's reference.
type Survey struct {
	ID        string
	Mutants   int
	Refused   int      // they do not compile, or are not allowed
	Survivors []string // file, line and change of those that pass every clause
}

// Survey changes the reference of each topic in one place after the other, and
// runs the clauses on what comes of it. What survives changes nothing that can
// be seen, or nothing that the contract speaks of, or is wrong: somebody has
// to look.
func (g *Gate) Survey(ctx context.Context, topics []*course.Topic) ([]Survey, error) {
	defer g.done()
	bench, missing, err := g.bench(ctx)
	if err != nil {
		return nil, err
	}
	defer bench.Close()
	var all []Survey
	for _, t := range topics {
		p := g.inspect(t).plan()
		if p.reference == nil {
			return nil, notSound(t)
		}
		one, err := p.survey(ctx, bench, t.Race && missing == "")
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// crowd is how many mutants are compiled at a time.
const crowd = 150

func (p *plan) survey(ctx context.Context, bench *runner.Bench, race bool) (Survey, error) {
	mutants, changes, err := p.mutants()
	if err != nil {
		return Survey{}, err
	}
	s := Survey{ID: p.ID, Mutants: len(mutants)}
	if err := bench.Load(ctx, mutants); err != nil {
		return s, err
	}
	done := 0
	for some := range slices.Chunk(mutants, crowd) {
		alive, err := p.survivors(ctx, bench, some, false, func(dead int) { p.progress(p.ID, done+dead, len(mutants)) })
		if err != nil {
			return s, err
		}
		if race {
			if alive, err = p.survivors(ctx, bench, alive, true, func(int) {}); err != nil {
				return s, err
			}
		}
		for _, m := range some {
			if m.Refusal != "" {
				s.Refused++
			}
		}
		for _, m := range alive {
			s.Survivors = append(s.Survivors, changes[m])
		}
		done += len(some)
	}
	return s, nil
}

// mutants makes the specimens, and says where and how each differs from the
// reference.
func (p *plan) mutants() ([]*runner.Specimen, map[*runner.Specimen]string, error) {
	var list []*runner.Specimen
	changes := map[*runner.Specimen]string{}
	for _, name := range slices.Sorted(maps.Keys(p.reference.Files)) {
		if candidate.IsGiven(name) {
			continue
		}
		mutants, err := gosource.Mutants(name, p.reference.Files[name])
		if err != nil {
			return nil, nil, err
		}
		for _, m := range mutants {
			files := maps.Clone(p.reference.Files)
			files[name] = m.Source
			one := &runner.Specimen{Topic: p.topic, Name: fmt.Sprint("mutant ", len(list)), Files: files}
			list = append(list, one)
			changes[one] = fmt.Sprintf("%s:%d: %s", name, m.Line, m.Change)
		}
	}
	return list, changes, nil
}

// survivors runs clause after clause on those that are left, the hidden ones
// first.
func (p *plan) survivors(ctx context.Context, bench *runner.Bench, specimens []*runner.Specimen, race bool, progress func(dead int)) ([]*runner.Specimen, error) {
	if err := bench.Build(ctx, specimens, race); err != nil {
		return nil, err
	}
	alive := slices.DeleteFunc(slices.Clone(specimens), func(s *runner.Specimen) bool { return s.Refusal != "" })
	for _, c := range slices.Backward(p.clauses) {
		progress(len(specimens) - len(alive))
		var trials []*runner.Trial
		for _, s := range alive {
			trials = append(trials, &runner.Trial{Specimen: s, Clause: c, Seed: 1, Race: race, Timeout: matrixTimeout})
		}
		if err := bench.Run(ctx, trials, nil); err != nil {
			return nil, err
		}
		alive = alive[:0]
		for _, t := range trials {
			if t.Outcome.Verdict == result.Unsupported || t.Outcome.Verdict == result.Pass && t.Report == "" {
				alive = append(alive, t.Specimen)
			}
		}
	}
	return alive, nil
}
