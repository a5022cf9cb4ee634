package multiplexing_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/multiplexing"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A stream that one end opens the other accepts, and both can write and read,
// whoever has opened it. README
func TestBothWays(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		e := connect(t, nil)
		defer e.stop()
		for _, who := range []string{"client", "server"} {
			contract.Step(t, "the %s opens a stream", who)
			from, to := e.client, e.server
			if who == "server" {
				from, to = to, from
			}
			a := open(t, from)
			write(t, a, "question")
			b := accept(t, to)
			wantRead(t, b, "question")
			contract.Step(t, "an answer, and the end of both directions")
			write(t, b, "answer")
			closeWrite(t, b)
			wantRest(t, a, "answer")
			write(t, a, "thanks")
			closeWrite(t, a)
			wantRest(t, b, "thanks")
		}
	})
}

// A stream is OPEN, DATA and DATA with end on the wire, numbered 1, 3, 5 by the
// client and 2, 4, 6 by the server. README
func TestFrames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, role := range []role{client, server} {
			p := against(t, role, nil)
			defer p.stop()
			contract.Step(t, "the %s opens three streams", role)
			for i := range uint32(3) {
				st := open(t, p.s)
				id := role.first() + 2*i
				p.want(t, frame{typ: opens, stream: id})
				write(t, st, "hi")
				p.want(t, frame{typ: data, stream: id, payload: []byte("hi")})
				closeWrite(t, st)
				p.want(t, frame{typ: data, flags: end, stream: id})
			}
			contract.Step(t, "the peer opens one")
			id := role.other().first()
			p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, payload: []byte("you")}, frame{typ: data, flags: end, stream: id, payload: []byte(" there")})
			st := accept(t, p.s)
			wantRest(t, st, "you there")
			write(t, st, "yes")
			p.want(t, frame{typ: data, stream: id, payload: []byte("yes")})
		}
	})
}

// An end ends its own direction only: what is written the other way arrives
// until that ends too. RFC 9113 §5.1
func TestHalfClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		e := connect(t, nil)
		defer e.stop()
		a, b := e.stream(t)
		contract.Step(t, "the client writes and ends its direction")
		write(t, a, "all I have")
		closeWrite(t, a)
		wantRest(t, b, "all I have")
		contract.Step(t, "a Write after that")
		n, err := call(t, "Write to return", func() (int, error) { return a.Write([]byte("more")) })
		wantError(t, "Write after CloseWrite", err, net.ErrClosed)
		if n != 0 {
			contract.Failf(t, "Write after CloseWrite returned %d octets, want 0", n)
		}
		contract.Control(t, "the server goes on writing")
		for i := range 3 {
			write(t, b, fmt.Sprint("part ", i))
			wantRead(t, a, fmt.Sprint("part ", i))
		}
		closeWrite(t, b)
		wantRest(t, a, "")
	})
}

// A stream whose data nobody reads holds up no other. RFC 9113 §5.2
func TestStalledStream(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window = 1000
		e := connect(t, &multiplexing.Options{Window: window})
		defer e.stop()
		stalled, unread := e.stream(t)
		contract.Step(t, "the client writes three windows to a stream that the server does not read")
		text := strings.Repeat("octets ", 3*window/7)
		writing := contract.Go("the stalled Write", func() error { _, err := stalled.Write([]byte(text)); return err })
		contract.Settle()
		if writing.Returned() {
			contract.Failf(t, "Write returned (%v) although only a window of it can have been sent", writing.Await(t))
		}
		contract.Step(t, "another stream carries ten windows both ways meanwhile")
		a, b := e.stream(t)
		for range 20 {
			write(t, a, text[:window/2])
			wantRead(t, b, text[:window/2])
			write(t, b, text[:window/2])
			wantRead(t, a, text[:window/2])
		}
		contract.Control(t, "the server reads the first stream")
		wantRead(t, unread, text)
		if err := writing.Await(t); err != nil {
			contract.Failf(t, "the stalled Write returned %q, want nil", err)
		}
	})
}

// A sender sends what the window allows, at once, and not one octet more until
// WINDOW comes. RFC 9113 §6.9.1 MUST NOT
func TestSenderKeepsToTheWindow(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window = 5000
		p := against(t, client, &multiplexing.Options{Window: window})
		defer p.stop()
		rnd := contract.Rand(t)
		st, other := open(t, p.s), open(t, p.s)
		p.want(t, frame{typ: opens, stream: 1})
		p.want(t, frame{typ: opens, stream: 3})
		allowed := window + 3000
		contract.Step(t, "← WINDOW 1 +3000, then 50,000 octets are written; the window was %d", window)
		p.send(number(windows, 1, 3000))
		contract.Settle()
		text := noise(t, 50_000)
		writing := contract.Go("the Write", func() error { _, err := st.Write(text); return err })
		var got []byte
		for {
			got = append(got, p.octets(t, 1, min(allowed, len(text))-len(got))...)
			contract.Settle()
			if f, ok := p.more(); ok {
				contract.Failf(t, "with %d octets allowed and sent came %s", allowed, f)
			}
			if len(got) == len(text) {
				break
			}
			more := 1 + rnd.IntN(9000)
			if allowed == window+3000 {
				more = 1 + rnd.IntN(window/2) // less than a window is a window too
			}
			contract.Step(t, "← WINDOW 1 +%d", more)
			allowed += more
			p.send(number(windows, 1, uint32(more)))
		}
		contract.Bytes(t, "the octets of the stream", got, text)
		if err := writing.Await(t); err != nil {
			contract.Failf(t, "Write returned %q, want nil", err)
		}
		contract.Control(t, "the window of the other stream is its own")
		write(t, other, "hi")
		p.want(t, frame{typ: data, stream: 3, payload: []byte("hi")})
	})
}

// A pool makes no more connections than Max, and uses those again that come
// back. README
func TestPoolReuses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 3}
		defer p.Close()
		contract.Step(t, "three users at a time")
		a, b, c := get(t, p), get(t, p), get(t, p)
		for _, x := range []*multiplexing.Conn{a, b, c} {
			ask(t, x, "ping")
		}
		contract.Step(t, "a fourth has to wait")
		fourth := d.getting(t.Context(), p)
		contract.Settle()
		if fourth.Returned() {
			contract.Failf(t, "Get returned although three connections are in use")
		}
		b.Put(nil)
		x := fourth.Await(t).conn(t)
		ask(t, x, "ping")
		contract.Step(t, "all come back, and three more users come")
		x.Put(nil)
		a.Put(nil)
		c.Put(nil)
		for range 3 {
			x := get(t, p)
			ask(t, x, "ping")
			defer x.Put(nil)
		}
		d.wantDials(t, 3)
	})
}

// K requests at once take one connection with a session and min(K, Max) with a
// pool. RFC 9113 §9.1
func TestConnectionsUsed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const most = 3
		for _, k := range []int{2, 10} {
			contract.Step(t, "%d requests at once, one stream each", k)
			n := network(t, memnet.Link{Delay: delay})
			e := over(t, n, nil)
			start := time.Now()
			serving := contract.Go("the server's end", func() error { return echoStreams(e.server, k) })
			inParallel(t, k, func() error { return viaSession(t.Context(), e.client) })
			if err := serving.Await(t); err != nil {
				contract.Failf(t, "the server's end: %v", err)
			}
			wantElapsed(t, start, 1)
			wantDials(t, n, 1)
			e.stop()
			contract.Step(t, "the same from a pool of %d", most)
			d := newDialer(t)
			p := &multiplexing.Pool{Dial: d.dial, Max: most}
			start = time.Now()
			inParallel(t, k, func() error { return viaPool(t.Context(), p) })
			wantElapsed(t, start, (k+most-1)/most)
			d.wantDials(t, min(k, most))
			p.Close()
			d.stop()
		}
	})
}

// viaSession asks for "ping" on a stream of its own.
func viaSession(ctx context.Context, s *multiplexing.Session) error {
	st, err := s.Open(ctx)
	if err != nil {
		return err
	}
	defer st.Close()
	return exchange(st, "ping")
}

// viaPool asks for "ping" on a connection from the pool.
func viaPool(ctx context.Context, p *multiplexing.Pool) error {
	c, err := p.Get(ctx)
	if err != nil {
		return err
	}
	err = exchange(c, "ping")
	c.Put(err)
	return err
}

// echoStreams accepts k streams and sends back what comes on them.
func echoStreams(s *multiplexing.Session, k int) error {
	var running sync.WaitGroup
	defer running.Wait()
	for range k {
		st, err := s.Accept()
		if err != nil {
			return err
		}
		running.Go(func() {
			io.Copy(st, st)
			st.Close()
		})
	}
	return nil
}

// exchange writes text and reads it back.
func exchange(c net.Conn, text string) error {
	if _, err := c.Write([]byte(text)); err != nil {
		return fmt.Errorf("Write: %w", err)
	}
	b := make([]byte, len(text))
	if _, err := io.ReadFull(c, b); err != nil {
		return fmt.Errorf("Read: %w", err)
	}
	if string(b) != text {
		return fmt.Errorf("got %q back, want %q", b, text)
	}
	return nil
}

// inParallel runs f k times at once.
func inParallel(t *testing.T, k int, f func() error) {
	t.Helper()
	var calls []*contract.Pending[error]
	for range k {
		calls = append(calls, contract.Go("a request to be answered", f))
	}
	for i, c := range calls {
		if err := c.Await(t); err != nil {
			contract.Failf(t, "request %d: %v", i+1, err)
		}
	}
}

const (
	delay    = 20 * time.Millisecond // one way between client and server, where there is one
	muxPort  = 7000
	poolPort = 7001
)

// network returns a network with one link, whose frames are shown.
func network(t *testing.T, l memnet.Link) *memnet.Network {
	n := memnet.New(t)
	n.SetLink("client", "server", l)
	wire.Record(t, n, map[uint16]wire.Protocol{muxPort: wire.Mux})
	return n
}

// wires returns the two ends of a connection.
func wires(t *testing.T, n *memnet.Network) (c, s net.Conn) {
	l, err := n.Listen(fmt.Sprint("server:", muxPort))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	defer l.Close()
	if c, err = n.Dial(t.Context(), "client", fmt.Sprint("server:", muxPort)); err == nil {
		s, err = l.Accept()
	}
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	return c, s
}

// both are the two ends of a session.
type both struct{ client, server *multiplexing.Session }

// connect returns a session over a perfect link.
func connect(t *testing.T, o *multiplexing.Options) both {
	return over(t, network(t, memnet.Link{}), o)
}

func over(t *testing.T, n *memnet.Network, o *multiplexing.Options) both {
	c, s := wires(t, n)
	return both{multiplexing.Client(c, o), multiplexing.Server(s, o)}
}

func (e both) stop() {
	e.client.Close()
	e.server.Close()
}

// stream opens a stream and returns its two ends.
func (e both) stream(t *testing.T) (a, b *multiplexing.Stream) {
	t.Helper()
	a = open(t, e.client)
	return a, accept(t, e.server)
}

// call is contract.Call for what returns an error too.
func call[T any](t *testing.T, what string, f func() (T, error)) (T, error) {
	t.Helper()
	type both struct {
		v   T
		err error
	}
	r := contract.Call(t, what, func() both { v, err := f(); return both{v, err} })
	return r.v, r.err
}

func open(t *testing.T, s *multiplexing.Session) *multiplexing.Stream {
	t.Helper()
	st, err := call(t, "Open to return", func() (*multiplexing.Stream, error) { return s.Open(t.Context()) })
	if err != nil || st == nil {
		contract.Failf(t, "Open returned stream %t, error %v", st != nil, err)
	}
	return st
}

func accept(t *testing.T, s *multiplexing.Session) *multiplexing.Stream {
	t.Helper()
	st, err := call(t, "Accept to return", s.Accept)
	if err != nil || st == nil {
		contract.Failf(t, "Accept returned stream %t, error %v", st != nil, err)
	}
	return st
}

func write(t *testing.T, st *multiplexing.Stream, text string) {
	t.Helper()
	n, err := call(t, "Write to return", func() (int, error) { return st.Write([]byte(text)) })
	if n != len(text) || err != nil {
		contract.Failf(t, "Write of %d octets returned %d, %v", len(text), n, err)
	}
}

func closeWrite(t *testing.T, st *multiplexing.Stream) {
	t.Helper()
	if err := contract.Call(t, "CloseWrite to return", st.CloseWrite); err != nil {
		contract.Failf(t, "CloseWrite returned %q, want nil", err)
	}
}

// wantRead reads as much as text is long.
func wantRead(t *testing.T, r io.Reader, text string) {
	t.Helper()
	b := make([]byte, len(text))
	n, err := call(t, fmt.Sprintf("%d octets to be read", len(text)), func() (int, error) { return io.ReadFull(r, b) })
	if err != nil {
		contract.Failf(t, "Read returned %q after %d octets, want %d", err, n, len(text))
	}
	contract.Bytes(t, "the octets read", b, []byte(text))
}

// wantRest reads to io.EOF.
func wantRest(t *testing.T, r io.Reader, text string) {
	t.Helper()
	b, err := call(t, "io.EOF to be read", func() ([]byte, error) { return io.ReadAll(r) })
	if err != nil {
		contract.Failf(t, "Read returned %q after %d octets, want io.EOF", err, len(b))
	}
	contract.Bytes(t, "the octets read to the end", b, []byte(text))
}

// wantError checks an error that callers may ask for.
func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		contract.Mismatch(t, what+" returned the wrong error", fmt.Sprint(err), want.Error())
	}
}

// noise returns octets of which no two stretches are alike.
func noise(t *testing.T, n int) []byte {
	rnd := contract.Rand(t)
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rnd.IntN(26))
	}
	return b
}

// wantElapsed checks how many whole round trips have passed.
func wantElapsed(t *testing.T, start time.Time, trips int) {
	t.Helper()
	if got := int(time.Since(start) / (2 * delay)); got != trips {
		contract.Mismatch(t, "not the time that this was to take", fmt.Sprint(got, " round trips"), fmt.Sprint(trips))
	}
}

func wantDials(t *testing.T, n *memnet.Network, want int) {
	t.Helper()
	if got := n.Counts("client", "server").Dials; got != want {
		contract.Failf(t, "%d connections were made, want %d", got, want)
	}
}

// A role is that of the end under test.
type role string

const client, server role = "client", "server"

func (r role) other() role {
	if r == client {
		return server
	}
	return client
}

// first is the number of the role's first stream.
func (r role) first() uint32 {
	if r == client {
		return 1
	}
	return 2
}

// The types of frames, and the flag.
const (
	opens   = 0
	data    = 1
	windows = 2
	reset   = 3
	end     = 1
)

// A frame, built and read independently of what is given to the candidate.
type frame struct {
	typ, flags byte
	stream     uint32
	payload    []byte
}

// number is a WINDOW or RESET frame.
func number(typ byte, stream, n uint32) frame {
	return frame{typ: typ, stream: stream, payload: binary.BigEndian.AppendUint32(nil, n)}
}

func (f frame) bytes() []byte {
	b := []byte{byte(len(f.payload) >> 8), byte(len(f.payload)), f.typ, f.flags}
	return append(binary.BigEndian.AppendUint32(b, f.stream), f.payload...)
}

func (f frame) String() string {
	d, _ := wire.Mux()
	return d.Describe(f.bytes())[0]
}

func join(frames ...frame) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

// A peer is the suite's own end of a session.
type peer struct {
	s    *multiplexing.Session // the other end
	role role                  // of s
	conn net.Conn
	in   chan frame // what s has sent; closed at the end of the connection
	gone chan struct{}
}

// against returns a session in the role, and its peer.
func against(t *testing.T, r role, o *multiplexing.Options) *peer {
	c, s := wires(t, network(t, memnet.Link{}))
	return facing(r, c, s, o)
}

// facing makes a peer of one end of the connection and a session of the other.
func facing(r role, c, s net.Conn, o *multiplexing.Options) *peer {
	p := &peer{role: r, in: make(chan frame, 1<<16), gone: make(chan struct{})}
	if r == client {
		p.s, p.conn = multiplexing.Client(c, o), s
	} else {
		p.s, p.conn = multiplexing.Server(s, o), c
	}
	go p.read()
	return p
}

func (p *peer) stop() {
	p.s.Close()
	p.conn.Close()
}

func (p *peer) read() {
	defer close(p.gone)
	defer close(p.in)
	for {
		var h [8]byte
		if _, err := io.ReadFull(p.conn, h[:]); err != nil {
			return
		}
		f := frame{typ: h[2], flags: h[3], stream: binary.BigEndian.Uint32(h[4:]), payload: make([]byte, binary.BigEndian.Uint16(h[:]))}
		if _, err := io.ReadFull(p.conn, f.payload); err != nil {
			return
		}
		p.in <- f
	}
}

// send sends frames in one write.
func (p *peer) send(frames ...frame) { p.conn.Write(join(frames...)) }

// next returns the next frame. WINDOWs are left out: how soon what was read is
// given back is the session's affair, and that of one clause.
func (p *peer) next(t *testing.T, what string) frame {
	t.Helper()
	for {
		if f := contract.Await(t, what, p.in); f.typ != windows {
			return f
		}
	}
}

// more returns a frame that has come already, WINDOWs left out.
func (p *peer) more() (frame, bool) {
	for {
		if f, ok := p.any(); !ok || f.typ != windows {
			return f, ok
		}
	}
}

// any returns any frame that has come already.
func (p *peer) any() (frame, bool) {
	select {
	case f, ok := <-p.in:
		return f, ok
	default:
		return frame{}, false
	}
}

// want awaits this frame and no other. Octets may come in any number of DATA.
func (p *peer) want(t *testing.T, want frame) {
	t.Helper()
	if want.typ == data && want.flags == 0 {
		got := p.octets(t, want.stream, len(want.payload))
		contract.Bytes(t, fmt.Sprintf("the octets of stream %d", want.stream), got, want.payload)
		return
	}
	got := p.next(t, want.String())
	if !bytes.Equal(got.bytes(), want.bytes()) {
		contract.Mismatch(t, "not the frame that was to come", got.String(), want.String())
	}
}

// octets awaits n octets of DATA on a stream.
func (p *peer) octets(t *testing.T, id uint32, n int) []byte {
	t.Helper()
	var got []byte
	for len(got) < n {
		f := p.next(t, fmt.Sprintf("%d octets more of stream %d", n-len(got), id))
		if f.typ != data || f.stream != id || f.flags != 0 {
			contract.Mismatch(t, "not the frame that was to come", f.String(), fmt.Sprintf("DATA %d", id))
		}
		got = append(got, f.payload...)
	}
	if len(got) > n {
		contract.Failf(t, "%d octets came on stream %d, %d were allowed", len(got), id, n)
	}
	return got
}

// A dialer makes connections to a server that sends back what it gets, and
// counts them.
type dialer struct {
	n       *memnet.Network
	l       net.Listener
	running sync.WaitGroup
	before  func(context.Context) error // called in dial, if set

	mu         sync.Mutex
	dials      int
	open, most int
	there      []net.Conn // the server's ends
}

func newDialer(t *testing.T) *dialer {
	d := &dialer{n: memnet.New(t)}
	d.n.SetLink("client", "server", memnet.Link{Delay: delay})
	wire.Record(t, d.n, nil)
	l, err := d.n.Listen(fmt.Sprint("server:", poolPort))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	d.l = l
	d.running.Go(d.serve)
	return d
}

func (d *dialer) serve() {
	for {
		c, err := d.l.Accept()
		if err != nil {
			return
		}
		d.mu.Lock()
		d.there = append(d.there, c)
		d.mu.Unlock()
		d.running.Go(func() {
			io.Copy(struct{ io.Writer }{c}, c)
			c.Close()
		})
	}
}

func (d *dialer) stop() {
	d.l.Close()
	d.mu.Lock()
	for _, c := range d.there {
		c.Close()
	}
	d.mu.Unlock()
	d.running.Wait()
}

func (d *dialer) dial(ctx context.Context) (net.Conn, error) {
	d.mu.Lock()
	d.dials++
	d.open++
	d.most = max(d.most, d.open)
	before := d.before
	d.mu.Unlock()
	if before != nil {
		if err := before(ctx); err != nil {
			d.gone()
			return nil, err
		}
	}
	c, err := d.n.Dial(ctx, "client", fmt.Sprint("server:", poolPort))
	if err != nil {
		d.gone()
		return nil, err
	}
	return &counted{Conn: c, gone: sync.OnceFunc(d.gone)}, nil
}

func (d *dialer) gone() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
}

// A counted connection says when it is closed.
type counted struct {
	net.Conn
	gone func()
}

func (c *counted) Close() error {
	c.gone()
	return c.Conn.Close()
}

// counts returns how many connections were made, are open now, and were open
// at a time.
func (d *dialer) counts() (dials, open, most int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.dials, d.open, d.most
}

func (d *dialer) wantDials(t *testing.T, want int) {
	t.Helper()
	if dials, _, _ := d.counts(); dials != want {
		contract.Failf(t, "%d connections were made, want %d", dials, want)
	}
}

func (d *dialer) wantOpen(t *testing.T, want int) {
	t.Helper()
	contract.Settle()
	if _, open, _ := d.counts(); open != want {
		contract.Failf(t, "%d connections are open, want %d", open, want)
	}
}

// gotten is what Get has returned.
type gotten struct {
	c   *multiplexing.Conn
	err error
}

func (d *dialer) getting(ctx context.Context, p *multiplexing.Pool) *contract.Pending[gotten] {
	return contract.Go("Get to return", func() gotten { c, err := p.Get(ctx); return gotten{c, err} })
}

func (g gotten) conn(t *testing.T) *multiplexing.Conn {
	t.Helper()
	if g.err != nil || g.c == nil || g.c.Conn == nil {
		contract.Failf(t, "Get returned connection %t, error %v", g.c != nil, g.err)
	}
	return g.c
}

func get(t *testing.T, p *multiplexing.Pool) *multiplexing.Conn {
	t.Helper()
	c, err := call(t, "Get to return", func() (*multiplexing.Conn, error) { return p.Get(t.Context()) })
	return gotten{c, err}.conn(t)
}

// ask checks that a connection works.
func ask(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if err := contract.Call(t, "the answer", func() error { return exchange(c, text) }); err != nil {
		contract.Failf(t, "the connection does not work: %v", err)
	}
}
