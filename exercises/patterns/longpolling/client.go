package longpolling

import (
	"context"
	"errors"
	"net/http"
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
	// TODO
	return nil, ErrTODO
}
