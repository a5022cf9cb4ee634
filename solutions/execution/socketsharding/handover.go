package socketsharding

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
)

// Handover returns a second descriptor of each shard's socket, in the order of
// the shards, for the next process: as exec.Cmd.ExtraFiles, say. These shards
// go on serving until Drain. The files are the caller's to close, and leave
// the sockets in non-blocking mode even after a call of Fd. After Drain the
// error is ErrDrained; on an error nothing is left open.
func (s *Shards) Handover() ([]*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drained {
		return nil, ErrDrained
	}
	var files []*os.File
	for _, l := range s.listeners {
		f, err := Duplicate(l)
		if err != nil {
			closeAll(files)
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// Inherit returns shards on the sockets that files are descriptors of, in
// their order, and adds sockets at the same port until there are c.Shards. If
// that is fewer than there are files the error is ErrTooFew: a socket left
// behind would lose its queue. The files stay open and the caller's. On an
// error nothing else is left open.
func (c Config) Inherit(ctx context.Context, files []*os.File) (*Shards, error) {
	switch {
	case len(files) == 0:
		return nil, errors.New("no sockets to inherit")
	case c.Shards < 1:
		c.Shards = len(files)
	case c.Shards < len(files):
		return nil, fmt.Errorf("%w: %d for %d", ErrTooFew, c.Shards, len(files))
	}
	var listeners []*net.TCPListener
	for i, f := range files {
		l, err := inherit(f)
		if err != nil {
			closeAll(listeners)
			return nil, fmt.Errorf("inherited file %d: %w", i, err)
		}
		listeners = append(listeners, l)
	}
	listeners, err := c.grow(ctx, listeners, listeners[0].Addr().String())
	if err != nil {
		return nil, err
	}
	return newShards(listeners), nil
}

// inherit returns a listener with a descriptor of its own.
func inherit(f *os.File) (*net.TCPListener, error) {
	l, err := net.FileListener(f)
	if err != nil {
		return nil, err
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		l.Close()
		return nil, fmt.Errorf("%s listener, not TCP", l.Addr().Network())
	}
	return tcp, nil
}
