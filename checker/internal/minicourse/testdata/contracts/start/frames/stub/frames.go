// Package frames reads and writes frames: a length of one byte, and as many
// bytes of payload.
package frames

import "io"

// Append appends the frame of payload to b, or returns [ErrTooLong].
func Append(b, payload []byte) ([]byte, error) {
	// TODO: the length, then the payload.
	return b, ErrTODO
}

// A Reader reads frames. Its methods may be called by many goroutines.
type Reader struct {
	// TODO: what it needs.
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{}
}

// Next returns the payload of the next frame, io.EOF at the end, and
// io.ErrUnexpectedEOF where the stream ends in a frame.
func (r *Reader) Next() ([]byte, error) {
	// TODO: read the length, then the payload.
	return nil, ErrTODO
}

// Count returns how many frames were read.
func (r *Reader) Count() int {
	return -1 // TODO: count them.
}
