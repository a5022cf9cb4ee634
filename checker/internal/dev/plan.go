package dev

import (
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A plan is what is to be tried on one topic.
type plan struct {
	*subject
	reference *runner.Specimen
	stub      *runner.Specimen
	faults    []*specimen
	variants  []*specimen
	cheats    []*specimen
	expected  []expectation
}

// A specimen is a fault or a variant that could be applied.
type specimen struct {
	*mutation
	*runner.Specimen
}

func (s *subject) plan() *plan {
	p := &plan{subject: s}
	if !s.whole() {
		return p // said before
	}
	p.reference = &runner.Specimen{Topic: s.topic, Name: "reference", Files: s.reference}
	p.stub = &runner.Specimen{Topic: s.topic, Name: "stub", Files: s.stub}
	p.faults = s.specimens(s.faults)
	p.variants = s.specimens(s.variants)
	p.cheats = s.specimens(s.cheats)
	return p
}

// whole reports whether the topic has all that can be run.
func (s *subject) whole() bool {
	return len(s.clauses) > 0 && len(s.stub) > 0 && len(s.reference) > 0
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
	for _, s := range slices.Concat(p.faults, p.variants, p.cheats) {
		list = append(list, s.Specimen)
	}
	return list
}

// aim says on which clauses each fault will be tried: to compile all the
// others beside it would be most of the gate's work. A race is looked for in
// all of them.
func (p *plan) aim() {
	for _, f := range p.faults {
		if slices.Contains(f.kills, runner.NoDataRace) {
			continue
		}
		for _, c := range p.killers(f) {
			f.Clauses = append(f.Clauses, c.Name)
		}
	}
}

// killers are the clauses that a fault's header names, without NoDataRace.
func (p *plan) killers(f *specimen) []course.Clause {
	var list []course.Clause
	for _, name := range f.kills {
		if c, ok := p.clause(name); ok {
			list = append(list, c)
		}
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
	for _, c := range p.cheats {
		p.expect(earnsLittle{}, c.Specimen, p.hiddenClauses(), upTo(1), runner.Trial{Timeout: hangTimeout})
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
	for _, c := range p.killers(f) {
		p.expect(fails{f.by}, f.Specimen, []course.Clause{c}, upTo(seeds), like)
	}
	if race && p.topic.Race && slices.Contains(f.kills, runner.NoDataRace) {
		p.expect(races{}, f.Specimen, p.clauses, upTo(1), runner.Trial{Race: true}) // and see races.more
	}
}
