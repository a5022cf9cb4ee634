package socketsharding

import (
	"context"
	"net"
)

// Shards are listening sockets at one port, numbered from 0. Their methods may
// be called concurrently.
type Shards struct {
	// TODO: what must be known of each socket, and of what is being served?
}

// Addr returns the address at which all shards listen.
func (s *Shards) Addr() net.Addr {
	// TODO
	return &net.TCPAddr{}
}

// Serve accepts on every shard and calls handle for each connection, in a
// goroutine of its own and with the number of the shard; when handle returns,
// the connection is closed. After Drain has been called Serve returns
// ErrDrained. It is called once.
func (s *Shards) Serve(handle func(shard int, c net.Conn)) error {
	// TODO
	return ErrTODO
}

// Counts returns how many connections each shard has accepted so far. A
// connection is counted before its handler is called.
func (s *Shards) Counts() []int {
	// TODO
	return nil
}

// Drain closes the shards' own descriptors, so that they accept no more, and
// waits for the handlers to return. It ends none of them: when ctx ends first,
// Drain returns its error and the handlers go on. It may be called again.
func (s *Shards) Drain(ctx context.Context) error {
	// TODO
	return ErrTODO
}
