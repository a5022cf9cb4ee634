package sidecar

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// A trace is what all attempts of a call are part of.
type trace struct {
	id      string // 32 hexadecimal digits
	sampled bool
	fresh   bool // begun here
}

// continueTrace returns the trace that a request belongs to: the one that it
// names, or a new one.
func continueTrace(h http.Header) trace {
	if values := h["Traceparent"]; len(values) == 1 {
		if t, ok := parseTraceparent(values[0]); ok {
			return t
		}
	}
	return trace{id: randomID(16), fresh: true}
}

// parseTraceparent reads
//
//	version "-" trace-id "-" parent-id "-" trace-flags
//
// of 2, 32, 16 and 2 lower-case hexadecimal digits (Trace Context §3.2.2). Of
// a version later than 00 it reads as much; more may follow after a dash.
func parseTraceparent(v string) (trace, bool) {
	const length = 2 + 1 + 32 + 1 + 16 + 1 + 2
	switch {
	case len(v) < length, len(v) > length && (v[:2] == "00" || v[length] != '-'):
		return trace{}, false
	case v[2] != '-' || v[35] != '-' || v[52] != '-':
		return trace{}, false
	}
	version, id, parent, flags := v[:2], v[3:35], v[36:52], v[53:55]
	switch {
	case !isHex(version + id + parent + flags), version == "ff", isZero(id), isZero(parent):
		return trace{}, false
	}
	bits, _ := hex.DecodeString(flags)
	return trace{id: id, sampled: bits[0]&1 != 0}, true
}

func isHex(s string) bool  { return strings.Trim(s, "0123456789abcdef") == "" }
func isZero(s string) bool { return strings.Trim(s, "0") == "" }

// span puts an attempt into the trace, with an id of its own: whoever looks at
// the trace sees how often it was tried. A trace that begins here has nothing
// to do with the tracestate of another.
func (t trace) span(h http.Header) {
	flags := "00" // the flags that version 00 does not know are zero (§3.2.2.5.2)
	if t.sampled {
		flags = "01"
	}
	h.Set("traceparent", "00-"+t.id+"-"+randomID(8)+"-"+flags)
	if t.fresh {
		h.Del("tracestate")
	}
}

// randomID returns n random octets in hexadecimal, not all zero.
func randomID(n int) string {
	b := make([]byte, n)
	for {
		rand.Read(b)
		if id := hex.EncodeToString(b); !isZero(id) {
			return id
		}
	}
}
