package loadbalancing

import (
	"context"
	"net"
)

// An L4 gives each connection to one backend, chosen by the client's address,
// and forwards octets both ways without reading them. Its methods may be
// called concurrently.
type L4 struct {
	// Dial connects to a backend. It must heed ctx.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// Backends are the addresses to choose from.
	Backends []string
	// SendProxy begins each connection to a backend with a PROXY header of
	// version 2.
	SendProxy bool
	// TrustProxy demands a PROXY header of every client, and believes it.
	TrustProxy bool

	// TODO
}

// Serve forwards the connections that l accepts until l fails. Then it closes
// those under way and returns l's error when nothing of it is left. Without
// backends, or with one twice, it returns NewTable's error at once.
func (b *L4) Serve(l net.Listener) error {
	// TODO
	return ErrTODO
}

// Drain takes addr out of the rotation for new connections and waits until
// those under way there have ended. If ctx ends first, it returns ctx's error,
// and addr stays out.
func (b *L4) Drain(ctx context.Context, addr string) error {
	// TODO
	return ErrTODO
}
