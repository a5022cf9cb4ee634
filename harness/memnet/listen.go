package memnet

import (
	"net"
	"net/netip"
	"time"
)

// A listener hands out streams once they have arrived.
type listener struct {
	n  *Network
	at netip.AddrPort
	mail
	queue []arrival
}

type arrival struct {
	c   *conn
	due time.Time
}

func (l *listener) put(c *conn, due time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	i := len(l.queue)
	for i > 0 && due.Before(l.queue[i-1].due) {
		i--
	}
	l.queue = append(l.queue[:i], append([]arrival{{c, due}}, l.queue[i:]...)...)
	l.broadcast()
}

// Accept waits for the next stream.
func (l *listener) Accept() (net.Conn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if l.closed {
			return nil, opError("accept", "tcp", nil, l.Addr(), net.ErrClosed)
		}
		var until time.Time
		if len(l.queue) > 0 {
			if until = l.queue[0].due; !time.Now().Before(until) {
				c := l.queue[0].c
				l.queue = l.queue[1:]
				return c, nil
			}
		}
		l.wait(until, time.Time{})
	}
}

// Close ends the listening; streams that nobody has accepted are reset.
func (l *listener) Close() error {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return opError("close", "tcp", nil, l.Addr(), net.ErrClosed)
	}
	l.closed = true
	queue := l.queue
	l.queue = nil
	l.broadcast()
	l.mu.Unlock()
	for _, a := range queue {
		a.c.reset()
	}
	l.n.mu.Lock()
	defer l.n.mu.Unlock()
	delete(l.n.listeners, l.at)
	return nil
}

func (l *listener) Addr() net.Addr { return net.TCPAddrFromAddrPort(l.at) }
