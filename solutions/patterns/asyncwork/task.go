package asyncwork

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"
)

// A Task is a piece of work. It should end soon after ctx has ended.
type Task func(ctx context.Context) (any, error)

// A job is a task on its way through the dispatcher. The dispatcher's lock
// guards it; value and err may be read without it once ended is closed.
type job struct {
	id       ID // 0 if it came through Do: nobody will ask for it
	task     Task
	ctx      context.Context
	stop     context.CancelFunc // of ctx
	state    State
	canceled bool
	until    time.Time // once it has ended: when to forget it

	ended chan struct{}
	value any
	err   error
}

func newJob(parent context.Context, t Task) *job {
	ctx, stop := context.WithCancel(parent)
	return &job{task: t, ctx: ctx, stop: stop, state: Queued, ended: make(chan struct{})}
}

// run is one worker's turn: it runs j's task and makes room for the next. A
// turn has a goroutine of its own, since a task may end it by runtime.Goexit,
// and then only what was deferred still happens.
func (d *Dispatcher) run(j *job) {
	var value any
	err := ErrExited // unless the task returns or panics
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.running, j)
		d.end(j, value, err)
		d.fill()
		d.checkIdle()
	}()
	value, err = j.task(j.ctx)
}

// end records how j ended, tells whoever waits for it and keeps its result.
// The lock is held.
func (d *Dispatcher) end(j *job, value any, err error) {
	switch {
	case err == nil: // even if it was cancelled: it came too late, and what was done is done
		j.state = Done
	case j.canceled:
		j.state = Canceled
		err = fmt.Errorf("%w: %w", ErrCanceled, err)
	default:
		j.state = Failed
	}
	j.value, j.err = value, err
	j.stop()
	j.task, j.ctx = nil, nil // what they hold on to is not part of the result
	close(j.ended)
	if j.id != 0 {
		d.keep(j)
	}
}

// A result may be kept for a second longer than its TTL, so that those that
// end together can be forgotten together.
const together = time.Second / 2

// keep remembers when j is to be forgotten. All TTLs are the same, so results
// go in the order in which they came, and one timer, for the oldest, will do.
// The lock is held.
func (d *Dispatcher) keep(j *job) {
	j.until = time.Now().Add(d.ttl)
	d.kept = append(d.kept, j)
	if len(d.kept) == 1 {
		time.AfterFunc(d.ttl, d.forget)
	}
}

// forget lets go of the results whose time is over, and comes again for the
// others.
func (d *Dispatcher) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.kept) > 0 && time.Until(d.kept[0].until) <= 0 {
		delete(d.known, d.kept[0].id)
		d.kept[0] = nil
		d.kept = d.kept[1:]
	}
	if len(d.kept) > 0 {
		time.AfterFunc(max(time.Until(d.kept[0].until), together), d.forget)
	}
}
