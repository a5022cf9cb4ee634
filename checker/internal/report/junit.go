package report

import (
	"encoding/xml"
	"io"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// The subset of JUnit XML that GitHub, GitLab and Jenkins all read: one suite
// for each suite of a topic, one case a clause.
type junitSuites struct {
	XMLName xml.Name `xml:"testsuites"`
	Name    string   `xml:"name,attr"`
	junitCounts
	Suites []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name string `xml:"name,attr"`
	junitCounts
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCounts struct {
	Tests    int `xml:"tests,attr"`
	Failures int `xml:"failures,attr"`
	Errors   int `xml:"errors,attr"`
	Skipped  int `xml:"skipped,attr"`
}

type junitCase struct {
	Class   string        `xml:"classname,attr"`
	Name    string        `xml:"name,attr"`
	Failure *junitProblem `xml:"failure"`
	Error   *junitProblem `xml:"error"`
	Skipped *junitProblem `xml:"skipped"`
}

type junitProblem struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr,omitempty"`
	Text    string `xml:",cdata"`
}

// JUnit writes the outcome as JUnit XML. A refused clause is a failure, one
// that could not be judged an error, an unsupported one is skipped.
func JUnit(w io.Writer, v GradeView) error {
	v.Topics = shown(v.Topics)
	doc := junitSuites{Name: "wirekata"}
	for i := range v.Topics {
		for _, s := range []result.Suite{result.Assignment, result.Assessment} {
			suite := newJUnitSuite(&v.Topics[i], s)
			suite.Properties = []junitProperty{{"sandbox", v.Sandbox}}
			doc.add(suite.junitCounts)
			doc.Suites = append(doc.Suites, suite)
		}
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", "  ")
	if err := enc.Encode(doc); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func newJUnitSuite(t *result.Topic, s result.Suite) junitSuite {
	suite := junitSuite{Name: t.ID + " " + string(s)}
	class := strings.ReplaceAll(t.ID, "/", ".") + "." + string(s)
	for i := range t.Clauses {
		if c := &t.Clauses[i]; c.Suite == s {
			jc, n := newJUnitCase(t.ID, class, c)
			suite.Cases = append(suite.Cases, jc)
			suite.add(n)
		}
	}
	return suite
}

func newJUnitCase(topic, class string, c *result.Clause) (junitCase, junitCounts) {
	jc, n := junitCase{Class: class, Name: c.Name}, junitCounts{Tests: 1}
	problem := &junitProblem{Message: clean(c.Text + " (" + c.Ref + "): " + c.Reason)}
	switch c.Verdict {
	case result.Fail:
		problem.Type = string(c.By)
		problem.Text = clean(strings.Join(slices.Concat(c.Transcript, []string{"again  " + again(topic, c)}), "\n"))
		jc.Failure, n.Failures = problem, 1
	case result.Refused:
		problem.Type = string(result.Refused)
		jc.Failure, n.Failures = problem, 1
	case result.Unsupported:
		jc.Skipped, n.Skipped = problem, 1
	case result.Error:
		problem.Text = clean(c.Output)
		jc.Error, n.Errors = problem, 1
	}
	return jc, n
}

func (n *junitCounts) add(m junitCounts) {
	n.Tests += m.Tests
	n.Failures += m.Failures
	n.Errors += m.Errors
	n.Skipped += m.Skipped
}
