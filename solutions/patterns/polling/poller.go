package polling

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
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
	resp, err := p.client().Do(req.Clone(ctx))
	if err != nil {
		return nil, err // not again: the job may have been started
	}
	if resp.StatusCode != http.StatusAccepted {
		return resp, nil
	}
	discard(resp)
	location, err := resp.Location() // relative to the URL that was asked
	if err != nil {
		return nil, fmt.Errorf("job without an address: %w", err)
	}
	poll, err := http.NewRequestWithContext(ctx, http.MethodGet, location.String(), nil)
	if err != nil {
		return nil, err
	}
	// Whoever writes a Location shall not thereby have our credentials.
	if auth, ok := req.Header["Authorization"]; ok && origin(location) == origin(req.URL) {
		poll.Header["Authorization"] = auth
	}
	return p.poll(poll, resp.Header)
}

// poll sends copies of a poll until one brings a final answer. last is the
// header of the answer before, nil if there was none.
func (p *Poller) poll(poll *http.Request, last http.Header) (*http.Response, error) {
	ctx, client := poll.Context(), p.client()
	most := cmp.Or(p.Max, DefaultMax)
	backoff := min(cmp.Or(p.First, DefaultFirst), most)
	for n := 1; ; n++ {
		if err := sleep(ctx, p.pause(last, backoff)); err != nil {
			return nil, err
		}
		backoff += min(backoff, most-backoff) // twice as long, without overflow
		resp, err := client.Do(poll.Clone(ctx))
		switch {
		case err != nil && ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			last = nil
		case isFinal(resp.StatusCode):
			return resp, nil
		default:
			discard(resp)
			last = resp.Header
			remember(poll, resp)
		}
		if n == p.Limit {
			return nil, ErrGaveUp
		}
	}
}

// isFinal reports whether a poll that brought this status was the last one.
func isFinal(status int) bool {
	switch status {
	case http.StatusAccepted, http.StatusNotModified: // still running
		return false
	case http.StatusTooManyRequests:
		return false
	}
	return status < 500
}

// remember makes the next poll conditional, if the answer has a validator. An
// answer that has none takes none away.
func remember(poll *http.Request, resp *http.Response) {
	tag := resp.Header.Get("ETag")
	if tag != "" && (resp.StatusCode == http.StatusAccepted || resp.StatusCode == http.StatusNotModified) {
		poll.Header.Set("If-None-Match", tag)
	}
}

// pause returns how long to wait: what the last answer says, whether that is
// more than the backoff or less.
func (p *Poller) pause(last http.Header, backoff time.Duration) time.Duration {
	if d, ok := retryAfter(last.Get("Retry-After"), time.Now()); ok {
		return d
	}
	if p.Jitter != nil {
		return p.Jitter(backoff)
	}
	return backoff
}

// retryAfter reads a Retry-After field, which has seconds or a date (RFC 9110
// §10.2.3). Nothing between is a valid one: not a sign, not a fraction.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	if date, err := http.ParseTime(value); err == nil {
		return min(date.Sub(now), MaxRetryAfter), true
	}
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return 0, false
	}
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil || seconds > uint64(MaxRetryAfter/time.Second) { // before it is multiplied
		return MaxRetryAfter, true
	}
	return time.Duration(seconds) * time.Second, true
}

// client returns a client that follows redirects as p.Client does, but takes
// the validator of one resource to no other.
func (p *Poller) client() *http.Client {
	var c http.Client
	if p.Client != nil {
		c = *p.Client
	}
	check := c.CheckRedirect
	c.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		req.Header.Del("If-None-Match")
		switch {
		case check != nil:
			return check(req, via)
		case len(via) >= 10: // what a client without CheckRedirect does
			return errors.New("stopped after 10 redirects")
		}
		return nil
	}
	return &c
}

// origin is scheme, host and port of u, alike for all ways to write them.
func origin(u *url.URL) string {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + port)
}

// discard reads a body to its end: only then can its connection serve again.
func discard(resp *http.Response) {
	io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return ctx.Err()
	case <-ctx.Done():
		return ctx.Err()
	}
}
