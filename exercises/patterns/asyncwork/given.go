package asyncwork

import (
	"errors"
	"fmt"
	"time"
)

// DefaultTTL is how long results are kept if Options do not say.
const DefaultTTL = time.Minute

// An ID names a task that was submitted. No two tasks of a dispatcher have
// the same one, and none has 0.
type ID uint64

// A State is how far a task has come.
type State int

// The first two go by; the others are ends.
const (
	Queued   State = iota + 1 // accepted, not started
	Running                   // started
	Done                      // ended without an error
	Failed                    // ended with one
	Canceled                  // never started, or ended with an error after it had been cancelled
)

func (s State) String() string {
	switch s {
	case Queued:
		return "queued"
	case Running:
		return "running"
	case Done:
		return "done"
	case Failed:
		return "failed"
	case Canceled:
		return "canceled"
	}
	return fmt.Sprintf("state %d", int(s))
}

var (
	// ErrBusy is a full queue: the task was not accepted.
	ErrBusy = errors.New("queue is full")
	// ErrClosed is a dispatcher that takes no more tasks.
	ErrClosed = errors.New("dispatcher is closed")
	// ErrUnknown is an ID that was never given out, or whose result has been
	// forgotten.
	ErrUnknown = errors.New("task is not known")
	// ErrCanceled is the end of a task that was cancelled.
	ErrCanceled = errors.New("task was canceled")
	// ErrExited is the end of a task that called runtime.Goexit.
	ErrExited = errors.New("task ended its goroutine")
)

// A PanicError is the end of a task that panicked.
type PanicError struct {
	Value any    // what the task panicked with
	Stack []byte // of the task, where it panicked, as debug.Stack formats it
}

func (e *PanicError) Error() string { return fmt.Sprintf("task panicked: %v", e.Value) }
