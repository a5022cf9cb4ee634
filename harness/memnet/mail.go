package memnet

import (
	"net"
	"os"
	"sync"
	"time"
)

// A mail is where a receiver waits: a lock, held only for moments, and a
// channel that is closed whenever something has changed. Waiting on a channel
// and a timer is what a bubble understands.
type mail struct {
	mu       sync.Mutex
	changed  chan struct{}
	closed   bool
	deadline time.Time
}

func newMail() mail { return mail{changed: make(chan struct{})} }

// broadcast wakes all that wait. The lock is held.
func (m *mail) broadcast() {
	close(m.changed)
	m.changed = make(chan struct{})
}

// wait lets go of the lock until something changes, or the instant until
// (if not zero) or the deadline comes.
func (m *mail) wait(until, deadline time.Time) {
	changed := m.changed
	m.mu.Unlock()
	defer m.mu.Lock()
	if until.IsZero() || (!deadline.IsZero() && deadline.Before(until)) {
		until = deadline
	}
	if until.IsZero() {
		<-changed
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-changed:
	case <-timer.C:
	}
}

func past(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }

func opError(op, network string, local, remote net.Addr, err error) error {
	return &net.OpError{Op: op, Net: network, Source: local, Addr: remote, Err: err}
}

var errDeadline = os.ErrDeadlineExceeded
