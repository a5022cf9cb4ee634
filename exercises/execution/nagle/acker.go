package nagle

import "time"

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

	// TODO: what is owed, and since when?
}

// Receive says that a segment with n octets of data has arrived, and reports
// whether an ACK must be sent now. A segment is not in order if it lies behind
// a gap, fills one, or brings what was there.
func (a *Acker) Receive(now time.Time, n int, inOrder bool) (ackNow bool) {
	// TODO
	return false
}

// Due returns when the ACK that waits must be sent at the latest, and false if
// none waits.
func (a *Acker) Due() (at time.Time, ok bool) {
	// TODO
	return time.Time{}, false
}

// Sent says that a segment has left: the ACK that waited was in it.
func (a *Acker) Sent() {
	// TODO
}
