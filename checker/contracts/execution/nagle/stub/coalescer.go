package nagle

import (
	"io"
	"time"
)

// A Coalescer gathers small writes into larger ones. Its methods may be called
// concurrently; the octets of one Write stay together, and only one write to w
// is under way at any time.
type Coalescer struct {
	// TODO: what is held, and since when?
}

// NewCoalescer returns a Coalescer that writes to w as soon as it has limit
// octets or more, and never later than delay after the first of them.
func NewCoalescer(w io.Writer, limit int, delay time.Duration) *Coalescer {
	return &Coalescer{}
}

// Write implements io.Writer. It copies p. If it returns nil, the octets may
// still be held; should they not arrive, a later call says so.
func (c *Coalescer) Write(p []byte) (int, error) {
	// TODO
	return 0, ErrTODO
}

// Flush writes what is held to w.
func (c *Coalescer) Flush() error {
	// TODO
	return ErrTODO
}

// Close flushes, and nothing is written to w any more. It does not close w. It
// may be called more than once.
func (c *Coalescer) Close() error {
	// TODO
	return ErrTODO
}
