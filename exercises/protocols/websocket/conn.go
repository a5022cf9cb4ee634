// Package websocket is RFC 6455 without extensions: the opening handshake of
// both roles, and messages over the connection that is left when HTTP is done.
//
// A frame is
//
//	FIN       1 bit   last frame of its message
//	RSV1-3    3 bits  0
//	opcode    4 bits  continuation, text, binary; close, ping, pong
//	MASK      1 bit   set by the client, never by the server
//	length    7 bits, 7+16 bits or 7+64 bits, whichever is the shortest
//	key       32 bits, only where MASK is set
//	payload   length octets, XORed with the key where MASK is set
//
// and follows RFC 6455 §5 (frames), §7 (closing) and §8.1 (UTF-8).
//
// # Limitations
//
// No extensions, so no compression. A message is held in memory as a whole;
// [Options] bounds it.
package websocket

import (
	"net"
	"time"
)

// Options are what the two ends of a connection may choose. The zero value
// and a nil pointer mean the defaults.
type Options struct {
	// MaxMessage is the most octets that a received message may have, all
	// its fragments together. 0 is 1 MiB.
	MaxMessage int
	// CloseTimeout is how long the closing handshake may take. 0 is 5 s.
	CloseTimeout time.Duration
	// Subprotocols are what this end speaks, best first. Dial offers them,
	// Accept takes the first of the client's offers that is among them.
	Subprotocols []string
	// AllowOrigin decides about requests from web pages of other hosts; nil
	// refuses them. Only Accept asks it.
	AllowOrigin func(origin string) bool
}

// A Conn is one end of an established WebSocket connection.
//
// One goroutine at a time may call Read. The other methods may be called by
// any number of goroutines, also while a Read is under way.
type Conn struct {
	// TODO: what a connection has to remember.
}

// NewConn returns the connection whose opening handshake has been done on nc,
// as seen by the client or by the server. It takes nc over.
func NewConn(nc net.Conn, client bool, o *Options) *Conn {
	// TODO: keep these, with the defaults in place of zeros.
	return &Conn{}
}

// Subprotocol returns the subprotocol that the two ends agreed on, or "".
func (c *Conn) Subprotocol() string {
	// TODO: what the handshake has agreed on.
	return ""
}
