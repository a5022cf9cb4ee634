// Package welcome is the smallest protocol of the course: a client says its
// name, the server greets it.
//
//	name     = 1*64 octets other than LF, then LF (0x0A)
//	greeting = "hello, ", the name, LF
package welcome

import (
	"errors"
	"net"
)

// MaxName is the most octets that a name may have, without its LF.
const MaxName = 64

// ErrTooLong is returned by [Greet] for a name of more than MaxName octets.
var ErrTooLong = errors.New("name too long")

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// Greet reads a name from c, answers with the greeting and closes c, whatever
// happens. It returns ErrTooLong for a name of more than MaxName octets and
// io.ErrUnexpectedEOF if the stream ends before the name does; in both cases
// nothing is answered.
func Greet(c net.Conn) error {
	// TODO: read the name, answer, close.
	return ErrTODO
}
