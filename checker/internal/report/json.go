package report

import (
	"encoding/json"
	"io"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// Schema names the format that [JSON] writes. Fields may be added to it; none
// changes its meaning or goes away without a new name.
const Schema = "wirekata.grade/1"

// gradeJSON is the document. Marks are in percent, rounded down to one decimal
// as everywhere; Exact has them as fractions.
type gradeJSON struct {
	Schema      string         `json:"schema"`
	Final       json.Number    `json:"final"`
	Assignments json.Number    `json:"assignments"`
	Assessments json.Number    `json:"assessments"`
	Exact       exactJSON      `json:"exact"`
	Weights     result.Weights `json:"weights"`
	Pass        int64          `json:"pass"`
	Passed      bool           `json:"passed"`
	Part        bool           `json:"part"`    // not the whole course was judged, by the caller's choice
	NoRace      bool           `json:"no_race"` // the clauses NoDataRace were left out
	Sandbox     string         `json:"sandbox"` // the level of the sandbox that the clauses ran in
	Left        []string       `json:"left"`    // topics that this system cannot judge
	Announced   []string       `json:"announced"`
	Topics      []topicJSON    `json:"topics"`
}

type exactJSON struct {
	Final       string `json:"final"`
	Assignments string `json:"assignments"`
	Assessments string `json:"assessments"`
}

type topicJSON struct {
	ID         string          `json:"id"`
	Title      string          `json:"title"`
	Warmup     bool            `json:"warmup"`
	Absent     bool            `json:"absent"`
	Refusal    string          `json:"refusal"`
	Assignment result.Mark     `json:"assignment"`
	Assessment result.Mark     `json:"assessment"`
	Clauses    []result.Clause `json:"clauses"`
}

// JSON writes the outcome as one JSON document.
func JSON(w io.Writer, v GradeView) error {
	doc := gradeJSON{
		Schema:      Schema,
		Final:       json.Number(Percent(v.Marks.Final)),
		Assignments: json.Number(Percent(v.Marks.Assignments)),
		Assessments: json.Number(Percent(v.Marks.Assessments)),
		Exact: exactJSON{
			Final:       v.Marks.Final.RatString(),
			Assignments: v.Marks.Assignments.RatString(),
			Assessments: v.Marks.Assessments.RatString(),
		},
		Weights:   v.Weights,
		Pass:      v.Pass,
		Passed:    v.passed(),
		Part:      v.Part,
		NoRace:    v.NoRace,
		Sandbox:   v.Sandbox,
		Left:      orEmpty(v.Marks.Left),
		Announced: orEmpty(v.Announced),
		Topics:    []topicJSON{},
	}
	topics := shown(v.Topics)
	for i := range topics {
		doc.Topics = append(doc.Topics, newTopicJSON(&topics[i]))
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(doc)
}

func newTopicJSON(t *result.Topic) topicJSON {
	return topicJSON{
		ID:         t.ID,
		Title:      t.Title,
		Warmup:     t.Warmup,
		Absent:     t.Absent,
		Refusal:    t.Refusal,
		Assignment: t.Mark(result.Assignment),
		Assessment: t.Mark(result.Assessment),
		Clauses:    orEmpty(t.Clauses),
	}
}

// orEmpty keeps null out of the document.
func orEmpty[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}
