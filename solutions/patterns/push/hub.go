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

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
)

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
	Options
	running sync.WaitGroup // one for each client whose goroutines have not ended
	over    chan struct{}  // closed when none is left after Close

	// mu makes the one order: whoever puts frames into buffers holds it. It is
	// never held over a call that could wait, be it of a connection, of Encode
	// or of OnLeave.
	mu       sync.Mutex
	clients  []*client // who is present, sorted by name
	flushing []*client // who was present when Close was called
	closed   bool
}

// NewHub returns a hub at which nobody is present.
func NewHub(o Options) *Hub {
	if o.Buffer <= 0 {
		o.Buffer = DefaultBuffer
	}
	if o.Encode == nil {
		o.Encode = json.Marshal
	}
	if o.OnLeave == nil {
		o.OnLeave = func(string, error) {}
	}
	return &Hub{Options: o, over: make(chan struct{})}
}

// Broadcast pushes data to everyone present, encoded once. It waits for
// nobody; who has no room for the event leaves with ErrSlow. It returns
// ErrClosed after Close, or an error that wraps Encode's.
func (h *Hub) Broadcast(data any) error {
	frame, err := h.event(data)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	h.push(frame)
	return nil
}

// Send pushes data to one client. It waits for nobody. It returns ErrAbsent if
// the client is not present, ErrSlow if it had no room and had to leave,
// ErrClosed after Close, or an error that wraps Encode's.
func (h *Hub) Send(name string, data any) error {
	frame, err := h.event(data)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return ErrClosed
	}
	i, ok := h.find(name)
	if !ok {
		return ErrAbsent
	}
	if c := h.clients[i]; !c.offer(frame) {
		h.drop(c, ErrSlow)
		return ErrSlow
	}
	return nil
}

// Present returns the names of all who are present, sorted.
func (h *Hub) Present() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.names()
}

// event encodes data, before the lock is taken: Encode may take long, and what
// it returns is the encoder's again soon, so the frame is a copy. All clients
// share it; nobody changes it any more.
func (h *Hub) event(data any) ([]byte, error) {
	payload, err := h.Encode(data)
	if err != nil {
		return nil, fmt.Errorf("encoding an event: %w", err)
	}
	return AppendFrame(nil, KindEvent, payload), nil
}

// push puts a frame into everyone's buffer. Who has no room leaves only when
// all have the frame: the LEAVE that it causes must come behind the frame for
// everyone, or two clients would see the two in different orders. The lock is
// held.
func (h *Hub) push(frame []byte) {
	var slow []*client
	for _, c := range h.clients {
		if !c.offer(frame) {
			slow = append(slow, c)
		}
	}
	for _, c := range slow {
		h.drop(c, ErrSlow)
	}
}

// drop makes c leave, if it has not left yet, and tells the others. That may
// be too much for one of them, who then leaves as well, and so on; it ends,
// as each time one less is present. The lock is held.
func (h *Hub) drop(c *client, why error) {
	if c.why != nil {
		return
	}
	i, _ := h.find(c.name)
	h.clients = slices.Delete(h.clients, i, i+1)
	c.leave(why)
	c.cut()
	h.push(presence(KindLeave, c.name))
}

// find returns the place of a name among the clients. The lock is held.
func (h *Hub) find(name string) (int, bool) {
	return slices.BinarySearchFunc(h.clients, name, func(c *client, name string) int {
		return strings.Compare(c.name, name)
	})
}

// names returns the names of all who are present. The lock is held.
func (h *Hub) names() []string {
	names := make([]string, len(h.clients))
	for i, c := range h.clients {
		names[i] = c.name
	}
	return names
}

// presence returns the frame that says who has come or gone, or who is there.
func presence(k Kind, who any) []byte {
	payload, err := json.Marshal(who)
	if err != nil {
		panic("BUG: " + err.Error()) // strings can be marshalled
	}
	return AppendFrame(nil, k, payload)
}
