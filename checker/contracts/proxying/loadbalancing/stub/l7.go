package loadbalancing

import (
	"context"
	"net/http"
	"time"
)

// An L7 gives each request to the backend with the fewest requests under way.
// Its methods may be called concurrently.
type L7 struct {
	// Transport makes the requests to the backends.
	Transport http.RoundTripper
	// Backends are the addresses to choose from.
	Backends []string
	// Failures is how many failures in a row eject a backend; 0 means
	// DefaultFailures.
	Failures int
	// EjectFor is for how long; 0 means DefaultEjectFor.
	EjectFor time.Duration

	// TODO
}

// ServeHTTP forwards the request to a backend, or to a second one if the first
// fails and that is safe, and the answer to the client as it comes. Without a
// backend in the rotation the answer is 503.
func (b *L7) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// TODO
	http.Error(w, ErrTODO.Error(), http.StatusNotImplemented)
}

// Drain takes addr out of the rotation for new requests and waits until those
// under way there have been answered. If ctx ends first, it returns ctx's
// error, and addr stays out.
func (b *L7) Drain(ctx context.Context, addr string) error {
	// TODO
	return ErrTODO
}
