// Package sse is both ends of an event stream, the format behind a browser's
// EventSource (WHATWG HTML §9.2): a [Writer] for handlers, a [Decoder] for
// streams, and a [Client] that comes back when the stream ends.
//
//	event: add          type of the event; "message" without it
//	data: one           a line of its data
//	data: two           another one
//	id: 42              last event ID from here on
//	                    blank line: the event is complete
//	: anything          comment
//	retry: 5000         reconnection time in milliseconds
//
// Lines end with CR LF, LF or CR. The first colon ends the field's name; one
// space after it is not part of the value. A line without a colon is a name
// with an empty value.
package sse

import (
	"errors"
	"io"
	"time"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Decoder reads the events of one stream. Its methods must not be called
// concurrently.
type Decoder struct {
	// TODO: what has to be kept between two calls of Next?
}

// NewDecoder returns a decoder of the stream that r is at the beginning of.
func NewDecoder(r io.Reader) *Decoder {
	// TODO
	return &Decoder{}
}

// Next returns the next event, as soon as its blank line is there. At the end
// of the stream it returns io.EOF, or the reader's error; what is incomplete
// then is dropped. After an error it returns that error again.
func (d *Decoder) Next() (Event, error) {
	// TODO
	return Event{}, ErrTODO
}

// Retry returns the reconnection time that the stream has set so far, and
// whether it has set one.
func (d *Decoder) Retry() (time.Duration, bool) {
	// TODO
	return 0, false
}
