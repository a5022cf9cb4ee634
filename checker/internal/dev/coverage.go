package dev

import (
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// covered counts what the topic has, and checks that every clause is named by
// a fault and every name is a clause.
func (s *subject) covered() {
	if len(s.clauses) == 0 {
		return // said before
	}
	names := s.clauseNames()
	killed := map[string]bool{}
	for _, f := range s.faults {
		for _, k := range f.kills {
			killed[k] = true
			if !slices.Contains(names, k) {
				s.bad("name a clause of the suites", "fault %s: kills: %s is no clause%s", f.name, k, course.Suggest(k, names))
			}
		}
	}
	for _, name := range names {
		if !killed[name] {
			s.bad("write a fault that it rejects, faults/<name>.txtar with kills: "+name, "clause %s rejects no fault", name)
		}
	}
	s.Clauses, s.Faults, s.Variants, s.Cheats = len(names), len(s.faults), len(s.variants), len(s.cheats)
	if s.topic.Warmup {
		return
	}
	s.atLeast(len(s.hiddenClauses()), minHidden, "hidden clauses")
	s.atLeast(s.Faults, minFaults, "faults")
	s.atLeast(s.Variants, minVariants, "variants")
	s.atLeast(s.Cheats, minCheats, "cheats")
}

func (s *subject) atLeast(have, want int, what string) {
	if have < want {
		s.missing("%d of %d %s", have, want, what)
	}
}

func (s *subject) hiddenClauses() []course.Clause {
	return slices.DeleteFunc(slices.Clone(s.clauses), func(c course.Clause) bool { return c.Suite != result.Assessment })
}

// clauseNames are the clauses as faults name them, without "Test".
func (s *subject) clauseNames() []string {
	var names []string
	for _, c := range s.clauses {
		names = append(names, strings.TrimPrefix(c.Name, "Test"))
	}
	if s.topic.Race {
		names = append(names, runner.NoDataRace)
	}
	return names
}

func (s *subject) clause(name string) (course.Clause, bool) {
	i := slices.IndexFunc(s.clauses, func(c course.Clause) bool { return c.Name == "Test"+name })
	if i < 0 {
		return course.Clause{}, false
	}
	return s.clauses[i], true
}
