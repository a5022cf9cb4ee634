package memnet

import (
	"net"
	"net/netip"
	"time"
)

// A socket sends and receives datagrams.
type socket struct {
	n  *Network
	at netip.AddrPort
	mail
	queue         []datagram
	writeDeadline time.Time
}

type datagram struct {
	b    []byte
	from netip.AddrPort
	due  time.Time
}

func (s *socket) LocalAddr() net.Addr { return net.UDPAddrFromAddrPort(s.at) }

func (s *socket) error(op string, err error) error {
	return opError(op, "udp", s.LocalAddr(), nil, err)
}

// ReadFrom takes the next datagram that has arrived, or waits for it. What
// does not fit into p is lost, as in UDP.
func (s *socket) ReadFrom(p []byte) (int, net.Addr, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.closed:
			return 0, nil, s.error("read", net.ErrClosed)
		case past(s.deadline):
			return 0, nil, s.error("read", errDeadline)
		}
		var until time.Time
		if len(s.queue) > 0 {
			if until = s.queue[0].due; !time.Now().Before(until) {
				d := s.queue[0]
				s.queue = s.queue[1:]
				return copy(p, d.b), net.UDPAddrFromAddrPort(d.from), nil
			}
		}
		s.wait(until, s.deadline)
	}
}

// WriteTo sends a datagram; whether it arrives, nobody says.
func (s *socket) WriteTo(p []byte, to net.Addr) (int, error) {
	s.mu.Lock()
	closed, late := s.closed, past(s.writeDeadline)
	s.mu.Unlock()
	switch {
	case closed:
		return 0, s.error("write", net.ErrClosed)
	case late:
		return 0, s.error("write", errDeadline)
	}
	ap, err := netip.ParseAddrPort(to.String())
	if err != nil {
		return 0, s.error("write", err)
	}
	s.n.transmit(s.at, ap, append([]byte(nil), p...))
	return len(p), nil
}

func (n *Network) transmit(from, to netip.AddrPort, b []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.lane(from.Addr(), to.Addr())
	l.counts.Writes++
	l.counts.Datagrams++
	due, fate := n.send(l, from, to, b, true)
	n.event(Event{Kind: Delivered, From: from, To: to, Bytes: b, Lost: fate.Lose, Arrives: due.Sub(n.start)})
	there := n.sockets[to]
	if fate.Lose || there == nil {
		return
	}
	for range 1 + fate.Copies {
		there.put(datagram{b, from, due})
	}
}

// put queues d by arrival; of equal arrivals the first sent is the first.
func (s *socket) put(d datagram) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	i := len(s.queue)
	for i > 0 && d.due.Before(s.queue[i-1].due) {
		i--
	}
	s.queue = append(s.queue[:i], append([]datagram{d}, s.queue[i:]...)...)
	s.broadcast()
}

func (s *socket) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return s.error("close", net.ErrClosed)
	}
	s.closed = true
	s.broadcast()
	s.mu.Unlock()
	s.n.mu.Lock()
	defer s.n.mu.Unlock()
	delete(s.n.sockets, s.at)
	return nil
}

func (s *socket) SetDeadline(t time.Time) error {
	s.SetReadDeadline(t)
	return s.SetWriteDeadline(t)
}

func (s *socket) SetReadDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline = t
	s.broadcast()
	return nil
}

func (s *socket) SetWriteDeadline(t time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.writeDeadline = t
	return nil
}

// SetReadBuffer and SetWriteBuffer accept any size: quic-go asks for them.
func (s *socket) SetReadBuffer(int) error  { return nil }
func (s *socket) SetWriteBuffer(int) error { return nil }
