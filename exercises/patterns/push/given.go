package push

import (
	"encoding/binary"
	"errors"
)

// DefaultBuffer is the Buffer of [Options] that do not say one.
const DefaultBuffer = 16

// Errors that calls return.
var (
	ErrTaken  = errors.New("name is taken")
	ErrAbsent = errors.New("nobody of that name is present")
)

// Reasons to leave. ErrSlow is what Send returns, too, and ErrClosed what
// calls return once the hub was closed.
var (
	ErrSlow   = errors.New("client is too slow")
	ErrGone   = errors.New("client has gone")
	ErrClosed = errors.New("hub is closed")
)

// A Kind says what a frame is about.
type Kind uint8

// The kinds of frames.
const (
	KindEvent   Kind = iota // payload: what Encode gave
	KindPresent             // payload: a JSON array of all names, sorted
	KindJoin                // payload: a name, as a JSON string
	KindLeave               // payload: likewise
)

// AppendFrame appends a frame to b: the length of the payload in 32 bits, the
// kind in 8, and the payload, which it copies.
func AppendFrame(b []byte, k Kind, payload []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, byte(k))
	return append(b, payload...)
}
