package memnet

import (
	"cmp"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"
)

// A conn is one end of a stream.
type conn struct {
	n             *Network
	stream        int
	local, remote netip.AddrPort
	peer          *conn
	out           *lane // from here to the peer

	mail          // guards what follows; the peer's lock is never held with it
	queue         []segment
	unread        int       // octets queued, arrived or not
	credit        []segment // freed window on its way back to the peer (sizes only)
	last          time.Time // arrival of the newest segment: a stream keeps order
	hungUp        time.Time // arrival of a reset; zero: none
	writeDeadline time.Time
	finished      bool // CloseWrite or Close was called
	linger        bool // false: Close resets

	// guarded by the network's lock
	inFlight bool // the last to send was this end
}

// A segment is octets and their arrival; nil octets are the end of the stream.
type segment struct {
	b   []byte
	due time.Time
}

// pair makes a stream. The network's lock is held.
func (n *Network) pair(from, to netip.AddrPort) (*conn, *conn) {
	n.stream++
	a := &conn{n: n, stream: n.stream, local: from, remote: to, mail: newMail(), linger: true, out: n.lane(from.Addr(), to.Addr())}
	b := &conn{n: n, stream: n.stream, local: to, remote: from, mail: newMail(), linger: true, out: n.lane(to.Addr(), from.Addr())}
	a.peer, b.peer = b, a
	n.conns = append(n.conns, a, b)
	return a, b
}

func (c *conn) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(c.local) }
func (c *conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(c.remote) }

func (c *conn) error(op string, err error) error {
	return opError(op, "tcp", c.LocalAddr(), c.RemoteAddr(), err)
}

// Read takes what has arrived, or waits for it.
func (c *conn) Read(p []byte) (int, error) {
	n, freed, err := c.read(p)
	if freed > 0 && c.n.link(c.peer.out).Window > 0 {
		c.peer.free(freed, time.Now().Add(c.n.link(c.out).Delay))
	}
	return n, err
}

func (c *conn) read(p []byte) (n, freed int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.closed:
			return 0, 0, c.error("read", net.ErrClosed)
		case past(c.deadline):
			return 0, 0, c.error("read", errDeadline)
		case c.isReset():
			return 0, 0, c.error("read", os.NewSyscallError("read", syscall.ECONNRESET))
		case len(p) == 0:
			return 0, 0, nil
		}
		if len(c.queue) > 0 && !time.Now().Before(c.queue[0].due) {
			if c.queue[0].b == nil {
				return 0, 0, io.EOF
			}
			n := c.take(p)
			return n, n, nil
		}
		until := c.hungUp
		if len(c.queue) > 0 && (until.IsZero() || c.queue[0].due.Before(until)) {
			until = c.queue[0].due
		}
		c.wait(until, c.deadline)
	}
}

// take copies what has arrived into p.
func (c *conn) take(p []byte) int {
	n, now := 0, time.Now()
	for n < len(p) && len(c.queue) > 0 && c.queue[0].b != nil && !now.Before(c.queue[0].due) {
		m := copy(p[n:], c.queue[0].b)
		n += m
		if c.queue[0].b = c.queue[0].b[m:]; len(c.queue[0].b) == 0 {
			c.queue = c.queue[1:]
		}
	}
	c.unread -= n
	return n
}

func (c *conn) isReset() bool { return !c.hungUp.IsZero() && !time.Now().Before(c.hungUp) }

// Write queues p at the peer, a window's worth at a time.
func (c *conn) Write(p []byte) (int, error) {
	if err := c.mayWrite(); err != nil {
		return 0, err
	}
	first, written := true, 0
	for first || written < len(p) {
		room, err := c.room(len(p) - written)
		if err != nil {
			return written, err
		}
		c.transmit(p[written:written+room], first)
		written += room
		first = false
	}
	return written, nil
}

func (c *conn) mayWrite() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return c.error("write", net.ErrClosed)
	case past(c.writeDeadline):
		return c.error("write", errDeadline)
	case c.finished:
		return c.error("write", os.NewSyscallError("write", syscall.EPIPE))
	case c.isReset():
		return c.error("write", os.NewSyscallError("write", syscall.ECONNRESET))
	}
	return nil
}

// room waits until the window has room and returns how much of want fits.
func (c *conn) room(want int) (int, error) {
	window := c.n.link(c.out).Window
	if window == 0 {
		return want, nil
	}
	for {
		c.mu.Lock()
		changed := c.changed
		c.mu.Unlock()
		if err := c.mayWrite(); err != nil {
			return 0, err
		}
		outstanding, next := c.outstanding()
		if outstanding < window {
			return min(want, window-outstanding), nil
		}
		c.mu.Lock()
		if c.changed == changed { // else there is news already, and none may come after it
			c.wait(next, c.writeDeadline)
		}
		c.mu.Unlock()
	}
}

// outstanding returns what of the peer's window is used up as far as this end
// can know, and when the next news of it comes.
func (c *conn) outstanding() (int, time.Time) {
	c.peer.mu.Lock()
	n := c.peer.unread
	c.peer.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	now := time.Now()
	for len(c.credit) > 0 && !now.Before(c.credit[0].due) {
		c.credit = c.credit[1:]
	}
	var next time.Time
	for i, s := range c.credit {
		n += len(s.b)
		if i == 0 {
			next = s.due
		}
	}
	return n, next
}

// free gives n octets of window back, at the instant at.
func (c *conn) free(n int, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.closed {
		c.credit = append(c.credit, segment{make([]byte, n), at})
		c.broadcast()
	}
}

// transmit puts p on the lane in segments.
func (c *conn) transmit(p []byte, first bool) {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	if first {
		c.out.counts.Writes++
		if !c.inFlight {
			c.out.counts.Flights++
		}
		c.inFlight, c.peer.inFlight = true, false
	}
	var due time.Time
	lost := false
	mtu := cmp.Or(c.out.link.MTU, defaultSegment)
	for b := p; len(b) > 0; b = b[min(mtu, len(b)):] {
		part := append([]byte(nil), b[:min(mtu, len(b))]...)
		c.out.counts.Segments++
		at, fate := c.n.send(c.out, c.local, c.remote, part, false)
		if fate.Lose {
			lost = true
			at = at.Add(Recovery + c.out.link.Delay + c.peer.out.link.Delay)
		}
		due = c.peer.deliver(segment{part, at})
	}
	if len(p) > 0 {
		c.n.event(Event{Kind: Sent, Stream: c.stream, From: c.local, To: c.remote, Bytes: p, Lost: lost, Arrives: due.Sub(c.n.start)})
	}
	if gone, at := c.peer.gone(due); gone {
		c.hangUp(at.Add(c.peer.out.link.Delay))
	}
}

// deliver queues s and returns when it will have arrived.
func (c *conn) deliver(s segment) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.due.Before(c.last) {
		s.due = c.last
	}
	c.last = s.due
	if c.closed {
		return s.due
	}
	c.queue = append(c.queue, s)
	c.unread += len(s.b)
	c.broadcast()
	return s.due
}

// gone reports whether this end is closed, in which case data arriving at the
// instant at is answered by a reset.
func (c *conn) gone(at time.Time) (bool, time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closed, at
}

// hangUp makes a reset arrive here at the instant at.
func (c *conn) hangUp(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.hungUp.IsZero() || at.Before(c.hungUp) {
		c.hungUp = at
	}
	c.broadcast()
}

// CloseWrite ends the stream in this direction; the other goes on.
func (c *conn) CloseWrite() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.error("close", net.ErrClosed)
	}
	was := c.finished
	c.finished = true
	c.broadcast()
	c.mu.Unlock()
	if !was {
		c.finish()
	}
	return nil
}

// finish sends the end of the stream.
func (c *conn) finish() {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	c.peer.deliver(segment{nil, time.Now().Add(c.out.link.Delay)})
	c.n.event(Event{Kind: Finished, Stream: c.stream, From: c.local, To: c.remote})
}

// Close ends the stream in both directions. What was written still arrives,
// unless SetLinger(0) was called: then the peer sees a reset.
func (c *conn) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return c.error("close", net.ErrClosed)
	}
	finished, polite := c.finished, c.linger
	c.closed, c.finished = true, true
	c.queue, c.unread = nil, 0
	c.broadcast()
	c.mu.Unlock()
	switch {
	case !polite:
		c.sendReset()
	case !finished:
		c.finish()
	}
	c.peer.wake()
	return nil
}

func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.broadcast()
}

func (c *conn) sendReset() {
	c.n.mu.Lock()
	defer c.n.mu.Unlock()
	c.peer.hangUp(time.Now().Add(c.out.link.Delay))
	c.n.event(Event{Kind: Reset, Stream: c.stream, From: c.local, To: c.remote})
}

// SetLinger with 0 makes Close reset the stream, as on a net.TCPConn.
func (c *conn) SetLinger(sec int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.linger = sec != 0
	return nil
}

// reset closes the stream with a reset.
func (c *conn) reset() {
	c.SetLinger(0)
	c.Close()
}

// ResetConn closes one end of a stream of this package with a reset.
func ResetConn(c net.Conn) { c.(*conn).reset() }

func (c *conn) isOpen() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.closed
}

func (c *conn) SetDeadline(t time.Time) error {
	c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *conn) SetReadDeadline(t time.Time) error { return c.setDeadline(&c.deadline, t) }

func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.writeDeadline, t) }

func (c *conn) setDeadline(which *time.Time, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return c.error("set", net.ErrClosed)
	}
	*which = t
	c.broadcast()
	return nil
}
