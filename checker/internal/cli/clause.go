package cli

import (
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// withClause returns those of the topics that have the clause, and completes
// its name. Where the topic was left open, only one may have it.
func (s *session) withClause(topics []*course.Topic, f *checkFlags, open bool) ([]*course.Topic, error) {
	var having []*course.Topic
	var all, ids []string
	for _, t := range topics {
		names, err := s.clauseNames(t)
		if err != nil {
			return nil, err
		}
		all = append(all, names...)
		for _, name := range names {
			if name == f.clause || name == "Test"+f.clause {
				f.clause = name
				having, ids = append(having, t), append(ids, t.ID())
				break
			}
		}
	}
	switch {
	case len(having) == 0:
		return nil, usage("a failing clause's \"again\" line shows its name",
			"clause %q: no such clause%s", f.clause, course.Suggest(f.clause, all))
	case open && len(having) > 1:
		return nil, usage("name the topic too", "clause %q is in %s", f.clause, strings.Join(ids, ", "))
	}
	f.race = f.race || f.clause == runner.NoDataRace
	return having, nil
}

func (s *session) clauseNames(t *course.Topic) ([]string, error) {
	clauses, err := course.Clauses(s.Originals, t)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range clauses {
		names = append(names, c.Name)
	}
	if t.Race {
		names = append(names, runner.NoDataRace)
	}
	return names, nil
}
