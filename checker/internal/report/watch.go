package report

import (
	"io"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// Watch writes what is to be done next about a topic that is being edited: the
// first clause that does not pass in full, the others by their sentence. The
// hidden ones come once the assignment passes.
func Watch(w io.Writer, s Style, t result.Topic) error {
	p := &page{Style: s}
	t = shown([]result.Topic{t})[0]
	switch missing := unpassed(&t, result.Assignment); {
	case t.Absent, t.Refusal != "":
		p.topic(&t)
	case len(missing) > 0:
		p.missing(&t, missing, "the assignment does not pass yet")
	default:
		hidden := unpassed(&t, result.Assessment)
		p.line(p.paint(green, "The assignment passes."))
		if len(hidden) == 0 {
			p.line("So does the hidden contract, but for data races, which grade looks for.")
		}
		p.line("n goes on when you are done experimenting; c shows the reference.")
		if len(hidden) > 0 {
			p.gap()
			p.missing(&t, hidden, "what the hidden contract still misses")
		}
	}
	return p.writeTo(w)
}

// unpassed are the clauses of a suite that are left to do.
func unpassed(t *result.Topic, s result.Suite) []*result.Clause {
	var left []*result.Clause
	for i := range t.Clauses {
		if c := &t.Clauses[i]; c.Suite == s && c.Verdict != result.Pass && c.Verdict != result.Unsupported {
			left = append(left, c)
		}
	}
	return left
}

func (p *page) missing(t *result.Topic, left []*result.Clause, title string) {
	p.line(p.paint(dim, title))
	p.gap()
	p.clause(t.ID, left[0])
	if len(left) > 1 {
		p.gap()
		p.line(p.paint(dim, "and then"))
		for _, c := range left[1:] {
			p.sentence(c)
		}
	}
}

// MarksOf is a topic's two marks in one line.
func MarksOf(t *result.Topic) string { return (&page{}).standing(t) }
