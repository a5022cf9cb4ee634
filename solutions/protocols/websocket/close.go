package websocket

import (
	"encoding/binary"
	"errors"
	"io"
	"time"
	"unicode/utf8"
)

// Close sends a Close frame, waits for the peer's and closes the network
// connection. Messages that arrive meanwhile are dropped. It takes at most
// Options.CloseTimeout and returns nil if the peer's Close frame came, else
// the *CloseError that Read returns too.
//
// A code that may not be sent, a reason of more than 123 octets and one that
// is not UTF-8 are ErrInvalid.
func (c *Conn) Close(code uint16, reason string) error {
	if !onWire(code) || len(reason) > maxControl-2 || !utf8.ValidString(reason) {
		return ErrInvalid
	}
	deadline := time.Now().Add(c.options.CloseTimeout)
	c.nc.SetWriteDeadline(deadline) // frees a Write that is stuck and holds the lock
	if !c.sendClose(code, reason) {
		return ErrClosed
	}
	c.nc.SetReadDeadline(deadline) // also of a Read that is under way
	c.reading <- struct{}{}
	defer func() { <-c.reading }()
	for {
		if _, _, err := c.readMessage(); err != nil {
			err = c.end(err)
			if c.peerClosed {
				return nil
			}
			return err
		}
	}
}

// onWire reports whether a Close frame may carry code: those of RFC 6455
// §7.4.1 and the registry that grew from it, and those of §7.4.2 for libraries
// and applications.
func onWire(code uint16) bool {
	switch code {
	case 1004, CloseNoStatus, CloseAbnormal:
		return false
	}
	return 1000 <= code && code <= 1014 || 3000 <= code && code <= 4999
}

// sendClose sends a Close frame unless one was sent before, and reports
// whether this is the first.
func (c *Conn) sendClose(code uint16, reason string) bool {
	var body []byte
	if code != CloseNoStatus {
		body = append(binary.BigEndian.AppendUint16(nil, code), reason...)
	}
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closeSent {
		return false
	}
	c.closeSent = true
	c.transmit(OpClose, body) // an error changes nothing: the connection is at its end
	return true
}

// end does what is left to do for a connection that err has ended, and
// returns how it ended. The caller holds reading.
func (c *Conn) end(err error) error {
	if e := c.hasEnded(); e != nil {
		return e
	}
	e := &CloseError{Code: CloseAbnormal} // §7.1.5: no Close frame came
	lost := !errors.As(err, &e)
	c.nc.SetWriteDeadline(time.Now().Add(c.options.CloseTimeout)) // as in Close
	switch {
	case lost:
		e.Local = c.stopWriting()
	case c.peerClosed: // §5.5.1: the code goes back
		e.Local = !c.sendClose(e.Code, "")
		c.awaitEnd(e.Local)
	default: // §7.1.7: this end fails the connection
		c.sendClose(e.Code, e.Reason)
	}
	c.nc.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = e
	close(c.done)
	return e
}

// stopWriting has everything that writes return ErrClosed, and reports
// whether this end had sent a Close frame.
func (c *Conn) stopWriting() bool {
	c.writing.Lock()
	defer c.writing.Unlock()
	sent := c.closeSent
	c.closeSent = true
	return sent
}

// awaitEnd leaves it to the server to close TCP first, so that the server and
// not the client keeps the port in TIME_WAIT. RFC 6455 §7.1.1
func (c *Conn) awaitEnd(deadlineSet bool) {
	if !c.client {
		return
	}
	if !deadlineSet {
		c.nc.SetReadDeadline(time.Now().Add(c.options.CloseTimeout))
	}
	io.Copy(io.Discard, c.br)
}

// hasEnded returns how the connection ended, or nil.
func (c *Conn) hasEnded() *CloseError {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}
