package asyncwork_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/asyncwork"
	"github.com/wirekata/wirekata/harness/contract"
)

// Do returns when its task has ended, and not before, with what the task
// returned. README
func TestDoWaitsForTheResult(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 1})
		defer s.close()
		report := s.task("report")
		contract.Step(t, "Do(report)")
		do := s.do(t.Context(), report)
		contract.Pass(40 * time.Second)
		s.wantStarted("report")
		if do.Returned() {
			contract.Failf(t, "Do returned before its task: %s", do.Await(t))
		}
		contract.Step(t, "the report is ready")
		report.end(outcome{"12 pages", nil})
		do.Await(t).want(t, outcome{"12 pages", nil})

		broken := s.task("broken")
		contract.Step(t, "Do(broken), which returns an error")
		do = s.do(t.Context(), broken)
		broken.end(outcome{"3 pages", errPaper})
		do.Await(t).want(t, outcome{"3 pages", errPaper})
	})
}

// Submit returns before its task has ended, with an ID by which the task's
// state and, later, its result can be had. README
func TestSubmitDoesNotWait(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		report, broken := s.task("report"), s.task("broken")
		contract.Step(t, "Submit(report), Submit(broken)")
		first, second := s.submit(report), s.submit(broken)
		s.wantStarted("report")
		s.wantState(first, asyncwork.Running)
		s.wantState(second, asyncwork.Queued)
		wait := s.wait(t.Context(), first)
		contract.Pass(40 * time.Second)
		if wait.Returned() {
			contract.Failf(t, "Wait returned before the task had ended: %s", wait.Await(t))
		}
		contract.Step(t, "both end")
		report.end(outcome{"12 pages", nil})
		wait.Await(t).want(t, outcome{"12 pages", nil})
		broken.end(outcome{nil, errPaper})
		s.wait(t.Context(), second).Await(t).want(t, outcome{nil, errPaper})
		s.wantState(first, asyncwork.Done)
		s.wantState(second, asyncwork.Failed)
	})
}

// As many tasks run at once as there are workers, and never more, whichever
// door they came by. README
func TestWorkersAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 3, Queue: 10})
		defer s.close()
		contract.Step(t, "three tasks through Submit and three through Do; 3 workers")
		var tasks []*probe
		for i := range 6 {
			p := s.task(fmt.Sprint("task ", i+1))
			tasks = append(tasks, p)
			if i%2 == 0 {
				s.submit(p)
			} else {
				s.do(t.Context(), p)
			}
			contract.Settle()
			s.wantRunning(min(i+1, 3))
		}
		for i, p := range tasks {
			contract.Step(t, "%s ends", p.name)
			p.end(outcome{i, nil})
			contract.Settle()
			s.wantRunning(min(5-i, 3))
		}
	})
}

// Submit returns ErrBusy at once when as many tasks wait as the queue has
// places. Those that run do not count, and each that leaves the queue makes
// room. README
func TestFullQueueIsBusy(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 2, Queue: 3})
		defer s.close()
		contract.Control(t, "five tasks: two run, three wait")
		first := s.task("task 1")
		s.submit(first)
		for i := range 4 {
			s.submit(s.task(fmt.Sprint("task ", i+2)))
		}
		contract.Step(t, "a sixth")
		s.refused(s.task("task 6"), asyncwork.ErrBusy)
		contract.Step(t, "one ends, the next starts: room for one, and not for two")
		first.end(outcome{})
		contract.Settle()
		s.submit(s.task("task 7"))
		s.refused(s.task("task 8"), asyncwork.ErrBusy)
		s.wantStarted("task 1", "task 2", "task 3")
	})
}

// A task that panics ends alone: its caller gets a *PanicError, and the next
// task runs. README
func TestPanicStaysInside(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 1})
		defer s.close()
		for range 3 {
			contract.Step(t, "a task that panics, through each door")
			bad := s.task("bad")
			id := s.submit(bad)
			do := s.do(t.Context(), bad.again())
			bad.panics("no paper")
			s.wait(t.Context(), id).Await(t).wantPanic(t, "no paper")
			do.Await(t).wantPanic(t, "no paper")
			s.wantState(id, asyncwork.Failed)
			contract.Control(t, "a task that does not")
			good := s.task("good")
			do = s.do(t.Context(), good)
			contract.Settle()
			s.wantRunning(1)
			good.end(outcome{"done", nil})
			do.Await(t).want(t, outcome{"done", nil})
		}
	})
}

// Close waits for all that was accepted, running or waiting, and returns nil.
// README
func TestCloseDrains(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c := s.task("a"), s.task("b"), s.task("c")
		s.submit(a)
		id := s.submit(b)
		do := s.do(t.Context(), c)
		contract.Settle()
		contract.Step(t, "Close while a runs and b and c wait")
		closing := s.closing(t.Context())
		for _, p := range []*probe{a, b, c} {
			contract.Pass(10 * time.Second)
			if closing.Returned() {
				contract.Failf(t, "Close returned before %s had ended", p.name)
			}
			s.wantRunning(1)
			p.end(outcome{p.name, nil})
		}
		if err := closing.Await(t); err != nil {
			contract.Mismatch(t, "Close after everything has ended", err.Error(), "nil")
		}
		s.wait(t.Context(), id).Await(t).want(t, outcome{"b", nil})
		do.Await(t).want(t, outcome{"c", nil})
		contract.Step(t, "Submit after Close")
		s.refused(s.task("late"), asyncwork.ErrClosed)
		s.wantStarted("a", "b", "c")
	})
}

var errPaper = errors.New("out of paper")

// A site is a dispatcher with the tasks that a clause has given it.
type site struct {
	t *testing.T
	d *asyncwork.Dispatcher

	stopped chan struct{} // closed when the clause is over: no task outlives that

	mu      sync.Mutex
	starts  []string // names of tasks
	running int
	most    int // that ever ran at once
}

func open(t *testing.T, o asyncwork.Options) *site {
	contract.Step(t, "New: Workers %d, Queue %d, TTL %s", o.Workers, o.Queue, o.TTL)
	s := &site{t: t, d: asyncwork.New(o), stopped: make(chan struct{})}
	contract.Settle()
	return s
}

// close ends all tasks and the dispatcher.
func (s *site) close() {
	close(s.stopped)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if s.t.Failed() {
		go s.d.Close(ctx) // its leftovers are no news any more
		return
	}
	contract.Call(s.t, "Close to return", func() error { return s.d.Close(ctx) })
}

// A probe is a task that runs until the clause lets it end.
type probe struct {
	s        *site
	name     string
	stubborn bool  // does not listen to its context
	late     error // what it returns when its context has ended; nil is that one's own

	endings chan func() (any, error) // what it does in the end
	got     chan context.Context     // what it was given, one for each start
}

// task makes a task that ends when it is told to or when its context ends.
func (s *site) task(name string) *probe {
	return &probe{s: s, name: name, endings: make(chan func() (any, error), 1), got: make(chan context.Context, 100)}
}

// again is a second task that ends as p does.
func (p *probe) again() *probe {
	twin := *p
	return &twin
}

// run is the asyncwork.Task.
func (p *probe) run(ctx context.Context) (any, error) {
	p.s.enter(p.name)
	defer p.s.leave()
	p.got <- ctx
	done := ctx.Done()
	if p.stubborn {
		done = nil
	}
	select {
	case f := <-p.endings:
		p.endings <- f // for its twin
		return f()
	case <-done:
		if p.late != nil {
			return nil, p.late
		}
		return nil, ctx.Err()
	case <-p.s.stopped:
		return nil, errors.New("the clause is over")
	}
}

func (s *site) enter(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.starts = append(s.starts, name)
	s.running++
	s.most = max(s.most, s.running)
}

func (s *site) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// end makes p return o, now or when it runs.
func (p *probe) end(o outcome) { p.endings <- func() (any, error) { return o.value, o.err } }

// panics makes p panic with v.
func (p *probe) panics(v any) { p.endings <- func() (any, error) { panic(v) } }

// An outcome is what Do or Wait returned.
type outcome struct {
	value any
	err   error
}

func newOutcome(value any, err error) outcome { return outcome{value, err} }

func (o outcome) String() string {
	if o.err != nil {
		return fmt.Sprintf("value %v, error %q", o.value, o.err)
	}
	return fmt.Sprintf("value %v", o.value)
}

// want checks the result of a task that ended of its own accord.
func (o outcome) want(t *testing.T, want outcome) {
	t.Helper()
	if o.value != want.value || !errors.Is(o.err, want.err) {
		contract.Mismatch(t, "not the result of the task", o.String(), want.String())
	}
}

func (o outcome) wantPanic(t *testing.T, value any) *asyncwork.PanicError {
	t.Helper()
	var p *asyncwork.PanicError
	if !errors.As(o.err, &p) || p.Value != value {
		contract.Mismatch(t, "not the result of a task that has panicked", o.String(), fmt.Sprintf("a *PanicError with Value %v", value))
	}
	return p
}

// do calls Do and does not wait for it.
func (s *site) do(ctx context.Context, p *probe) *contract.Pending[outcome] {
	pending := contract.Go("Do("+p.name+") to return", func() outcome { return newOutcome(s.d.Do(ctx, p.run)) })
	contract.Settle()
	return pending
}

// wait calls Wait and does not wait for it.
func (s *site) wait(ctx context.Context, id asyncwork.ID) *contract.Pending[outcome] {
	return contract.Go(fmt.Sprintf("Wait(%d) to return", id), func() outcome { return newOutcome(s.d.Wait(ctx, id)) })
}

// closing calls Close and does not wait for it.
func (s *site) closing(ctx context.Context) *contract.Pending[error] {
	pending := contract.Go("Close to return", func() error { return s.d.Close(ctx) })
	contract.Settle()
	return pending
}

type submitted struct {
	id  asyncwork.ID
	err error
}

// try calls Submit and checks that it does not wait.
func (s *site) try(p *probe) submitted {
	s.t.Helper()
	contract.Settle()
	call := contract.Go("Submit("+p.name+") to return", func() submitted {
		id, err := s.d.Submit(p.run)
		return submitted{id, err}
	})
	contract.Settle()
	if !call.Returned() {
		contract.Failf(s.t, "Submit(%s) waits", p.name)
	}
	return call.Await(s.t)
}

// submit calls Submit, which must accept the task.
func (s *site) submit(p *probe) asyncwork.ID {
	s.t.Helper()
	got := s.try(p)
	if got.err != nil || got.id == 0 {
		contract.Mismatch(s.t, "Submit("+p.name+") did not accept the task", fmt.Sprintf("ID %d, error %v", got.id, got.err), "an ID that is not 0, and no error")
	}
	return got.id
}

// refused calls Submit, which must return the error.
func (s *site) refused(p *probe, want error) {
	s.t.Helper()
	if got := s.try(p); !errors.Is(got.err, want) {
		contract.Mismatch(s.t, "Submit("+p.name+") was to be refused", fmt.Sprintf("ID %d, error %v", got.id, got.err), want.Error())
	}
}

type status struct {
	asyncwork.State
	err error
}

func (s *site) status(id asyncwork.ID) status {
	s.t.Helper()
	return contract.Call(s.t, fmt.Sprintf("Status(%d) to return", id), func() status {
		state, err := s.d.Status(id)
		return status{state, err}
	})
}

func (s *site) wantState(id asyncwork.ID, want asyncwork.State) {
	s.t.Helper()
	contract.Settle()
	if got := s.status(id); got.err != nil || got.State != want {
		contract.Mismatch(s.t, fmt.Sprintf("Status(%d)", id), fmt.Sprintf("%s, error %v", got.State, got.err), want.String())
	}
}

// wantStarted checks which tasks have started, in order.
func (s *site) wantStarted(names ...string) {
	s.t.Helper()
	contract.Settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !slices.Equal(s.starts, names) {
		contract.Mismatch(s.t, "the tasks that have started, in order", strings.Join(s.starts, ", "), strings.Join(names, ", "))
	}
}

// wantRunning checks how many tasks run now.
func (s *site) wantRunning(n int) {
	s.t.Helper()
	contract.Settle()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != n {
		contract.Failf(s.t, "%d tasks run now, want %d", s.running, n)
	}
}
