package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A topicCase is one topic on its way to a verdict.
type topicCase struct {
	topic     *course.Topic
	clauses   []course.Clause
	policy    course.Policy
	candidate *candidate.Candidate
	program   *program // nil where the topic is refused or absent
	race      *raceCase
	absent    bool
	refusal   string
	outcome   []result.Clause // as clauses
}

// cases reads the clauses of the topics. With [Options.Clause] a topic that
// lacks it is left out.
func (o Options) cases() ([]*topicCase, error) {
	var cases []*topicCase
	var names []string
	for _, t := range o.Topics {
		if !t.Built {
			return nil, fmt.Errorf("topic %s: no contract yet; it is announced only", t.ID())
		}
		clauses, err := course.Clauses(o.Originals, t)
		if err != nil {
			return nil, err
		}
		c := &topicCase{topic: t, clauses: clauses, policy: candidate.PolicyOf(o.Course, t)}
		if t.Race && (o.Race || short(o.Clause) == NoDataRace) {
			c.race = &raceCase{clauses: clauses}
		}
		if o.Clause != "" && !c.narrow(o.Clause) {
			for _, k := range clauses {
				names = append(names, short(k.Name))
			}
			continue
		}
		cases = append(cases, c)
	}
	if len(cases) == 0 && o.Clause != "" {
		return nil, fmt.Errorf("clause %q: no such clause%s", o.Clause, course.Suggest(short(o.Clause), names))
	}
	if len(cases) == 0 {
		return nil, errors.New("no topic selected")
	}
	return cases, nil
}

// narrow leaves only the named clause, and reports whether there is one.
func (c *topicCase) narrow(name string) bool {
	if short(name) == NoDataRace && c.race != nil {
		c.clauses = nil
		return true
	}
	for _, k := range c.clauses {
		if short(k.Name) == short(name) {
			c.clauses, c.race = []course.Clause{k}, nil
			return true
		}
	}
	return false
}

// short is a clause's name as people write it, without "Test".
func short(name string) string { return strings.TrimPrefix(name, "Test") }

// refused keeps why the candidate will not run, and reports whether it is so.
func (c *topicCase) refused(err error) bool {
	if err == nil {
		return false
	}
	c.candidate = nil
	if errors.Is(err, fs.ErrNotExist) {
		c.absent = true
	} else {
		c.refusal = foreign.Text(err.Error())
	}
	return true
}

func (c *topicCase) tasks(o Options) []task {
	if c.program == nil {
		return nil
	}
	var tasks []task
	for i, k := range c.clauses {
		j := job{program: c.program, clause: k.Name, seed: o.Seed, trace: o.Trace, timeout: o.Timeout, memory: o.MaxMemory, box: o.Sandbox}
		tasks = append(tasks, task{job: j, topic: c.topic.ID(), into: &c.outcome[i]})
	}
	if c.race == nil || c.race.program == nil {
		return tasks
	}
	c.race.runs = make([]raceRun, len(c.race.clauses))
	for i, k := range c.race.clauses {
		run := &c.race.runs[i]
		run.clause = manifest(k)
		j := job{program: c.race.program, clause: k.Name, seed: o.Seed, race: true, timeout: o.Timeout, memory: o.MaxMemory, box: o.Sandbox}
		tasks = append(tasks, task{job: j, topic: c.topic.ID(), into: &run.clause, race: run})
	}
	return tasks
}

func results(cases []*topicCase) []result.Topic {
	var topics []result.Topic
	for _, c := range cases {
		t := result.Topic{
			ID: c.topic.ID(), Title: c.topic.Title, Warmup: c.topic.Warmup,
			Absent: c.absent, Refusal: c.refusal, Clauses: c.outcome,
		}
		if c.race != nil {
			t.Clauses = append(t.Clauses, c.race.outcome())
		}
		if c.program == nil {
			refuseAll(&t)
		}
		missNone(&t)
		topics = append(topics, t)
	}
	return topics
}

// refuseAll gives every clause of a topic that did not run the same reason.
func refuseAll(t *result.Topic) {
	reason, _, _ := strings.Cut(t.Refusal, "\n")
	if t.Absent {
		reason = "not in the candidate"
	}
	for i := range t.Clauses {
		t.Clauses[i].Verdict, t.Clauses[i].Reason = result.Refused, reason
	}
}

// missNone makes an error of a clause that has no verdict: what the manifest
// names and nobody ran is not passed over.
func missNone(t *result.Topic) {
	for i := range t.Clauses {
		if c := &t.Clauses[i]; c.Verdict == "" {
			c.Verdict, c.Reason = result.Error, "the clause was never run"
		}
	}
}

// manifest returns the clause as far as it is known before it runs.
func manifest(k course.Clause) result.Clause {
	return result.Clause{Suite: k.Suite, Name: k.Name, Text: k.Text, Ref: k.Ref}
}
