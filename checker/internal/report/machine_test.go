package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"io"
	"strings"
	"testing"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// What others have built upon: these fields, with these meanings. A field
// may join them; none leaves without a new schema name.
func TestJSONKeepsItsFields(t *testing.T) {
	var doc map[string]any
	decode(t, gradeView(), &doc)
	if doc["schema"] != "wirekata.grade/1" {
		t.Errorf("schema: got %v", doc["schema"])
	}
	hasFields(t, "document", doc, "schema", "final", "assignments", "assessments", "topics")
	for _, v := range doc["topics"].([]any) {
		topic := v.(map[string]any)
		hasFields(t, "topic", topic, "id", "assignment", "assessment", "clauses")
		hasFields(t, "mark", topic["assignment"].(map[string]any), "passed", "total")
		for _, v := range topic["clauses"].([]any) {
			hasFields(t, "clause", v.(map[string]any), "suite", "name", "text", "ref", "verdict", "reason")
		}
	}
}

func TestJSONOfNothingHasNoNull(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, GradeView{Marks: result.Compute(nil, result.Weights{Assignment: 20, Assessment: 80})}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(b.String(), "null") {
		t.Errorf("got %s", &b)
	}
}

// The marks of the document can be computed again from its clauses.
func TestJSONAgreesWithItself(t *testing.T) {
	var doc struct {
		Exact  struct{ Final string }
		Topics []struct {
			ID                     string
			Warmup                 bool
			Assignment, Assessment result.Mark
			Clauses                []result.Clause
		}
	}
	decode(t, gradeView(), &doc)
	var topics []result.Topic
	for _, d := range doc.Topics {
		topic := result.Topic{ID: d.ID, Warmup: d.Warmup, Clauses: d.Clauses}
		if topic.Mark(result.Assignment) != d.Assignment || topic.Mark(result.Assessment) != d.Assessment {
			t.Errorf("%s: marks %v and %v are not those of the clauses", d.ID, d.Assignment, d.Assessment)
		}
		topics = append(topics, topic)
	}
	if got := result.Compute(topics, gradeView().Weights).Final.RatString(); got != doc.Exact.Final {
		t.Errorf("final: got %s from the clauses, %s from the document", got, doc.Exact.Final)
	}
}

func TestJUnitCountsWhatItHolds(t *testing.T) {
	var doc junitSuites
	var b bytes.Buffer
	if err := JUnit(&b, gradeView()); err != nil {
		t.Fatal(err)
	}
	if err := xml.Unmarshal(b.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var total junitCounts
	for _, suite := range doc.Suites {
		var n junitCounts
		for _, c := range suite.Cases {
			if c.Class == "" || c.Name == "" {
				t.Errorf("%s: a case without a name", suite.Name)
			}
			n.add(junitCounts{1, has(c.Failure), has(c.Error), has(c.Skipped)})
		}
		if n != suite.junitCounts {
			t.Errorf("%s: has %+v, says %+v", suite.Name, n, suite.junitCounts)
		}
		total.add(n)
	}
	if total != doc.junitCounts {
		t.Errorf("all suites: have %+v, say %+v", total, doc.junitCounts)
	}
}

// Whatever a process printed, the document stays well-formed.
func TestJUnitIsWellFormed(t *testing.T) {
	v := gradeView()
	c := &v.Topics[1].Clauses[1]
	c.Reason, c.Transcript, c.Output = "\x00\xff<&\"]]>", []string{"]]>\x1b[0m", "\ufffe"}, "]]>"
	var b bytes.Buffer
	if err := JUnit(&b, v); err != nil {
		t.Fatal(err)
	}
	for dec := xml.NewDecoder(&b); ; {
		if _, err := dec.Token(); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func decode(t *testing.T, v GradeView, into any) {
	t.Helper()
	var b bytes.Buffer
	if err := JSON(&b, v); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), into); err != nil {
		t.Fatal(err)
	}
}

func hasFields(t *testing.T, what string, got map[string]any, fields ...string) {
	t.Helper()
	for _, f := range fields {
		if _, ok := got[f]; !ok {
			t.Errorf("%s: no field %q", what, f)
		}
	}
	for name, value := range got {
		if value == nil {
			t.Errorf("%s: field %q is null", what, name)
		}
	}
}

func has(p *junitProblem) int {
	if p == nil {
		return 0
	}
	return 1
}
