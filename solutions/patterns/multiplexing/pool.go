package multiplexing

import (
	"cmp"
	"context"
	"errors"
	"net"
	"slices"
	"sync"
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

	mu      sync.Mutex
	count   int // of the connections that Max bounds
	idle    []*rest
	waiters []chan net.Conn // of Gets, first come first; capacity 1
	closed  bool
	resting sync.WaitGroup
}

// A Conn is a connection in the hands of a user, who gives it back with Put.
type Conn struct {
	net.Conn
	pool *Pool
	put  bool // guarded by the pool's lock
}

// Get returns an idle connection if there is one, else a new one if there are
// fewer than Max, else the first that comes free: those who wait are served in
// the order in which they came. It ends with ctx.
func (p *Pool) Get(ctx context.Context) (*Conn, error) {
	for {
		nc, resting, err := p.claim(ctx)
		if err != nil {
			return nil, err
		}
		if resting != nil {
			if !resting.stop() {
				p.release()
				continue // the peer has closed it, or spoken out of turn
			}
			nc = resting.conn
		}
		if nc == nil {
			if nc, err = p.Dial(ctx); err != nil {
				p.release()
				return nil, err
			}
		}
		return &Conn{Conn: nc, pool: p}, nil
	}
}

// claim returns a connection, a resting one, or neither: the right to dial.
func (p *Pool) claim(ctx context.Context) (net.Conn, *rest, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch n := len(p.idle); {
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	case p.closed:
		return nil, nil, net.ErrClosed
	case n > 0:
		r := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return nil, r, nil
	case p.count < cmp.Or(p.Max, DefaultMaxConns):
		p.count++
		return nil, nil, nil
	}
	turn := make(chan net.Conn, 1)
	p.waiters = append(p.waiters, turn)
	p.mu.Unlock()
	nc, given, err := wait(ctx, turn)
	p.mu.Lock()
	if err == nil {
		if !given { // the pool was closed
			return nil, nil, net.ErrClosed
		}
		return nc, nil, nil
	}
	if i := slices.Index(p.waiters, turn); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
		return nil, nil, err
	}
	if nc, given := <-turn; given { // it came at the last moment: not for us
		p.pass(nc)
	}
	return nil, nil, err
}

func wait(ctx context.Context, turn chan net.Conn) (net.Conn, bool, error) {
	select {
	case nc, given := <-turn:
		return nc, given, nil
	case <-ctx.Done():
		return nil, false, ctx.Err()
	}
}

// pass gives a connection, or with nil the right to dial one, to the first
// who waits, or keeps it. The lock is held.
func (p *Pool) pass(nc net.Conn) {
	switch {
	case len(p.waiters) > 0:
		p.waiters[0] <- nc
		p.waiters = p.waiters[1:]
	case nc == nil:
		p.count--
	case p.closed:
		nc.Close()
		p.count--
	default:
		p.idle = append(p.idle, p.rest(nc))
	}
}

// release gives up the right to a connection.
func (p *Pool) release() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pass(nil)
}

// Put gives the connection back. With a nil err it may be used again, with any
// other it is closed. Further calls do nothing.
func (c *Conn) Put(err error) {
	p := c.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.put {
		return
	}
	c.put = true
	if err != nil || c.SetDeadline(time.Time{}) != nil {
		c.Conn.Close() // before another is dialled: Max is what the peer sees
		p.pass(nil)
		return
	}
	p.pass(c.Conn)
}

// Close closes the idle connections, and those in use when they come back.
// Gets that wait, and later ones, return net.ErrClosed. It returns nil, any
// number of times.
func (p *Pool) Close() error {
	p.mu.Lock()
	p.closed = true
	for _, turn := range p.waiters {
		close(turn)
	}
	p.waiters = nil
	idle := p.idle
	p.idle = nil
	p.count -= len(idle)
	p.mu.Unlock()
	for _, r := range idle {
		r.conn.Close()
	}
	p.resting.Wait()
	return nil
}

// A rest is an idle connection with somebody who listens to it. Between two
// users a sound connection is silent.
type rest struct {
	conn  net.Conn
	over  chan struct{} // closed when nobody listens any more
	sound bool          // it was silent to the end; valid when over
}

// rest lets a connection rest. The lock is held.
func (p *Pool) rest(nc net.Conn) *rest {
	r := &rest{conn: nc, over: make(chan struct{})}
	if p.Idle > 0 {
		nc.SetReadDeadline(time.Now().Add(p.Idle))
	}
	p.resting.Go(func() {
		n, err := nc.Read(make([]byte, 1))
		var timeout net.Error
		r.sound = n == 0 && errors.As(err, &timeout) && timeout.Timeout()
		close(r.over)
		p.wake(r)
	})
	return r
}

// wake closes a connection that nobody has taken: it has rested for too long,
// or was not sound.
func (p *Pool) wake(r *rest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.idle, r); i >= 0 {
		p.idle = slices.Delete(p.idle, i, i+1)
		r.conn.Close()
		p.pass(nil)
	}
}

// stop ends the rest and reports whether the connection can be used. One that
// cannot is closed.
func (r *rest) stop() bool {
	r.conn.SetReadDeadline(time.Unix(1, 0))
	<-r.over
	if !r.sound || r.conn.SetReadDeadline(time.Time{}) != nil {
		r.conn.Close()
		return false
	}
	return true
}
