package multiplexing

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// A FrameType says what a frame is for.
type FrameType uint8

// The types of frames. Frames of any other type are skipped.
const (
	TypeOpen   FrameType = 0 // a new stream; no payload
	TypeData   FrameType = 1 // octets of a stream
	TypeWindow FrameType = 2 // 32 bits: so many octets more may be sent
	TypeReset  FrameType = 3 // 32 bits: a code; the stream is over
)

// FlagEnd on a Data frame says that its sender will send no more.
const FlagEnd = 0x01

// Codes of Reset frames, numbered as those of HTTP/2 (RFC 9113 §7). An
// application may use any other.
const (
	CodeNone        uint32 = 0 // no error: the rest is not wanted
	CodeProtocol    uint32 = 1
	CodeFlowControl uint32 = 3
	CodeClosed      uint32 = 5 // data after the end of the data
	CodeRefused     uint32 = 7 // one stream too many: nothing was done, try again
	CodeCancel      uint32 = 8
)

const (
	HeaderLen  = 8       // octets before the payload
	MaxPayload = 1 << 14 // octets in a frame's payload at most
	MaxWindow  = 1<<31 - 1

	DefaultWindow     = 1 << 16 // octets
	DefaultMaxStreams = 100
	DefaultMaxConns   = 10
)

// A Header is what every frame begins with.
type Header struct {
	Length int // of the payload, in octets, below 65536
	Type   FrameType
	Flags  uint8
	Stream uint32
}

// ParseHeader reads a header. Any eight octets are one.
func ParseHeader(b [HeaderLen]byte) Header {
	return Header{
		Length: int(binary.BigEndian.Uint16(b[:])),
		Type:   FrameType(b[2]),
		Flags:  b[3],
		Stream: binary.BigEndian.Uint32(b[4:]),
	}
}

// AppendHeader appends a header to b.
func AppendHeader(b []byte, h Header) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(h.Length))
	b = append(b, byte(h.Type), h.Flags)
	return binary.BigEndian.AppendUint32(b, h.Stream)
}

// AppendFrame appends a Data frame with payload p, or the header of an Open
// frame.
func AppendFrame(b []byte, typ FrameType, flags uint8, stream uint32, p []byte) []byte {
	return append(AppendHeader(b, Header{len(p), typ, flags, stream}), p...)
}

// AppendNumber appends a Window or a Reset frame.
func AppendNumber(b []byte, typ FrameType, stream, number uint32) []byte {
	return binary.BigEndian.AppendUint32(AppendHeader(b, Header{4, typ, 0, stream}), number)
}

var (
	// ErrProtocol is wrapped by all errors of a session whose peer broke a
	// rule that concerns the session as a whole.
	ErrProtocol = errors.New("the peer broke the protocol")
	// ErrLost is wrapped by all errors of a session whose network connection
	// ended or broke.
	ErrLost = errors.New("connection lost")
	// ErrTimeout is what a call returns whose deadline has passed. It is a
	// net.Error with Timeout.
	ErrTimeout = os.ErrDeadlineExceeded
)

// A ResetError is what the calls on a stream return that the peer has reset.
type ResetError struct {
	Code uint32 // what the peer's Reset frame said
}

func (e *ResetError) Error() string { return fmt.Sprintf("stream reset by the peer, code %d", e.Code) }

// A deadline is an instant that can be moved, for select. Its zero value is
// ready for use and never passes.
type deadline struct {
	mu     sync.Mutex
	timer  *time.Timer
	passed chan struct{} // closed once the instant has come
	isPast bool
}

// set moves the deadline to t, the zero time for never. Those who wait for
// the old one wait for the new one, unless the old one has passed.
func (d *deadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	if d.passed == nil || d.isPast {
		d.passed, d.isPast = make(chan struct{}), false
	}
	switch left := time.Until(t); {
	case t.IsZero():
	case left <= 0:
		d.pass()
	default:
		var timer *time.Timer
		timer = time.AfterFunc(left, func() {
			d.mu.Lock()
			defer d.mu.Unlock()
			if d.timer == timer {
				d.pass()
			}
		})
		d.timer = timer
	}
}

func (d *deadline) pass() {
	d.isPast = true
	close(d.passed)
}

// done returns a channel that is closed once the deadline has passed.
func (d *deadline) done() <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.passed == nil {
		d.passed = make(chan struct{})
	}
	return d.passed
}

// past reports whether the deadline has passed.
func (d *deadline) past() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.isPast
}

// deadlines are the two of a net.Conn. Embedded in a struct they give it the
// methods that set them.
type deadlines struct {
	readBy, writeBy deadline
}

// SetDeadline sets both deadlines.
func (d *deadlines) SetDeadline(t time.Time) error {
	d.readBy.set(t)
	d.writeBy.set(t)
	return nil
}

// SetReadDeadline sets when a Read, also one that is under way, gives up.
func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.readBy.set(t)
	return nil
}

// SetWriteDeadline sets when a Write, also one that is under way, gives up.
func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.writeBy.set(t)
	return nil
}
