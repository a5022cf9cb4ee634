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
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"
)

// A Feed numbers events, keeps the newest ones and serves them to polls. Its
// methods may be called concurrently.
type Feed struct {
	retain int

	mu     sync.Mutex
	events []Event // the newest ones, oldest first
	head   uint64  // cursor of the newest event ever
	closed bool

	// changed is closed whenever any of the above changes, and replaced. A poll
	// takes it together with its look at the events, under one lock: there is
	// no moment between looking and waiting in which an event could slip by.
	changed chan struct{}
}

// NewFeed returns a feed that keeps the newest retain events, at least one.
func NewFeed(retain int) *Feed {
	return &Feed{retain: max(1, retain), changed: make(chan struct{})}
}

// Publish appends an event with a copy of data and returns its cursor: 1 for
// the first event. It wakes every held poll and waits for none of them. After
// Close it does nothing and returns 0.
func (f *Feed) Publish(data []byte) (cursor uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return 0
	}
	f.head++
	f.events = append(f.events, Event{Cursor: f.head, Data: bytes.Clone(data)})
	if len(f.events) > f.retain {
		f.events = slices.Delete(f.events, 0, len(f.events)-f.retain)
	}
	f.wake()
	return f.head
}

// Close answers every held poll, and from now on every poll, with 503. It may
// be called more than once, and waits for nothing.
func (f *Feed) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.closed = true
		f.wake()
	}
	return nil
}

// wake makes every held poll look again. The lock is held.
func (f *Feed) wake() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// ServeHTTP answers one poll, at once or when there is something to say.
func (f *Feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		fail(w, http.StatusMethodNotAllowed)
		return
	}
	after, wait, err := parse(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	timeout := time.NewTimer(wait)
	defer timeout.Stop()
	for {
		events, status, changed := f.look(after)
		switch {
		case status != http.StatusOK:
			fail(w, status)
			return
		case len(events) > 0:
			w.Header().Set("Content-Type", "application/json")
			json.NewEncoder(w).Encode(Page{events}) // outside the lock: the client may be slow
			return
		}
		select {
		case <-changed:
		case <-timeout.C:
			w.WriteHeader(http.StatusNoContent)
			return
		case <-r.Context().Done():
			return
		}
	}
}

// look returns the events after a cursor, or the status that says why there
// are none to be had, and what to wait for otherwise.
func (f *Feed) look(after uint64) (events []Event, status int, changed <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	dropped := f.head - uint64(len(f.events))
	switch {
	case f.closed:
		return nil, http.StatusServiceUnavailable, nil
	case after < dropped, after > f.head:
		return nil, http.StatusGone, nil
	}
	return slices.Clone(f.events[after-dropped:]), http.StatusOK, f.changed
}

// parse reads a poll's parameters.
func parse(q url.Values) (after uint64, wait time.Duration, err error) {
	if after, err = strconv.ParseUint(cmp.Or(q.Get("after"), "0"), 10, 64); err != nil {
		return 0, 0, fmt.Errorf("after %q is no cursor", q.Get("after"))
	}
	if wait, err = time.ParseDuration(cmp.Or(q.Get("wait"), DefaultWait.String())); err != nil {
		return 0, 0, fmt.Errorf("wait %q is no duration", q.Get("wait"))
	}
	if wait < 0 {
		return 0, 0, errors.New("wait is negative")
	}
	return after, min(wait, MaxWait), nil
}

func fail(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
