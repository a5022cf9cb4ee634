package quiczerortt

import "net/http"

// Guard answers 425 (Too Early) to requests that may be replays and that safe
// does not allow to be; next serves all others. A nil safe allows the methods
// that RFC 9110 §9.2.1 calls safe.
func Guard(next http.Handler, safe func(r *http.Request) bool) http.Handler {
	if safe == nil {
		safe = hasSafeMethod
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// To wait for the handshake would do for isEarly, but not for isMarked:
		// that handshake is a proxy's with its client (RFC 8470 §5.1).
		if (isEarly(r) || isMarked(r)) && !safe(r) {
			http.Error(w, http.StatusText(http.StatusTooEarly), http.StatusTooEarly)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// Forward marks out, which a proxy is about to send for r, as early data if r
// came as such, here or on an earlier hop, and leaves it alone otherwise.
func Forward(r, out *http.Request) {
	if isEarly(r) || isMarked(r) {
		out.Header.Set(EarlyData, "1")
	}
}

// isEarly reports whether r was taken from early data: no handshake has shown
// yet that whoever sent it is there.
func isEarly(r *http.Request) bool { return r.TLS != nil && !r.TLS.HandshakeComplete }

// isMarked reports whether r was early on an earlier hop. RFC 8470 §5.1: more
// than one field, and one with another value, are as good as a single "1".
func isMarked(r *http.Request) bool { return len(r.Header.Values(EarlyData)) > 0 }

func hasSafeMethod(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
