// Package asyncwork stands between those who want work done and the few
// workers that do it.
//
// Work comes in by two doors. Do is synchronous: its caller waits for room
// and for the result. Submit is asynchronous: its caller gets an ID at once
// and asks for the result later, or is told at once that there is no room.
// Behind the doors there is one line, in which everybody keeps their place.
package asyncwork

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Options say how much a dispatcher takes on. The zero value has one worker
// and no queue.
type Options struct {
	// Workers is how many tasks run at once; less than 1 means 1.
	Workers int
	// Queue is how many more may wait to be started; less than 0 means 0.
	Queue int
	// TTL is how long a result is kept from the end of its task; 0 or less
	// means DefaultTTL.
	TTL time.Duration
}

// A Dispatcher runs tasks. Its methods may be called concurrently, and by
// tasks too.
type Dispatcher struct {
	workers, queue int
	ttl            time.Duration

	mu      sync.Mutex
	running map[*job]bool
	// line is who waits, in the order of their calls. The first ones, as many
	// as the queue has places, are accepted. Behind them are calls of Do that
	// wait for room: to move up by one is to get it, and nobody can overtake.
	line   []*job
	known  map[ID]*job // submitted, and not forgotten
	kept   []*job      // those of them that have ended, the oldest first
	lastID ID

	closed bool
	idle   chan struct{} // closed when the dispatcher is closed and nothing runs any more
}

// New returns a dispatcher, which is in use until it is closed.
func New(o Options) *Dispatcher {
	return &Dispatcher{
		workers: max(o.Workers, 1),
		queue:   max(o.Queue, 0),
		ttl:     cmp.Or(max(o.TTL, 0), DefaultTTL),
		running: map[*job]bool{},
		known:   map[ID]*job{},
		idle:    make(chan struct{}),
	}
}

// Do runs t and returns what it returned. It waits for room, for a worker and
// for the task's end. When ctx ends, Do returns its error at once: a task that
// has not started never will, and one that runs is cancelled. After Close it
// returns ErrClosed.
func (d *Dispatcher) Do(ctx context.Context, t Task) (any, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	j := newJob(ctx, t)
	if err := d.enter(j); err != nil {
		return nil, err
	}
	select {
	case <-j.ended:
		return j.value, j.err
	case <-ctx.Done(): // and with it the context of the task
		d.mu.Lock()
		defer d.mu.Unlock()
		d.cancel(j)
		return nil, ctx.Err()
	}
}

// enter starts j, or lets it join the line however long that is.
func (d *Dispatcher) enter(j *job) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return ErrClosed
	}
	d.line = append(d.line, j)
	d.fill()
	return nil
}

// Submit accepts t to be run as soon as those before it have left a worker
// for it, and returns its ID. It never waits: it returns ErrBusy when there
// is no room and ErrClosed after Close.
func (d *Dispatcher) Submit(t Task) (ID, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case d.closed:
		return 0, ErrClosed
	case len(d.running) == d.workers && len(d.line) >= d.queue:
		return 0, ErrBusy
	}
	d.lastID++
	// The task outlives this call and the request that made it, so it has a
	// context of its own.
	j := newJob(context.Background(), t)
	j.id = d.lastID
	d.known[j.id] = j
	d.line = append(d.line, j)
	d.fill()
	return j.id, nil
}

// fill starts tasks from the head of the line while there are workers for
// them. The lock is held.
func (d *Dispatcher) fill() {
	for len(d.line) > 0 && len(d.running) < d.workers {
		j := d.line[0]
		d.line[0] = nil // or the slice's array would keep it alive
		d.line = d.line[1:]
		if j.ctx.Err() != nil { // its Do has given up and will find it gone
			d.drop(j)
			continue
		}
		d.running[j] = true
		j.state = Running
		go d.run(j)
	}
}

// Status returns how far a submitted task has come, or ErrUnknown.
func (d *Dispatcher) Status(id ID) (State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	j, ok := d.known[id]
	if !ok {
		return 0, ErrUnknown
	}
	return j.state, nil
}

// Wait waits for the end of a submitted task and returns its result, or
// ErrUnknown. When ctx ends, Wait returns its error at once; the task goes on.
func (d *Dispatcher) Wait(ctx context.Context, id ID) (any, error) {
	d.mu.Lock()
	j, ok := d.known[id]
	d.mu.Unlock()
	if !ok {
		return nil, ErrUnknown
	}
	select {
	case <-j.ended: // who holds j needs no TTL
		return j.value, j.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Cancel ends a submitted task before its time: if it waits it never starts,
// if it runs its context ends. Of a task that has ended it changes nothing.
// It returns nil, or ErrUnknown.
func (d *Dispatcher) Cancel(id ID) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	j, ok := d.known[id]
	if !ok {
		return ErrUnknown
	}
	d.cancel(j)
	return nil
}

// cancel ends j if it waits, and asks it to end if it runs. The lock is held.
func (d *Dispatcher) cancel(j *job) {
	switch j.state {
	case Queued:
		i := slices.Index(d.line, j)
		d.line = slices.Delete(d.line, i, i+1)
		d.drop(j)
	case Running:
		j.canceled = true
		j.stop()
	}
}

// drop ends j, which waited, as if it had started and listened to its context.
// The lock is held.
func (d *Dispatcher) drop(j *job) {
	j.canceled = true
	j.stop()
	d.end(j, nil, j.ctx.Err())
}
