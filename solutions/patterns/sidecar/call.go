package sidecar

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strconv"
	"time"
)

// A call is a request of the application: what its attempts have in common.
type call struct {
	r          *http.Request
	deadline   time.Time // zero: none
	trace      trace
	kept       []byte // the body, if the request is repeatable
	repeatable bool
}

func newCall(r *http.Request, maxReplay int64) (*call, error) {
	c := &call{r: r, trace: continueTrace(r.Header)}
	if left, ok := remaining(r.Header[DeadlineField]); ok {
		c.deadline = time.Now().Add(left)
	}
	if !idempotent(r.Method) || r.ContentLength < 0 || r.ContentLength > maxReplay {
		return c, nil
	}
	c.repeatable = true
	var err error
	c.kept, err = io.ReadAll(r.Body)
	return c, err
}

// idempotent reports whether doing it twice is like doing it once (RFC 9110
// §9.2.2). Of a method that is not known that is not known either.
func idempotent(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace, http.MethodPut, http.MethodDelete:
		return true
	}
	return false
}

// remaining reads the values of DeadlineField: what is not one number of at
// most ten digits says nothing.
func remaining(values []string) (time.Duration, bool) {
	if len(values) != 1 || len(values[0]) > 10 {
		return 0, false
	}
	ms, err := strconv.ParseUint(values[0], 10, 64)
	return time.Duration(ms) * time.Millisecond, err == nil
}

// hasTime reports whether another attempt could say how much time it has.
func (c *call) hasTime() bool {
	return c.deadline.IsZero() || time.Until(c.deadline) >= time.Millisecond
}

// gone reports whether nobody waits for the answer any more. net/http knows it
// from the connection, in the middle of a body too.
func (c *call) gone() bool { return c.r.Context().Err() != nil }

// outgoing returns the request of an attempt that may last for limit.
func (c *call) outgoing(ctx context.Context, limit time.Duration) *http.Request {
	out := Outgoing(ctx, c.r)
	out.Header.Set(DeadlineField, strconv.FormatInt(limit.Milliseconds(), 10))
	c.trace.span(out.Header)
	if len(c.kept) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(c.kept))
	}
	return out
}
