package course

import (
	"errors"
	"fmt"
	"go/token"
	"io/fs"
	"path"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/parser"
)

// Places in the originals.
const (
	contracts = "checker/contracts"
	syllabus  = contracts + "/course.yaml"
)

// Load reads the syllabus from the originals and sets what it does not say
// itself: each topic's Section, and whether it is Built. Keys that the model
// does not know, names used twice and needs that are no topic are errors that
// name the line.
func Load(originals fs.FS) (*Course, error) {
	data, err := fs.ReadFile(originals, syllabus)
	if err != nil {
		return nil, fmt.Errorf("syllabus: %w", err)
	}
	c := new(Course)
	if err := yaml.UnmarshalWithOptions(data, c, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %s", syllabus, yaml.FormatError(err, false, true))
	}
	file, err := parser.ParseBytes(data, 0)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", syllabus, err)
	}
	if err := c.check(lines{file}); err != nil {
		return nil, err
	}
	for t := range c.all() {
		_, err := fs.Stat(originals, path.Join(t.Contract(), "assessment_test.go"))
		t.Built = err == nil
	}
	return c, nil
}

// check fills in the sections' names and reports every contradiction at once.
func (c *Course) check(in lines) error {
	var errs []error
	bad := func(line int, format string, args ...any) {
		errs = append(errs, fmt.Errorf("%s:%d: %s", syllabus, line, fmt.Sprintf(format, args...)))
	}
	if c.Weights.Assignment < 0 || c.Weights.Assessment < 0 || c.Weights.Assignment+c.Weights.Assessment == 0 {
		bad(in.key("weights"), "weights must not be negative, and not both 0")
	}
	if c.Pass < 0 || c.Pass > 100 {
		bad(in.key("pass"), "pass is a percentage, got %d", c.Pass)
	}
	seen := map[string]bool{}
	name := func(id, what string) {
		switch {
		case seen[id]:
			bad(in.nth("id", id, 2), "%s %q is named twice; names are unique in the course", what, id)
		case !isName(id):
			bad(in.nth("id", id, 1), "%s %q is no package name; use lower-case letters and digits", what, id)
		}
		seen[id] = true
	}
	for i := range c.Sections {
		s := &c.Sections[i]
		name(s.ID, "section")
		for j := range s.Topics {
			s.Topics[j].Section = s.ID
			name(s.Topics[j].Name, "topic")
		}
	}
	for t := range c.all() {
		for _, need := range t.Needs {
			if c.byName(need) == nil {
				bad(in.nth("needs", need, 1), "topic %q needs %q, which is no topic", t.Name, need)
			}
		}
	}
	return errors.Join(errs...)
}

// isName reports whether id can be a folder, a package and part of an
// import path.
func isName(id string) bool {
	for _, r := range id {
		if (r < 'a' || r > 'z') && (r < '0' || r > '9') {
			return false
		}
	}
	return token.IsIdentifier(id)
}
