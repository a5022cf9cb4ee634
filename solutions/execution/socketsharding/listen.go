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
	"fmt"
	"io"
	"net"
	"syscall"
)

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
	listeners, err := c.grow(ctx, nil, addr)
	if err != nil {
		return nil, err
	}
	return newShards(listeners), nil
}

// ListenPacket returns sockets that receive at the UDP address addr, all on
// the same port, and otherwise does as Listen. Each of them is a *net.UDPConn
// and the caller's to close.
func (c Config) ListenPacket(ctx context.Context, addr string) ([]net.PacketConn, error) {
	var conns []net.PacketConn
	for len(conns) < max(1, c.Shards) {
		conn, err := c.sharing().ListenPacket(ctx, "udp", addr)
		if err != nil {
			closeAll(conns)
			return nil, explain(err, len(conns))
		}
		conns = append(conns, conn)
		addr = conn.LocalAddr().String()
	}
	return conns, nil
}

// grow adds listeners until there are c.Shards. Each is bound to the address
// of the one before it: that has a port, and needs no name to be looked up. On
// an error it closes them all.
func (c Config) grow(ctx context.Context, listeners []*net.TCPListener, addr string) ([]*net.TCPListener, error) {
	for len(listeners) < max(1, c.Shards) {
		l, err := c.sharing().Listen(ctx, "tcp", addr)
		if err != nil {
			closeAll(listeners)
			return nil, explain(err, len(listeners))
		}
		listeners = append(listeners, l.(*net.TCPListener))
		addr = l.Addr().String()
	}
	return listeners, nil
}

// sharing returns what makes a socket that shares its port. The first and only
// one must share it too, or no other could ever join.
func (c Config) sharing() *net.ListenConfig {
	control := c.Control
	if control == nil {
		control = ReusePort
	}
	return &net.ListenConfig{Control: func(network, address string, rc syscall.RawConn) error {
		if err := control(network, address, rc); err != nil {
			return fmt.Errorf("%w: %w", ErrUnsupported, err)
		}
		return nil
	}}
}

// explain says who is in the way where an address is in use. The first socket
// meets somebody else's; each further one meets the first, which was to be
// shared and is not.
func explain(err error, have int) error {
	switch {
	case !errors.Is(err, syscall.EADDRINUSE):
		return err
	case have > 0:
		return fmt.Errorf("%w: %w", ErrUnsupported, err)
	}
	return fmt.Errorf("%w: %w", ErrInUse, err)
}

func closeAll[C io.Closer](list []C) {
	for _, c := range list {
		c.Close()
	}
}
