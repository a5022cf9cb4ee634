// Package asyncwork stands between those who want work done and the few
// workers that do it.
//
// Work comes in by two doors. Do is synchronous: its caller waits for room
// and for the result. Submit is asynchronous: its caller gets an ID at once
// and asks for the result later, or is told at once that there is no room.
// Behind the doors there is one line, in which everybody keeps their place.
package asyncwork

import (
	"context"
	"errors"
	"time"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

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
	// TODO: who runs, who waits, and which ends are remembered?
}

// New returns a dispatcher, which is in use until it is closed.
func New(o Options) *Dispatcher {
	return &Dispatcher{}
}

// Do runs t and returns what it returned. It waits for room, for a worker and
// for the task's end. When ctx ends, Do returns its error at once: a task that
// has not started never will, and one that runs is cancelled. After Close it
// returns ErrClosed.
func (d *Dispatcher) Do(ctx context.Context, t Task) (any, error) {
	// TODO
	return nil, ErrTODO
}

// Submit accepts t to be run as soon as those before it have left a worker
// for it, and returns its ID. It never waits: it returns ErrBusy when there
// is no room and ErrClosed after Close.
func (d *Dispatcher) Submit(t Task) (ID, error) {
	// TODO
	return 0, ErrTODO
}

// Status returns how far a submitted task has come, or ErrUnknown.
func (d *Dispatcher) Status(id ID) (State, error) {
	// TODO
	return 0, ErrTODO
}

// Wait waits for the end of a submitted task and returns its result, or
// ErrUnknown. When ctx ends, Wait returns its error at once; the task goes on.
func (d *Dispatcher) Wait(ctx context.Context, id ID) (any, error) {
	// TODO
	return nil, ErrTODO
}

// Cancel ends a submitted task before its time: if it waits it never starts,
// if it runs its context ends. Of a task that has ended it changes nothing.
// It returns nil, or ErrUnknown.
func (d *Dispatcher) Cancel(id ID) error {
	// TODO
	return ErrTODO
}
