// Package transcript is the document behind a certificate: what was judged, by
// what and how, with every mark, and by name what is not in the marks. It has
// two forms, JSON and a page to print, and decides nothing: the marks come
// from package result.
package transcript

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// Schema names the format of the JSON document. Fields may be added to it;
// none changes its meaning or goes away without a new name.
const Schema = "wirekata.transcript/1"

// A Transcript is the document.
type Transcript struct {
	Schema     string    `json:"schema"`
	ID         string    `json:"id"`
	Credential string    `json:"credential"` // the id of the one that it belongs to
	Title      string    `json:"title"`
	Scope      string    `json:"scope"` // "course", or a section's id
	Learner    string    `json:"learner"`
	Issuer     string    `json:"issuer"`
	SelfIssued bool      `json:"self_issued"`
	Issued     time.Time `json:"issued"`

	Weights     result.Weights `json:"weights"`
	Pass        int64          `json:"pass"`
	Marks       Marks          `json:"marks"` // over the judged topics
	Sections    []Section      `json:"sections"`
	Announced   []string       `json:"announced"`   // topics of the scope that nothing judges yet
	Left        []string       `json:"left"`        // topics that could not be judged on that system
	Unsupported []Clause       `json:"unsupported"` // clauses likewise; in no mark

	Judging Judging `json:"judging"`
	// Statement says what the document does not show.
	Statement string `json:"statement"`
}

// Marks are in percent, rounded down to one decimal, and Topics says how many
// topics they are over.
type Marks struct {
	Final       json.Number `json:"final"`
	Assignments json.Number `json:"assignments"`
	Assessments json.Number `json:"assessments"`
	Topics      int         `json:"topics"`
}

// A Section is a section's part in it.
type Section struct {
	ID     string  `json:"id"`
	Title  string  `json:"title"`
	Marks  Marks   `json:"marks"`
	Topics []Topic `json:"topics"` // those that were judged
}

// A Topic is one topic's marks.
type Topic struct {
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Warmup     bool        `json:"warmup"` // not in the marks
	Assignment result.Mark `json:"assignment"`
	Assessment result.Mark `json:"assessment"`
}

// A Clause is named by its topic and test.
type Clause struct {
	Topic string `json:"topic"`
	Name  string `json:"name"`
	Text  string `json:"text"`
}

// Origin is what a transcript has from whoever has it written.
type Origin struct {
	ID, Credential string // URIs
	Section        string // the id of the one section that was judged, or ""
	Learner        string
	Issuer         string
	SelfIssued     bool
	Issued         time.Time
	Judging        Judging
}

// New returns the transcript of what was judged.
func New(c *course.Course, v report.GradeView, o Origin) *Transcript {
	t := &Transcript{
		Schema: Schema, ID: o.ID, Credential: o.Credential,
		Title: c.Title, Scope: "course",
		Learner: o.Learner, Issuer: o.Issuer, SelfIssued: o.SelfIssued, Issued: o.Issued.UTC().Truncate(time.Second),
		Weights: v.Weights, Pass: v.Pass, Marks: marks(v.Marks),
		Sections: []Section{}, Announced: []string{}, Left: append([]string{}, v.Marks.Left...), Unsupported: []Clause{},
		Judging: o.Judging,
	}
	for i := range c.Sections {
		if s := &c.Sections[i]; o.Section == "" || s.ID == o.Section {
			t.add(s, v)
		}
	}
	if o.Section != "" {
		t.Scope = o.Section
		t.Title += ": " + t.Sections[0].Title
	}
	t.Judging.RaceDetector = raceDetector(v.Topics)
	t.Statement = statement(o.SelfIssued)
	return t
}

// add adds what was judged of the section.
func (t *Transcript) add(s *course.Section, v report.GradeView) {
	var judged []result.Topic
	section := Section{ID: s.ID, Title: s.Title, Topics: []Topic{}}
	for i := range s.Topics {
		if !s.Topics[i].Built {
			t.Announced = append(t.Announced, s.Topics[i].ID())
		}
	}
	for i := range v.Topics {
		topic := &v.Topics[i]
		if !strings.HasPrefix(topic.ID, s.ID+"/") {
			continue
		}
		judged = append(judged, *topic)
		section.Topics = append(section.Topics, Topic{topic.ID, topic.Title, topic.Warmup, topic.Mark(result.Assignment), topic.Mark(result.Assessment)})
		for _, c := range topic.Clauses {
			if c.Verdict == result.Unsupported {
				t.Unsupported = append(t.Unsupported, Clause{topic.ID, c.Name, c.Text})
			}
		}
	}
	section.Marks = marks(result.Compute(judged, v.Weights))
	t.Sections = append(t.Sections, section)
}

func marks(m result.Marks) Marks {
	number := func(mark string) json.Number { return json.Number(mark) }
	return Marks{number(report.Percent(m.Final)), number(report.Percent(m.Assignments)), number(report.Percent(m.Assessments)), m.Topics}
}

// raceDetector says whether a race could have been found.
func raceDetector(topics []result.Topic) string {
	said := "no topic asks for it"
	for i := range topics {
		for _, c := range topics[i].Clauses {
			switch {
			case c.Name != runner.NoDataRace:
			case c.Verdict != result.Unsupported:
				return "used"
			default:
				said = "not available"
			}
		}
	}
	return said
}

func statement(selfIssued bool) string {
	const unproctored = "Nobody is said to have watched who wrote the code: the checker judges code, not authorship."
	if selfIssued {
		return "Self-issued and unproctored. The learner ran the checker on a machine of their own and signed with a key of their own; " +
			"the signature shows that nothing was changed since, not that it was true. " + unproctored
	}
	return "The issuer ran the checker and signed. " + unproctored
}

// Extent says how much of the scope was judged, of what counts towards a mark.
func (t *Transcript) Extent() string {
	return fmt.Sprintf("%d of %s", t.Marks.Topics, count(t.Marks.Topics+len(t.Announced)+len(t.Left), "topic"))
}

// Covers says over what the marks are, and what is left out of them.
func (t *Transcript) Covers() string {
	s := fmt.Sprintf("The marks are over %s.", count(t.Marks.Topics, "judged topic"))
	if n := len(t.Announced); n > 0 {
		s += fmt.Sprintf(" %s announced, not judged and in no mark.", are(n, "topic"))
	}
	if n := len(t.Left); n > 0 {
		s += fmt.Sprintf(" On this system could not be judged: %s.", strings.Join(t.Left, ", "))
	}
	return s
}

// Narrative says it all in a paragraph.
func (t *Transcript) Narrative() string {
	var judged []string
	for _, s := range t.Sections {
		for _, topic := range s.Topics {
			if !topic.Warmup {
				judged = append(judged, topic.ID)
			}
		}
	}
	parts := []string{t.Statement, t.Covers(), "Judged: " + strings.Join(judged, ", ") + "."}
	if len(t.Unsupported) > 0 {
		var names []string
		for _, c := range t.Unsupported {
			names = append(names, c.Topic+" "+c.Name)
		}
		parts = append(parts, "Clauses that this system cannot judge: "+strings.Join(names, ", ")+".")
	}
	return strings.Join(append(parts, t.Judging.String()), " ")
}

// WriteJSON writes the document.
func (t *Transcript) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(t)
}

// count is "1 topic" or "3 topics".
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// are is "1 topic is" or "3 topics are".
func are(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return count(n, noun) + " are"
}
