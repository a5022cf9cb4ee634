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

import "errors"

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

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
	// TODO: which octets are written, sent, acknowledged?
}

// NewSender returns a sender that has sent nothing yet.
func NewSender(o Options) *Sender {
	return &Sender{}
}

// Write takes n octets more from the application. After Close it takes none.
func (s *Sender) Write(n int) []Segment {
	// TODO
	return nil
}

// Ack says that the receiver has every octet before number n. It is
// cumulative: one that says nothing new changes nothing, and neither does one
// for octets that have not been sent.
func (s *Sender) Ack(n int) []Segment {
	// TODO
	return nil
}

// SetNoDelay turns Nagle's algorithm off (on is true) or on. What it held
// goes at once when it is turned off; what a cork holds may go or stay.
func (s *Sender) SetNoDelay(on bool) []Segment {
	// TODO
	return nil
}

// SetCork puts a cork in or takes it out, as TCP_CORK does. With a cork only
// full-sized segments go. When it is taken out, the other options decide about
// what is held.
func (s *Sender) SetCork(on bool) []Segment {
	// TODO
	return nil
}

// Close ends the stream. All that is held goes at once, with a FIN on its
// last segment; if nothing is held the FIN goes alone. The second Close does
// nothing.
func (s *Sender) Close() []Segment {
	// TODO
	return nil
}
