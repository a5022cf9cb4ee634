package nagle

import (
	"io"
	"sync"
	"time"
)

// A Coalescer gathers small writes into larger ones. Its methods may be called
// concurrently; the octets of one Write stay together, and only one write to w
// is under way at any time.
type Coalescer struct {
	w     io.Writer
	limit int
	delay time.Duration

	mu     sync.Mutex // over all below, and held while w writes: that keeps the order
	buf    []byte
	batch  int // which fill of buf this is, so that a timer knows whether it is late
	timer  *time.Timer
	closed bool
	err    error // the first that w returned, for good
}

// NewCoalescer returns a Coalescer that writes to w as soon as it has limit
// octets or more, and never later than delay after the first of them.
func NewCoalescer(w io.Writer, limit int, delay time.Duration) *Coalescer {
	return &Coalescer{w: w, limit: limit, delay: delay}
}

// Write implements io.Writer. It copies p. If it returns nil, the octets may
// still be held; should they not arrive, a later call says so.
func (c *Coalescer) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usable(); err != nil {
		return 0, err
	}
	before := len(c.buf)
	c.buf = append(c.buf, p...)
	if len(c.buf) >= c.limit || c.delay <= 0 {
		n := c.flush()
		return max(0, n-before), c.err
	}
	if before == 0 && len(p) > 0 {
		c.start()
	}
	return len(p), nil
}

// Flush writes what is held to w.
func (c *Coalescer) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.usable(); err != nil {
		return err
	}
	c.flush()
	return c.err
}

// Close flushes, and nothing is written to w any more. It does not close w. It
// may be called more than once.
func (c *Coalescer) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.usable() == nil {
		c.flush()
	}
	c.closed = true
	return c.err
}

func (c *Coalescer) usable() error {
	if c.err != nil {
		return c.err // a stream with a hole must not go on
	}
	if c.closed {
		return ErrClosed
	}
	return nil
}

// start has the octets that come now written when their time is up. The lock
// is held.
func (c *Coalescer) start() {
	batch := c.batch
	c.timer = time.AfterFunc(c.delay, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		// Stop comes too late for a timer that waits for the lock already. What is
		// held now is not what it was started for.
		if c.batch == batch {
			c.flush()
		}
	})
}

// flush writes what is held to w in one piece, and returns how many octets w
// took. The lock is held, and c.err is nil.
func (c *Coalescer) flush() (n int) {
	if c.timer != nil {
		c.timer.Stop()
	}
	c.batch++
	if len(c.buf) == 0 {
		return 0
	}
	n, c.err = c.w.Write(c.buf)
	if n < len(c.buf) && c.err == nil {
		c.err = io.ErrShortWrite
	}
	c.buf = c.buf[:0]
	return n
}
