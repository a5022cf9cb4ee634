package push_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/push"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// An event that is broadcast reaches everyone present, in the order of the
// calls, as a frame with the data in JSON. README
func TestEveryoneGetsEveryEvent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		ann, bob := s.join(t, "ann"), s.join(t, "bob")
		contract.Step(t, `Broadcast "hi", and three more`)
		s.broadcast(t, "hi", 41, map[string]int{"n": 42}, nil)
		ann.frame(t) // JOIN "bob"
		contract.Bytes(t, "the frame of the first event", ann.frame(t).raw, []byte("\x00\x00\x00\x04\x00\"hi\""))
		bob.wantEvents(t, `"hi"`)
		for _, g := range []*guest{ann, bob} {
			g.wantEvents(t, "41", `{"n":42}`, "null")
		}
	})
}

// The first frame says who is present, and from then on frames say who comes
// and who goes. README
func TestPresence(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		contract.Step(t, "carol joins, then ann, then bob")
		carol, ann, bob := s.join(t, "carol"), s.join(t, "ann"), s.join(t, "bob")
		s.wantPresent(t, "ann", "bob", "carol")
		s.wantPresent(t, "ann", "bob", "carol") // the slice was the caller's, who has written to it
		carol.wantList(t, "carol")
		carol.wantChanges(t, `JOIN "ann"`, `JOIN "bob"`)
		ann.wantList(t, "ann", "carol")
		ann.wantChanges(t, `JOIN "bob"`)
		bob.wantList(t, "ann", "bob", "carol")
		contract.Step(t, "ann hangs up")
		ann.conn.Close()
		bob.wantChanges(t, `LEAVE "ann"`)
		carol.wantChanges(t, `LEAVE "ann"`)
		s.wantPresent(t, "bob", "carol")
		s.wantLeft(t, "ann ErrGone")
	})
}

// Send reaches the one client that it names. README
func TestSendReachesOne(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		ann, bob := s.join(t, "ann"), s.join(t, "bob")
		contract.Step(t, "Send to bob")
		s.send(t, "bob", "psst", nil)
		contract.Step(t, "Send to zoe, who is not there")
		s.send(t, "zoe", "psst", push.ErrAbsent)
		contract.Fence(t, "Broadcast")
		s.broadcast(t, "all")
		bob.wantEvents(t, `"psst"`, `"all"`)
		ann.wantEvents(t, `"all"`)
	})
}

// A name that is taken cannot be joined under, until its owner has left. README
func TestTakenName(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		ann := s.join(t, "ann")
		contract.Step(t, "another one joins as ann")
		client, server := s.dial(t, "other")
		s.wantJoin(t, "ann", server, push.ErrTaken)
		contract.Control(t, "the first one is still there")
		s.broadcast(t, 1)
		ann.wantEvents(t, "1")
		contract.Step(t, "the first ann hangs up, and the other one joins")
		ann.conn.Close()
		contract.Settle()
		s.wantJoin(t, "ann", server, nil)
		other := s.enter(t, "ann", client)
		s.broadcast(t, 2)
		other.wantEvents(t, "2")
	})
}

// A client that does not read holds up nobody and is dropped when its buffer
// is full. README
func TestSlowClientIsDropped(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 2})
		defer s.stop()
		fast := s.join(t, "fast")
		s.joinSlow(t, "slow")
		contract.Step(t, "slow reads no more; Broadcast 0: its Write hangs. 1 and 2 wait")
		s.broadcast(t, 0, 1, 2)
		s.wantPresent(t, "fast", "slow")
		contract.Step(t, "Broadcast 3")
		s.broadcast(t, 3)
		s.wantPresent(t, "fast")
		s.wantLeft(t, "slow ErrSlow")
		fast.wantEvents(t, "0", "1", "2", "3")
	})
}

// Close writes what is waiting, closes every connection and returns. README
func TestCloseEndsEveryConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		ann, bob := s.join(t, "ann"), s.join(t, "bob")
		contract.Step(t, "Broadcast and Close")
		s.broadcast(t, "last")
		s.wantClose(t, context.Background(), nil)
		for _, g := range []*guest{ann, bob} {
			g.wantEvents(t, `"last"`)
			g.wantEnd(t)
		}
		s.wantPresent(t)
		s.wantLeft(t, "ann ErrClosed", "bob ErrClosed")
	})
}

// A hall is a hub on a network, and those who have joined it.
type hall struct {
	net      *memnet.Network
	hub      *push.Hub
	listener net.Listener
	clients  []net.Conn
	t        *testing.T

	mu   sync.Mutex
	left []string // calls of OnLeave
}

// open makes a hub that notes who leaves before it calls o.OnLeave.
func open(t *testing.T, o push.Options) *hall {
	s := &hall{net: memnet.New(t), t: t}
	wire.Record(t, s.net, map[uint16]wire.Protocol{7000: wire.Push})
	told := o.OnLeave
	o.OnLeave = func(name string, why error) {
		s.mu.Lock()
		s.left = append(s.left, name+" "+reason(why))
		s.mu.Unlock()
		if told != nil {
			told(name, why)
		}
	}
	l, err := s.net.Listen("hub:7000")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s.listener, s.hub = l, push.NewHub(o)
	return s
}

// stop cuts off what is left. After a failure the process ends anyway.
func (s *hall) stop() {
	if s.t.Failed() {
		return
	}
	contract.Call(s.t, "Close to return", func() error { return s.hub.Close(ended()) })
	for _, c := range s.clients {
		c.Close()
	}
	s.listener.Close()
}

// ended returns a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// reason says which of the reasons an error is.
func reason(why error) string {
	switch {
	case errors.Is(why, push.ErrSlow):
		return "ErrSlow"
	case errors.Is(why, push.ErrGone):
		return "ErrGone"
	case errors.Is(why, push.ErrClosed):
		return "ErrClosed"
	}
	return fmt.Sprintf("(another reason: %v)", why)
}

// dial connects a host to the hub's and returns both ends.
func (s *hall) dial(t *testing.T, host string) (client, server net.Conn) {
	t.Helper()
	client, err := s.net.Dial(context.Background(), host, "hub:7000")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	if server, err = s.listener.Accept(); err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s.clients = append(s.clients, client)
	return client, server
}

// atOnce calls f, which may neither fail nor take any time.
func atOnce(t *testing.T, what string, f func() error, want error) {
	t.Helper()
	start := time.Now()
	if err := contract.Call(t, what+" to return", f); !errors.Is(err, want) {
		contract.Mismatch(t, what+" returned the wrong error", fmt.Sprint(err), fmt.Sprint(want))
	}
	if took := time.Since(start); took != 0 {
		contract.Mismatch(t, what+" did not return at once", took.String(), "0s")
	}
}

func (s *hall) wantJoin(t *testing.T, name string, server net.Conn, want error) {
	t.Helper()
	atOnce(t, "Join "+name, func() error { return s.hub.Join(name, server) }, want)
}

// join connects a client and reads its first frame.
func (s *hall) join(t *testing.T, name string) *guest {
	t.Helper()
	client, server := s.dial(t, name)
	s.wantJoin(t, name, server, nil)
	return s.enter(t, name, client)
}

// joinSlow does so over a link on which four octets fill the window, which is
// less than any frame has.
func (s *hall) joinSlow(t *testing.T, name string) *guest {
	t.Helper()
	s.narrow(name)
	return s.join(t, name)
}

func (s *hall) narrow(name string) { s.net.SetLane("hub", name, memnet.Link{Window: 4}) }

// enter reads the first frame of one who has joined.
func (s *hall) enter(t *testing.T, name string, client net.Conn) *guest {
	t.Helper()
	g := &guest{name: name, conn: client}
	f := g.frame(t)
	if f.kind != push.KindPresent || json.Unmarshal(f.payload, &g.list) != nil {
		contract.Mismatch(t, "the first frame for "+name, f.String(), "PRESENT and an array of strings")
	}
	if !slices.IsSorted(g.list) || !slices.Contains(g.list, name) {
		contract.Mismatch(t, "the first frame for "+name, f.String(), "PRESENT with sorted names, its own among them")
	}
	contract.Settle()
	return g
}

// broadcast pushes events one by one and lets each get as far as it can.
func (s *hall) broadcast(t *testing.T, data ...any) {
	t.Helper()
	for _, d := range data {
		atOnce(t, fmt.Sprintf("Broadcast %v", d), func() error { return s.hub.Broadcast(d) }, nil)
		contract.Settle()
	}
}

func (s *hall) send(t *testing.T, name string, data any, want error) {
	t.Helper()
	atOnce(t, fmt.Sprintf("Send %v to %s", data, name), func() error { return s.hub.Send(name, data) }, want)
}

func (s *hall) wantClose(t *testing.T, ctx context.Context, want error) {
	t.Helper()
	atOnce(t, "Close", func() error { return s.hub.Close(ctx) }, want)
}

func (s *hall) wantPresent(t *testing.T, names ...string) {
	t.Helper()
	got := contract.Call(t, "Present to return", s.hub.Present)
	if !slices.Equal(got, names) {
		contract.Mismatch(t, "Present returned the wrong names", fmt.Sprintf("%q", got), fmt.Sprintf("%q", names))
	}
	for i := range got {
		got[i] = "the slice is the caller's"
	}
}

// wantLeft checks what OnLeave was called with so far, in any order.
func (s *hall) wantLeft(t *testing.T, calls ...string) {
	t.Helper()
	contract.Settle()
	s.mu.Lock()
	got := slices.Sorted(slices.Values(s.left))
	s.mu.Unlock()
	slices.Sort(calls)
	if !slices.Equal(got, calls) {
		contract.Mismatch(t, "OnLeave was not called for whom it should", fmt.Sprintf("%q", got), fmt.Sprintf("%q", calls))
	}
}

// A guest is a client's end. It reads only when it is told to, so it is slow
// whenever it is not.
type guest struct {
	name string
	conn net.Conn
	list []string // who is present as far as its frames tell
}

// A frame is what came for a guest.
type frame struct {
	kind    push.Kind
	payload []byte
	who     string // of JOIN and LEAVE
	raw     []byte
	err     error
}

func (f frame) String() string {
	if f.err != nil {
		return "no frame: " + f.err.Error()
	}
	switch f.kind {
	case push.KindEvent:
		return "EVENT " + string(f.payload)
	case push.KindPresent:
		return "PRESENT " + string(f.payload)
	case push.KindJoin:
		return fmt.Sprintf("JOIN %q", f.who)
	case push.KindLeave:
		return fmt.Sprintf("LEAVE %q", f.who)
	}
	return fmt.Sprintf("a frame of kind %d, %q", f.kind, f.payload)
}

// read reads the next frame, or what there is of it.
func (g *guest) read() frame {
	raw := make([]byte, 5)
	if n, err := io.ReadFull(g.conn, raw); err != nil {
		return frame{raw: raw[:n], err: err}
	}
	length := binary.BigEndian.Uint32(raw)
	if length > 1<<20 {
		return frame{raw: raw, err: fmt.Errorf("its header announces %d octets", length)}
	}
	payload := make([]byte, length)
	n, err := io.ReadFull(g.conn, payload)
	return frame{kind: push.Kind(raw[4]), payload: payload, raw: append(raw, payload[:n]...), err: err}
}

// frame awaits the next frame and keeps the list of who is present.
func (g *guest) frame(t *testing.T) frame {
	t.Helper()
	f := contract.Call(t, "a frame for "+g.name, g.read)
	if f.err != nil {
		contract.Failf(t, "awaited a frame for %s: %v", g.name, f.err)
	}
	if f.kind != push.KindJoin && f.kind != push.KindLeave {
		return f
	}
	if err := json.Unmarshal(f.payload, &f.who); err != nil {
		contract.Failf(t, "%s got a JOIN or LEAVE whose payload %q is no JSON string", g.name, f.payload)
	}
	i, present := slices.BinarySearch(g.list, f.who)
	switch {
	case present == (f.kind == push.KindJoin):
		contract.Mismatch(t, g.name+" got a frame that does not go with those before it", f.String(), fmt.Sprintf("something else: according to them %q are present", g.list))
	case present:
		g.list = slices.Delete(g.list, i, i+1)
	default:
		g.list = slices.Insert(g.list, i, f.who)
	}
	return f
}

// event awaits the next event; presence that comes before it is noted.
func (g *guest) event(t *testing.T) string {
	t.Helper()
	for {
		switch f := g.frame(t); f.kind {
		case push.KindEvent:
			return string(f.payload)
		case push.KindJoin, push.KindLeave:
		default:
			contract.Mismatch(t, "the next frame for "+g.name, f.String(), "an event")
		}
	}
}

func (g *guest) wantEvents(t *testing.T, payloads ...string) {
	t.Helper()
	for _, want := range payloads {
		if got := g.event(t); got != want {
			contract.Mismatch(t, "the next event for "+g.name, got, want)
		}
	}
}

// wantChanges awaits frames of presence, with no event between.
func (g *guest) wantChanges(t *testing.T, frames ...string) {
	t.Helper()
	for _, want := range frames {
		if f := g.frame(t); f.String() != want {
			contract.Mismatch(t, "the next frame for "+g.name, f.String(), want)
		}
	}
}

// wantList checks who is present as far as the frames read so far tell.
func (g *guest) wantList(t *testing.T, names ...string) {
	t.Helper()
	if !slices.Equal(g.list, names) {
		contract.Mismatch(t, "who is present, by the frames that "+g.name+" has got", fmt.Sprintf("%q", g.list), fmt.Sprintf("%q", names))
	}
}

// wantEnd awaits the end of the connection, with no whole frame before it.
func (g *guest) wantEnd(t *testing.T) {
	t.Helper()
	f := contract.Call(t, "the end of "+g.name+"'s connection", g.read)
	if f.err == nil {
		contract.Mismatch(t, "what came for "+g.name, f.String(), "the end of the connection")
	}
}
