// Package longpolling is a feed of events over plain HTTP: a client asks for
// what comes after the last event it has seen, and the server keeps the
// question until there is an answer.
//
//	GET /events?after=N&wait=30s
//
//	200  application/json: {"events": [{"cursor": N+1, "data": "..."}, ...]}
//	204  nothing came within the wait
//	400  after or wait is malformed
//	405  the method is not GET
//	410  the event after N is not to be had: dropped, or N was never given out
//	503  the feed is closed
package longpolling

import (
	"errors"
	"net/http"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Feed numbers events, keeps the newest ones and serves them to polls. Its
// methods may be called concurrently.
type Feed struct {
	// TODO: what does a poll need to find out, and to wait for?
}

// NewFeed returns a feed that keeps the newest retain events, at least one.
func NewFeed(retain int) *Feed {
	return &Feed{}
}

// Publish appends an event with a copy of data and returns its cursor: 1 for
// the first event. It wakes every held poll and waits for none of them. After
// Close it does nothing and returns 0.
func (f *Feed) Publish(data []byte) (cursor uint64) {
	// TODO
	return 0
}

// Close answers every held poll, and from now on every poll, with 503. It may
// be called more than once, and waits for nothing.
func (f *Feed) Close() error {
	// TODO
	return ErrTODO
}

// ServeHTTP answers one poll, at once or when there is something to say.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// TODO
	http.Error(w, ErrTODO.Error(), http.StatusNotImplemented)
}
