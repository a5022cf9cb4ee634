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
	"io/fs"
	"runtime"
	"time"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// Options say what to judge, and how.
type Options struct {
	Root      string // the repository's root, where go.mod is
	Originals fs.FS
	Course    *course.Course
	Candidate candidate.Source
	Topics    []*course.Topic
	Clause    string        // the one clause to run, with or without "Test"; "" for all; NoDataRace implies Race
	Seed      uint64        // of the clauses' random choices; 0 for the default, 1
	Race      bool          // also judge NoDataRace
	Trace     bool          // transcripts have the wire records of every step
	NoCache   bool          // run also what has been judged before
	Timeout   time.Duration // of one clause; 0 for two minutes
	MaxMemory int           // bytes that one process may hold; 0 for 3 GiB
	// BuildTimeout is how long one go command may compile; 0 for five minutes.
	// What takes longer by itself is refused.
	BuildTimeout time.Duration
	Jobs         int          // processes at a time; 0 for the number of CPUs
	Sandbox      *sandbox.Box // what the clauses run in; nil for none
	Progress     func(Event)  // called serially; may be nil
}

// An Event says how far the work is.
type Event struct {
	Stage string // "build", "first build" where nothing was built here before, or "run"
	Topic string // the topic that the step belonged to, or ""
	Done  int
	Total int
}

// Judge returns the outcome of each of the topics, in their order. The error
// says that nothing could be judged at all.
func Judge(ctx context.Context, o Options) ([]result.Topic, error) {
	o = o.withDefaults()
	room, err := openKept(o.Root)
	if err != nil {
		return nil, err
	}
	defer room.close()
	cases, err := o.prepare(ctx, room)
	if err != nil {
		return nil, err
	}
	if err := o.run(ctx, cases); err != nil {
		return nil, err
	}
	return results(cases), nil
}

// Warm compiles what Judge would, and runs nothing. The next run finds the
// standard library and the peers built.
func Warm(ctx context.Context, o Options) error {
	o = o.withDefaults()
	room, err := openKept(o.Root)
	if err != nil {
		return err
	}
	defer room.close()
	_, err = o.prepare(ctx, room)
	return err
}

// prepare compiles the candidates of the topics.
func (o Options) prepare(ctx context.Context, room *kept) ([]*topicCase, error) {
	cases, err := o.cases()
	if err != nil {
		return nil, err
	}
	stage := "build"
	if room.empty() {
		stage = "first build"
	}
	o.Progress(Event{Stage: stage, Total: len(cases)})
	b := newBuilder(o, room)
	o.read(cases)
	if err := b.preflight(ctx, cases); err != nil {
		return nil, err
	}
	if err := o.check(ctx, cases); err != nil {
		return nil, err
	}
	if err := b.buildAll(ctx, cases); err != nil {
		return nil, err
	}
	o.Progress(Event{Stage: stage, Done: len(cases), Total: len(cases)})
	return cases, nil
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
	if len(tasks) > 0 {
		o.Progress(Event{Stage: "run", Total: len(tasks)})
	}
	return m.runTasks(ctx, tasks, func(t task) {
		n++
		o.Progress(Event{Stage: "run", Topic: t.topic, Done: n, Total: len(tasks)})
	})
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Jobs <= 0 {
		o.Jobs = runtime.NumCPU()
	}
	if o.MaxMemory <= 0 {
		o.MaxMemory = maxResident
	}
	if o.BuildTimeout <= 0 {
		o.BuildTimeout = buildTimeout
	}
	if o.Progress == nil {
		o.Progress = func(Event) {}
	}
	return o
}

// read reads the candidates and holds them to the rules that need no types.
func (o Options) read(cases []*topicCase) {
	for _, c := range cases {
		var err error
		c.candidate, err = candidate.Load(o.Candidate, o.Originals, c.topic, c.policy)
		c.refused(err)
	}
}

// check holds the candidates to the rules that need types.
func (o Options) check(ctx context.Context, cases []*topicCase) error {
	var loaded []*candidate.Candidate
	for _, c := range cases {
		if c.candidate != nil {
			loaded = append(loaded, c.candidate)
		}
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
