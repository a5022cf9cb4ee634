package requestresponse

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"sync"
)

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

	running sync.WaitGroup // connections

	mu       sync.Mutex
	closing  bool
	listener net.Listener
	conns    map[*conn]bool
}

// Serve answers the requests on the listener's connections. It closes the
// listener before it returns: ErrServerClosed after Shutdown, else the error
// of Accept.
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.listens(l) {
		return ErrServerClosed
	}
	for {
		nc, err := l.Accept()
		if err != nil {
			return s.whyNot(err)
		}
		s.start(nc)
	}
}

// listens reports whether the server may take connections from l.
func (s *Server) listens(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.listener = l
	return !s.closing
}

func (s *Server) whyNot(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return ErrServerClosed
	}
	return err
}

// start serves a connection, unless Shutdown came first.
func (s *Server) start(nc net.Conn) {
	ctx, cancel := context.WithCancel(context.Background())
	c := &conn{server: s, nc: nc, frames: frameWriter{w: nc}, ctx: ctx, cancel: cancel, inFlight: map[uint32]context.CancelFunc{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		c.close()
		return
	}
	if s.conns == nil {
		s.conns = map[*conn]bool{}
	}
	s.conns[c] = true
	s.running.Go(func() {
		c.serve()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.conns, c)
	})
}

// Shutdown takes no more requests, waits until those in flight are answered
// and closes all connections. When ctx ends before, it ends the handlers'
// contexts, closes the connections, waits for the handlers to return and
// returns the context's error.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	if s.listener != nil {
		s.listener.Close()
	}
	s.mu.Unlock()
	s.forAll((*conn).drain)

	drained := make(chan struct{})
	go func() {
		s.running.Wait()
		close(drained)
	}()
	select {
	case <-drained:
		return nil
	case <-ctx.Done():
		s.forAll((*conn).close)
		<-drained
		return ctx.Err()
	}
}

func (s *Server) forAll(f func(*conn)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		f(c)
	}
}

// A conn is one connection of a server.
type conn struct {
	server   *Server
	nc       net.Conn
	frames   frameWriter
	ctx      context.Context // ends with the connection
	cancel   context.CancelFunc
	handlers sync.WaitGroup

	mu         sync.Mutex
	draining   bool
	unanswered int                           // requests whose answers are not written
	inFlight   map[uint32]context.CancelFunc // the same without the one that is being written
}

// serve reads frames until the connection ends, and then waits for the
// handlers.
func (c *conn) serve() {
	defer c.handlers.Wait()
	defer c.close()
	r := bufio.NewReader(c.nc)
	for {
		h, err := readHeader(r)
		if err != nil {
			return
		}
		switch h.typ {
		case TypeRequest:
			err = c.request(r, h)
		case TypeCancel:
			err = c.cancelled(h)
		default:
			return
		}
		if err != nil {
			return
		}
	}
}

// request begins to handle a request, or says why not. An error ends the
// connection.
func (c *conn) request(r io.Reader, h header) error {
	if c.inUse(h.id) {
		return fmt.Errorf("id %d is in use", h.id)
	}
	if uint64(h.length) > uint64(cmp.Or(c.server.MaxBody, DefaultMaxBody)) {
		// The answer does not wait for the body. The frame is sound, so what
		// follows it can be read.
		c.refuse(h.id, TooLarge)
		_, err := io.CopyN(io.Discard, r, int64(h.length))
		return err
	}
	body, err := readBody(r, h.length)
	if err != nil {
		return err
	}
	ctx, code := c.admit(h.id)
	if code != OK {
		c.refuse(h.id, code)
		return nil
	}
	c.handlers.Go(func() {
		c.answer(h.id, c.server.handle(ctx, Request{Kind: h.kind, Body: body}))
	})
	return nil
}

// cancelled ends the context of one request. If there is none its answer was
// on the way already.
func (c *conn) cancelled(h header) error {
	if h.length != 0 || h.kind != 0 {
		return fmt.Errorf("CANCEL with %d octets, kind %d", h.length, h.kind)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel := c.inFlight[h.id]; cancel != nil {
		cancel()
	}
	return nil
}

func (c *conn) inUse(id uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inFlight[id] != nil
}

// admit finds a place for a request; a code other than OK says that there is
// none.
func (c *conn) admit(id uint32) (context.Context, Code) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.draining:
		return nil, ShuttingDown
	case len(c.inFlight) >= cmp.Or(c.server.MaxInFlight, DefaultMaxInFlight):
		return nil, Busy
	}
	ctx, cancel := context.WithCancel(c.ctx)
	c.inFlight[id] = cancel
	c.unanswered++
	return ctx, OK
}

func (c *conn) refuse(id uint32, code Code) {
	c.frames.write(TypeResponse, uint16(code), id, nil, nil)
}

// answer sends the answer to a request that was admitted. An error is the
// reader's to find.
func (c *conn) answer(id uint32, r Response) {
	// Freed after the write, id and place would come too late for a client that
	// is quick to use them again. Freed before its turn to write, a client that
	// reads no answers could have any number of them waiting here.
	c.frames.write(TypeResponse, uint16(r.Code), id, r.Body, func() { c.free(id) })

	c.mu.Lock()
	c.unanswered--
	c.mu.Unlock()
	c.closeIfDrained()
}

func (c *conn) free(id uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight[id]() // the handler has returned
	delete(c.inFlight, id)
}

// drain lets no more requests in.
func (c *conn) drain() {
	c.mu.Lock()
	c.draining = true
	c.mu.Unlock()
	c.closeIfDrained()
}

func (c *conn) closeIfDrained() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.draining && c.unanswered == 0 {
		c.close()
	}
}

// close ends the connection and the contexts of its handlers.
func (c *conn) close() {
	c.cancel()
	c.nc.Close()
}

// handle calls the handler, whose failures are answers too.
func (s *Server) handle(ctx context.Context, r Request) (resp Response) {
	if s.Handler == nil {
		return Response{Code: UnknownKind}
	}
	defer func() {
		if recover() != nil {
			resp = Response{Code: HandlerFailed}
		}
	}()
	resp, err := s.Handler(ctx, r)
	if err != nil {
		return Response{Code: HandlerFailed}
	}
	return resp
}
