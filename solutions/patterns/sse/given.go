package sse

import (
	"errors"
	"fmt"
	"time"
)

// An Event is what a stream's reader gets to see.
type Event struct {
	Type string // "message" if the stream did not say
	Data string // lines are separated by LF
	ID   string // the last event ID, from this event or an earlier one
}

// A Message is what a writer puts into a stream. With Event or Data it is an
// event.
type Message struct {
	Event   string        // the event's type; "" leaves it out
	Data    string        // any number of lines
	Comment string        // any number of lines, which no reader gets to see; "" leaves it out
	ID      *string       // the last event ID from here on; nil leaves it out, "" resets it
	Retry   time.Duration // the reconnection time, in whole milliseconds; 0 leaves it out
}

// Options are those of a [Writer]. The zero value is fine.
type Options struct {
	// Heartbeat is how long a stream may be silent before a comment is sent;
	// 0 means for ever.
	Heartbeat time.Duration
}

const (
	// DefaultRetry is the reconnection time if nobody says otherwise.
	DefaultRetry = 3 * time.Second
	// MaxLine is how many octets a line may have, without its end.
	MaxLine = 1 << 20
	// MaxData is how many octets an event's data may have.
	MaxData = 1 << 20
)

var (
	// ErrTooLong is returned for a line or for data beyond the limits.
	ErrTooLong = errors.New("event too long")
	// ErrInvalid is returned for a message that cannot be sent as it is.
	ErrInvalid = errors.New("invalid message")
	// ErrClosed is returned for messages after Close.
	ErrClosed = errors.New("writer closed")
)

// A RefusedError says what a server answered instead of an event stream.
type RefusedError struct {
	Status      int    // the response's status
	ContentType string // its Content-Type as it was sent
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("no event stream: status %d, content type %q", e.Status, e.ContentType)
}
