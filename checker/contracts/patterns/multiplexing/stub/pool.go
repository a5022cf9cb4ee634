package multiplexing

import (
	"context"
	"net"
	"time"
)

// A Pool hands out connections, each to one user at a time, and keeps those
// that come back for the next. Its methods may be called concurrently.
type Pool struct {
	// Dial makes a connection.
	Dial func(ctx context.Context) (net.Conn, error)
	// Max is how many connections there may be at a time, those in use, the
	// idle ones and those being dialled; 0 means DefaultMaxConns.
	Max int
	// Idle is after what time without use a connection is closed; 0 means
	// never.
	Idle time.Duration

	// TODO: what lies here, and who waits?
}

// A Conn is a connection in the hands of a user, who gives it back with Put.
type Conn struct {
	net.Conn
	// TODO
}

// Get returns an idle connection if there is one, else a new one if there are
// fewer than Max, else the first that comes free: those who wait are served in
// the order in which they came. It ends with ctx.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	// TODO
	return nil, ErrTODO
}

// Put gives the connection back. With a nil err it may be used again, with any
// other it is closed. Further calls do nothing.
func (c *Conn) Put(err error) {
	// TODO
}

// Close closes the idle connections, and those in use when they come back.
// Gets that wait, and later ones, return net.ErrClosed. It returns nil, any
// number of times.
func (p *Pool) Close() error {
	// TODO
	return ErrTODO
}
