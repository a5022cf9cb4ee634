package result

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

var weights = Weights{Assignment: 20, Assessment: 80}

// A course of two topics by hand: 1/2 and 3/4 in one, everything in the other.
func TestComputeByHand(t *testing.T) {
	topics := []Topic{
		topic("a/half", verdicts(Assignment, 1, 2), verdicts(Assessment, 3, 4)),
		topic("a/full", verdicts(Assignment, 3, 3), verdicts(Assessment, 5, 5)),
	}
	m := Compute(topics, weights)
	same(t, "assignments", m.Assignments, big.NewRat(75, 1))
	same(t, "assessments", m.Assessments, big.NewRat(175, 2))
	same(t, "final", m.Final, big.NewRat(85, 1)) // 0.2*75 + 0.8*87.5
}

// Three topics with a third each sum to a third: a float would not say so.
func TestComputeIsExact(t *testing.T) {
	third := topic("a/third", verdicts(Assignment, 1, 3), verdicts(Assessment, 1, 3))
	m := Compute([]Topic{third, third, third}, weights)
	same(t, "final", m.Final, big.NewRat(100, 3))

	seventh := topic("a/seventh", verdicts(Assignment, 7, 7), verdicts(Assessment, 6, 7))
	m = Compute([]Topic{seventh, third}, weights)
	same(t, "final", m.Final, big.NewRat(6400, 105)) // 0.2*200/3 + 0.8*(6/7+1/3)*50
}

func TestComputeOfNoTopicIsZero(t *testing.T) {
	m := Compute(nil, weights)
	same(t, "final", m.Final, new(big.Rat))
	if m.Topics != 0 || len(m.Left) != 0 {
		t.Errorf("no topic: got %+v", m)
	}
}

// A mark that is rounded up only when printed does not reach; no mark neither.
func TestReach(t *testing.T) {
	for final, want := range map[string]bool{"70": true, "100": true, "699999/10000": false, "0": false} {
		mark, _ := new(big.Rat).SetString(final)
		if got := (Marks{Final: mark, Topics: 1}).Reach(70); got != want {
			t.Errorf("%s: got %v, want %v", final, got, want)
		}
	}
	if Compute(nil, weights).Reach(0) {
		t.Error("no topic reaches a mark of 0")
	}
}

func TestMarksStayWithinBounds(t *testing.T) {
	anyCourse(t, func(t *testing.T, _ *rand.Rand, topics []Topic) {
		m := Compute(topics, weights)
		for name, mark := range map[string]*big.Rat{"final": m.Final, "assignments": m.Assignments, "assessments": m.Assessments} {
			if mark.Sign() < 0 || mark.Cmp(big.NewRat(100, 1)) > 0 {
				t.Errorf("%s: got %s, want 0 to 100", name, mark)
			}
		}
	})
}

// Only a course with every counted clause passed has 100.
func TestHundredMeansEverything(t *testing.T) {
	anyCourse(t, func(t *testing.T, _ *rand.Rand, topics []Topic) {
		m := Compute(topics, weights)
		full := m.Topics > 0
		for i := range topics {
			if counted(&topics[i]) {
				full = full && topics[i].Mark(Assignment).Full() && topics[i].Mark(Assessment).Full()
			}
		}
		if hundred := m.Final.Cmp(big.NewRat(100, 1)) == 0; hundred != full {
			t.Errorf("final %s, everything passed: %v", m.Final, full)
		}
	})
}

// One more clause passed raises the final mark, and never lowers any.
func TestMarksGrowWithPassedClauses(t *testing.T) {
	anyCourse(t, func(t *testing.T, r *rand.Rand, topics []Topic) {
		before := Compute(topics, weights)
		topic, clause := &topics[0], (*Clause)(nil)
		for tries := 0; clause == nil && tries < 100; tries++ {
			topic = &topics[r.IntN(len(topics))]
			c := &topic.Clauses[r.IntN(len(topic.Clauses))]
			if c.Verdict != Pass && c.Verdict != Unsupported {
				clause = c
			}
		}
		if clause == nil {
			return
		}
		clause.Verdict = Pass
		after := Compute(topics, weights)
		if after.Assignments.Cmp(before.Assignments) < 0 || after.Assessments.Cmp(before.Assessments) < 0 {
			t.Errorf("a mean fell: before %+v, after %+v", before, after)
		}
		if grew := after.Final.Cmp(before.Final) > 0; grew != counted(topic) {
			t.Errorf("%s: final went from %s to %s", topic.ID, before.Final, after.Final)
		}
	})
}

func TestOrderOfTopicsDoesNotMatter(t *testing.T) {
	anyCourse(t, func(t *testing.T, r *rand.Rand, topics []Topic) {
		before := Compute(topics, weights)
		r.Shuffle(len(topics), func(i, j int) { topics[i], topics[j] = topics[j], topics[i] })
		same(t, "final", Compute(topics, weights).Final, before.Final)
	})
}

// What this system cannot judge is no pass: it leaves the total of its suite,
// and a topic that is left with an empty suite leaves both means, by name.
func TestUnsupportedLeavesVisibly(t *testing.T) {
	full := topic("a/full", verdicts(Assignment, 2, 2), verdicts(Assessment, 2, 2))
	partly := topic("a/partly", verdicts(Assignment, 1, 2), verdicts(Assessment, 1, 2))
	partly.Clauses = append(partly.Clauses, Clause{Suite: Assessment, Verdict: Unsupported})
	if got, want := partly.Mark(Assessment), (Mark{Passed: 1, Total: 2}); got != want {
		t.Errorf("partly unsupported: got %v, want %v", got, want)
	}

	wholly := topic("a/wholly", verdicts(Assignment, 0, 2), nil)
	wholly.Clauses = append(wholly.Clauses, Clause{Suite: Assessment, Verdict: Unsupported})
	m := Compute([]Topic{full, wholly}, weights)
	same(t, "final", m.Final, big.NewRat(100, 1))
	if m.Topics != 1 || len(m.Left) != 1 || m.Left[0] != "a/wholly" {
		t.Errorf("got %d topics, left %v; want 1 topic, left [a/wholly]", m.Topics, m.Left)
	}
}

func TestRefusedAndErrorsCountAsNotPassed(t *testing.T) {
	for _, v := range []Verdict{Refused, Error, Fail} {
		top := topic("a/x", []Clause{{Suite: Assignment, Verdict: Pass}, {Suite: Assignment, Verdict: v}}, verdicts(Assessment, 1, 1))
		if got, want := top.Mark(Assignment), (Mark{Passed: 1, Total: 2}); got != want {
			t.Errorf("%s: got %v, want %v", v, got, want)
		}
	}
}

func TestFinished(t *testing.T) {
	for v, want := range map[Verdict]bool{Pass: true, Unsupported: true, Fail: false, Refused: false, Error: false} {
		top := topic("a/x", []Clause{{Verdict: Pass}, {Verdict: v}})
		if got := top.Finished(); got != want {
			t.Errorf("%s: got %v, want %v", v, got, want)
		}
	}
}

func TestWarmupIsLeftOutSilently(t *testing.T) {
	warmup := topic("start/warmup", verdicts(Assignment, 0, 2), verdicts(Assessment, 0, 2))
	warmup.Warmup = true
	full := topic("a/full", verdicts(Assignment, 2, 2), verdicts(Assessment, 2, 2))
	m := Compute([]Topic{warmup, full}, weights)
	same(t, "final", m.Final, big.NewRat(100, 1))
	if len(m.Left) != 0 {
		t.Errorf("left: got %v, want none", m.Left)
	}
}

// anyCourse runs f on 500 random courses, each from a seed of its own.
func anyCourse(t *testing.T, f func(*testing.T, *rand.Rand, []Topic)) {
	t.Helper()
	all := []Verdict{Pass, Pass, Pass, Fail, Refused, Unsupported, Error}
	for seed := range uint64(500) {
		r := rand.New(rand.NewPCG(seed, 1))
		topics := make([]Topic, 1+r.IntN(6))
		for i := range topics {
			topics[i] = Topic{ID: string(rune('a' + i)), Warmup: r.IntN(8) == 0}
			for range 1 + r.IntN(9) {
				suite := []Suite{Assignment, Assessment}[r.IntN(2)]
				topics[i].Clauses = append(topics[i].Clauses, Clause{Suite: suite, Verdict: all[r.IntN(len(all))]})
			}
		}
		f(t, r, topics)
		if t.Failed() {
			t.Fatalf("seed %d: %+v", seed, topics)
		}
	}
}

// counted reports whether the topic is part of the means.
func counted(t *Topic) bool {
	return !t.Warmup && t.Mark(Assignment).Total > 0 && t.Mark(Assessment).Total > 0
}

func topic(id string, suites ...[]Clause) Topic {
	t := Topic{ID: id}
	for _, clauses := range suites {
		t.Clauses = append(t.Clauses, clauses...)
	}
	return t
}

// verdicts returns total clauses of a suite, the first passed of which pass.
func verdicts(s Suite, passed, total int) []Clause {
	clauses := make([]Clause, total)
	for i := range clauses {
		clauses[i] = Clause{Suite: s, Verdict: Fail}
		if i < passed {
			clauses[i].Verdict = Pass
		}
	}
	return clauses
}

func same(t *testing.T, what string, got, want *big.Rat) {
	t.Helper()
	if got.Cmp(want) != 0 {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}
