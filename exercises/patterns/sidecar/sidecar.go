// Package sidecar stands beside an application and sends its requests: with a
// time limit, with retries where they hurt nobody, with a breaker, and in a
// trace. The application speaks plain HTTP and knows nothing of it.
//
//	application → sidecar → upstream
//
// It follows RFC 9110 §9.2 (which methods may be repeated), §7.6.1 (what an
// intermediary forwards) and W3C Trace Context, level 1.
//
// # Limitations
//
// Upstreams are asked by http. CONNECT, upgrades, 1xx answers and the trailers
// of requests are not forwarded. What is remembered of a host is kept for ever.
package sidecar

import (
	"errors"
	"net/http"
	"time"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Policy says how much is done for a request. Zero means the default of the
// same name.
type Policy struct {
	// Timeout is how long one attempt may take until the header of its answer
	// is there.
	Timeout time.Duration
	// Attempts is how often a request is sent at most, the first time included.
	Attempts int
	// Budget is how many retries each request earns for its host; see
	// MaxSavings. A host's budget begins with one retry.
	Budget float64
	// MaxReplay is the longest body, in octets, that is sent a second time.
	MaxReplay int64
	// Failures is how many failed attempts in a row open a host's breaker.
	Failures int
	// OpenFor is how long it then stays open.
	OpenFor time.Duration
}

// New returns the handler that sends an application's requests to the host
// that they name, through upstream. It may be called concurrently.
func New(upstream http.RoundTripper, p Policy) http.Handler {
	// TODO: the loop of attempts, and the answer.
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, ErrTODO.Error(), http.StatusNotImplemented)
	})
}
