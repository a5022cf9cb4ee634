package dev

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// Matrix runs every clause on every fault and writes the outcome beside the
// suites, as MATRIX.md.
func (g *Gate) Matrix(ctx context.Context, topics []*course.Topic) error {
	defer g.done()
	bench, missing, err := g.bench(ctx)
	if err != nil {
		return err
	}
	defer bench.Close()
	for i, t := range topics {
		g.progress("matrix of "+t.ID(), i, len(topics))
		p := g.inspect(t).plan()
		if p.reference == nil {
			return notSound(t)
		}
		m, err := p.matrix(ctx, bench, t.Race && missing == "")
		if err != nil {
			return err
		}
		if err := g.write(path.Join(t.Contract(), matrixFile), []byte(m)); err != nil {
			return err
		}
	}
	return nil
}

func notSound(t *course.Topic) error {
	return fmt.Errorf("topic %s: not sound; see: go tool checker dev verify %s", t.ID(), t.ID())
}

// matrix renders which clause rejects which fault, as a Markdown table.
func (p *plan) matrix(ctx context.Context, bench *runner.Bench, race bool) (string, error) {
	var specimens, racing []*runner.Specimen
	for _, f := range p.faults {
		specimens = append(specimens, f.Specimen)
		if slices.Contains(f.kills, runner.NoDataRace) {
			racing = append(racing, f.Specimen)
		}
	}
	if err := bench.Load(ctx, specimens); err != nil {
		return "", err
	}
	plain, err := p.runAll(ctx, bench, specimens, runner.Trial{})
	if err != nil {
		return "", err
	}
	var raced map[*runner.Specimen][]*runner.Trial
	if race {
		if raced, err = p.runAll(ctx, bench, racing, runner.Trial{Race: true}); err != nil {
			return "", err
		}
	}
	names := p.clauseNames()
	var b strings.Builder
	fmt.Fprintf(&b, "# Which clause rejects which fault\n\n")
	fmt.Fprintf(&b, "Written by `go tool checker dev certify`, with seed 1.\n")
	fmt.Fprintf(&b, "**K**: rejected, and named by the fault's `kills:`; k: rejected as well; !: rejected by a hang or panic; ·: passes; -: not tried, or not to be judged here. For races only those faults are tried that are said to have one.\n\n")
	fmt.Fprintf(&b, "| fault | %s |\n|---|%s\n", strings.Join(names, " | "), strings.Repeat("---|", len(names)))
	for _, f := range p.faults {
		fmt.Fprintf(&b, "| %s: %s |", f.name, f.belief)
		for i, name := range names {
			var c result.Clause
			switch {
			case i < len(plain[f.Specimen]):
				c = plain[f.Specimen][i].Outcome
			case raced[f.Specimen] != nil:
				c = raceFound(raced[f.Specimen])
			}
			fmt.Fprintf(&b, " %s |", cell(c, slices.Contains(f.kills, name), f.by))
		}
		b.WriteString("\n")
	}
	return b.String(), nil
}

// raceFound is NoDataRace's verdict as far as it is its own: clauses that
// fail anyhow say nothing about races.
func raceFound(trials []*runner.Trial) result.Clause {
	for _, t := range trials {
		if t.Report != "" {
			return result.Clause{Verdict: result.Fail, By: result.ByAssertion}
		}
	}
	return result.Clause{Verdict: result.Pass}
}

func cell(c result.Clause, named bool, by result.By) string {
	switch {
	case c.Verdict == result.Pass:
		return "·"
	case c.Verdict != result.Fail:
		return "-"
	case named && c.By == by:
		return "**K**"
	case c.By != result.ByAssertion:
		return "!"
	}
	return "k"
}

// runAll runs every clause on the specimens with seed 1, and returns their
// trials in the clauses' order.
func (p *plan) runAll(ctx context.Context, bench *runner.Bench, specimens []*runner.Specimen, like runner.Trial) (map[*runner.Specimen][]*runner.Trial, error) {
	if err := bench.Build(ctx, specimens, like.Race); err != nil {
		return nil, err
	}
	of := map[*runner.Specimen][]*runner.Trial{}
	var trials []*runner.Trial
	for _, s := range specimens {
		for _, c := range p.clauses {
			t := like
			t.Specimen, t.Clause, t.Seed, t.Timeout = s, c, 1, matrixTimeout
			of[s] = append(of[s], &t)
			trials = append(trials, &t)
		}
	}
	return of, bench.Run(ctx, trials, nil)
}
