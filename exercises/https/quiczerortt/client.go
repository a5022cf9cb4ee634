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
	"net/http"

	"github.com/quic-go/quic-go"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

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

	// TODO: what do requests to the same server share, and what outlives a connection?
}

// RoundTrip sends r and returns the answer to it. A request that may go early
// does so if the server's session ticket is at hand and the handshake is not
// over. It is sent once more, on the same connection after the handshake, if
// the server rejected early data or answered 425 (Too Early).
func (c *Client) RoundTrip(r *http.Request) (*http.Response, error) {
	// TODO: early if it may, late if it must, and once more if it was too early
	return nil, ErrTODO
}

// Close closes the connections, gives up those that are being dialled and
// returns when that is done. RoundTrip then returns ErrClosed.
func (c *Client) Close() error {
	// TODO
	return ErrTODO
}
