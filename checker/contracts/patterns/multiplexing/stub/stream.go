package multiplexing

import "net"

// A Stream is a net.Conn: one of the conversations of a session. Its methods
// may be called concurrently.
type Stream struct {
	s         *Session
	deadlines // SetDeadline, SetReadDeadline, SetWriteDeadline
	// TODO: what of it has come, what may be sent, and who has ended what?
}

// Read reads octets that the peer has written. After the last of them it
// returns io.EOF, if the peer has ended its direction.
func (st *Stream) Read(p []byte) (int, error) {
	// TODO
	return 0, ErrTODO
}

// Write sends p. It waits where the window is used up, and returns how much
// it has given to the connection.
func (st *Stream) Write(p []byte) (n int, err error) {
	// TODO
	return 0, ErrTODO
}

// CloseWrite ends this end's direction: the peer reads io.EOF after what was
// written. Reading goes on.
func (st *Stream) CloseWrite() error {
	// TODO
	return ErrTODO
}

// Close ends both directions: the peer reads io.EOF after what was written,
// and its writes fail.
func (st *Stream) Close() error {
	// TODO
	return ErrTODO
}

// Reset ends both directions at once, with a code for the peer.
func (st *Stream) Reset(code uint32) error {
	// TODO
	return ErrTODO
}

// LocalAddr returns the address of this end of the connection.
func (st *Stream) LocalAddr() net.Addr { return st.s.conn.LocalAddr() }

// RemoteAddr returns the address of the peer's end of the connection.
func (st *Stream) RemoteAddr() net.Addr { return st.s.conn.RemoteAddr() }
