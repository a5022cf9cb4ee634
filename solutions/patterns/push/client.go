package push

import (
	"io"
	"net"
	"slices"
	"time"
)

// A client is one who has joined. Two goroutines serve it: one writes what is
// in its buffer, the other reads, which is the only way to learn that it has
// gone.
type client struct {
	name   string
	conn   net.Conn
	buffer chan []byte // frames that wait; closed when there will be no more

	why error // to leave; nil: it is present. Guarded by the hub's lock
}

// Join makes a client present, which gets its frames over c. It takes c over
// and returns at once. It returns ErrTaken if somebody of that name is
// present, and ErrClosed after Close; c is then the caller's still.
func (h *Hub) Join(name string, c net.Conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	if _, taken := h.find(name); taken {
		return ErrTaken
	}
	joined := &client{name: name, conn: c, buffer: make(chan []byte, h.Buffer)}
	h.push(presence(KindJoin, name)) // may drop somebody, so the place is looked for only now
	i, _ := h.find(name)
	h.clients = slices.Insert(h.clients, i, joined)
	joined.offer(presence(KindPresent, h.names()))
	h.running.Go(func() { h.serve(joined) })
	return nil
}

// offer puts a frame into c's buffer if there is room. The hub's lock is held.
func (c *client) offer(frame []byte) bool {
	select {
	case c.buffer <- frame:
		return true
	default:
		return false
	}
}

// leave makes what c's buffer holds the last that it gets. The first reason
// counts. The hub's lock is held.
func (c *client) leave(why error) {
	c.why = why
	close(c.buffer)
}

// cut ends c's Read and Write, those under way and those to come. A deadline
// in the past does so without waiting, which not every Close promises; the
// connection is closed by the goroutine that serves it.
func (c *client) cut() { c.conn.SetDeadline(time.Unix(1, 0)) }

// serve is c's life, to the end.
func (h *Hub) serve(c *client) {
	reading := make(chan struct{})
	go func() {
		defer close(reading)
		io.Copy(io.Discard, c.conn)
		h.gone(c)
	}()
	for frame := range c.buffer {
		if _, err := c.conn.Write(frame); err != nil {
			break
		}
	}
	c.conn.Close() // which ends the reading, and that tells the hub
	<-reading
	h.OnLeave(c.name, c.why)
}

// gone is called when there is no more to be read from c.
func (h *Hub) gone(c *client) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop(c, ErrGone)
	c.cut() // also if Close let it stay for what was waiting: nobody wants that any more
}
