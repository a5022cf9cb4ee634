package quiczerortt

import "net/http"

// Guard answers 425 (Too Early) to requests that may be replays and that safe
// does not allow to be; next serves all others. A nil safe allows the methods
// that RFC 9110 §9.2.1 calls safe.
func Guard(next http.Handler, safe func(r *http.Request) bool) http.Handler {
	// TODO
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Error(w, ErrTODO.Error(), http.StatusNotImplemented)
	})
}

// Forward marks out, which a proxy is about to send for r, as early data if r
// came as such, here or on an earlier hop, and leaves it alone otherwise.
func Forward(r, out *http.Request) {
	// TODO
}
