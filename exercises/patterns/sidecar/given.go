package sidecar

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"
)

// What zero means in a Policy.
const (
	DefaultTimeout   = 15 * time.Second
	DefaultAttempts  = 3
	DefaultBudget    = 0.25
	DefaultMaxReplay = 64 << 10
	DefaultFailures  = 5
	DefaultOpenFor   = 10 * time.Second
)

// MaxSavings is the most retries that a host's budget saves up.
const MaxSavings = 10

const (
	// DeadlineField says how much time is left, in milliseconds. It has no
	// standard; that it is relative means that no two clocks need to agree.
	DeadlineField = "Request-Timeout-Ms"

	// ErrorField is in every answer that is the sidecar's own, with one of the
	// values below.
	ErrorField = "Sidecar-Error"

	ErrorTimeout     = "timeout"     // 504
	ErrorUnreachable = "unreachable" // 502
	ErrorOpen        = "open"        // 503
)

// Outgoing returns the request that goes upstream for r, the application's:
// with the same method, target, host and body and the fields that are not for
// one connection only. What cancels it is ctx.
func Outgoing(ctx context.Context, r *http.Request) *http.Request {
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host = "http", r.Host
	out.RequestURI, out.Close = "", false
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	out.Header = http.Header{}
	CopyHeader(out.Header, r.Header)
	out.Header.Del("Expect") // the server has answered that already
	if _, named := r.Header["User-Agent"]; !named {
		out.Header.Set("User-Agent", "") // or the transport would make one up
	}
	return out
}

// CopyHeader adds the fields of src to dst, except those that are for one
// connection only (RFC 9110 §7.6.1).
func CopyHeader(dst, src http.Header) {
	named := []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}
	for _, list := range src["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			named = append(named, http.CanonicalHeaderKey(strings.TrimSpace(name)))
		}
	}
	for name, values := range src {
		if !slices.Contains(named, name) {
			dst[name] = append(dst[name], values...)
		}
	}
}
