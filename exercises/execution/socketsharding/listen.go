// Package socketsharding serves one TCP or UDP port with several sockets, each
// with a queue of its own, and hands them to the next process without losing
// what is queued.
//
//	port ─ hash ┬ socket 0 ─ queue ─ Accept ─ handle(0, c)
//	            ├ socket 1 ─ queue ─ Accept ─ handle(1, c)
//	            └ socket 2 ─ queue ─ Accept ─ handle(2, c)
//
// The kernel chooses the socket by a hash of the connection's four-tuple
// (socket(7), SO_REUSEPORT). From then on the connection waits in the queue of
// that socket and of no other: when the last descriptor of the socket is
// closed, what is queued there is reset.
package socketsharding

import (
	"context"
	"errors"
	"net"
	"syscall"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Config says how sockets come to share a port. Its zero value makes one
// socket that others can join.
type Config struct {
	// Shards is the number of sockets. Less than 1 counts as 1; for Inherit,
	// as the number of files.
	Shards int
	// Control makes a socket share its port. It is called for each socket
	// before that is bound, as net.ListenConfig.Control. Nil means ReusePort.
	Control func(network, address string, c syscall.RawConn) error
}

// Listen returns shards that listen on the TCP address addr, all on the same
// port; with port 0 the kernel chooses it. On an error, which is
// ErrUnsupported, ErrInUse or another, nothing is left open.
func (c Config) Listen(ctx context.Context, addr string) (*Shards, error) {
	// TODO
	return &Shards{}, ErrTODO
}

// ListenPacket returns sockets that receive at the UDP address addr, all on
// the same port, and otherwise does as Listen. Each of them is a *net.UDPConn
// and the caller's to close.
func (c Config) ListenPacket(ctx context.Context, addr string) ([]net.PacketConn, error) {
	// TODO
	return nil, ErrTODO
}
