package websocket

import (
	"bufio"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Dial does the client's side of the opening handshake for u on nc, which
// leads to the server (through TLS where u's scheme is wss). It takes nc over:
// when it fails, nc is closed. Whoever wants it to end in time sets a deadline
// on nc before.
func Dial(nc net.Conn, u *url.URL, o *Options) (*Conn, error) {
	if o == nil {
		o = new(Options)
	}
	c, err := handshake(nc, u, o)
	if err != nil {
		nc.Close()
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	return c, nil
}

func handshake(nc net.Conn, u *url.URL, o *Options) (*Conn, error) {
	nonce := make([]byte, 16)
	rand.Read(nonce)
	key := base64.StdEncoding.EncodeToString(nonce)
	if _, err := nc.Write(request(u, key, o.Subprotocols)); err != nil {
		return nil, err
	}
	// This reader goes on with the frames: they may come with the response.
	br := bufio.NewReader(nc)
	resp, err := http.ReadResponse(br, nil)
	if err != nil {
		return nil, err
	}
	if err := checkResponse(resp, key, o.Subprotocols); err != nil {
		return nil, err
	}
	c := newConn(nc, br, true, o)
	c.subprotocol = resp.Header.Get("Sec-WebSocket-Protocol")
	return c, nil
}

// request returns the client's handshake. RFC 6455 §4.1
func request(u *url.URL, key string, subprotocols []string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "GET %s HTTP/1.1\r\nHost: %s\r\n", u.RequestURI(), u.Host)
	b.WriteString("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n")
	fmt.Fprintf(&b, "Sec-WebSocket-Key: %s\r\n", key)
	if len(subprotocols) > 0 {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", strings.Join(subprotocols, ", "))
	}
	b.WriteString("\r\n")
	return []byte(b.String())
}

// checkResponse holds the server's handshake to the six points of RFC 6455
// §4.1.
func checkResponse(resp *http.Response, key string, offered []string) error {
	h := resp.Header
	subprotocol := h.Get("Sec-WebSocket-Protocol")
	switch {
	case resp.StatusCode != http.StatusSwitchingProtocols:
		return fmt.Errorf("status is %d", resp.StatusCode)
	case !strings.EqualFold(h.Get("Upgrade"), "websocket"):
		return fmt.Errorf("upgrade is to %q", h.Get("Upgrade"))
	case !hasToken(h, "Connection", "upgrade"):
		return fmt.Errorf("connection is %q", h.Get("Connection"))
	case h.Get("Sec-WebSocket-Accept") != acceptKey(key):
		return fmt.Errorf("accept value is not that of the key")
	case h.Get("Sec-WebSocket-Extensions") != "":
		return fmt.Errorf("extension %q was not offered", h.Get("Sec-WebSocket-Extensions"))
	case subprotocol != "" && !slices.Contains(offered, subprotocol):
		return fmt.Errorf("subprotocol %q was not offered", subprotocol)
	}
	return nil
}
