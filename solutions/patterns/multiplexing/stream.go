package multiplexing

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
)

// A Stream is a net.Conn: one of the conversations of a session. Its methods
// may be called concurrently.
type Stream struct {
	s  *Session
	id uint32

	deadlines            // SetDeadline, SetReadDeadline, SetWriteDeadline
	writing   sync.Mutex // a Write is one piece of the stream

	// Guarded by the session's lock.
	accepted   bool         // by Accept, or opened here
	received   bytes.Buffer // octets that nobody has read
	mayReceive int          // what is left of the window that the peer knows of
	taken      int          // read, and not given back to the peer yet
	maySend    int          // what is left of the window that the peer has given
	closed     bool         // by Close or Reset
	weEnded    bool         // we have sent End
	peerEnded  bool         // the peer has sent End
	isReset    bool         // by either end
	broken     error        // why, if it was not by a call here
	readable   signal
	writable   signal
}

// ended reports whether no further frame matters. The lock is held.
func (st *Stream) ended() bool { return st.isReset || st.weEnded && st.peerEnded }

// changed wakes all that wait for the stream. The lock is held.
func (st *Stream) changed() {
	st.readable.fire()
	st.writable.fire()
	st.s.settle(st)
}

// Read reads octets that the peer has written. After the last of them it
// returns io.EOF, if the peer has ended its direction.
func (st *Stream) Read(p []byte) (int, error) {
	n, back, err := st.take(p)
	if back > 0 {
		st.s.transmit(nil, func(b []byte) []byte {
			if st.ended() || st.peerEnded {
				return b
			}
			return AppendNumber(b, TypeWindow, st.id, uint32(back))
		})
	}
	return n, err
}

// take returns how many octets it has put into p and how many of the window
// are to be given back.
func (st *Stream) take(p []byte) (n, back int, err error) {
	st.s.mu.Lock()
	defer st.s.mu.Unlock()
	if !st.readBy.past() && len(p) > 0 {
		st.s.await(&st.readable, st.readBy.done(), func() bool {
			return st.received.Len() > 0 || st.peerEnded || st.broken != nil || st.closed
		})
	}
	switch {
	case st.closed:
		return 0, 0, net.ErrClosed
	case st.readBy.past():
		return 0, 0, ErrTimeout
	case st.received.Len() > 0:
		n, _ := st.received.Read(p)
		return n, st.giveBack(n), nil
	case st.peerEnded: // RFC 9113 §8.1: a Reset after the end takes nothing back
		return 0, 0, io.EOF
	case st.broken != nil:
		return 0, 0, st.broken
	case st.s.err != nil:
		return 0, 0, st.s.err
	case len(p) == 0:
		return 0, 0, nil
	}
	return 0, 0, ErrTimeout // the deadline came, and has been moved since
}

// giveBack counts what was read. It collects half a window before the peer
// hears of it: a frame for every Read would be most of what is sent.
func (st *Stream) giveBack(n int) int {
	st.taken += n
	if 2*st.taken < st.s.window {
		return 0
	}
	back := st.taken
	st.mayReceive += back
	st.taken = 0
	return back
}

// Write sends p. It waits where the window is used up, and returns how much
// it has given to the connection.
func (st *Stream) Write(p []byte) (n int, err error) {
	st.writing.Lock()
	defer st.writing.Unlock()
	for n < len(p) && err == nil {
		var m int
		m, err = st.writeSome(p[n:])
		n += m
	}
	return n, err
}

// writeSome sends one frame, as long as the window and the format let it be.
func (st *Stream) writeSome(p []byte) (n int, err error) {
	st.s.mu.Lock()
	if !st.writeBy.past() {
		st.s.await(&st.writable, st.writeBy.done(), func() bool { return st.maySend > 0 || st.writeError() != nil })
	}
	st.s.mu.Unlock()
	broken := st.s.transmit(st.writeBy.done(), func(b []byte) []byte {
		if err = st.writeError(); err != nil {
			return b
		}
		n = min(len(p), st.maySend, MaxPayload)
		st.maySend -= n
		return AppendFrame(b, TypeData, 0, st.id, p[:n])
	})
	switch {
	case err != nil:
		return 0, err
	case broken != nil:
		return 0, broken
	case n == 0:
		return 0, ErrTimeout
	}
	return n, nil
}

// writeError returns why nothing more can be written. The lock is held.
func (st *Stream) writeError() error {
	switch {
	case st.closed:
		return net.ErrClosed
	case st.broken != nil:
		return st.broken
	case st.weEnded:
		return net.ErrClosed
	case st.s.err != nil:
		return st.s.err
	case st.writeBy.past():
		return ErrTimeout
	}
	return nil
}

// CloseWrite ends this end's direction: the peer reads io.EOF after what was
// written. Reading goes on.
func (st *Stream) CloseWrite() error {
	return st.s.transmit(nil, st.finish)
}

// finish appends the end of this direction, once.
func (st *Stream) finish(b []byte) []byte {
	if st.weEnded || st.isReset {
		return b
	}
	st.weEnded = true
	st.changed()
	return AppendFrame(b, TypeData, FlagEnd, st.id, nil)
}

// Close ends both directions: the peer reads io.EOF after what was written,
// and its writes fail.
func (st *Stream) Close() error {
	return st.leave(func(b []byte) []byte {
		b = st.finish(b)
		if st.ended() {
			return b
		}
		return st.abort(b, CodeNone) // else the peer might write and wait for ever
	})
}

// Reset ends both directions at once, with a code for the peer.
func (st *Stream) Reset(code uint32) error {
	return st.leave(func(b []byte) []byte {
		if st.ended() {
			return b
		}
		return st.abort(b, code)
	})
}

// leave ends all calls on the stream, then sends what step appends.
func (st *Stream) leave(step func(b []byte) []byte) error {
	st.s.mu.Lock()
	was := st.closed
	st.closed = true
	st.received.Reset()
	st.changed()
	st.s.mu.Unlock()
	if was {
		return net.ErrClosed
	}
	st.s.transmit(nil, step)
	return nil
}

// abort appends a Reset. The lock is held.
func (st *Stream) abort(b []byte, code uint32) []byte {
	st.isReset = true
	st.changed()
	return AppendNumber(b, TypeReset, st.id, code)
}

// fail resets a stream on which the peer has broken a rule; the session goes
// on. The lock is held.
func (st *Stream) fail(code uint32) error {
	st.broken = fmt.Errorf("%w: stream reset with code %d", ErrProtocol, code)
	return st.s.reply(st.abort(nil, code))
}

// receiveData takes the payload of a Data frame. The lock is held.
func (st *Stream) receiveData(p []byte, end bool) error {
	switch {
	case st.peerEnded: // RFC 9113 §5.1, half-closed (remote)
		return st.fail(CodeClosed)
	case len(p) > st.mayReceive: // RFC 9113 §6.9.1
		return st.fail(CodeFlowControl)
	}
	st.mayReceive -= len(p)
	st.peerEnded = end
	if !st.closed {
		st.received.Write(p)
	}
	st.changed()
	return nil
}

// receiveWindow takes the number of a Window frame. The lock is held.
func (st *Stream) receiveWindow(n int) error {
	switch {
	case n == 0: // RFC 9113 §6.9
		return st.fail(CodeProtocol)
	case st.maySend+n > MaxWindow: // RFC 9113 §6.9.1
		return st.fail(CodeFlowControl)
	}
	st.maySend += n
	st.changed()
	return nil
}

// receiveReset takes the code of a Reset frame. The lock is held.
func (st *Stream) receiveReset(code uint32) {
	st.isReset, st.broken = true, &ResetError{code}
	st.changed()
}

// LocalAddr returns the address of this end of the connection.
func (st *Stream) LocalAddr() net.Addr { return st.s.conn.LocalAddr() }

// RemoteAddr returns the address of the peer's end of the connection.
func (st *Stream) RemoteAddr() net.Addr { return st.s.conn.RemoteAddr() }
