package requestresponse

import (
	"context"
	"net"
)

// A Client sends requests over one connection. Its methods may be called
// concurrently.
type Client struct {
	// TODO: which answers are awaited, and by whom?
}

// NewClient returns a client on a connection, which it takes over.
func NewClient(c net.Conn) *Client {
	// TODO
	return &Client{}
}

// Do sends a request and waits for its answer, of whatever code. When ctx ends
// before, it sends a CANCEL and returns the context's error. Its other errors
// wrap ErrClosed, ErrProtocol or ErrLost.
func (c *Client) Do(ctx context.Context, r Request) (Response, error) {
	// TODO
	return Response{}, ErrTODO
}

// Close closes the connection. Calls that wait return ErrClosed, and so do
// later ones. It may be called more than once.
func (c *Client) Close() error {
	// TODO
	return ErrTODO
}
