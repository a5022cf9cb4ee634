package socketsharding

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
)

// Shards are listening sockets at one port, numbered from 0. Their methods may
// be called concurrently.
type Shards struct {
	listeners []*net.TCPListener

	mu      sync.Mutex
	counts  []int
	active  int // accept loops and handlers at work
	drained bool
	idle    chan struct{} // closed once drained and nothing is active
}

func newShards(listeners []*net.TCPListener) *Shards {
	return &Shards{listeners: listeners, counts: make([]int, len(listeners)), idle: make(chan struct{})}
}

// Addr returns the address at which all shards listen.
func (s *Shards) Addr() net.Addr { return s.listeners[0].Addr() }

// Serve accepts on every shard and calls handle for each connection, in a
// goroutine of its own and with the number of the shard; when handle returns,
// the connection is closed. After Drain has been called Serve returns
// ErrDrained. It is called once.
func (s *Shards) Serve(handle func(shard int, c net.Conn)) error {
	if !s.enter(len(s.listeners)) {
		return ErrDrained
	}
	ended := make(chan error, len(s.listeners))
	for shard, l := range s.listeners {
		go func() {
			defer s.leave()
			ended <- s.accept(shard, l, handle)
		}()
	}
	// A shard that nobody accepts from still gets its share of the
	// connections: when one loop ends, so do all. (Which errors a loop had
	// better survive is the topic accept's affair.)
	err := <-ended
	s.stop()
	for range len(s.listeners) - 1 {
		<-ended
	}
	return err
}

// accept is the loop of one shard.
func (s *Shards) accept(shard int, l *net.TCPListener, handle func(shard int, c net.Conn)) error {
	for {
		c, err := l.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return ErrDrained
		case err != nil:
			return fmt.Errorf("shard %d: %w", shard, err)
		}
		s.count(shard)
		go func() {
			defer s.leave()
			defer c.Close()
			handle(shard, c)
		}()
	}
}

// Counts returns how many connections each shard has accepted so far. A
// connection is counted before its handler is called.
func (s *Shards) Counts() []int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.counts)
}

// Drain closes the shards' own descriptors, so that they accept no more, and
// waits for the handlers to return. It ends none of them: when ctx ends first,
// Drain returns its error and the handlers go on. It may be called again.
func (s *Shards) Drain(ctx context.Context) error {
	s.stop()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// stop closes the listeners. That closes a socket only if no other process has
// a descriptor of it; shutdown(2) would stop it for the others too.
func (s *Shards) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained {
		return
	}
	s.drained = true
	closeAll(s.listeners)
	s.settle()
}

// enter makes n more active, unless the shards are drained.
func (s *Shards) enter(n int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.drained {
		s.active += n
	}
	return !s.drained
}

// count makes a connection active and counts it. It is not refused after
// Drain: what has been accepted is nobody else's to serve. The accept loop
// that calls it is active itself, so idle is still open.
func (s *Shards) count(shard int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[shard]++
	s.active++
}

func (s *Shards) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.active--
	s.settle()
}

// settle closes idle when its time has come. The lock is held.
func (s *Shards) settle() {
	if s.drained && s.active == 0 {
		close(s.idle)
	}
}
