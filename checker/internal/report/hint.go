package report

import (
	"io"
	"strconv"
	"strings"
)

// A Hint is one hint of a task.
type Hint struct {
	Task   string // the task's heading
	Number int    // from 1
	Of     int    // how many hints the task has
	Text   string // Markdown
}

// A HintView is some hints of one topic.
type HintView struct {
	Topic string
	Hints []Hint
	Left  int // hints that are still unseen
}

// Hints writes the hints, and the command for the next one.
func Hints(w io.Writer, s Style, v HintView) error {
	p := &page{Style: s}
	for _, h := range v.Hints {
		p.line(p.paint(bold, v.Topic+": "+clean(h.Task)), p.paint(dim, "   hint "+strconv.Itoa(h.Number)+" of "+strconv.Itoa(h.Of)))
		p.gap()
		for line := range strings.Lines(h.Text) {
			p.line(clean(strings.TrimRight(line, "\n")))
		}
		p.gap()
	}
	if v.Left > 0 {
		p.labelled("", "next", Command+" hint "+v.Topic+"   ("+count(v.Left, "hint")+" left)")
	} else {
		p.labelled("", "next", Command+" check "+v.Topic)
	}
	return p.writeTo(w)
}
