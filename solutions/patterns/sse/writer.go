package sse

import (
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// A Writer sends an event stream as a response. Its methods may be called
// concurrently.
type Writer struct {
	w         http.ResponseWriter
	flusher   *http.ResponseController
	heartbeat time.Duration

	mu    sync.Mutex
	err   error       // why nothing more may be written
	timer *time.Timer // of the heartbeat, or nil
}

// NewWriter sends the header of an event stream. It returns an error, and has
// written nothing, if w cannot be flushed. The handler must call Close before
// it returns.
func NewWriter(w http.ResponseWriter, o Options) (*Writer, error) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	writer := &Writer{w: w, flusher: http.NewResponseController(w), heartbeat: o.Heartbeat}
	if err := writer.flusher.Flush(); err != nil { // sends status and header if it can
		return nil, fmt.Errorf("sse: %w", err)
	}
	if o.Heartbeat > 0 {
		writer.mu.Lock() // the first beat may come before the timer is in its place
		defer writer.mu.Unlock()
		writer.timer = time.AfterFunc(o.Heartbeat, writer.beat)
	}
	return writer, nil
}

// Send writes m and flushes it. It returns ErrInvalid, and writes nothing, for
// a message that would not arrive as it is; ErrClosed after Close; and the
// error of the first write or flush that failed.
func (w *Writer) Send(m Message) error {
	if !m.valid() {
		return ErrInvalid
	}
	b := m.encode()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write(b)
	return w.err
}

// Close ends the heartbeat. After it nothing is written. It may be called more
// than once.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = ErrClosed
	if w.timer != nil {
		w.timer.Stop() // a beat that waits for the lock will find err set
	}
	return nil
}

// beat breaks the silence.
func (w *Writer) beat() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write([]byte(":\n"))
}

// write sends b, unless something stands against it, and starts the silence
// anew. The lock is held.
func (w *Writer) write(b []byte) {
	if w.err != nil {
		return
	}
	if _, w.err = w.w.Write(b); w.err == nil {
		w.err = w.flusher.Flush()
	}
	if w.err == nil && w.timer != nil {
		w.timer.Reset(w.heartbeat)
	}
}

// valid reports whether m will be read as it was meant. A line end in a field
// that has one line only would begin another field, one that the sender did
// not mean to send.
func (m Message) valid() bool {
	for _, s := range []string{m.Event, m.Data, m.Comment, m.id()} {
		if !utf8.ValidString(s) {
			return false
		}
	}
	return !strings.ContainsAny(m.Event, "\r\n") && !strings.ContainsAny(m.id(), "\r\n\x00") &&
		m.Retry >= 0 && m.Retry%time.Millisecond == 0
}

func (m Message) id() string {
	if m.ID == nil {
		return ""
	}
	return *m.ID
}

// encode renders m. There is always a space after the colon, so that one in
// the value survives.
func (m Message) encode() []byte {
	var b []byte
	field := func(name, value string) { b = fmt.Appendf(b, "%s: %s\n", name, value) }
	if m.Comment != "" {
		for line := range lines(m.Comment) {
			field("", line)
		}
	}
	if m.Event != "" {
		field("event", m.Event)
	}
	if m.Event != "" || m.Data != "" {
		for line := range lines(m.Data) {
			field("data", line)
		}
	}
	if m.ID != nil {
		field("id", *m.ID)
	}
	if m.Retry > 0 {
		field("retry", strconv.FormatInt(m.Retry.Milliseconds(), 10))
	}
	return append(b, '\n')
}

// lines splits s at every line end that a reader of the stream would see.
func lines(s string) iter.Seq[string] {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.SplitSeq(strings.ReplaceAll(s, "\r", "\n"), "\n")
}
