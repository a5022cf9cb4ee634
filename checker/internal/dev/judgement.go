package dev

import (
	"fmt"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A judgement reports what is wrong with the outcome of trials.
type judgement interface {
	judge(s *subject, trials []*runner.Trial)
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

// earnsLittle wants at most two trials in a hundred to pass.
type earnsLittle struct{}

func (earnsLittle) judge(s *subject, trials []*runner.Trial) {
	earned := result.Mark{Total: len(trials)}
	var passed []string
	for _, t := range trials {
		switch t.Outcome.Verdict {
		case result.Pass:
			earned.Passed++
			passed = append(passed, shortName(t))
		case result.Unsupported:
			earned.Total--
		}
	}
	if earned.Passed > s.Cheated.Passed || s.Cheated.Total == 0 {
		s.Cheated = earned
	}
	if earned.Passed*100 > 2*earned.Total {
		s.bad("give these clauses a positive control", "%s earns %d of %d hidden clauses: %s", trials[0].Specimen.Name, earned.Passed, earned.Total, strings.Join(passed, ", "))
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

// more returns the trials of the other seeds: of the clauses that show the
// race on the first one. To look for it in all of them would be most of the
// gate's work, and a race that moves from clause to clause is no sure kill.
func (races) more(trials []*runner.Trial) []*runner.Trial {
	var list []*runner.Trial
	for _, t := range trials {
		if t.Report == "" {
			continue
		}
		for _, seed := range upTo(seeds)[1:] {
			list = append(list, &runner.Trial{Specimen: t.Specimen, Clause: t.Clause, Seed: seed, Race: true})
		}
	}
	return list
}

func (races) judge(s *subject, trials []*runner.Trial) {
	shown := map[uint64]bool{}
	for _, t := range trials {
		shown[t.Seed] = shown[t.Seed] || t.Report != ""
	}
	for _, seed := range upTo(seeds) {
		if !shown[seed] {
			s.bad("let some clause reach the race, or correct the header's kills:", "%s: no clause shows a data race on seed %d", trials[0].Specimen.Name, seed)
			return
		}
	}
}

func shortName(t *runner.Trial) string { return strings.TrimPrefix(t.Clause.Name, "Test") }
