package websocket

import "net/http"

// Accept answers the opening handshake in r and takes the network connection
// over from the HTTP server. A request that is no handshake, or is refused,
// it answers with an error status; it then returns an error that wraps
// ErrHandshake, and the handler has nothing more to write.
func Accept(w http.ResponseWriter, r *http.Request, o *Options) (*Conn, error) {
	// TODO: check the request, take the connection over, answer with 101.
	return nil, ErrTODO
}
