package sse

import "net/http"

// A Writer sends an event stream as a response. Its methods may be called
// concurrently.
type Writer struct {
	// TODO
}

// NewWriter sends the header of an event stream. It returns an error, and has
// written nothing, if w cannot be flushed. The handler must call Close before
// it returns.
func NewWriter(w http.ResponseWriter, o Options) (*Writer, error) {
	// TODO
	return &Writer{}, ErrTODO
}

// Send writes m and flushes it. It returns ErrInvalid, and writes nothing, for
// a message that would not arrive as it is; ErrClosed after Close; and the
// error of the first write or flush that failed.
func (w *Writer) Send(m Message) error {
	// TODO
	return ErrTODO
}

// Close ends the heartbeat. After it nothing is written. It may be called more
// than once.
func (w *Writer) Close() error {
	// TODO
	return ErrTODO
}
