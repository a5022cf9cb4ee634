package socketsharding

import (
	"context"
	"os"
)

// Handover returns a second descriptor of each shard's socket, in the order of
// the shards, for the next process: as exec.Cmd.ExtraFiles, say. These shards
// go on serving until Drain. The files are the caller's to close, and leave
// the sockets in non-blocking mode even after a call of Fd. After Drain the
// error is ErrDrained; on an error nothing is left open.
func (s *Shards) Handover() ([]*os.File, error) {
	// TODO
	return nil, ErrTODO
}

// Inherit returns shards on the sockets that files are descriptors of, in
// their order, and adds sockets at the same port until there are c.Shards. If
// that is fewer than there are files the error is ErrTooFew: a socket left
// behind would lose its queue. The files stay open and the caller's. On an
// error nothing else is left open.
func (c Config) Inherit(ctx context.Context, files []*os.File) (*Shards, error) {
	// TODO
	return &Shards{}, ErrTODO
}
