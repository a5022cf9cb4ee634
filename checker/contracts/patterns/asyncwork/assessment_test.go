package asyncwork_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/wirekata/wirekata/exercises/patterns/asyncwork"
	"github.com/wirekata/wirekata/harness/contract"
)

// The zero Options, and numbers below it, mean one worker, no queue and
// results that are kept for a minute. README
func TestZeroOptions(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, o := range []asyncwork.Options{{}, {Workers: -1, Queue: -1, TTL: -1}} {
			s := open(t, o)
			a, b := s.task("a"), s.task("b")
			contract.Step(t, "Submit(a), and one more without a queue")
			id := s.submit(a)
			s.wantStarted("a")
			s.refused(s.task("c"), asyncwork.ErrBusy)
			contract.Step(t, "Do(b), and one more Submit")
			do := s.do(t.Context(), b)
			s.refused(s.task("c"), asyncwork.ErrBusy)
			a.end(outcome{"A", nil})
			s.wantStarted("a", "b")
			b.end(outcome{"B", nil})
			do.Await(t).want(t, outcome{"B", nil})
			contract.Step(t, "Status 1 s before a minute is over, and 2 s after that")
			contract.Pass(59 * time.Second)
			s.wantState(id, asyncwork.Done)
			contract.Pass(3 * time.Second)
			s.wantUnknown(id)
			s.close()
		}
	})
}

// There is one line: calls of Do that wait for room get it in their order,
// before any Submit that comes later, and tasks start in the order in which
// they were called for. README
func TestOneLine(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		contract.Step(t, "Submit a, b; Do c; Do d, e, f, which wait for room")
		tasks := map[string]*probe{}
		for _, name := range strings.Split("abcdefgh", "") {
			tasks[name] = s.task(name)
		}
		s.submit(tasks["a"])
		s.submit(tasks["b"])
		calls := []*contract.Pending[outcome]{s.do(t.Context(), tasks["c"]), s.do(t.Context(), tasks["d"]), s.do(t.Context(), tasks["e"]), s.do(t.Context(), tasks["f"])}
		for _, name := range []string{"a", "b", "c"} {
			contract.Step(t, "Submit; %s ends; Submit again: the place is taken by a Do that waited", name)
			s.refused(s.task("early"), asyncwork.ErrBusy)
			tasks[name].end(outcome{name, nil})
			s.refused(s.task("early"), asyncwork.ErrBusy)
		}
		contract.Step(t, "d ends: now nobody waits for room")
		tasks["d"].end(outcome{"d", nil})
		s.submit(tasks["g"])
		calls = append(calls, s.do(t.Context(), tasks["h"]))
		for _, name := range []string{"e", "f", "g", "h"} {
			contract.Settle()
			tasks[name].end(outcome{name, nil})
		}
		for i, name := range []string{"c", "d", "e", "f", "h"} {
			calls[i].Await(t).want(t, outcome{name, nil})
		}
		s.wantStarted("a", "b", "c", "d", "e", "f", "g", "h")
	})
}

// A Do whose ctx ends while it waits for room returns at once; its task never
// starts, and those behind it move up. README
func TestGivesUpWaitingForRoom(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c, d, e := s.task("a"), s.task("b"), s.task("c"), s.task("d"), s.task("e")
		contract.Step(t, "Submit a, b, c; Do(d) for 30 s, Do(e)")
		s.submit(a)
		s.submit(b)
		s.submit(c)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		givesUp, stays := s.do(ctx, d), s.do(t.Context(), e)
		contract.Pass(29 * time.Second)
		if givesUp.Returned() || stays.Returned() {
			contract.Failf(t, "a Do has returned before its task was started")
		}
		givesUp.Await(t).wantError(t, "Do(d) after its ctx has ended", context.DeadlineExceeded)
		wantElapsed(t, start, 30*time.Second)
		contract.Step(t, "a ends: e is accepted; b ends: there is room for one more")
		a.end(outcome{})
		contract.Settle()
		s.refused(s.task("early"), asyncwork.ErrBusy)
		b.end(outcome{})
		contract.Settle()
		s.submit(s.task("f"))
		s.refused(s.task("early"), asyncwork.ErrBusy)
		contract.Control(t, "c and e end")
		c.end(outcome{})
		e.end(outcome{"E", nil})
		stays.Await(t).want(t, outcome{"E", nil})
		s.wantStarted("a", "b", "c", "e", "f")
	})
}

// A Do whose ctx ends while its task is in the queue returns at once; its
// task never starts, and its place is free. README
func TestGivesUpInTheQueue(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c, d := s.task("a"), s.task("b"), s.task("c"), s.task("d")
		contract.Step(t, "Submit a; Do(b) for 30 s; Submit c: the queue is full")
		s.submit(a)
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		givesUp := s.do(ctx, b)
		s.submit(c)
		s.refused(s.task("early"), asyncwork.ErrBusy)
		givesUp.Await(t).wantError(t, "Do(b) after its ctx has ended", context.DeadlineExceeded)
		wantElapsed(t, start, 30*time.Second)
		contract.Step(t, "Submit d, in b's place; there is no other")
		s.submit(d)
		s.refused(s.task("early"), asyncwork.ErrBusy)
		contract.Control(t, "a ends, c ends: d is next")
		a.end(outcome{})
		contract.Settle()
		c.end(outcome{})
		s.wantStarted("a", "c", "d")
	})
}

// A Do whose ctx ends while its task runs returns at once. The task's context
// has ended, and it keeps its worker until it returns. A Do whose ctx has
// ended before starts nothing. README
func TestGivesUpWhileRunning(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 1})
		defer s.close()
		a, b := s.stubborn("a"), s.task("b")
		contract.Step(t, "Do(a) for 30 s; a does not listen to its context")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		givesUp := s.do(ctx, a)
		contract.Pass(29 * time.Second)
		running := a.context()
		if err := running.Err(); err != nil {
			contract.Failf(t, "the context of a has ended after 29 s: %v", err)
		}
		givesUp.Await(t).wantError(t, "Do(a) after its ctx has ended", context.DeadlineExceeded)
		wantElapsed(t, start, 30*time.Second)
		contract.Settle()
		if running.Err() == nil {
			contract.Failf(t, "the context of a has not ended with that of its Do")
		}
		contract.Step(t, "Submit b while a goes on; then a returns")
		id := s.submit(b)
		s.refused(s.task("early"), asyncwork.ErrBusy)
		s.wantState(id, asyncwork.Queued)
		s.wantStarted("a")
		a.end(outcome{})
		s.wantStarted("a", "b")
		b.end(outcome{"B", nil})
		s.wait(t.Context(), id).Await(t).want(t, outcome{"B", nil})

		contract.Step(t, "Do(late) with a ctx that has ended, while the worker is free")
		s.do(ctx, s.task("late")).Await(t).wantError(t, "Do(late)", context.DeadlineExceeded)
		contract.Control(t, "Do(c)")
		c := s.task("c")
		do := s.do(t.Context(), c)
		c.end(outcome{"C", nil})
		do.Await(t).want(t, outcome{"C", nil})
		s.wantStarted("a", "b", "c")
	})
}

// A task of Do gets the values and the deadline of Do's ctx, one of Submit a
// context of its own without a deadline; each has ended once the task has.
// README
func TestTaskContext(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 2, TTL: time.Minute})
		defer s.close()
		type key struct{}
		a, b := s.task("a"), s.task("b")
		contract.Step(t, "Do(a) with a value and a deadline; Submit b")
		ctx, cancel := context.WithTimeout(context.WithValue(t.Context(), key{}, "trace 4711"), 100*time.Hour)
		defer cancel()
		want, _ := ctx.Deadline()
		do, id := s.do(ctx, a), s.submit(b)
		ofA, ofB := a.context(), b.context()
		if v := ofA.Value(key{}); v != "trace 4711" {
			contract.Mismatch(t, "the value in the context of a", fmt.Sprint(v), "trace 4711")
		}
		if deadline, ok := ofA.Deadline(); !ok || !deadline.Equal(want) {
			contract.Mismatch(t, "the deadline of a", fmt.Sprint(deadline, ok), fmt.Sprint(want))
		}
		if deadline, ok := ofB.Deadline(); ok {
			contract.Mismatch(t, "the deadline of b, which was submitted", fmt.Sprint(deadline), "none")
		}
		contract.Step(t, "both run for ten hours, then end")
		contract.Pass(10 * time.Hour)
		for name, ctx := range map[string]context.Context{"a": ofA, "b": ofB} {
			if ctx.Err() != nil {
				contract.Failf(t, "the context of %s has ended and nobody has ended it: %v", name, ctx.Err())
			}
		}
		a.end(outcome{"A", nil})
		b.end(outcome{"B", nil})
		do.Await(t).want(t, outcome{"A", nil})
		s.wait(t.Context(), id).Await(t).want(t, outcome{"B", nil})
		contract.Settle()
		for name, ctx := range map[string]context.Context{"a": ofA, "b": ofB} {
			if ctx.Err() == nil {
				contract.Failf(t, "%s has ended and its context has not", name)
			}
		}
	})
}

// A worker that becomes free takes the next task at that very moment, in the
// order of the line: every task starts when it must. README
func TestStartsAtTheMoment(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const workers, tasks = 3, 60
		s := open(t, asyncwork.Options{Workers: workers, Queue: tasks})
		defer s.close()
		rnd := contract.Rand(t)
		contract.Step(t, "%d tasks of random length at random times, through both doors; %d workers", tasks, workers)
		begin := time.Now()
		var got [tasks]time.Duration
		var want []time.Duration
		var free [workers]time.Duration // when each worker has done what it has so far
		var calls []*contract.Pending[outcome]
		for i := range tasks {
			contract.Pass(time.Duration(1 + rnd.Int64N(int64(time.Second))))
			length := time.Duration(1 + rnd.Int64N(int64(3*time.Second)))
			w := slices.Index(free[:], slices.Min(free[:]))
			start := max(time.Since(begin), free[w])
			free[w] = start + length
			want = append(want, start)
			calls = append(calls, s.call(i%2 == 0, func(context.Context) (any, error) {
				got[i] = time.Since(begin)
				time.Sleep(length)
				return i, nil
			}))
			contract.Settle()
		}
		for i, call := range calls {
			call.Await(t).want(t, outcome{i, nil})
			if got[i] != want[i] {
				contract.Mismatch(t, fmt.Sprintf("when task %d of %d has started", i+1, tasks), got[i].String(), want[i].String())
			}
		}
		wantElapsed(t, begin, slices.Max(free[:]))
	})
}

// A task that is cancelled while it waits never starts and has ended at once;
// its place is free, for a Do that waits if there is one. README
func TestCancelWaiting(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c, d, e := s.task("a"), s.task("b"), s.task("c"), s.task("d"), s.task("e")
		contract.Step(t, "Submit a, b, c: the queue is full; Wait(b)")
		s.submit(a)
		idB, idC := s.submit(b), s.submit(c)
		wait := s.wait(t.Context(), idB)
		s.refused(d, asyncwork.ErrBusy)
		start := time.Now()
		contract.Step(t, "Cancel(b); then there is room for d")
		s.cancel(idB)
		wait.Await(t).wantError(t, "Wait for a task that was cancelled before it started", asyncwork.ErrCanceled)
		s.wantState(idB, asyncwork.Canceled)
		idD := s.submit(d)
		contract.Step(t, "Do(e), which waits for room; Cancel(d); Submit once more: the place was for e")
		do := s.do(t.Context(), e)
		s.cancel(idD)
		s.refused(s.task("early"), asyncwork.ErrBusy)
		s.cancel(idB)
		s.wait(t.Context(), idB).Await(t).wantError(t, "Wait once more", asyncwork.ErrCanceled)
		s.wantState(idC, asyncwork.Queued)
		wantElapsed(t, start, 0)
		contract.Control(t, "all others end")
		a.end(outcome{})
		c.end(outcome{"C", nil})
		e.end(outcome{"E", nil})
		do.Await(t).want(t, outcome{"E", nil})
		s.wait(t.Context(), idC).Await(t).want(t, outcome{"C", nil})
		s.wantStarted("a", "c", "e")
	})
}

// The context of a running task ends when it is cancelled. It runs and keeps
// its worker until it returns; then its error says both that it was cancelled
// and how it ended. README
func TestCancelRunning(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c := s.stubborn("a"), s.task("b"), s.stubborn("c")
		b.late = errPaper
		contract.Step(t, "Submit a, which listens to nobody, b and c")
		idA, idB, idC := s.submit(a), s.submit(b), s.submit(c)
		wait := s.wait(t.Context(), idA)
		running := a.context()
		if err := running.Err(); err != nil {
			contract.Failf(t, "the context of a has ended before Cancel: %v", err)
		}
		for range 2 {
			contract.Step(t, "Cancel(a): its context ends, and it goes on")
			s.cancel(idA)
			if running.Err() == nil {
				contract.Failf(t, "the context of a has not ended")
			}
			contract.Pass(10 * time.Second)
			if wait.Returned() {
				contract.Failf(t, "Wait returned while a runs: %s", wait.Await(t))
			}
			s.wantState(idA, asyncwork.Running)
			s.wantStarted("a")
		}
		contract.Step(t, "a returns an error; b is next, and is cancelled")
		a.end(outcome{nil, errPaper})
		wait.Await(t).wantError(t, "Wait(a)", asyncwork.ErrCanceled, errPaper)
		s.wantState(idA, asyncwork.Canceled)
		s.wantState(idB, asyncwork.Running)
		s.cancel(idB)
		s.wait(t.Context(), idB).Await(t).wantError(t, "Wait(b)", asyncwork.ErrCanceled, errPaper)
		contract.Step(t, "c is cancelled, and panics")
		s.cancel(idC)
		c.panics("no paper")
		o := s.wait(t.Context(), idC).Await(t)
		o.wantError(t, "Wait(c)", asyncwork.ErrCanceled)
		o.wantPanic(t, "no paper")
		s.wantState(idC, asyncwork.Canceled)
		s.wantStarted("a", "b", "c")
	})
}

// To cancel is to ask. A task that returns without an error all the same is
// done, and its result counts; one that has ended is not changed. README
func TestCancelTooLate(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 2, Queue: 1})
		defer s.close()
		a, b := s.stubborn("a"), s.task("b")
		idA, idB := s.submit(a), s.submit(b)
		contract.Step(t, "Cancel(a), which does not listen and returns its result")
		wait := s.wait(t.Context(), idA)
		s.cancel(idA)
		contract.Pass(10 * time.Second)
		s.wantState(idA, asyncwork.Running)
		a.end(outcome{"A", nil})
		wait.Await(t).want(t, outcome{"A", nil})
		s.wantState(idA, asyncwork.Done)
		contract.Step(t, "b fails; then both are cancelled")
		b.end(outcome{nil, errPaper})
		contract.Settle()
		s.cancel(idA)
		s.cancel(idB)
		s.wantState(idA, asyncwork.Done)
		s.wantState(idB, asyncwork.Failed)
		s.wait(t.Context(), idA).Await(t).want(t, outcome{"A", nil})
		o := s.wait(t.Context(), idB).Await(t)
		o.want(t, outcome{nil, errPaper})
		if errors.Is(o.err, asyncwork.ErrCanceled) {
			contract.Mismatch(t, "b was cancelled after its end", o.String(), errPaper.Error())
		}
	})
}

// A *PanicError holds the value and the stack at the panic, and afterwards
// there are as many workers as before. README
func TestPanicTellsWhere(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 2, Queue: 1})
		defer s.close()
		contract.Step(t, "a task that panics in a function of its own, ten times through each door")
		for range 10 {
			id := s.submitTask(explodes)
			for _, o := range []outcome{s.wait(t.Context(), id).Await(t), s.doTask(t.Context(), explodes).Await(t)} {
				p := o.wantPanic(t, errPaper)
				if !strings.Contains(string(p.Stack), ".explode(") {
					contract.Mismatch(t, "the stack of the panic", string(p.Stack), "one with the function explode of the suite")
				}
			}
			s.wantState(id, asyncwork.Failed)
		}
		s.wantWorkers(2, 1)
	})
}

func explodes(context.Context) (any, error) {
	explode()
	return nil, nil
}

//go:noinline
func explode() { panic(errPaper) }

// A task that ends its goroutine ends alone, with ErrExited, and afterwards
// there are as many workers as before. README
func TestExitStaysInside(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 2, Queue: 1})
		defer s.close()
		contract.Step(t, "a task that calls runtime.Goexit, five times through each door")
		for range 5 {
			id := s.submitTask(exits)
			s.wait(t.Context(), id).Await(t).wantError(t, "Wait for a task that has called runtime.Goexit", asyncwork.ErrExited)
			s.wantState(id, asyncwork.Failed)
			s.doTask(t.Context(), exits).Await(t).wantError(t, "Do of a task that calls runtime.Goexit", asyncwork.ErrExited)
		}
		s.wantWorkers(2, 1)
	})
}

func exits(context.Context) (any, error) {
	runtime.Goexit()
	return "not reached", nil
}

// A result is kept for its TTL from the end of its task, however long that
// took and whoever has asked for it; then its ID is unknown. README
func TestResultsAreKept(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const ttl = 10 * time.Minute
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2, TTL: ttl})
		defer s.close()
		a, b, c := s.task("a"), s.task("b"), s.task("c")
		contract.Step(t, "Submit a, b, c; b is cancelled at once; a ends after 15 minutes")
		idA, idB, idC := s.submit(a), s.submit(b), s.submit(c)
		s.cancel(idB)
		contract.Pass(ttl - time.Second)
		s.wantState(idB, asyncwork.Canceled)
		contract.Pass(3 * time.Second)
		s.wantUnknown(idB)
		contract.Pass(5*time.Minute - 2*time.Second)
		s.wantState(idA, asyncwork.Running)
		a.end(outcome{"A", nil})
		contract.Step(t, "Status and Wait until 1 s before its TTL is over; c ends meanwhile")
		for range 2 {
			contract.Pass((ttl - time.Second) / 2)
			s.wantState(idA, asyncwork.Done)
			s.wait(t.Context(), idA).Await(t).want(t, outcome{"A", nil})
			if s.status(idC).State == asyncwork.Running {
				c.end(outcome{"C", nil})
			}
		}
		contract.Step(t, "Status, Wait and Cancel 2 s after it is over")
		contract.Pass(3 * time.Second)
		s.wantUnknown(idA)
		contract.Control(t, "c is known still, and then no more")
		s.wantState(idC, asyncwork.Done)
		s.wait(t.Context(), idC).Await(t).want(t, outcome{"C", nil})
		contract.Pass(ttl / 2)
		s.wantUnknown(idC)
	})
}

// No two tasks have the same ID, not even when the first is forgotten, and an
// ID that was never given out is unknown. README
func TestIDs(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 20, TTL: time.Minute})
		defer s.close()
		seen := map[asyncwork.ID]bool{}
		for round := range 3 {
			contract.Step(t, "20 tasks, all of them to their end, and beyond the TTL")
			var ids []asyncwork.ID
			for i := range 20 {
				p := s.task(fmt.Sprint("task ", i))
				id := s.submit(p)
				p.end(outcome{i, nil})
				if seen[id] {
					contract.Failf(t, "task %d of round %d has the ID %d, which was given out before", i+1, round+1, id)
				}
				seen[id] = true
				ids = append(ids, id)
			}
			for i, id := range ids {
				s.wait(t.Context(), id).Await(t).want(t, outcome{i, nil})
			}
			contract.Pass(2 * time.Minute)
		}
		contract.Step(t, "IDs that were never given out: 0 and others")
		unknown := contract.Rand(t)
		for _, id := range []asyncwork.ID{0, asyncwork.ID(unknown.Uint64()), asyncwork.ID(unknown.Uint64())} {
			if !seen[id] {
				s.wantUnknown(id)
			}
		}
	})
}

// A second after its TTL nothing in the dispatcher refers to a result any
// more, even if nobody has ever asked for it. README
func TestResultsAreLetGo(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const tasks, most = 64, 16 // some may be found on a stack or in a slice's back
		s := open(t, asyncwork.Options{Workers: 4, Queue: tasks, TTL: time.Minute})
		defer s.close()
		contract.Step(t, "%d tasks, each of which returns 64 KiB that nobody asks for", tasks)
		results := make([]weak.Pointer[[1 << 16]byte], tasks)
		for i := range tasks {
			s.submitTask(func(context.Context) (any, error) {
				page := new([1 << 16]byte)
				results[i] = weak.Make(page)
				return page, nil
			})
		}
		contract.Control(t, "before the TTL is over they are all there")
		contract.Pass(59 * time.Second)
		if n := contract.Reachable(results); n != tasks {
			contract.Failf(t, "%d of %d results are in memory, want all", n, tasks)
		}
		contract.Step(t, "the TTL is over, and a task is submitted")
		contract.Pass(3 * time.Second)
		p := s.task("p")
		id := s.submit(p)
		p.end(outcome{"P", nil})
		s.wait(t.Context(), id).Await(t).want(t, outcome{"P", nil})
		contract.Settle()
		if n := contract.Reachable(results); n > most {
			contract.Failf(t, "%d of %d results are still in memory 2 s after their TTL", n, tasks)
		}
	})
}

// A result is for everybody who waits, and as often as they like. A Wait whose
// ctx ends returns at once, and neither the task nor another Wait ends with
// it. README
func TestManyWait(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1})
		defer s.close()
		a := s.task("a")
		contract.Step(t, "Submit a; 20 calls of Wait, and one for 30 s")
		id := s.submit(a)
		running := a.context()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		givesUp := s.wait(ctx, id)
		var waits []*contract.Pending[outcome]
		for range 20 {
			waits = append(waits, s.wait(t.Context(), id))
		}
		givesUp.Await(t).wantError(t, "Wait after its ctx has ended", context.DeadlineExceeded)
		wantElapsed(t, start, 30*time.Second)
		contract.Pass(10 * time.Second)
		if running.Err() != nil {
			contract.Failf(t, "the context of a has ended with that of a Wait")
		}
		s.wantState(id, asyncwork.Running)
		contract.Step(t, "a ends; everybody has its result, and again")
		a.end(outcome{"A", nil})
		for _, w := range waits {
			w.Await(t).want(t, outcome{"A", nil})
		}
		for range 5 {
			s.wait(t.Context(), id).Await(t).want(t, outcome{"A", nil})
		}
		wantElapsed(t, start, 40*time.Second)
	})
}

// From the moment of Close both doors are shut, to tasks too, and who waits
// for room is sent away. What was accepted still runs. README
func TestCloseRefuses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 2})
		defer s.close()
		a, b, c, d, e := s.task("a"), s.task("b"), s.task("c"), s.task("d"), s.task("e")
		contract.Step(t, "Submit a; Do b, c; Do d, e, which wait for room; Close")
		s.submit(a)
		doB, doC, doD, doE := s.do(t.Context(), b), s.do(t.Context(), c), s.do(t.Context(), d), s.do(t.Context(), e)
		start := time.Now()
		closing := s.closing(t.Context())
		doD.Await(t).wantError(t, "Do(d), which has waited for room", asyncwork.ErrClosed)
		doE.Await(t).wantError(t, "Do(e), which has waited for room", asyncwork.ErrClosed)
		contract.Step(t, "Submit and Do, with a full queue")
		s.refused(s.task("late"), asyncwork.ErrClosed)
		s.do(t.Context(), s.task("late")).Await(t).wantError(t, "Do after Close", asyncwork.ErrClosed)
		wantElapsed(t, start, 0)
		contract.Step(t, "a calls Submit and ends")
		var nested error
		a.endings <- func() (any, error) {
			_, nested = s.d.Submit(s.task("late").run)
			return nil, nil
		}
		s.wantStarted("a", "b")
		if !errors.Is(nested, asyncwork.ErrClosed) {
			contract.Mismatch(t, "Submit by a task after Close", fmt.Sprint(nested), asyncwork.ErrClosed.Error())
		}
		contract.Step(t, "Submit and Do, with room in the queue")
		s.refused(s.task("late"), asyncwork.ErrClosed)
		s.do(t.Context(), s.task("late")).Await(t).wantError(t, "Do after Close", asyncwork.ErrClosed)
		contract.Control(t, "b and c end")
		if closing.Returned() {
			contract.Failf(t, "Close returned before b and c had ended")
		}
		b.end(outcome{"B", nil})
		c.end(outcome{"C", nil})
		doB.Await(t).want(t, outcome{"B", nil})
		doC.Await(t).want(t, outcome{"C", nil})
		if err := closing.Await(t); err != nil {
			contract.Mismatch(t, "Close after everything has ended", err.Error(), "nil")
		}
		s.wantStarted("a", "b", "c")
	})
}

// When the ctx of Close ends, what waits never starts and what runs is
// cancelled. Close still waits until nothing runs, and returns ctx's error.
// README
func TestCloseCutShort(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 3, Queue: 2})
		defer s.close()
		a, b, c, d, e := s.task("a"), s.stubborn("b"), s.task("c"), s.task("d"), s.task("e")
		a.late, c.late = errPaper, errPaper
		contract.Step(t, "Submit a, b; Do c; these run. Submit d, Do e; these wait")
		idA, idB := s.submit(a), s.submit(b)
		doC := s.do(t.Context(), c)
		idD := s.submit(d)
		doE := s.do(t.Context(), e)
		runningB := b.context()
		contract.Step(t, "Close, for 30 s; b does not listen to its context")
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		start := time.Now()
		closing := s.closing(ctx)
		contract.Pass(29 * time.Second)
		s.wantRunning(3)
		for name, id := range map[string]asyncwork.ID{"a": idA, "b": idB} {
			if got := s.status(id); got.State != asyncwork.Running {
				contract.Failf(t, "%s is %s before the ctx of Close has ended", name, got.State)
			}
		}
		s.wait(t.Context(), idA).Await(t).wantError(t, "Wait(a)", asyncwork.ErrCanceled, errPaper)
		doC.Await(t).wantError(t, "Do(c)", asyncwork.ErrCanceled, errPaper)
		s.wait(t.Context(), idD).Await(t).wantError(t, "Wait(d)", asyncwork.ErrCanceled)
		doE.Await(t).wantError(t, "Do(e)", asyncwork.ErrCanceled)
		wantElapsed(t, start, 30*time.Second)
		contract.Pass(10 * time.Second)
		s.wantState(idA, asyncwork.Canceled)
		s.wantState(idD, asyncwork.Canceled)
		s.wantState(idB, asyncwork.Running)
		if runningB.Err() == nil {
			contract.Failf(t, "the context of b has not ended")
		}
		if closing.Returned() {
			contract.Failf(t, "Close returned while b runs")
		}
		contract.Step(t, "b returns its result")
		b.end(outcome{"B", nil})
		if err := closing.Await(t); !errors.Is(err, context.DeadlineExceeded) {
			contract.Mismatch(t, "Close, cut short", fmt.Sprint(err), context.DeadlineExceeded.Error())
		}
		s.wait(t.Context(), idB).Await(t).want(t, outcome{"B", nil})
		s.wantState(idB, asyncwork.Done)
		s.wantStarted("a", "b", "c")
	})
}

// Every call of Close waits for the same end, and the ctx of each can bring it
// forward; each returns the error of its own. README
func TestCloseTwice(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 1})
		defer s.close()
		a, b := s.stubborn("a"), s.task("b")
		contract.Step(t, "Submit a, b; Close three times: for ever, for 30 s, for ever")
		idA, idB := s.submit(a), s.submit(b)
		running := a.context()
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		calls := []*contract.Pending[error]{s.closing(t.Context()), s.closing(ctx), s.closing(t.Context())}
		for _, at := range []time.Duration{29 * time.Second, 40 * time.Second} {
			contract.Pass(at)
			for i, c := range calls {
				if c.Returned() {
					contract.Failf(t, "Close number %d returned while a runs: %v", i+1, c.Await(t))
				}
			}
			if ended := running.Err() != nil; ended != (ctx.Err() != nil) {
				contract.Failf(t, "the ctx of the second Close has ended: %t; the context of a has ended: %t", ctx.Err() != nil, ended)
			}
		}
		s.wantState(idB, asyncwork.Canceled)
		contract.Step(t, "a returns")
		a.end(outcome{"A", nil})
		for i, c := range append(calls, s.closing(t.Context())) {
			switch err := c.Await(t); {
			case i == 1 && !errors.Is(err, context.DeadlineExceeded):
				contract.Mismatch(t, "the Close whose ctx has ended", fmt.Sprint(err), context.DeadlineExceeded.Error())
			case i != 1 && err != nil:
				contract.Mismatch(t, fmt.Sprintf("Close number %d, whose ctx has not ended", i+1), err.Error(), "nil")
			}
		}
		s.wait(t.Context(), idA).Await(t).want(t, outcome{"A", nil})
		s.wantStarted("a")
	})
}

// After Close results can still be had for their TTL. README
func TestResultsOutliveClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, asyncwork.Options{Workers: 1, Queue: 1, TTL: 10 * time.Minute})
		defer s.close()
		a, b := s.task("a"), s.task("b")
		contract.Step(t, "Submit a, b; both end; Close")
		idA, idB := s.submit(a), s.submit(b)
		a.end(outcome{"A", nil})
		b.end(outcome{nil, errPaper})
		contract.Settle()
		if err := s.closing(t.Context()).Await(t); err != nil {
			contract.Mismatch(t, "Close after everything has ended", err.Error(), "nil")
		}
		contract.Step(t, "Status, Wait and Cancel 1 s before the TTL is over")
		contract.Pass(10*time.Minute - time.Second)
		s.cancel(idA)
		s.wantState(idA, asyncwork.Done)
		s.wantState(idB, asyncwork.Failed)
		s.wait(t.Context(), idA).Await(t).want(t, outcome{"A", nil})
		s.wait(t.Context(), idB).Await(t).want(t, outcome{nil, errPaper})
		s.wantUnknown(idA + idB)
	})
}

// All methods may be called from anywhere at once, by tasks too: every task
// that was accepted runs once or was cancelled, every caller gets the result
// of its own, and no more run than there are workers. README
func TestConcurrentUse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const callers, each, workers = 8, 20, 3
		s := open(t, asyncwork.Options{Workers: workers, Queue: 5, TTL: time.Hour})
		defer s.close()
		contract.Step(t, "%d goroutines call %d times each; %d workers", callers, each, workers)
		rnd := contract.Rand(t)
		var calling []*contract.Pending[error]
		for i := range callers {
			c := &caller{s: s, name: fmt.Sprint("caller ", i+1), rnd: rand.New(rand.NewPCG(rnd.Uint64(), rnd.Uint64()))}
			calling = append(calling, contract.Go(c.name, func() error { return c.calls(t.Context(), each) }))
		}
		for _, c := range calling {
			if err := c.Await(t); err != nil {
				contract.Failf(t, "%v", err)
			}
		}
		contract.Settle()
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.most != workers {
			contract.Failf(t, "%d tasks have run at once, want %d at most, and once in a while", s.most, workers)
		}
	})
}

// A caller uses a dispatcher as if it were alone.
type caller struct {
	s    *site
	name string
	rnd  *rand.Rand
	runs sync.Map // how often each call's task has run
}

func (c *caller) calls(ctx context.Context, n int) error {
	for i := range n {
		length := time.Duration(1 + c.rnd.IntN(1_000_000))
		result := fmt.Sprint(c.name, ", call ", i+1)
		task := func(ctx context.Context) (any, error) {
			c.s.enter(result)
			defer c.s.leave()
			if _, twice := c.runs.LoadOrStore(i, true); twice {
				return nil, errors.New("the task has run twice")
			}
			time.Sleep(length)
			if id, err := c.s.d.Submit(func(context.Context) (any, error) { return "nested", nil }); err == nil {
				c.s.d.Status(id)
				c.s.d.Cancel(id)
			}
			return result, nil
		}
		var o outcome
		var id asyncwork.ID
		switch kind := c.rnd.IntN(3); kind {
		case 0:
			o = newOutcome(c.s.d.Do(ctx, task))
		default:
			for {
				var err error
				if id, err = c.s.d.Submit(task); err == nil {
					break
				}
				if !errors.Is(err, asyncwork.ErrBusy) {
					return fmt.Errorf("%s: Submit: %w", result, err)
				}
				time.Sleep(time.Duration(1 + c.rnd.IntN(100_000)))
			}
			if kind == 2 {
				time.Sleep(length / 2)
				c.s.d.Cancel(id)
			}
			o = newOutcome(c.s.d.Wait(ctx, id))
		}
		_, ran := c.runs.Load(i)
		if canceled := errors.Is(o.err, asyncwork.ErrCanceled); canceled && !ran {
			continue
		}
		if o.err != nil || o.value != result || !ran {
			return fmt.Errorf("%s: %s, and its task has run: %t", result, o, ran)
		}
	}
	return nil
}

// stubborn makes a task that ends only when it is told to.
func (s *site) stubborn(name string) *probe {
	p := s.task(name)
	p.stubborn = true
	return p
}

// context awaits p's start and returns the context that it was given.
func (p *probe) context() context.Context {
	p.s.t.Helper()
	return contract.Await(p.s.t, p.name+" to start", p.got)
}

// wantError checks that the error is, or wraps, all of these.
func (o outcome) wantError(t *testing.T, what string, want ...error) {
	t.Helper()
	for _, err := range want {
		if !errors.Is(o.err, err) {
			contract.Mismatch(t, what, o.String(), fmt.Sprintf("an error that is or wraps %q", err))
		}
	}
}

// wantElapsed checks that so much virtual time has passed since start.
func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		contract.Mismatch(t, "not the time that this was to take", took.String(), want.String())
	}
}

// call runs a task through one of the doors.
func (s *site) call(do bool, task asyncwork.Task) *contract.Pending[outcome] {
	if do {
		return s.doTask(s.t.Context(), task)
	}
	return s.wait(s.t.Context(), s.submitTask(task))
}

func (s *site) doTask(ctx context.Context, task asyncwork.Task) *contract.Pending[outcome] {
	return contract.Go("Do to return", func() outcome { return newOutcome(s.d.Do(ctx, task)) })
}

func (s *site) submitTask(task asyncwork.Task) asyncwork.ID {
	s.t.Helper()
	contract.Settle()
	got := contract.Call(s.t, "Submit to return", func() submitted {
		id, err := s.d.Submit(task)
		return submitted{id, err}
	})
	if got.err != nil {
		contract.Failf(s.t, "Submit returned %q, want nil", got.err)
	}
	return got.id
}

func (s *site) cancel(id asyncwork.ID) {
	s.t.Helper()
	if err := contract.Call(s.t, fmt.Sprintf("Cancel(%d) to return", id), func() error { return s.d.Cancel(id) }); err != nil {
		contract.Failf(s.t, "Cancel(%d) returned %q, want nil", id, err)
	}
	contract.Settle()
}

// wantUnknown checks that no method knows id.
func (s *site) wantUnknown(id asyncwork.ID) {
	s.t.Helper()
	errs := map[string]error{
		"Status": s.status(id).err,
		"Wait":   s.wait(s.t.Context(), id).Await(s.t).err,
		"Cancel": contract.Call(s.t, "Cancel to return", func() error { return s.d.Cancel(id) }),
	}
	for _, method := range []string{"Status", "Wait", "Cancel"} {
		if !errors.Is(errs[method], asyncwork.ErrUnknown) {
			contract.Mismatch(s.t, fmt.Sprintf("%s(%d)", method, id), fmt.Sprint(errs[method]), asyncwork.ErrUnknown.Error())
		}
	}
}

// wantWorkers checks that so many tasks run and wait, and no more.
func (s *site) wantWorkers(workers, queue int) {
	s.t.Helper()
	contract.Control(s.t, "%d tasks run at once, %d wait, and there is no room for another", workers, queue)
	for i := range workers + queue {
		s.submit(s.task(fmt.Sprint("task ", i+1)))
	}
	s.wantRunning(workers)
	s.refused(s.task("one more"), asyncwork.ErrBusy)
}
