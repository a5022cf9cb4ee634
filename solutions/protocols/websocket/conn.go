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
	"bufio"
	"cmp"
	"crypto/rand"
	"net"
	"sync"
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
	nc          net.Conn
	br          *bufio.Reader
	client      bool
	options     Options
	subprotocol string

	// reading is held by whoever reads frames: Read, or Close when it waits
	// for the peer's Close frame. A channel rather than a mutex, because it is
	// held for as long as the peer likes.
	reading    chan struct{}
	peerClosed bool // a Close frame came

	writing   sync.Mutex // held for the length of a frame
	buf       []byte     // the frame that is being written
	keys      *bufio.Reader
	closeSent bool

	mu     sync.Mutex
	pinged uint64        // Ping frames sent
	pings  []ping        // unanswered, in the order in which they were sent
	ended  *CloseError   // how, if it has
	done   chan struct{} // closed when it has
}

// NewConn returns the connection whose opening handshake has been done on nc,
// as seen by the client or by the server. It takes nc over.
func NewConn(nc net.Conn, client bool, o *Options) *Conn {
	return newConn(nc, bufio.NewReader(nc), client, o)
}

// newConn reads from br, which may hold octets that came with the handshake.
func newConn(nc net.Conn, br *bufio.Reader, client bool, o *Options) *Conn {
	c := &Conn{nc: nc, br: br, client: client, reading: make(chan struct{}, 1), done: make(chan struct{})}
	if o != nil {
		c.options = *o
	}
	c.options.MaxMessage = cmp.Or(c.options.MaxMessage, 1<<20)
	c.options.CloseTimeout = cmp.Or(c.options.CloseTimeout, 5*time.Second)
	if client {
		c.keys = bufio.NewReaderSize(rand.Reader, 256)
	}
	return c
}

// Subprotocol returns the subprotocol that the two ends agreed on, or "".
func (c *Conn) Subprotocol() string { return c.subprotocol }
