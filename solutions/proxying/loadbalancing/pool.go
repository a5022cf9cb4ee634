// Package loadbalancing spreads work over backends at layer 4, where the unit
// is a connection, and at layer 7, where it is a request.
//
// An [L4] reads no octet of what it forwards. All that it knows of a client is
// its address, which a [Table] turns into a backend (Maglev, NSDI'16 §3.4) and
// a PROXY header hands on:
//
//	v1  "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"
//	v2  signature 12 octets | version 4 bits, command 4 bits |
//	    family 4 bits, protocol 4 bits | length 16 bits |
//	    source, destination (4 or 16 octets each) | ports 16 bits each | TLVs
//
// An [L7] reads requests, so it can give each to the backend that has the
// least to do, see which backends fail, and try again where that is safe.
//
// # Limitations
//
// Backends have equal weights. Health is learnt from the traffic alone. TLVs
// are skipped, and so are the addresses of UDP and UNIX sockets.
package loadbalancing

import (
	"context"
	"slices"
	"sync"
	"time"
)

// A pool is what a balancer knows about its backends.
type pool struct {
	mu      sync.Mutex // guards the members too
	members []*member
	next    int // where L7 begins to look
}

// A member is one backend.
type member struct {
	addr    string
	active  int // connections or requests under way
	drained bool
	empty   chan struct{} // closed once it is drained and nothing is under way

	failures int       // in a row
	ejected  time.Time // until when
}

func newPool(addrs []string) *pool {
	p := &pool{}
	for _, addr := range addrs {
		p.members = append(p.members, &member{addr: addr, empty: make(chan struct{})})
	}
	return p
}

// release ends what was under way at m.
func (p *pool) release(m *member) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m.active--
	m.settle()
}

// settle closes m.empty when that is due, which is once: a drained member
// gets nothing new.
func (m *member) settle() {
	if m.drained && m.active == 0 {
		close(m.empty)
	}
}

// drain takes addr out of the rotation and waits until nothing is under way
// there.
func (p *pool) drain(ctx context.Context, addr string) error {
	p.mu.Lock()
	i := slices.IndexFunc(p.members, func(m *member) bool { return m.addr == addr })
	if i < 0 {
		p.mu.Unlock()
		return ErrUnknownBackend
	}
	m := p.members[i]
	if !m.drained {
		m.drained = true
		m.settle()
	}
	p.mu.Unlock()
	select {
	case <-m.empty:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
