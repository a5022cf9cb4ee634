package websocket

import (
	"net"
	"net/url"
)

// Dial does the client's side of the opening handshake for u on nc, which
// leads to the server (through TLS where u's scheme is wss). It takes nc over:
// when it fails, nc is closed. Whoever wants it to end in time sets a deadline
// on nc before.
func Dial(nc net.Conn, u *url.URL, o *Options) (*Conn, error) {
	// TODO: send the request, check the response.
	return nil, ErrTODO
}
