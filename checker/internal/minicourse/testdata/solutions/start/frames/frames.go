// Package frames reads and writes frames: a length of one byte, and as many
// bytes of payload.
package frames

import (
	"errors"
	"io"
	"sync"
)

// Append appends the frame of payload to b, or returns [ErrTooLong].
func Append(b, payload []byte) ([]byte, error) {
	if len(payload) > MaxPayload {
		return b, ErrTooLong
	}
	b = append(b, byte(len(payload)))
	return append(b, payload...), nil
}

// A Reader reads frames. Its methods may be called by many goroutines.
type Reader struct {
	mu    sync.Mutex
	r     io.Reader
	count int
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{r: r}
}

// Next returns the payload of the next frame, io.EOF at the end, and
// io.ErrUnexpectedEOF where the stream ends in a frame.
func (r *Reader) Next() ([]byte, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var length [1]byte
	if _, err := io.ReadFull(r.r, length[:]); err != nil {
		return nil, err
	}
	payload := make([]byte, length[0])
	if _, err := io.ReadFull(r.r, payload); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	r.count++
	return payload, nil
}

// Count returns how many frames were read.
func (r *Reader) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}
