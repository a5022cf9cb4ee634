package sidecar

import (
	"sync"
	"time"
)

// A verdict is what an attempt says about its host.
type verdict int

const (
	nothing verdict = iota
	success
	failure
)

// A host is what is remembered of one upstream: its breaker and its budget.
//
// The breaker is closed, or open until a moment, or half-open: after that
// moment and until a probe has succeeded. Each opening begins an era. What an
// attempt of an earlier one comes to is stale, and says nothing: else a
// straggler would close a breaker that nobody has probed.
type host struct {
	policy Policy

	mu       sync.Mutex
	savings  float64   // retries that may be made
	failures int       // in a row
	until    time.Time // open, then half-open; zero: closed
	probing  bool      // half-open: an attempt is under way
	era      int
}

func newHost(p Policy) *host { return &host{policy: p, savings: 1} }

// earn adds to the budget what one request does. It saves up only so much: a
// quiet week must not pay for a storm.
func (h *host) earn() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.savings = min(MaxSavings, h.savings+h.policy.Budget)
}

// enter lets a request's first attempt through, as one of this era, or says
// how long the breaker is still open. Who is let through must settle.
func (h *host) enter() (era int, wait time.Duration, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	wait, ok = h.admit()
	return h.era, wait, ok
}

// enterAgain lets a retry through, if budget and breaker both do. One that
// the breaker refuses costs nothing.
func (h *host) enterAgain() (era int, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.savings < 1 {
		return 0, false
	}
	if _, ok = h.admit(); ok {
		h.savings--
	}
	return h.era, ok
}

// admit is enter under the lock.
func (h *host) admit() (wait time.Duration, ok bool) {
	if h.until.IsZero() {
		return 0, true
	}
	wait = time.Until(h.until)
	if wait > 0 || h.probing {
		return wait, false
	}
	h.probing = true
	return 0, true
}

// settle counts what an attempt came to.
func (h *host) settle(era int, v verdict) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if era != h.era {
		return
	}
	probe := h.probing // of this era, while it is half-open, there is no other attempt
	h.probing = false
	switch v {
	case success:
		h.failures, h.until = 0, time.Time{}
	case failure:
		h.failures++
		if probe || h.failures >= h.policy.Failures {
			h.failures, h.until = 0, time.Now().Add(h.policy.OpenFor)
			h.era++
		}
	}
}
