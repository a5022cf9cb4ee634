package requestresponse

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
)

// A Client sends requests over one connection. Its methods may be called
// concurrently.
type Client struct {
	nc      net.Conn
	frames  frameWriter
	over    chan struct{}  // closed when the client is
	reading sync.WaitGroup // receive

	mu   sync.Mutex
	err  error // why the client is over; nil while it is not
	next uint32
	// calls has every id that is in use, with the place for its answer. A call
	// that was cancelled stays until its answer has come.
	calls map[uint32]chan Response
}

// NewClient returns a client on a connection, which it takes over.
func NewClient(c net.Conn) *Client {
	client := &Client{
		nc:     c,
		frames: frameWriter{w: c},
		over:   make(chan struct{}),
		calls:  map[uint32]chan Response{},
	}
	client.reading.Go(client.receive)
	return client
}

// Do sends a request and waits for its answer, of whatever code. When ctx ends
// before, it sends a CANCEL and returns the context's error. Its other errors
// wrap ErrClosed, ErrProtocol or ErrLost.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	if err := ctx.Err(); err != nil {
		return Response{}, err
	}
	id, answer, err := c.begin()
	if err != nil {
		return Response{}, err
	}
	if err := c.frames.write(TypeRequest, r.Kind, id, r.Body, nil); err != nil {
		c.end(fmt.Errorf("%w: %v", ErrLost, err))
	}
	select {
	case resp := <-answer:
		return resp, nil
	case <-ctx.Done():
		// The answer will come all the same, and nobody will take it. If the
		// CANCEL cannot be sent, the next call will hear of it.
		c.frames.write(TypeCancel, 0, id, nil, nil)
		return Response{}, ctx.Err()
	case <-c.over:
	}
	select {
	case resp := <-answer: // it came right before the end
		return resp, nil
	default:
		return Response{}, c.err
	}
}

// begin makes a call. Its id is in use before the request is on the wire: the
// answer may be quicker than the Write that sends it.
func (c *Client) begin() (uint32, <-chan Response, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, nil, c.err
	}
	for c.next++; c.calls[c.next] != nil; c.next++ {
	}
	answer := make(chan Response, 1) // nobody has to be there to take it
	c.calls[c.next] = answer
	return c.next, answer, nil
}

// receive hands answers to their calls until the client is over.
func (c *Client) receive() {
	r := bufio.NewReader(c.nc)
	for {
		h, err := readHeader(r)
		if err != nil {
			c.end(fmt.Errorf("%w: %v", ErrLost, err))
			return
		}
		answer := c.take(h.id)
		if h.typ != TypeResponse || answer == nil || h.length > MaxAnswer {
			c.end(fmt.Errorf("%w: type %d, id %d, %d octets", ErrProtocol, h.typ, h.id, h.length))
			return
		}
		body, err := readBody(r, h.length)
		if err != nil {
			c.end(fmt.Errorf("%w: %v", ErrLost, err))
			return
		}
		answer <- Response{Code: Code(h.kind), Body: body}
	}
}

// take ends a call: its id is free from now on.
func (c *Client) take(id uint32) chan<- Response {
	c.mu.Lock()
	defer c.mu.Unlock()
	answer := c.calls[id]
	delete(c.calls, id)
	return answer
}

// end makes the client over, for the first reason that comes.
func (c *Client) end(why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err == nil {
		c.err = why
		c.nc.Close()
		close(c.over)
	}
}

// Close closes the connection. Calls that wait return ErrClosed, and so do
// later ones. It may be called more than once.
func (c *Client) Close() error {
	c.end(ErrClosed)
	c.reading.Wait()
	return nil
}
