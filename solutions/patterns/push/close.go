package push

import "context"

// Close ends the hub. It writes what waits for the clients, closes their
// connections and returns when nothing of the hub is left running. When ctx
// ends, it closes the connections that are left without writing the rest, and
// returns the error of ctx. It may be called more than once; each call waits.
func (h *Hub) Close(ctx context.Context) error {
	h.stop()
	select {
	case <-h.over:
		return nil
	case <-ctx.Done():
	}
	for _, c := range h.flushing { // set once, in stop
		c.cut()
	}
	<-h.over
	return ctx.Err()
}

// stop closes all buffers. Those who empty them close the connections.
func (h *Hub) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	h.flushing, h.clients = h.clients, nil
	for _, c := range h.flushing {
		c.leave(ErrClosed)
	}
	go func() {
		h.running.Wait()
		close(h.over)
	}()
}
