package requestresponse

import (
	"context"
	"errors"
	"net"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Request is a question.
type Request struct {
	Kind uint16
	Body []byte
}

// A Response is the answer to a Request.
type Response struct {
	Code Code
	Body []byte
}

// A Handler answers one request. Its context ends when nobody waits for the
// answer any more.
type Handler func(ctx context.Context, r Request) (Response, error)

// A Server answers requests. Its fields must not be changed once it serves.
type Server struct {
	// Handler is called for each request, in a goroutine of its own. If it is
	// nil every request is one of unknown kind.
	Handler Handler
	// MaxBody is the longest body of a request that is taken, in octets; 0
	// means DefaultMaxBody.
	MaxBody int
	// MaxInFlight is how many requests of one connection are handled at a
	// time; 0 means DefaultMaxInFlight.
	MaxInFlight int

	// TODO: what must Shutdown know?
}

// Serve answers the requests on the listener's connections. It closes the
// listener before it returns: ErrServerClosed after Shutdown, else the error
// of Accept.
func (s *Server) Serve(l net.Listener) error {
	// TODO
	return ErrTODO
}

// Shutdown takes no more requests, waits until those in flight are answered
// and closes all connections. When ctx ends before, it ends the handlers'
// contexts, closes the connections, waits for the handlers to return and
// returns the context's error.
func (s *Server) Shutdown(ctx context.Context) error {
	// TODO
	return ErrTODO
}
