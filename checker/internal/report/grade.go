package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A GradeView is the outcome of judging the course, or a part of it.
type GradeView struct {
	Topics    []result.Topic
	Marks     result.Marks
	Weights   result.Weights
	Pass      int64    // percent of the final mark
	Announced []string // topics that are not built yet
	Candidate string   // the directory that was judged; "" for exercises/
	Part      bool     // not the whole course was judged, by the caller's choice
	NoRace    bool     // the clauses NoDataRace were left out

	Title    string           // of the course
	Sections []course.Section // of the course, for their titles
	When     time.Time        // when it was judged

	Sandbox     string // the level of the sandbox that the clauses ran in
	SandboxOpen string // what it leaves open, "" for nothing
}

// passed reports whether the course is passed: its final mark reaches the
// pass mark. The mark of a part does not count, nor that of nothing.
func (v *GradeView) passed() bool {
	return !v.Part && v.Marks.Reach(v.Pass)
}

// Grade writes the table of topics, the marks, and what to do next.
func Grade(w io.Writer, s Style, v GradeView) error {
	p := &page{Style: s}
	v.Topics = shown(v.Topics)
	p.headline(&v)
	p.table(&v)
	p.remarks(&v)
	p.marks(&v)
	if next := firstUnfinished(v.Topics); next != "" && v.Candidate == "" {
		p.gap()
		p.labelled("", "next", Command+" check "+next)
	}
	return p.writeTo(w)
}

func (p *page) headline(v *GradeView) {
	n := 0
	for i := range v.Topics {
		if passed(&v.Topics[i]) {
			n++
		}
	}
	p.line(p.bar(n, len(v.Topics)), fmt.Sprintf("%d of %d topics passed", n, len(v.Topics)))
	if v.Candidate != "" {
		p.line("candidate ", clean(v.Candidate))
	}
	if v.Candidate != "" || v.Sandbox != "off" {
		p.line("sandbox   ", v.Sandbox, p.paint(dim, open(v.SandboxOpen)))
	}
}

// open says what a sandbox leaves open.
func open(what string) string {
	if what == "" {
		return ""
	}
	return ": " + what
}

// bar is drawn only on a terminal that has colours.
func (p *page) bar(done, total int) string {
	const width = 30
	if !p.Color || total == 0 {
		return ""
	}
	n := done * width / total
	return p.paint(green, strings.Repeat("█", n)) + p.paint(dim, strings.Repeat("░", width-n)) + "  "
}

func (p *page) table(v *GradeView) {
	ids := len("topic")
	for i := range v.Topics {
		ids = max(ids, len(v.Topics[i].ID))
	}
	p.gap()
	p.line(p.paint(dim, "  "+pad("topic", ids)+"  assignment  assessment  next step"))
	for i := range v.Topics {
		t := &v.Topics[i]
		p.line(p.topicMark(t), " ", pad(t.ID, ids),
			padLeft(fraction(t.Mark(result.Assignment)), 12), padLeft(fraction(t.Mark(result.Assessment)), 12),
			"  ", cut(nextStep(t), p.width()-ids-28))
	}
}

func (p *page) topicMark(t *result.Topic) string {
	switch {
	case passed(t):
		return p.mark(result.Pass)
	case t.Finished():
		return p.mark(result.Unsupported)
	case t.Count(result.Error) > 0:
		return p.mark(result.Error)
	case t.Refusal != "" || t.Absent:
		return p.mark(result.Refused)
	default:
		return " "
	}
}

// remarks names everything that is not in the marks, and why.
func (p *page) remarks(v *GradeView) {
	var lines []string
	for i := range v.Topics {
		if v.Topics[i].Warmup {
			lines = append(lines, v.Topics[i].ID+" is a warm-up: not in the marks")
		}
	}
	for _, id := range v.Marks.Left {
		lines = append(lines, id+" cannot be judged on this system: not in the marks")
	}
	if v.NoRace {
		lines = append(lines, "the clauses NoDataRace were left out (--no-race)")
	}
	if n := len(v.Announced); n > 0 {
		lines = append(lines, fmt.Sprintf("%s announced, not judged yet; %q names all", count(n, "topic"), Command+" list"))
	}
	if len(lines) > 0 {
		p.gap()
	}
	for _, line := range lines {
		for i, part := range wrap(line, p.textWidth()-2) {
			p.line(blanks(2*min(i, 1)), part)
		}
	}
}

func (p *page) marks(v *GradeView) {
	p.gap()
	p.line("assignments  ", padLeft(Percent(v.Marks.Assignments), 5), "  counts ", share(v.Weights.Assignment, v.Weights))
	p.line("assessments  ", padLeft(Percent(v.Marks.Assessments), 5), "  counts ", share(v.Weights.Assessment, v.Weights))
	p.line(p.paint(bold, "final        "+padLeft(Percent(v.Marks.Final), 5)), "  ", p.outcome(v))
}

func (p *page) outcome(v *GradeView) string {
	need := fmt.Sprintf("%d needed", v.Pass)
	switch {
	case v.Marks.Topics == 0:
		return "nothing here counts towards a mark"
	case v.Part:
		return "of a part of the course"
	case v.passed():
		return p.paint(green, "passed") + " (" + need + ")"
	default:
		return "not passed yet (" + need + ")"
	}
}

// nextStep says in a few words what the topic still needs.
func nextStep(t *result.Topic) string {
	visible, hidden := t.Mark(result.Assignment), t.Mark(result.Assessment)
	switch {
	case t.Absent:
		return "absent: no such folder, counts as 0"
	case t.Refusal != "":
		first, _, _ := strings.Cut(clean(t.Refusal), "\n")
		return "refused: " + strings.TrimPrefix(first, "exercises/"+t.ID+"/")
	case t.Count(result.Error) > 0:
		return count(t.Count(result.Error), "clause") + " could not be judged: grade again"
	case visible.Total+hidden.Total == 0:
		return "needs a system that supports it"
	case t.Finished():
		return "done"
	case visible.Passed+hidden.Passed == 0:
		return readme(t.ID)
	case visible.Passed < visible.Total:
		return count(visible.Total-visible.Passed, "clause") + " of the assignment to go"
	default:
		return count(hidden.Total-hidden.Passed, "hidden clause") + " to go"
	}
}

func firstUnfinished(topics []result.Topic) string {
	for i := range topics {
		if !topics[i].Finished() {
			return topics[i].ID
		}
	}
	return ""
}
