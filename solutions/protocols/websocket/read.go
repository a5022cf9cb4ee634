package websocket

import (
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"
)

// Read returns the next message and whether it is text or binary. Until one
// is complete it answers pings and takes pongs.
//
// It ends with a *CloseError, which says how the connection ended, and
// returns the same from then on. By then the network connection is closed.
func (c *Conn) Read() (Opcode, []byte, error) {
	c.reading <- struct{}{}
	defer func() { <-c.reading }()
	op, p, err := c.readMessage()
	if err != nil {
		return 0, nil, c.end(err)
	}
	return op, p, nil
}

// readMessage reads frames until a message is complete or the connection is
// at its end.
func (c *Conn) readMessage() (Opcode, []byte, error) {
	if e := c.hasEnded(); e != nil {
		return 0, nil, e
	}
	var op Opcode // of the message's first frame; OpContinuation: none came yet
	var p []byte
	for {
		h, err := c.readHeader()
		if err != nil {
			return 0, nil, err
		}
		if h.opcode.control() { // §5.4: also between the fragments of a message
			if err := c.control(h); err != nil {
				return 0, nil, err
			}
			continue
		}
		if op, err = inMessage(op, h.opcode); err != nil {
			return 0, nil, err
		}
		if h.length > uint64(c.options.MaxMessage-len(p)) {
			return 0, nil, violation(CloseTooBig, "more than %d octets", c.options.MaxMessage)
		}
		if p, err = c.appendPayload(p, h); err != nil {
			return 0, nil, err
		}
		if !h.fin {
			continue
		}
		// §8.1. A fragment may end within a character (§5.6), so only the
		// message as a whole can be judged.
		if op == OpText && !utf8.Valid(p) {
			return 0, nil, violation(CloseInvalidPayload, "text is not UTF-8")
		}
		return op, p, nil
	}
}

// inMessage returns the type of the message that a data frame belongs to,
// given that of the message under way. RFC 6455 §5.4
func inMessage(message, frame Opcode) (Opcode, error) {
	switch {
	case message == OpContinuation && frame == OpContinuation:
		return 0, violation(CloseProtocolError, "continuation of nothing")
	case message != OpContinuation && frame != OpContinuation:
		return 0, violation(CloseProtocolError, "message within a message")
	case message == OpContinuation:
		return frame, nil
	}
	return message, nil
}

// step is how much memory is taken before the octets for it have come.
const step = 64 << 10

// appendPayload appends the unmasked payload of h's frame to p. Memory grows
// with what arrives, not with what was announced.
func (c *Conn) appendPayload(p []byte, h header) ([]byte, error) {
	start := len(p)
	for rest := int(h.length); rest > 0; {
		n := min(rest, step)
		p = slices.Grow(p, n)[:len(p)+n]
		if _, err := io.ReadFull(c.br, p[len(p)-n:]); err != nil {
			return nil, err
		}
		rest -= n
	}
	if h.masked {
		xor(p[start:], h.key)
	}
	return p, nil
}

// control handles a control frame; that of a Close is to return an error.
func (c *Conn) control(h header) error {
	p, err := c.take(int(h.length))
	if err != nil {
		return err
	}
	if h.masked {
		xor(p, h.key)
	}
	switch h.opcode {
	case OpPing: // §5.5.2, §5.5.3
		// An error shows up where it matters, when the next frame is read.
		c.writeFrame(OpPong, p)
		return nil
	case OpPong:
		c.answered(p)
		return nil
	default:
		e := parseClose(p)
		c.peerClosed = !e.Local
		return e
	}
}

// parseClose returns the body of a Close frame as the way in which the
// connection ends. RFC 6455 §5.5.1
func parseClose(p []byte) *CloseError {
	switch len(p) {
	case 0:
		return &CloseError{Code: CloseNoStatus} // §7.1.5
	case 1:
		return violation(CloseProtocolError, "close code of one octet")
	}
	code, reason := binary.BigEndian.Uint16(p), string(p[2:])
	switch {
	case !onWire(code):
		return violation(CloseProtocolError, "close code %d", code)
	case !utf8.ValidString(reason):
		return violation(CloseInvalidPayload, "close reason is not UTF-8")
	}
	return &CloseError{Code: code, Reason: reason}
}
