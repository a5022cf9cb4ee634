// Package result is the model of verdicts and marks. It prints nothing and
// runs nothing: the runner fills it, the report renders it.
package result

import (
	"math/big"

	"github.com/wirekata/wirekata/harness/evidence"
)

// A Verdict is what the checker says of one clause.
type Verdict string

// The five verdicts.
const (
	// Pass: the clause's process ended with status 0 and its evidence begins and ends.
	Pass Verdict = "pass"
	// Fail: the clause's assertion failed, or its process panicked, hung or leaked.
	Fail Verdict = "fail"
	// Refused: the candidate was not run; the import policy or the compiler said no, or it is absent.
	Refused Verdict = "refused"
	// Unsupported: this system lacks what the clause needs. Left out of the total.
	Unsupported Verdict = "unsupported"
	// Error: the checker could not judge. Never silently a zero.
	Error Verdict = "error"
)

// A Suite is one of a topic's two test files.
type Suite string

// The two suites.
const (
	Assignment Suite = "assignment" // visible to the learner
	Assessment Suite = "assessment" // the hidden contract
)

// By says how a failing clause failed; the contributor's gate counts a kill
// only if it came the way that the fault's header says.
type By string

// The ways to fail.
const (
	ByAssertion By = "assertion"
	ByPanic     By = "panic"
	ByHang      By = "hang"
)

// A Clause is one clause of a suite and its verdict.
type Clause struct {
	Suite   Suite   `json:"suite"`
	Name    string  `json:"name"` // the test function's name
	Text    string  `json:"text"` // the contract's sentence
	Ref     string  `json:"ref"`  // where the rule stands
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason"` // one line; empty for a pass

	By         By       `json:"by,omitempty"`
	Seed       uint64   `json:"seed,omitempty"`
	Transcript []string `json:"transcript,omitempty"` // see evidence.Transcript
	// Records are the evidence of a clause that did not pass, for views that
	// draw it; of its messages at most MaxMessages, the last ones.
	Records []evidence.Record `json:"records,omitempty"`
	// Spent is what a clause that passed has spent.
	Spent   evidence.Cost `json:"spent,omitzero"`
	Output  string        `json:"output,omitempty"`  // what the process printed, escaped and cut
	Capture string        `json:"capture,omitempty"` // path of the pcapng file, from the repository's root
	Cached  bool          `json:"cached,omitempty"`
}

// MaxMessages is how many messages of a clause's conversation are kept.
const MaxMessages = 200

// A Topic is one topic's outcome.
type Topic struct {
	ID      string
	Title   string
	Warmup  bool     // shown, but left out of the means
	Absent  bool     // the candidate has no such folder
	Refusal string   // why the whole topic was refused, possibly several lines; or ""
	Clauses []Clause // in the suites' order, assignment first
}

// A Mark is a number of passed clauses out of a total.
type Mark struct {
	Passed int `json:"passed"`
	Total  int `json:"total"`
}

// Rat returns the mark as a fraction of 1, and false where nothing could be
// judged (Total is 0).
func (m Mark) Rat() (*big.Rat, bool) {
	if m.Total == 0 {
		return nil, false
	}
	return big.NewRat(int64(m.Passed), int64(m.Total)), true
}

// Full reports whether there was something to judge and all of it passed.
func (m Mark) Full() bool { return m.Total > 0 && m.Passed == m.Total }

// Mark counts the clauses of one suite. Unsupported ones are left out;
// refused ones and errors count as not passed.
func (t *Topic) Mark(s Suite) Mark {
	var m Mark
	for _, c := range t.Clauses {
		if c.Suite != s || c.Verdict == Unsupported {
			continue
		}
		m.Total++
		if c.Verdict == Pass {
			m.Passed++
		}
	}
	return m
}

// Count returns how many clauses have the verdict v.
func (t *Topic) Count(v Verdict) int {
	n := 0
	for _, c := range t.Clauses {
		if c.Verdict == v {
			n++
		}
	}
	return n
}

// Finished reports whether no clause of the topic is left to do: each passed,
// or cannot be judged on this system.
func (t *Topic) Finished() bool {
	return t.Count(Pass)+t.Count(Unsupported) == len(t.Clauses)
}

// Weights are the shares of the two suites in the final mark, in percent.
type Weights struct {
	Assignment int64 `yaml:"assignment" json:"assignment"`
	Assessment int64 `yaml:"assessment" json:"assessment"`
}

// Marks are the course's marks in percent, exact.
type Marks struct {
	Final       *big.Rat
	Assignments *big.Rat // mean over the topics, unweighted
	Assessments *big.Rat
	Topics      int      // how many topics the means are over
	Left        []string // topics left out because every clause of a suite is unsupported here
}

// Reach reports whether there is a final mark, and it is at least pass percent.
func (m Marks) Reach(pass int64) bool {
	return m.Topics > 0 && m.Final.Cmp(big.NewRat(pass, 1)) >= 0
}

// Compute returns the marks of the given topics: the mean of each suite's
// mark over the topics that are no warm-up, weighted. A topic where one suite
// is wholly unsupported leaves both means, and is named. With no topic all
// marks are 0.
func Compute(topics []Topic, w Weights) Marks {
	m := Marks{Final: new(big.Rat), Assignments: new(big.Rat), Assessments: new(big.Rat)}
	for i := range topics {
		t := &topics[i]
		if t.Warmup {
			continue
		}
		visible, ok1 := t.Mark(Assignment).Rat()
		hidden, ok2 := t.Mark(Assessment).Rat()
		if !ok1 || !ok2 {
			m.Left = append(m.Left, t.ID)
			continue
		}
		m.Topics++
		m.Assignments.Add(m.Assignments, visible)
		m.Assessments.Add(m.Assessments, hidden)
	}
	if m.Topics == 0 {
		return m
	}
	percent := big.NewRat(100, int64(m.Topics))
	m.Assignments.Mul(m.Assignments, percent)
	m.Assessments.Mul(m.Assessments, percent)
	sum := new(big.Rat).Mul(m.Assignments, big.NewRat(w.Assignment, 1))
	sum.Add(sum, new(big.Rat).Mul(m.Assessments, big.NewRat(w.Assessment, 1)))
	m.Final.Quo(sum, big.NewRat(w.Assignment+w.Assessment, 1))
	return m
}
