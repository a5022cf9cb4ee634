package polling

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ErrGaveUp is returned by [Poller.Do] when Limit polls brought no final
// answer. The job goes on.
var ErrGaveUp = errors.New("gave up polling")

// A Poller has jobs done: it submits them and polls until they are over. The
// zero value works. Its methods may be called concurrently.
type Poller struct {
	// Client makes the requests; nil means a client of its own.
	Client *http.Client
	// First is the pause before the first poll, and each further one is twice
	// as long; 0 means DefaultFirst.
	First time.Duration
	// Max is the longest of these pauses; 0 means DefaultMax.
	Max time.Duration
	// Jitter, if it is not nil, returns what is waited instead of a pause.
	Jitter func(pause time.Duration) time.Duration
	// Limit is how many polls are sent at most; 0 means any number.
	Limit int
}

// Do sends req, once. If the answer is 202 it polls the Location until there
// is an answer that says neither "still running" (202, 304) nor "not now" (429,
// 5xx), and returns that; its body is the caller's to close. It returns
// ErrGaveUp when the limit is reached, and ctx's error when ctx ends.
func (p *Poller) Do(ctx context.Context, req *http.Request) (*http.Response, error) {
	// TODO
	return nil, ErrTODO
}
