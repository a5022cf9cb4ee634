package nagle

import (
	"errors"
	"time"
)

// A Segment is what a sender puts on the wire at one moment.
type Segment struct {
	Seq int  // the number of its first octet; the stream's first octet is number 0
	Len int  // octets of data
	FIN bool // the sender's last segment
}

const (
	// DefaultMSS is what a segment carries if nobody says otherwise, in octets.
	// RFC 9293 §3.7.1
	DefaultMSS = 536
	// DefaultDelay is how long an acknowledgment waits if nobody says otherwise:
	// what Linux takes for a connection with a short round trip.
	DefaultDelay = 40 * time.Millisecond
	// MaxDelay is how long an acknowledgment waits at most: it MUST be less than
	// half a second. RFC 9293 §3.8.6.3
	MaxDelay = 499 * time.Millisecond
)

var (
	// ErrClosed is returned by a Coalescer that was closed.
	ErrClosed = errors.New("coalescer is closed")
	// ErrNoSwitch is returned by SetNagle if there is nothing to switch.
	ErrNoSwitch = errors.New("no TCP connection is beneath")
)
