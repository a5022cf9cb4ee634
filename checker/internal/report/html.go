package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"math/big"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// The parts of the page. It is one file that needs nothing else: its own
// policy allows this style and this script, and no other source of anything.
var (
	//go:embed html/page.tmpl
	pageTemplate string
	//go:embed html/page.css
	pageStyle string
	//go:embed html/page.js
	pageScript string
)

var htmlPage = template.Must(template.New("page").Funcs(template.FuncMap{"verdict": verdictWord}).Parse(pageTemplate))

// htmlView is what the template shows.
type htmlView struct {
	Title, When, Candidate, Sandbox, SandboxOpen, Policy, Outcome string
	Assignments, Assessments, Final, Weight1, Weight2             string
	Pass                                                          int64
	Passed, Part                                                  bool
	Sections                                                      []htmlSection
	Remarks                                                       []string
	Counts                                                        map[result.Verdict]int
	room                                                          int // for messages that are drawn
	Style                                                         template.CSS
	Script                                                        template.JS
}

type htmlSection struct {
	ID, Title string
	Topics    []htmlTopic
	Done      int // topics that are passed
	Percent   int // of its clauses, rounded down
}

type htmlTopic struct {
	*result.Topic
	Assignment, Assessment string
	Percent                int
	Passed                 bool
	Next                   string
	Suites                 []htmlSuite
}

type htmlSuite struct {
	Title   string
	Clauses []htmlClause
}

type htmlClause struct {
	*result.Clause
	Anchor  string
	Text    string
	Lines   string // the transcript
	Printed string // by the process
	Again   string
	Diagram *diagram
	Undrawn bool // the page has no room for the diagram
	Open    bool // there is more to know than the sentence
}

// maxMessages bounds the messages of all drawings on a page. A whole course of
// stubs has about 3000; a page of many more would open slowly.
const maxMessages = 4000

// HTML writes the outcome as one page that needs no network: marks, progress
// by section, every clause with its sentence, reference and verdict, and for
// one that fails its conversation, drawn and in octets.
func HTML(w io.Writer, v GradeView) error {
	v.Topics = shown(v.Topics)
	return htmlPage.Execute(w, newHTMLView(&v))
}

func newHTMLView(v *GradeView) htmlView {
	p := &page{}
	p.remarks(v)
	view := htmlView{
		Title: v.Title, Candidate: clean(v.Candidate), Sandbox: v.Sandbox, SandboxOpen: v.SandboxOpen,
		Policy: contentPolicy(), Outcome: (&page{}).outcome(v), Pass: v.Pass, Passed: v.passed(), Part: v.Part,
		Assignments: Percent(v.Marks.Assignments), Assessments: Percent(v.Marks.Assessments), Final: Percent(v.Marks.Final),
		Weight1: share(v.Weights.Assignment, v.Weights), Weight2: share(v.Weights.Assessment, v.Weights),
		room: maxMessages, Remarks: strings.Split(strings.TrimSpace(p.String()), "\n"), Counts: map[result.Verdict]int{},
		Style: template.CSS(pageStyle), Script: template.JS(pageScript),
	}
	if !v.When.IsZero() {
		view.When = v.When.UTC().Format(time.DateOnly + " 15:04 UTC")
	}
	for i := range v.Topics {
		t := &v.Topics[i]
		for j := range t.Clauses {
			view.Counts[t.Clauses[j].Verdict]++
		}
		section := view.section(t.ID, v.Sections)
		section.Topics = append(section.Topics, view.topic(t))
	}
	for i := range view.Sections {
		view.Sections[i].count()
	}
	return view
}

// section returns the section of a topic, which is added if it is new.
func (view *htmlView) section(topic string, all []course.Section) *htmlSection {
	id, _, _ := strings.Cut(topic, "/")
	for i := range view.Sections {
		if view.Sections[i].ID == id {
			return &view.Sections[i]
		}
	}
	section := htmlSection{ID: id, Title: id}
	for _, s := range all {
		if s.ID == id {
			section.Title = s.Title
		}
	}
	view.Sections = append(view.Sections, section)
	return &view.Sections[len(view.Sections)-1]
}

func (s *htmlSection) count() {
	var m result.Mark
	for i := range s.Topics {
		if s.Topics[i].Passed {
			s.Done++
		}
		m = sum(m, s.Topics[i].Mark(result.Assignment), s.Topics[i].Mark(result.Assessment))
	}
	s.Percent = percentOf(m)
}

func sum(marks ...result.Mark) result.Mark {
	var all result.Mark
	for _, m := range marks {
		all.Passed += m.Passed
		all.Total += m.Total
	}
	return all
}

func percentOf(m result.Mark) int {
	if m.Total == 0 {
		return 0
	}
	return 100 * m.Passed / m.Total
}

func share(weight int64, w result.Weights) string {
	return strings.TrimSuffix(Percent(big.NewRat(100*weight, max(w.Assignment+w.Assessment, 1))), ".0") + " %"
}

func (view *htmlView) topic(t *result.Topic) htmlTopic {
	visible, hidden := t.Mark(result.Assignment), t.Mark(result.Assessment)
	h := htmlTopic{
		Topic: t, Assignment: fraction(visible), Assessment: fraction(hidden),
		Percent: percentOf(sum(visible, hidden)), Passed: passed(t), Next: nextStep(t),
	}
	for _, s := range []struct {
		suite result.Suite
		title string
	}{{result.Assignment, "assignment: the visible suite"}, {result.Assessment, "assessment: the hidden contract"}} {
		suite := htmlSuite{Title: s.title}
		for i := range t.Clauses {
			if c := &t.Clauses[i]; c.Suite == s.suite {
				suite.Clauses = append(suite.Clauses, view.clause(t.ID, c))
			}
		}
		h.Suites = append(h.Suites, suite)
	}
	return h
}

func (view *htmlView) clause(topic string, c *result.Clause) htmlClause {
	h := htmlClause{
		Clause: c, Text: c.Text, Anchor: strings.ReplaceAll(topic, "/", ".") + "." + c.Name,
		Lines: strings.Join(c.Transcript, "\n"), Diagram: draw(c.Records),
	}
	if d := h.Diagram; d != nil {
		if view.room -= len(d.Messages); view.room < 0 {
			h.Diagram, h.Undrawn = nil, true
		}
	}
	lines, left := shortened(printed(c.Output))
	if left > 0 {
		lines = append(lines, more(left))
	}
	h.Printed = strings.Join(lines, "\n")
	if h.Text == "" {
		h.Text = c.Name
	}
	if c.Verdict == result.Fail || c.Verdict == result.Error {
		h.Again = again(topic, c)
	}
	h.Open = c.Verdict != result.Pass || h.Lines != ""
	return h
}

func verdictWord(v result.Verdict) string {
	return map[result.Verdict]string{
		result.Pass: "passes", result.Fail: "fails", result.Refused: "refused",
		result.Unsupported: "cannot be judged here", result.Error: "could not be judged",
	}[v]
}

// contentPolicy allows the page's own style and script, by their sums.
func contentPolicy() string {
	sum := func(text string) string {
		h := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(h[:]) + "'"
	}
	return "default-src 'none'; style-src " + sum(pageStyle) + "; script-src " + sum(pageScript) + "; base-uri 'none'; form-action 'none'"
}
