package candidate

import (
	"maps"
	"slices"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// PolicyOf returns what the course and the topic together allow.
func PolicyOf(c *course.Course, t *course.Topic) course.Policy {
	p := course.Policy{
		Imports:   slices.Sorted(slices.Values(slices.Concat(c.Policy.Imports, t.Policy.Imports))),
		Values:    slices.Concat(c.Policy.Values, t.Policy.Values),
		Forbid:    map[string]string{},
		Selectors: map[string][]string{},
	}
	maps.Copy(p.Forbid, c.Policy.Forbid)
	maps.Copy(p.Forbid, t.Policy.Forbid)
	for _, from := range []map[string][]string{c.Policy.Selectors, t.Policy.Selectors} {
		for pkg, names := range from {
			p.Selectors[pkg] = slices.Concat(p.Selectors[pkg], names)
		}
	}
	p.Imports = slices.Compact(p.Imports)
	return p
}
