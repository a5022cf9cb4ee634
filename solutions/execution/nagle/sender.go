// Package nagle decides when octets leave: a TCP sender with Nagle's
// algorithm and what is said against it (TCP_NODELAY, TCP_CORK, Minshall's
// variant), the receiver's delayed acknowledgments, and what an application
// can do itself: gather its small writes.
//
// RFC 9293 §3.7.4 and §3.8.6.3, RFC 896, RFC 1122 §4.2.3.2 and §4.2.3.4, RFC
// 5681 §4.2, draft-minshall-nagle-01.
//
// # Limitations
//
// There is no window and no congestion control: whatever Nagle's algorithm
// lets go may go. Sequence numbers begin at 0 and do not wrap. Nothing is lost.
package nagle

import "cmp"

// Options say how a Sender decides.
type Options struct {
	// MSS is how many octets a full-sized segment carries; 0 means DefaultMSS.
	MSS int
	// NoDelay turns Nagle's algorithm off, as TCP_NODELAY does.
	NoDelay bool
	// Minshall selects Minshall's variant of it.
	Minshall bool
}

// A Sender decides which octets go now and which are held. It does no I/O: it
// is told what happens, and returns the segments that are to be sent, in
// order. Its methods must not be called concurrently.
type Sender struct {
	mss                             int
	noDelay, minshall, cork, closed bool

	// The numbers of octets, in this order: RFC 9293 calls the first two
	// SND.UNA and SND.NXT. What is held is [nxt, end), always less than mss.
	una int // the first not acknowledged
	nxt int // the first not sent
	end int // the first not written

	sml int // the end of the newest small segment: snd.sml of Minshall's draft
}

// NewSender returns a sender that has sent nothing yet.
func NewSender(o Options) *Sender {
	return &Sender{mss: cmp.Or(o.MSS, DefaultMSS), noDelay: o.NoDelay, minshall: o.Minshall}
}

// Write takes n octets more from the application. After Close it takes none.
func (s *Sender) Write(n int) []Segment {
	if s.closed {
		return nil
	}
	s.end += n
	return s.send()
}

// Ack says that the receiver has every octet before number n. It is
// cumulative: one that says nothing new changes nothing, and neither does one
// for octets that have not been sent.
func (s *Sender) Ack(n int) []Segment {
	if n <= s.una || n > s.nxt {
		return nil
	}
	s.una = n
	return s.send()
}

// SetNoDelay turns Nagle's algorithm off (on is true) or on. What it held
// goes at once when it is turned off; what a cork holds may go or stay.
func (s *Sender) SetNoDelay(on bool) []Segment {
	s.noDelay = on
	return s.send()
}

// SetCork puts a cork in or takes it out, as TCP_CORK does. With a cork only
// full-sized segments go. When it is taken out, the other options decide about
// what is held.
func (s *Sender) SetCork(on bool) []Segment {
	s.cork = on
	return s.send()
}

// Close ends the stream. All that is held goes at once, with a FIN on its
// last segment; if nothing is held the FIN goes alone. The second Close does
// nothing.
func (s *Sender) Close() []Segment {
	if s.closed {
		return nil
	}
	s.closed = true
	segments := s.send()
	if len(segments) == 0 {
		return []Segment{{Seq: s.nxt, FIN: true}}
	}
	segments[len(segments)-1].FIN = true
	return segments
}

// send cuts what is held into segments. A small one can only be the last.
func (s *Sender) send() []Segment {
	var segments []Segment
	for s.end-s.nxt >= s.mss {
		segments = append(segments, s.next(s.mss))
	}
	if s.end > s.nxt && s.smallMayGo() {
		segments = append(segments, s.next(s.end-s.nxt))
		s.sml = s.nxt // whatever let it go: it is small, and in flight
	}
	return segments
}

func (s *Sender) next(n int) Segment {
	s.nxt += n
	return Segment{Seq: s.nxt - n, Len: n}
}

// smallMayGo reports whether a segment below the MSS may be sent now.
func (s *Sender) smallMayGo() bool {
	switch {
	case s.closed:
		return true // with its FIN: nothing can be added to it any more
	case s.cork:
		return false
	case s.noDelay:
		return true
	case s.minshall:
		return s.sml <= s.una // no small segment is in flight
	}
	// RFC 9293 §3.7.4: only if nothing at all is in flight. The full-sized
	// segments that send has cut off just now are.
	return s.nxt == s.una
}
