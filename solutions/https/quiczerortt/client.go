// Package quiczerortt sends HTTP/3 requests in QUIC's first flight where that
// is safe, and keeps a server from acting on such a request twice.
//
//	client                                     server
//	Initial (ClientHello), 0-RTT (GET /)  →              the request is early: it may be a replay
//	                                      ←   200 or 425; the rest of the handshake
//	Handshake (Finished), 1-RTT (POST /)  →              from here on it is the client's
//
// What may go early, and what becomes of it, is RFC 8470; what 0-RTT is in
// QUIC, RFC 9001 §4.6. Keys, packets and tickets are quic-go's.
package quiczerortt

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// A Client sends requests over HTTP/3 and keeps one connection a server. Its
// fields must not be changed after the first request; its methods may be
// called concurrently.
type Client struct {
	// TLS is what connections are made with; nil is the zero configuration. It
	// is never changed. Where it says nothing, the server's name is the host of
	// the URL, and session tickets are kept by the Client.
	TLS *tls.Config
	// Dial begins a connection to addr, "host:port", and returns as soon as
	// something can be sent on it, as [quic.Transport.DialEarly] does.
	Dial func(ctx context.Context, addr string, conf *tls.Config) (*quic.Conn, error)
	// Early says whether a GET or HEAD without a body may go in early data; nil
	// is always. Anything else never does.
	Early func(r *http.Request) bool

	mu       sync.Mutex
	closed   bool
	sessions tls.ClientSessionCache
	conns    map[string]*connection // by address
}

// RoundTrip sends r and returns the answer to it. A request that may go early
// does so if the server's session ticket is at hand and the handshake is not
// over. It is sent once more, on the same connection after the handshake, if
// the server rejected early data or answered 425 (Too Early).
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.roundTrip(r)
	if err != nil && r.Body != nil {
		r.Body.Close() // http.RoundTripper: always, including on errors
	}
	return resp, err
}

func (c *Client) roundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, fmt.Errorf("scheme %q: HTTP/3 is https", r.URL.Scheme)
	}
	conn, err := c.connection(r.Context(), Addr(r.URL))
	if err != nil {
		return nil, err
	}
	if c.mayGoEarly(r) && !conn.complete() {
		resp, err := sendEarly(conn.quic, conn.early(), r)
		switch {
		case errors.Is(err, quic.Err0RTTRejected):
			// The server has seen nothing of it. RFC 8470 §4: MUST be sent again.
		case err == nil && resp.StatusCode == http.StatusTooEarly && !isMarked(r):
			// RFC 8470 §5.2: MUST be tried again, and not in early data. Not so for
			// what was early on an earlier hop: only its first sender can make it late.
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		default:
			return resp, err
		}
	}
	late, err := conn.late(r.Context())
	if err != nil {
		return nil, err
	}
	return late.RoundTrip(r)
}

// mayGoEarly reports whether a replay of r does no harm, as far as a client
// can know (RFC 8470 §4).
func (c *Client) mayGoEarly(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		return !hasBody(r) && (c.Early == nil || c.Early(r))
	}
	return false
}

// Close closes the connections, gives up those that are being dialled and
// returns when that is done. RoundTrip then returns ErrClosed.
func (c *Client) Close() error {
	c.mu.Lock()
	conns := c.conns
	c.closed, c.conns = true, nil
	c.mu.Unlock()
	for _, conn := range conns {
		conn.close()
	}
	return nil
}

// connection returns the connection to addr, which is dialled if there is none
// that lives. The dial is everyone's who waits for it, so ctx, which is one
// caller's, ends the waiting and not the dial.
func (c *Client) connection(ctx context.Context, addr string) (*connection, error) {
	conn, err := c.lookup(ctx, addr)
	if err != nil {
		return nil, err
	}
	select {
	case <-conn.dialled:
		return conn, conn.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *Client) lookup(ctx context.Context, addr string) (*connection, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, ErrClosed
	}
	if conn := c.conns[addr]; conn != nil && !conn.over() {
		return conn, nil
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	conn := &connection{cancel: cancel, dialled: make(chan struct{})}
	if c.conns == nil {
		c.conns = map[string]*connection{}
	}
	c.conns[addr] = conn
	conf := c.config(addr)
	go func() {
		defer close(conn.dialled)
		conn.quic, conn.err = c.Dial(ctx, addr, conf)
	}()
	return conn, nil
}

// config returns the configuration for a connection to addr. The lock is held.
func (c *Client) config(addr string) *tls.Config {
	conf := &tls.Config{}
	if c.TLS != nil {
		conf = c.TLS.Clone()
	}
	conf.NextProtos = []string{http3.NextProtoH3}
	if conf.ServerName == "" {
		conf.ServerName, _, _ = net.SplitHostPort(addr)
	}
	if conf.ClientSessionCache == nil {
		if c.sessions == nil {
			c.sessions = tls.NewLRUClientSessionCache(0)
		}
		conf.ClientSessionCache = c.sessions // outlives the connections: it is for the next one
	}
	return conf
}

// A connection is a QUIC connection that is being dialled or has been.
type connection struct {
	cancel  context.CancelFunc
	dialled chan struct{} // closed when quic and err are known
	quic    *quic.Conn
	err     error

	mu    sync.Mutex
	first *http3.ClientConn // with what has gone early on it; nil if nothing has
	final *http3.ClientConn // as it is after the handshake; nil until then
}

// over reports whether the connection is of no more use.
func (c *connection) over() bool {
	select {
	case <-c.dialled:
		return c.err != nil || c.quic.Context().Err() != nil
	default:
		return false
	}
}

// complete reports whether the handshake is over.
func (c *connection) complete() bool {
	select {
	case <-c.quic.HandshakeComplete():
		return true
	default:
		return false
	}
}

// early returns the connection for a request that does not wait.
func (c *connection) early() *http3.ClientConn {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.final != nil {
		return c.final // the handshake has come to its end meanwhile
	}
	if c.first == nil {
		c.first = startHTTP3(c.quic)
	}
	return c.first
}

// late waits for the end of the handshake and returns the connection for what
// must not be replayed. If early data was rejected all streams are gone, the
// control stream among them: HTTP/3 starts afresh, once for all requests.
func (c *connection) late(ctx context.Context) (*http3.ClientConn, error) {
	if _, err := c.quic.NextConnection(ctx); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.final == nil && c.quic.ConnectionState().Used0RTT {
		c.final = c.first
	}
	if c.final == nil {
		c.final = startHTTP3(c.quic)
	}
	return c.final, nil
}

func (c *connection) close() {
	c.cancel()
	<-c.dialled
	if c.quic != nil {
		c.quic.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
	}
}
