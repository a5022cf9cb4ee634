package websocket

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"slices"
	"unicode/utf8"
)

// Write sends p as one message in one frame. op is OpText or OpBinary, and
// text must be UTF-8; else it returns ErrInvalid. It does not change or keep p.
func (c *Conn) Write(op Opcode, p []byte) error {
	if op != OpText && op != OpBinary || op == OpText && !utf8.Valid(p) {
		return ErrInvalid
	}
	return c.writeFrame(op, p)
}

// writeFrame sends one frame, unless a Close frame went before it.
func (c *Conn) writeFrame(op Opcode, p []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closeSent { // §5.5.1
		return ErrClosed
	}
	return c.transmit(op, p)
}

// maxKept bounds the memory that a connection keeps for its next frame.
const maxKept = 128 << 10

// transmit sends one frame with one write. The caller holds writing.
func (c *Conn) transmit(op Opcode, p []byte) error {
	b := appendHeader(c.buf[:0], op, c.client, len(p))
	if c.client {
		// §5.3: a fresh key for every frame, from a source that cannot be
		// guessed. It masks a copy: p is the caller's.
		var key [4]byte
		b = append(b, key[:]...)
		if _, err := io.ReadFull(c.keys, b[len(b)-4:]); err != nil {
			return err
		}
		copy(key[:], b[len(b)-4:])
		b = append(b, p...)
		xor(b[len(b)-len(p):], key)
	} else {
		b = append(b, p...)
	}
	if cap(b) <= maxKept {
		c.buf = b
	}
	if _, err := c.nc.Write(b); err != nil {
		return ErrClosed
	}
	return nil
}

// A ping is a Ping frame whose Pong has not come yet.
type ping struct {
	payload  []byte
	answered chan struct{}
}

// Ping sends a Ping frame and waits for its Pong, which is seen only while a
// Read is under way. It returns ctx's error if ctx ends first.
func (c *Conn) Ping(ctx context.Context) error {
	p, err := c.sendPing()
	if err != nil {
		return err
	}
	select {
	case <-p.answered:
		return nil
	case <-c.done:
		return ErrClosed
	case <-ctx.Done():
		c.forget(p)
		return ctx.Err()
	}
}

func (c *Conn) sendPing() (ping, error) {
	// Sent and noted under one lock: the list is in the order of the wire.
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closeSent {
		return ping{}, ErrClosed
	}
	c.mu.Lock()
	c.pinged++
	p := ping{binary.BigEndian.AppendUint64(nil, c.pinged), make(chan struct{})}
	c.pings = append(c.pings, p)
	c.mu.Unlock()
	return p, c.transmit(OpPing, p.payload)
}

func (c *Conn) forget(p ping) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pings = slices.DeleteFunc(c.pings, func(q ping) bool { return q.answered == p.answered })
}

// answered wakes the Ping that a Pong with this payload answers, and those
// before it, which the peer may leave unanswered. RFC 6455 §5.5.3
func (c *Conn) answered(payload []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := slices.IndexFunc(c.pings, func(p ping) bool { return bytes.Equal(p.payload, payload) })
	for _, p := range c.pings[:i+1] { // unsolicited: i is -1
		close(p.answered)
	}
	c.pings = c.pings[i+1:]
}
