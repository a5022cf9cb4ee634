package report

import (
	"io"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// A CheckView is the outcome of checking some topics.
type CheckView struct {
	Topics []result.Topic
	// Full is for output that is not to be shortened.
	Full bool
	// WithoutRace are the topics whose clause NoDataRace was left out.
	WithoutRace []string
	// Part says that not all clauses of the topics were asked for.
	Part bool
	// Next is the topic to go on with once all clauses pass; "" at the end of
	// the course.
	Next string
}

// Check writes each topic's clauses, the failing ones in full, then what to
// do next.
func Check(w io.Writer, s Style, v CheckView) error {
	p := &page{Style: s, full: v.Full}
	v.Topics = shown(v.Topics)
	var unfinished *result.Topic
	for i := range v.Topics {
		if i > 0 {
			p.gap()
		}
		p.topic(&v.Topics[i])
		if unfinished == nil && !v.Topics[i].Finished() {
			unfinished = &v.Topics[i]
		}
	}
	p.gap()
	if len(v.WithoutRace) > 0 {
		p.line("NoDataRace was left out of ", strings.Join(v.WithoutRace, ", "), "; --race adds it")
	}
	switch {
	case unfinished != nil:
		p.labelled("", "next", Command+" "+remedy(unfinished)+" "+unfinished.ID)
	case !v.Part:
		p.onward(&v)
	}
	return p.writeTo(w)
}

// remedy is the command for a topic that is not finished.
func remedy(t *result.Topic) string {
	switch {
	case t.Absent:
		return "reset"
	case t.Refusal != "", t.Count(result.Error) > 0:
		return "check" // no hint is of use: nothing was run, or the checker is in trouble
	default:
		return "hint"
	}
}

// onward writes where to go once everything passes.
func (p *page) onward(v *CheckView) {
	for i := range v.Topics {
		if passed(&v.Topics[i]) {
			p.labelled("", "see", Command+" compare "+v.Topics[i].ID)
		}
	}
	if v.Next == "" {
		p.labelled("", "next", Command+" grade")
	} else {
		p.labelled("", "next", readme(v.Next))
	}
}

func (p *page) topic(t *result.Topic) {
	p.line(p.paint(bold, t.ID), "  ", t.Title)
	switch {
	case t.Absent:
		p.refusal("absent: no clause was run", "there is no folder exercises/"+t.ID)
	case t.Refusal != "":
		p.refusal("refused: no clause was run", t.Refusal)
	default:
		p.suite(t, result.Assignment, "assignment: the visible suite")
		p.suite(t, result.Assessment, "assessment: the hidden contract")
	}
	p.gap()
	p.line(p.standing(t), cachedNote(t))
}

// refusal writes why nothing was run. It is said once, and not per clause.
func (p *page) refusal(what, why string) {
	p.gap()
	p.line(p.mark(result.Refused), " ", what)
	for line := range strings.Lines(clean(why)) {
		p.line("    ", strings.TrimRight(line, "\n"))
	}
}

func (p *page) suite(t *result.Topic, s result.Suite, title string) {
	first := true
	for i := range t.Clauses {
		c := &t.Clauses[i]
		if c.Suite != s {
			continue
		}
		if first {
			p.gap()
			p.line(p.paint(dim, title))
			first = false
		}
		p.clause(t.ID, c)
	}
}

// standing is a topic's two marks in one line.
func (p *page) standing(t *result.Topic) string {
	return "assignment " + p.fraction(t.Mark(result.Assignment)) +
		"   assessment " + p.fraction(t.Mark(result.Assessment))
}

func (p *page) fraction(m result.Mark) string {
	i := yellow
	switch {
	case m.Full():
		i = green
	case m.Total == 0:
		i = dim
	}
	return p.paint(i, fraction(m))
}

func cachedNote(t *result.Topic) string {
	n := 0
	for i := range t.Clauses {
		if t.Clauses[i].Cached {
			n++
		}
	}
	switch n {
	case 0:
		return ""
	case len(t.Clauses):
		return "   cached"
	default:
		return "   " + count(n, "verdict") + " cached"
	}
}

// passed reports whether the topic is finished and anything of it could be
// judged.
func passed(t *result.Topic) bool { return t.Finished() && t.Count(result.Pass) > 0 }

// readme is where work on a topic starts.
func readme(topic string) string { return "read exercises/" + topic + "/README.md" }
