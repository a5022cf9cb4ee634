package course

import (
	"errors"
	"fmt"
	"iter"
	"slices"
)

// all yields the topics in the course's order.
func (c *Course) all() iter.Seq[*Topic] {
	return func(yield func(*Topic) bool) {
		for i := range c.Sections {
			for j := range c.Sections[i].Topics {
				if !yield(&c.Sections[i].Topics[j]) {
					return
				}
			}
		}
	}
}

// Topics returns all topics in the course's order.
func (c *Course) Topics() []*Topic { return slices.Collect(c.all()) }

// Built returns the topics that have a contract, in the course's order.
func (c *Course) Built() []*Topic {
	return slices.DeleteFunc(c.Topics(), func(t *Topic) bool { return !t.Built })
}

// Select returns the topics that the names stand for, each once, in the
// course's order. A name is "section/topic" or the topic's alone. A name that
// stands for nothing is an error that suggests the nearest one, and so is an
// empty selection.
func (c *Course) Select(names []string) ([]*Topic, error) {
	if len(names) == 0 {
		return nil, errors.New("no topic selected")
	}
	wanted := map[*Topic]bool{}
	for _, name := range names {
		t := c.Topic(name)
		if t == nil {
			return nil, fmt.Errorf("topic %q: no such topic%s", name, c.suggest(name))
		}
		wanted[t] = true
	}
	return slices.DeleteFunc(c.Topics(), func(t *Topic) bool { return !wanted[t] }), nil
}

// Topic returns the topic that a name stands for, or nil.
func (c *Course) Topic(name string) *Topic {
	for t := range c.all() {
		if name == t.ID() || name == t.Name {
			return t
		}
	}
	return nil
}

func (c *Course) byName(name string) *Topic {
	for t := range c.all() {
		if t.Name == name {
			return t
		}
	}
	return nil
}

func (c *Course) suggest(name string) string {
	var names []string
	for t := range c.all() {
		names = append(names, t.Name, t.ID())
	}
	return Suggest(name, names)
}

// Suggest returns `; did you mean "x"?` for the one of names that is nearest
// to name, or "" where none is near.
func Suggest(name string, names []string) string {
	best, at := "", len(name)/2+1
	for _, n := range names {
		if d := distance(name, n); d < at {
			best, at = n, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// distance is the number of bytes to insert, delete or replace to make b
// of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
