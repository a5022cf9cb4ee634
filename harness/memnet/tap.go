package memnet

import (
	"net/netip"
	"time"
)

// EventKind says what happened.
type EventKind int

// The kinds of events.
const (
	Opened    EventKind = iota // a stream was dialled
	Sent                       // octets were written to a stream
	Finished                   // a stream's sender will send no more
	Reset                      // a stream was reset
	Delivered                  // a datagram was sent
)

// An Event is something that a host put on the wire.
type Event struct {
	Kind     EventKind
	At       time.Duration // since the network was made
	Arrives  time.Duration // when the receiver can have it
	Stream   int           // from 1; 0 for a datagram
	From, To netip.AddrPort
	FromName string // host names
	ToName   string
	Bytes    []byte // must not be changed or kept
	Lost     bool   // a datagram; of a stream a segment, which was sent again and arrives late
}

// Tap has f called with every event from now on, in order and under the
// network's lock: f must not call the network.
func (n *Network) Tap(f func(Event)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.taps = append(n.taps, f)
}

func (n *Network) event(e Event) {
	if len(n.taps) == 0 {
		return
	}
	e.At = time.Since(n.start)
	e.FromName, e.ToName = n.names[e.From.Addr()], n.names[e.To.Addr()]
	for _, f := range n.taps {
		f(e)
	}
}
