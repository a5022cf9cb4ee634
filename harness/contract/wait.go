package contract

import (
	"testing"
	"testing/synctest"
	"time"
)

// Idle is how long [Await] and [Call] wait: virtual time in a bubble, where
// an hour costs nothing, and in real time long enough to mean "stuck". It is
// no round figure, so that it never falls together with a candidate's timer.
func Idle(t testing.TB) time.Duration {
	if of(t).mode == "virtual" {
		return time.Hour + 7*time.Millisecond + 11*time.Microsecond
	}
	return Patience * 2 / 3
}

// span says in words how long Idle is.
func span(t testing.TB) string {
	if of(t).mode == "virtual" {
		return "an hour of virtual time"
	}
	return Idle(t).String()
}

// Await receives from ch. If nothing comes, or ch is closed, the clause fails
// and says that it awaited what.
func Await[T any](t testing.TB, what string, ch <-chan T) T {
	t.Helper()
	v, ok := await(t, what, ch)
	if !ok {
		Failf(t, "awaited %s: it will never come", what)
	}
	return v
}

// Until waits for ch to be closed; see [Await].
func Until(t testing.TB, what string, ch <-chan struct{}) {
	t.Helper()
	await(t, what, ch)
}

func await[T any](t testing.TB, what string, ch <-chan T) (T, bool) {
	t.Helper()
	of(t).checks.Add(1)
	limit := Idle(t)
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case v, ok := <-ch:
		return v, ok
	case <-timer.C:
		Failf(t, "awaited %s: nothing for %s", what, span(t))
		panic("BUG: not reached")
	}
}

// A Pending is a call that is under way in a goroutine of its own.
type Pending[T any] struct {
	what   string
	done   chan struct{}
	result T // valid once done is closed
}

// Go starts f in a goroutine. The clause must [Pending.Await] it before it
// ends, or it counts as left running.
func Go[T any](what string, f func() T) *Pending[T] {
	p := &Pending[T]{what: what, done: make(chan struct{})}
	go func() {
		p.result = f()
		close(p.done)
	}()
	return p
}

// Await waits for the call's end and returns its result, as often as it is
// asked; see the function [Await].
func (p *Pending[T]) Await(t testing.TB) T {
	t.Helper()
	await(t, p.what, p.done)
	return p.result
}

// Returned reports whether the call has returned by now. In a bubble call
// [Settle] before, so that "by now" is a fact and not a race.
func (p *Pending[T]) Returned() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// Call runs f, which may be a call of the candidate that never returns, and
// returns its result.
func Call[T any](t testing.TB, what string, f func() T) T {
	t.Helper()
	return Go(what, f).Await(t)
}

// Settle waits until every other goroutine of the bubble waits for something
// that only this one, or time, can bring about.
func Settle() { synctest.Wait() }

// Pass lets d of virtual time go by and settles.
func Pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}
