package longpolling

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// ErrGap is returned by [Client.Next] when events that the client has not
// seen are not to be had. Its cursor stays where it was.
var ErrGap = errors.New("gap in the feed")

// A Client follows a feed. Its methods must not be called concurrently.
type Client struct {
	// HTTP makes the requests; nil means a client of its own.
	HTTP *http.Client
	// URL is the feed's address. Its query, if it has one, is kept.
	URL string
	// After is the cursor of the last event seen; 0 at the beginning.
	After uint64
	// Wait is how long a poll may be held; 0 means DefaultWait.
	Wait time.Duration
}

// Next returns the events after c.After, at least one and in order, and moves
// c.After to the last of them. It polls as often as it takes: again at once
// when nothing came, after a pause when a poll failed. It ends without events
// only with ErrGap, with ctx, or at what no later poll will mend: a status
// outside 5xx, a URL that is none.
func (c *Client) Next(ctx context.Context) ([]Event, error) {
	backoff := FirstBackoff
	for {
		events, err := c.poll(ctx)
		var failed *retryError
		switch {
		case errors.As(err, &failed):
			if err := sleep(ctx, cmp.Or(failed.after, backoff)); err != nil {
				return nil, err
			}
			backoff = min(2*backoff, MaxBackoff)
		case err != nil:
			return nil, err
		case len(events) > 0:
			c.After = events[len(events)-1].Cursor
			return events, nil
		default: // nothing came: the next poll belongs on the wire now
			backoff = FirstBackoff
		}
	}
}

// A retryError is a poll's failure that a later one may not have.
type retryError struct {
	err   error
	after time.Duration // what the server asked for, or 0
}

func (e *retryError) Error() string { return e.err.Error() }

// poll asks once. It returns no events and no error for "nothing came".
func (c *Client) poll(ctx context.Context) ([]Event, error) {
	req, err := c.request(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := cmp.Or(c.HTTP, &http.Client{}).Do(req)
	if err != nil {
		return nil, mendable(ctx, err, 0)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusOK:
		var page Page
		if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
			return nil, mendable(ctx, err, 0) // half an answer: the cursor has not moved
		}
		// Only a connection whose body was read to its end serves the next poll.
		io.Copy(io.Discard, resp.Body)
		return c.unseen(page.Events)
	case resp.StatusCode == http.StatusNoContent:
		return nil, nil
	case resp.StatusCode == http.StatusGone:
		return nil, ErrGap
	case resp.StatusCode >= 500:
		io.Copy(io.Discard, resp.Body)
		return nil, mendable(ctx, fmt.Errorf("feed: %s", resp.Status), retryAfter(resp.Header))
	}
	return nil, fmt.Errorf("feed: %s", resp.Status)
}

func (c *Client) request(ctx context.Context) (*http.Request, error) {
	u, err := url.Parse(c.URL)
	if err != nil {
		return nil, err
	}
	q := u.Query()
	q.Set("after", strconv.FormatUint(c.After, 10))
	q.Set("wait", cmp.Or(c.Wait, DefaultWait).String())
	u.RawQuery = q.Encode()
	return http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
}

// unseen leaves out what the client has had already. What is left must go on
// where the client is, without a hole.
func (c *Client) unseen(events []Event) ([]Event, error) {
	for len(events) > 0 && events[0].Cursor <= c.After {
		events = events[1:]
	}
	for i, e := range events {
		if e.Cursor != c.After+1+uint64(i) {
			return nil, ErrGap
		}
	}
	return events, nil
}

// mendable makes err one to try again after, unless ctx is the reason.
func mendable(ctx context.Context, err error, after time.Duration) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &retryError{err, after}
}

// retryAfter reads the seconds form of Retry-After (RFC 9110 §10.2.3).
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.ParseUint(h.Get("Retry-After"), 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(seconds) * time.Second
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
