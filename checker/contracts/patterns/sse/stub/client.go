package sse

import (
	"context"
	"iter"
	"net/http"
	"time"
)

// A Client follows an event stream across connections. It must not be used
// concurrently.
type Client struct {
	// HTTP makes the requests; nil means a client of its own.
	HTTP *http.Client
	// URL is the stream's address.
	URL string
	// LastEventID is the ID of the last event seen; "" at the beginning.
	LastEventID string
	// Retry is the reconnection time until the server sets one; 0 means
	// DefaultRetry.
	Retry time.Duration
}

// Events connects and yields events, with a nil error, and connects again
// whenever the stream ends. Before it yields an event it sets c.LastEventID.
//
// It ends without an error when the server says 204, which means that there is
// no need to come back. Otherwise it ends with one error: that of ctx,
// *RefusedError, ErrTooLong, or that of a URL that is none.
func (c *Client) Events(ctx context.Context) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		// TODO
		yield(Event{}, ErrTODO)
	}
}
