package nagle

import (
	"cmp"
	"time"
)

// An Acker decides when a receiver acknowledges. It does no I/O and has no
// clock: it is told what happens and when. Its methods must not be called
// concurrently, and now never goes back.
//
// Every segment that leaves carries the acknowledgment of all that has come,
// so the caller calls Sent after each one: data, or an ACK alone because
// Receive or Due asked for it.
type Acker struct {
	// Delay is how long an ACK may wait for company: 0 means DefaultDelay, and
	// more than MaxDelay is MaxDelay.
	Delay time.Duration
	// MSS is how many octets a full-sized segment carries; 0 means DefaultMSS.
	MSS int
	// Quick is how many segments with data are acknowledged at once when the
	// connection is new, before the delays begin.
	Quick int

	seen  int       // segments with data, up to Quick
	owed  int       // octets that no ACK has covered yet
	since time.Time // when the first of them came
}

// Receive says that a segment with n octets of data has arrived, and reports
// whether an ACK must be sent now. A segment is not in order if it lies behind
// a gap, fills one, or brings what was there.
func (a *Acker) Receive(now time.Time, n int, inOrder bool) (ackNow bool) {
	if n == 0 {
		return false // an ACK for each ACK would never end
	}
	if a.owed == 0 {
		a.since = now
	}
	a.owed += n
	quick := a.seen < a.Quick
	if quick {
		a.seen++
	}
	// RFC 5681 §4.2: every second full-sized segment, counted in octets; and at
	// once whatever the sender needs for loss recovery.
	return quick || !inOrder || a.owed >= 2*cmp.Or(a.MSS, DefaultMSS)
}

// Due returns when the ACK that waits must be sent at the latest, and false if
// none waits.
func (a *Acker) Due() (at time.Time, ok bool) {
	// The delay counts from the first segment: were each one to renew it, a
	// sender of small segments would never hear anything.
	return a.since.Add(min(cmp.Or(a.Delay, DefaultDelay), MaxDelay)), a.owed > 0
}

// Sent says that a segment has left: the ACK that waited was in it.
func (a *Acker) Sent() { a.owed = 0 }
