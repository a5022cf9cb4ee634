package websocket

import (
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Accept answers the opening handshake in r and takes the network connection
// over from the HTTP server. A request that is no handshake, or is refused,
// it answers with an error status; it then returns an error that wraps
// ErrHandshake, and the handler has nothing more to write.
func Accept(w http.ResponseWriter, r *http.Request, o *Options) (*Conn, error) {
	if o == nil {
		o = new(Options)
	}
	if status, why := refusal(r, o); status != 0 {
		return nil, refuse(w, status, why)
	}
	nc, brw, err := http.NewResponseController(w).Hijack()
	if err != nil { // HTTP/2, or a ResponseWriter that wraps and hides it
		return nil, refuse(w, http.StatusInternalServerError, err.Error())
	}
	subprotocol := choose(listed(r.Header, "Sec-WebSocket-Protocol"), o.Subprotocols)
	if err := switchProtocols(nc, r.Header.Get("Sec-WebSocket-Key"), subprotocol); err != nil {
		nc.Close()
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	// The server's reader may hold octets that came behind the request.
	c := newConn(nc, brw.Reader, false, o)
	c.subprotocol = subprotocol
	return c, nil
}

// refusal returns the status that r deserves instead of 101, or 0.
// RFC 6455 §4.2.1
func refusal(r *http.Request, o *Options) (status int, why string) {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key"))
	switch {
	case r.Method != http.MethodGet:
		return http.StatusMethodNotAllowed, "method is not GET"
	case !r.ProtoAtLeast(1, 1):
		return http.StatusBadRequest, "HTTP version is below 1.1"
	case !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"):
		return http.StatusUpgradeRequired, "not a WebSocket handshake"
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return http.StatusUpgradeRequired, "version is not 13"
	case err != nil || len(key) != 16:
		return http.StatusBadRequest, "key is not 16 octets in base64"
	case !allowed(r, o):
		return http.StatusForbidden, "origin is not allowed"
	}
	return 0, ""
}

// allowed decides about pages of other hosts, whose requests carry the user's
// cookies all the same. RFC 6455 §10.2
func allowed(r *http.Request, o *Options) bool {
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true // not a browser
	}
	if u, err := url.Parse(origin); err == nil && strings.EqualFold(u.Host, r.Host) {
		return true
	}
	return o.AllowOrigin != nil && o.AllowOrigin(origin)
}

func refuse(w http.ResponseWriter, status int, why string) error {
	if status == http.StatusUpgradeRequired {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13") // §4.4
	}
	http.Error(w, why, status)
	return fmt.Errorf("%w: %s", ErrHandshake, why)
}

// choose returns the first of the offers that is supported, or "".
func choose(offered, supported []string) string {
	for _, p := range offered {
		if slices.Contains(supported, p) {
			return p
		}
	}
	return ""
}

// switchProtocols sends the server's handshake. RFC 6455 §4.2.2
func switchProtocols(nc net.Conn, key, subprotocol string) error {
	var b strings.Builder
	b.WriteString("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
	fmt.Fprintf(&b, "Sec-WebSocket-Accept: %s\r\n", acceptKey(key))
	if subprotocol != "" {
		fmt.Fprintf(&b, "Sec-WebSocket-Protocol: %s\r\n", subprotocol)
	}
	b.WriteString("\r\n")
	_, err := nc.Write([]byte(b.String()))
	return err
}

// acceptKey is the proof that the server has read the key and speaks
// WebSocket. RFC 6455 §1.3
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + acceptGUID))
	return base64.StdEncoding.EncodeToString(sum[:])
}
