package runner

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A machine runs jobs, several at a time.
type machine struct {
	root     string
	jobs     int
	cache    *cache
	captures bool
}

// A task is a job and where its outcome belongs.
type task struct {
	job
	topic string
	into  *result.Clause
	race  *raceRun // under the race detector
}

// do runs the task, twice where the first run could not be judged.
func (m *machine) do(ctx context.Context, t task) error {
	if e, ok := m.cache.get(t.job); ok && m.captureStands(t.job, e) {
		t.take(e)
		t.into.Cached = true
		return nil
	}
	e, err := m.once(ctx, t)
	if err != nil {
		return err
	}
	if e.Clause.Verdict == result.Error {
		if e, err = m.once(ctx, t); err != nil {
			return err
		}
	}
	t.take(e)
	m.cache.put(t.job, e)
	return nil
}

func (t task) take(e cached) {
	known := *t.into
	*t.into = e.Clause
	t.into.Suite, t.into.Name, t.into.Text, t.into.Ref = known.Suite, known.Name, known.Text, known.Ref
	if t.race != nil {
		t.race.report = e.Report
	}
}

// once runs the job and reads its verdict. The error is the context's.
func (m *machine) once(ctx context.Context, t task) (cached, error) {
	e := cached{Clause: result.Clause{Name: t.clause}}
	p, err := t.job.run(ctx)
	if ctx.Err() != nil {
		return e, ctx.Err()
	}
	if err != nil {
		e.Clause.Verdict, e.Clause.Reason = result.Error, foreign.Line(err.Error())
		return e, nil
	}
	defer p.close()
	p.fill(&e.Clause, t.job)
	e.Report, e.Fleeting = p.races, p.fleeting()
	if m.captures && !t.job.race {
		e.Clause.Capture = p.keepCapture(m.root, t.topic, t.clause)
		m.cache.keepCapture(t.job, m.root, e.Clause.Capture)
	}
	return e, nil
}

// captureStands puts the capture of a cached verdict back, which another run
// may have replaced.
func (m *machine) captureStands(j job, e cached) bool {
	if e.Clause.Capture == "" {
		return true
	}
	return copyFile(m.cache.file(j, ".pcapng"), filepath.Join(m.root, filepath.FromSlash(e.Clause.Capture))) == nil
}

func (c *cache) keepCapture(j job, root, capture string) {
	if c == nil || capture == "" {
		return
	}
	if copyFile(filepath.Join(root, filepath.FromSlash(capture)), c.file(j, ".pcapng")) != nil {
		os.Remove(c.file(j, ".pcapng"))
	}
}

// runTasks runs the tasks, m.jobs at a time, and calls done after each,
// serially. The error is the context's.
func (m *machine) runTasks(ctx context.Context, tasks []task, done func(task)) error {
	queue := make(chan task)
	var mu sync.Mutex
	var first error
	var workers sync.WaitGroup
	for range min(m.jobs, len(tasks)) {
		workers.Go(func() {
			for t := range queue {
				err := m.do(ctx, t)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				if err == nil {
					done(t)
				}
				mu.Unlock()
			}
		})
	}
	for _, t := range tasks {
		queue <- t
	}
	close(queue)
	workers.Wait()
	return first
}
