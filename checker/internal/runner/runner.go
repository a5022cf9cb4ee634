// Package runner judges candidates: it compiles the two suites of each topic
// against the candidate's package, runs every clause in a process of its own,
// and reads the verdict from the evidence that the clause leaves behind.
//
// What a candidate can cost is bounded: one panic, deadlock, leak, endless
// loop or flood of output costs one clause; a file that does not compile or
// breaks the import policy costs its topic.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// Options say what to judge, and how.
type Options struct {
	Root      string // the repository's root, where go.mod is
	Originals fs.FS
	Course    *course.Course
	Candidate candidate.Source
	Topics    []*course.Topic
	Clause    string        // the one clause to run, with or without "Test"; "" for all
	Seed      uint64        // of the clauses' random choices; 0 for the default, 1
	Race      bool          // also judge NoDataRace
	Trace     bool          // transcripts have the wire records of every step
	NoCache   bool          // run also what has been judged before
	Timeout   time.Duration // of one clause; 0 for two minutes
	Jobs      int           // processes at a time; 0 for the number of CPUs
	Progress  func(Event)   // called serially; may be nil
}

// An Event says how far the work is.
type Event struct {
	Stage string // "build" or "run"
	Topic string // the topic that the step belonged to, or ""
	Done  int
	Total int
}

// Judge returns the outcome of each of the topics, in their order. The error
// says that nothing could be judged at all.
func Judge(ctx context.Context, o Options) ([]result.Topic, error) {
	o = o.withDefaults()
	cases, err := o.cases()
	if err != nil {
		return nil, err
	}
	room, err := openKept(o.Root)
	if err != nil {
		return nil, err
	}
	defer room.close()
	o.Progress(Event{Stage: "build", Total: len(cases)})
	if err := o.load(ctx, cases); err != nil {
		return nil, err
	}
	b := builder{root: o.Root, originals: o.Originals, room: room}
	if err := b.build(ctx, cases, false); err != nil {
		return nil, err
	}
	o.Progress(Event{Stage: "build", Done: len(cases), Total: len(cases)})
	if o.Race {
		if err := b.buildRace(ctx, cases); err != nil {
			return nil, err
		}
	}
	if err := o.run(ctx, cases); err != nil {
		return nil, err
	}
	return results(cases), nil
}

// run runs every clause of the cases that compiled.
func (o Options) run(ctx context.Context, cases []*topicCase) error {
	m := &machine{root: o.Root, jobs: o.Jobs, captures: true}
	if !o.NoCache {
		m.cache = openCache(itself())
	}
	var tasks []task
	for _, c := range cases {
		c.outcome = make([]result.Clause, len(c.clauses))
		for i, k := range c.clauses {
			c.outcome[i] = manifest(k)
		}
		tasks = append(tasks, c.tasks(o)...)
	}
	n := 0
	return m.runTasks(ctx, tasks, func(t task) {
		n++
		o.Progress(Event{Stage: "run", Topic: t.topic, Done: n, Total: len(tasks)})
	})
}

func (c *topicCase) tasks(o Options) []task {
	if c.program == nil {
		return nil
	}
	var tasks []task
	for i, k := range c.clauses {
		j := job{program: c.program, clause: k.Name, seed: o.Seed, trace: o.Trace, timeout: o.Timeout}
		tasks = append(tasks, task{job: j, topic: c.topic.ID(), into: &c.outcome[i]})
	}
	if c.race == nil || c.race.program == nil {
		return tasks
	}
	c.race.runs = make([]raceRun, len(c.race.clauses))
	for i, k := range c.race.clauses {
		run := &c.race.runs[i]
		run.clause = manifest(k)
		j := job{program: c.race.program, clause: k.Name, seed: o.Seed, race: true, timeout: o.Timeout}
		tasks = append(tasks, task{job: j, topic: c.topic.ID(), into: &run.clause, race: run})
	}
	return tasks
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return o
}

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
		if o.Race && t.Race {
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

// load reads the candidates and holds them to the rules.
func (o Options) load(ctx context.Context, cases []*topicCase) error {
	var loaded []*candidate.Candidate
	for _, c := range cases {
		var err error
		c.candidate, err = candidate.Load(o.Candidate, o.Originals, c.topic, c.policy)
		if c.refused(err) {
			continue
		}
		loaded = append(loaded, c.candidate)
	}
	checker, err := candidate.NewChecker(ctx, o.Root, loaded)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if c.candidate != nil {
			c.refused(checker.Check(c.candidate, c.policy))
		}
	}
	return nil
}

// refused keeps why the candidate will not run, and reports whether it is so.
func (c *topicCase) refused(err error) bool {
	if err == nil {
		return false
	}
	c.candidate = nil
	if errors.Is(err, fs.ErrNotExist) {
		c.absent = true
	} else {
		c.refusal = err.Error()
	}
	return true
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

// manifest returns the clause as far as it is known before it runs.
func manifest(k course.Clause) result.Clause {
	return result.Clause{Suite: k.Suite, Name: k.Name, Text: k.Text, Ref: k.Ref}
}
