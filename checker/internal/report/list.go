package report

import (
	"io"
	"strconv"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A ListView is the syllabus, or a part of it, with the marks so far.
type ListView struct {
	Course    *course.Course
	Topics    []*course.Topic     // those to show, in the course's order
	Standings map[string]Standing // by topic id; absent where never checked
	Next      string              // the topic to go on with; "" if none is left
}

// A Standing is what is remembered of a topic's last check.
type Standing struct {
	Assignment, Assessment result.Mark
	Changed                bool // the files are no longer those that were checked
}

// Passed reports whether both suites passed in full.
func (s Standing) Passed() bool { return s.Assignment.Full() && s.Assessment.Full() }

// List writes the syllabus by section, and the topic to go on with.
func List(w io.Writer, s Style, v ListView) error {
	p := &page{Style: s}
	built, passed := 0, 0
	for _, t := range v.Topics {
		if t.Built {
			built++
		}
		if v.Standings[t.ID()].Passed() {
			passed++
		}
	}
	p.line(p.paint(bold, v.Course.Title), "  ", strconv.Itoa(passed), " of ", strconv.Itoa(built), " topics passed")
	p.syllabus(&v)
	p.gap()
	switch {
	case v.Next != "":
		p.labelled("", "next", readme(v.Next))
	case built > 0 && built == passed:
		p.labelled("", "next", Command+" grade")
	}
	return p.writeTo(w)
}

func (p *page) syllabus(v *ListView) {
	ids, titles := 0, 0
	for _, t := range v.Topics {
		ids = max(ids, len(t.ID()))
		titles = max(titles, len([]rune(t.Title)))
	}
	section, columns := "", padLeft("assignment", 12)+padLeft("assessment", 12)
	for _, t := range v.Topics {
		if t.Section != section {
			section = t.Section
			p.gap()
			p.line(p.paint(bold, pad(sectionTitle(v.Course, section), ids+titles+17)), p.paint(dim, columns))
			columns = "" // named once
		}
		standing, checked := v.Standings[t.ID()]
		p.line(p.progressMark(t, standing, checked), " ", pad(t.ID(), ids), "  ", pad(t.Title, titles), "  ",
			padLeft(strconv.Itoa(t.Minutes), 5), " min  ", p.standingColumns(t, standing, checked))
	}
}

func (p *page) progressMark(t *course.Topic, s Standing, checked bool) string {
	switch {
	case s.Passed():
		return p.paint(green, "✓")
	case checked:
		return p.paint(yellow, "~")
	case !t.Built:
		return p.paint(dim, " ")
	default:
		return "·"
	}
}

func (p *page) standingColumns(t *course.Topic, s Standing, checked bool) string {
	if !t.Built {
		return p.paint(dim, padLeft("announced", 12))
	}
	columns := blanks(24)
	if checked {
		columns = padLeft(fraction(s.Assignment), 12) + padLeft(fraction(s.Assessment), 12)
	}
	switch {
	case s.Changed:
		columns += "  changed since"
	case t.Warmup:
		columns += "  warm-up"
	}
	return columns
}

func sectionTitle(c *course.Course, id string) string {
	for _, s := range c.Sections {
		if s.ID == id {
			return s.Title
		}
	}
	return id
}
