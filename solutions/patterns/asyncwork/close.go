package asyncwork

import (
	"context"
	"slices"
)

// Close takes no more tasks, waits until all that were accepted have ended
// and returns nil. When ctx ends before that, it cancels those that are left,
// still waits until none runs, and returns ctx's error. It may be called more
// than once.
func (d *Dispatcher) Close(ctx context.Context) error {
	d.refuse()
	select {
	case <-d.idle:
		return nil
	case <-ctx.Done():
	}
	d.cancelAll()
	<-d.idle // a task that does not listen to its context holds up Close, or it would be lost
	return ctx.Err()
}

// refuse shuts both doors. Who waits for room was not accepted and is sent
// away.
func (d *Dispatcher) refuse() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	d.closed = true
	accepted := min(len(d.line), d.queue)
	for _, j := range d.line[accepted:] {
		d.end(j, nil, ErrClosed)
	}
	d.line = slices.Delete(d.line, accepted, len(d.line))
	d.checkIdle()
}

// cancelAll cancels who waits, so that nobody is started meanwhile, and then
// who runs.
func (d *Dispatcher) cancelAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, j := range d.line {
		d.drop(j)
	}
	d.line = nil
	for j := range d.running {
		d.cancel(j)
	}
}

// checkIdle tells those in Close when nothing runs any more: then nobody
// waits either, and nobody will come. The lock is held.
func (d *Dispatcher) checkIdle() {
	if d.closed && len(d.running) == 0 {
		close(d.idle)
	}
}
