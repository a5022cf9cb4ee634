package requestresponse

import (
	"errors"
	"fmt"
)

// The types of frames.
const (
	TypeRequest  uint16 = 1
	TypeResponse uint16 = 2
	TypeCancel   uint16 = 3
)

const (
	HeaderLen = 12 // octets before the body

	DefaultMaxBody     = 1 << 20 // octets
	DefaultMaxInFlight = 100     // requests of one connection

	// MaxAnswer is the longest body of an answer that a client takes, in octets.
	MaxAnswer = 4 << 20
)

// A Code says what became of a request. Those from 16 on are the
// application's.
type Code uint16

// The codes below 16 that have a meaning.
const (
	OK            Code = 0
	HandlerFailed Code = 1 // the handler returned an error, or panicked
	UnknownKind   Code = 2 // nobody handles this kind
	TooLarge      Code = 3 // the body is longer than the server takes
	Busy          Code = 4 // one request too many at a time; it was not handled
	ShuttingDown  Code = 5 // the server takes no more; it was not handled
)

// String returns the code's name, or its number.
func (c Code) String() string {
	names := []string{"OK", "HandlerFailed", "UnknownKind", "TooLarge", "Busy", "ShuttingDown"}
	if int(c) < len(names) {
		return names[c]
	}
	return fmt.Sprintf("Code(%d)", uint16(c))
}

var (
	// ErrServerClosed is what Serve returns once Shutdown was called.
	ErrServerClosed = errors.New("server closed")
	// ErrClosed is wrapped by the errors of calls on a client that was closed.
	ErrClosed = errors.New("client closed")
	// ErrProtocol is wrapped by the errors of calls on a client whose server
	// sent a malformed frame.
	ErrProtocol = errors.New("the server broke the protocol")
	// ErrLost is wrapped by the errors of calls on a client whose connection
	// ended or broke. Whether their requests were handled nobody can know.
	ErrLost = errors.New("connection lost")
)
