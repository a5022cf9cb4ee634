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
	"bufio"
	"bytes"
	"cmp"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Decoder reads the events of one stream. Its methods must not be called
// concurrently.
type Decoder struct {
	r     *bufio.Reader
	line  []byte // a line that came in several pieces
	cr    bool   // the line before ended with CR: an LF now is still part of its end
	begun bool   // the first line, where a byte order mark may be, is over

	// The buffers of §9.2.6. data has an LF after each line, as there.
	data []byte
	typ  string
	id   string

	lastID  string // the last event ID string: what id was at the last blank line
	retry   time.Duration
	retried bool
	err     error
}

// NewDecoder returns a decoder of the stream that r is at the beginning of.
func NewDecoder(r io.Reader) *Decoder {
	return &Decoder{r: bufio.NewReader(r)}
}

// Next returns the next event, as soon as its blank line is there. At the end
// of the stream it returns io.EOF, or the reader's error; what is incomplete
// then is dropped. After an error it returns that error again.
func (d *Decoder) Next() (Event, error) {
	for d.err == nil {
		line, err := d.readLine()
		switch {
		case err != nil:
			d.err = err
		case len(line) > 0:
			d.err = d.field(line)
		default:
			if e, ok := d.dispatch(); ok {
				return e, nil
			}
		}
	}
	return Event{}, d.err
}

// Retry returns the reconnection time that the stream has set so far, and
// whether it has set one.
func (d *Decoder) Retry() (time.Duration, bool) { return d.retry, d.retried }

// readLine returns the next line without its end. The line is valid until the
// next call.
func (d *Decoder) readLine() ([]byte, error) {
	d.line = d.line[:0]
	for {
		// Whatever there is will do: waiting for a full buffer, or for what
		// follows a CR, would hold back an event that is complete.
		if _, err := d.r.Peek(1); err != nil {
			return nil, err
		}
		b, _ := d.r.Peek(d.r.Buffered())
		if d.cr && b[0] == '\n' {
			d.r.Discard(1)
			d.cr = false
			continue
		}
		d.cr = false
		end := lineEnd(b)
		if len(d.line)+end > MaxLine {
			return nil, ErrTooLong
		}
		if end == len(b) {
			d.line = append(d.line, b...)
			d.r.Discard(end)
			continue
		}
		d.cr = b[end] == '\r'
		line := b[:end]
		if len(d.line) > 0 {
			d.line = append(d.line, line...)
			line = d.line
		}
		d.r.Discard(end + 1) // moves on in the buffer; line stays what it is
		return d.withoutMark(line), nil
	}
}

// lineEnd returns the index of the first CR or LF, or len(b).
func lineEnd(b []byte) int {
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		b = b[:i]
	}
	if i := bytes.IndexByte(b, '\r'); i >= 0 {
		b = b[:i]
	}
	return len(b)
}

// withoutMark takes the byte order mark from the first line, and from no
// other: "UTF-8 decode" strips one (WHATWG Encoding §6).
func (d *Decoder) withoutMark(line []byte) []byte {
	if d.begun {
		return line
	}
	d.begun = true
	return bytes.TrimPrefix(line, []byte("\xef\xbb\xbf"))
}

// field processes a line that is not blank (§9.2.6). A comment is a field
// whose name is empty: nobody knows it.
func (d *Decoder) field(line []byte) error {
	name, value, _ := bytes.Cut(line, []byte(":"))
	value = bytes.TrimPrefix(value, []byte(" "))
	switch string(name) {
	case "data":
		d.data = append(append(d.data, value...), '\n')
		if len(d.data)-1 > MaxData {
			return ErrTooLong
		}
	case "event":
		d.typ = text(value)
	case "id":
		if bytes.IndexByte(value, 0) < 0 {
			d.id = text(value)
		}
	case "retry":
		// ParseUint takes digits and nothing else; ParseInt would take a sign.
		if ms, err := strconv.ParseUint(string(value), 10, 64); err == nil && ms <= math.MaxInt64/uint64(time.Millisecond) {
			d.retry, d.retried = time.Duration(ms)*time.Millisecond, true
		}
	}
	return nil
}

// dispatch does what a blank line asks for. Only now an ID counts: before, a
// stream that breaks off would have us believe in an event that never came.
// The ID's buffer is the one that is not reset.
func (d *Decoder) dispatch() (e Event, ok bool) {
	d.lastID = d.id
	if ok = len(d.data) > 0; ok {
		e = Event{Type: cmp.Or(d.typ, "message"), Data: text(d.data[:len(d.data)-1]), ID: d.lastID}
	}
	d.data, d.typ = d.data[:0], ""
	return e, ok
}

// text decodes UTF-8. A line's end is no part of any sequence, so to decode
// what lies between is the same as to decode the stream.
func text(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), "\ufffd")
}
