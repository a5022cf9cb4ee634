// Package push is a hub that pushes events to clients over connections that
// stay open, and tells each client who else is there. It waits for none of
// them: what a client has not taken yet waits in a buffer of its own, and who
// falls behind by more than that has to leave.
//
// From the hub to a client go frames:
//
//	length   32 bits   of the payload, big-endian
//	kind      8 bits   0 EVENT, 1 PRESENT, 2 JOIN, 3 LEAVE
//	payload  length octets
//
// PRESENT comes first, then the others in the one order of the hub. What a
// client sends is thrown away.
package push

import "errors"

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// Options are a hub's. The zero value will do.
type Options struct {
	// Buffer is how many frames may wait for a client, besides what is being
	// written to it; 0 or less means DefaultBuffer.
	Buffer int
	// Encode makes an event's payload; nil means [json.Marshal]. It may be
	// called by several goroutines at once, and may use the slice that it
	// returned again once the call of Broadcast or Send is over.
	Encode func(data any) ([]byte, error)
	// OnLeave, if not nil, is called once for each client that has left, with
	// a reason for which [errors.Is] finds ErrSlow, ErrGone or ErrClosed. It
	// may call every method but Close, and may take its time.
	OnLeave func(name string, why error)
}

// A Hub knows who is present and pushes events to them. Its methods may be
// called concurrently. It lasts until Close.
type Hub struct {
	// TODO: what do all clients share, and what has each of its own?
}

// NewHub returns a hub at which nobody is present.
func NewHub(o Options) *Hub {
	return &Hub{}
}

// Broadcast pushes data to everyone present, encoded once. It waits for
// nobody; who has no room for the event leaves with ErrSlow. It returns
// ErrClosed after Close, or an error that wraps Encode's.
func (h *Hub) Broadcast(data any) error {
	// TODO
	return ErrTODO
}

// Send pushes data to one client. It waits for nobody. It returns ErrAbsent if
// the client is not present, ErrSlow if it had no room and had to leave,
// ErrClosed after Close, or an error that wraps Encode's.
func (h *Hub) Send(name string, data any) error {
	// TODO
	return ErrTODO
}

// Present returns the names of all who are present, sorted.
func (h *Hub) Present() []string {
	// TODO
	return nil
}
