package sse

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"mime"
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
		retry := cmp.Or(c.Retry, DefaultRetry)
		for {
			err := c.follow(ctx, &retry, yield)
			if err == nil {
				err = sleep(ctx, retry)
			}
			if errors.Is(err, errOver) {
				return
			}
			if err != nil {
				yield(Event{}, err)
				return
			}
		}
	}
}

// errOver ends the sequence without an error.
var errOver = errors.New("over")

// follow yields the events of one connection. It returns nil if the next
// connection may have more (WHATWG HTML §9.2.3, "reestablish the connection"),
// and otherwise why not.
func (c *Client) follow(ctx context.Context, retry *time.Duration, yield func(Event, error) bool) error {
	req, err := c.request(ctx)
	if err != nil {
		return err
	}
	resp, err := cmp.Or(c.HTTP, &http.Client{}).Do(req)
	if err != nil {
		return ctx.Err()
	}
	defer resp.Body.Close()
	if err := accept(resp); err != nil {
		return err
	}
	d := NewDecoder(resp.Body)
	d.id = c.LastEventID // empty on each new stream by the letter of §9.2.6; carried over, as in browsers
	d.lastID = d.id
	for {
		e, err := d.Next()
		c.LastEventID = d.lastID // also of a blank line without data
		if set, ok := d.Retry(); ok {
			*retry = set
		}
		switch {
		case errors.Is(err, ErrTooLong):
			return err
		case err != nil:
			return ctx.Err() // the end of a stream, or a break in it
		case !yield(e, nil):
			return errOver
		}
	}
}

func (c *Client) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.URL, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Cache-Control", "no-cache")
	if c.LastEventID != "" {
		req.Header.Set("Last-Event-ID", c.LastEventID)
	}
	return req, nil
}

// accept returns nil for an event stream.
func accept(resp *http.Response) error {
	contentType := resp.Header.Get("Content-Type")
	// With parameters that cannot be read the type is returned all the same.
	essence, _, _ := mime.ParseMediaType(contentType)
	switch {
	case resp.StatusCode == http.StatusNoContent:
		return errOver
	case resp.StatusCode != http.StatusOK || essence != "text/event-stream":
		return &RefusedError{resp.StatusCode, contentType}
	}
	return nil
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
