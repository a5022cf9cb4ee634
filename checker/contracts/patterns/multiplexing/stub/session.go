// Package multiplexing carries many streams over one connection, and, to
// compare, hands out many connections from a bounded pool.
//
// Each frame on the connection begins with a header of eight octets, after
// the ideas of RFC 9113:
//
//	length  16 bits  of the payload, at most 16,384
//	type     8 bits  0 Open, 1 Data, 2 Window, 3 Reset
//	flags    8 bits  1 on Data: the end of the stream in this direction
//	stream  32 bits  odd if the client opened it, even if the server did
//
// # Limitations
//
// There is no ping, no farewell (GOAWAY), no priority and no window for the
// connection as a whole; both ends must have been given the same Options.
package multiplexing

import (
	"context"
	"errors"
	"net"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// Options are what the two ends of a session must agree on.
type Options struct {
	// Window is how many octets may be sent on a stream, in each direction,
	// before the first Window frame; 0 means DefaultWindow.
	Window int
	// MaxStreams is how many of the streams that one end has opened may be
	// open at a time; 0 means DefaultMaxStreams.
	MaxStreams int
}

// A Session is one end of a connection that carries streams. Its methods may
// be called concurrently.
type Session struct {
	conn net.Conn
	// TODO: who reads from conn, and who may write to it, and when?
}

// Client returns the client's end of a session over c, which it takes over. A
// nil o means the zero Options.
func Client(c net.Conn, o *Options) *Session {
	// TODO
	return &Session{conn: c}
}

// Server returns the server's end of a session over c; see [Client].
func Server(c net.Conn, o *Options) *Session {
	// TODO
	return &Session{conn: c}
}

// Open opens a stream. It does not wait for the peer, except that while
// MaxStreams of this end's streams are open it waits until one is not, or for
// ctx.
func (s *Session) Open(ctx context.Context) (*Stream, error) {
	// TODO
	return nil, ErrTODO
}

// Accept returns the next stream that the peer has opened, or waits for one.
func (s *Session) Accept() (*Stream, error) {
	// TODO
	return nil, ErrTODO
}

// Close ends the session with all its streams and closes the connection. It
// returns nil, any number of times, once the session's goroutines are gone.
func (s *Session) Close() error {
	// TODO: end what waits
	s.conn.Close()
	return ErrTODO
}
