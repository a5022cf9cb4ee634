package requestresponse_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/requestresponse"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A request gets to the handler as it was given to Do, and Do returns what the
// handler has answered, of whatever code. README
func TestCall(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, &requestresponse.Server{Handler: tell})
		defer s.stop()
		c := s.client(t)
		defer c.Close()
		for _, kind := range []uint16{7, 0, 1, 65535} {
			for _, body := range []string{"hi", "", string(noise(t, 70_000))} {
				contract.Step(t, "Do: kind %d, %d octets", kind, len(body))
				do(t, c, kind, body).wantAnswer(t, requestresponse.Code(kind), told(body))
			}
		}
	})
}

// A client sends a REQUEST as the frame of the README, and takes a RESPONSE as
// it stands there. README
func TestClientFrames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, p := facing(t)
		defer p.stop()
		defer c.Close()
		contract.Step(t, `Do: kind 7, "hi"`)
		call := doing(t.Context(), c, 7, "hi")
		f := p.next(t, "a REQUEST")
		contract.Bytes(t, "the REQUEST", f.bytes(), append(append([]byte{0, 0, 0, 2}, id(f.id)...), 0, 1, 0, 7, 'h', 'i'))
		contract.Step(t, `← RESPONSE %d OK "you"`, f.id)
		p.conn.Write(append(append([]byte{0, 0, 0, 3}, id(f.id)...), 0, 2, 0, 0, 'y', 'o', 'u'))
		call.Await(t).wantAnswer(t, requestresponse.OK, "you")
	})
}

// A server takes a REQUEST as it stands in the README, and sends its answer as
// the frame that stands there. README
func TestServerFrames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, &requestresponse.Server{Handler: func(ctx context.Context, r requestresponse.Request) (requestresponse.Response, error) {
			if r.Kind != 7 || string(r.Body) != "hi" {
				return requestresponse.Response{Code: requestresponse.UnknownKind, Body: r.Body}, nil
			}
			return requestresponse.Response{Body: []byte("you")}, nil
		}})
		defer s.stop()
		p := s.dial(t)
		contract.Step(t, `→ REQUEST 1 kind 7 "hi"`)
		p.conn.Write([]byte{0, 0, 0, 2, 0, 0, 0, 1, 0, 1, 0, 7, 'h', 'i'})
		contract.Bytes(t, "the RESPONSE", p.next(t, "a RESPONSE").bytes(), []byte{0, 0, 0, 3, 0, 0, 0, 1, 0, 2, 0, 0, 'y', 'o', 'u'})
		contract.Step(t, `→ REQUEST 0xfedcba98 kind 0x0102 "x"`)
		p.conn.Write([]byte{0, 0, 0, 1, 0xfe, 0xdc, 0xba, 0x98, 0, 1, 1, 2, 'x'})
		contract.Bytes(t, "the RESPONSE", p.next(t, "a RESPONSE").bytes(), []byte{0, 0, 0, 1, 0xfe, 0xdc, 0xba, 0x98, 0, 2, 0, 2, 'x'})
	})
}

// A request is answered when it is done, whatever came before it, and every
// call gets the answer to its own request. README
func TestOutOfOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		c := s.client(t)
		defer c.Close()
		var calls []*contract.Pending[outcome]
		var asked []*visit
		for i := range 5 {
			contract.Step(t, "call %d", i)
			calls = append(calls, doing(t.Context(), c, 1, fmt.Sprint("question ", i)))
			asked = append(asked, d.next(t))
		}
		for _, i := range []int{3, 4, 0, 2, 1} {
			contract.Step(t, "the handler of call %d returns", i)
			asked[i].answer(requestresponse.Response{Body: fmt.Append(nil, "answer ", i)}, nil)
			calls[i].Await(t).wantAnswer(t, requestresponse.OK, fmt.Sprint("answer ", i))
		}
	})
}

// A body longer than MaxBody is answered with TooLarge, and the connection
// goes on. README
func TestTooLarge(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, &requestresponse.Server{Handler: tell, MaxBody: 1000})
		defer s.stop()
		c := s.client(t)
		defer c.Close()
		text := string(noise(t, 5000))
		for _, n := range []int{1001, 5000} {
			contract.Control(t, "Do: 1000 octets")
			do(t, c, 300, text[:1000]).wantAnswer(t, 300, told(text[:1000]))
			contract.Step(t, "Do: %d octets", n)
			do(t, c, 300, text[:n]).wantAnswer(t, requestresponse.TooLarge, "")
		}
		contract.Control(t, "Do: 1000 octets")
		do(t, c, 300, text[:1000]).wantAnswer(t, 300, told(text[:1000]))
	})
}

// A handler that fails or panics is answered by HandlerFailed with an empty
// body; other requests of the connection do not notice. README
func TestHandlerFails(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		c := s.client(t)
		defer c.Close()
		other := doing(t.Context(), c, 1, "the other one")
		waits := d.next(t)
		for _, how := range []struct {
			name string
			end  func(v *visit)
		}{
			{"returns an error", func(v *visit) { v.answer(requestresponse.Response{}, errors.New("password is hunter2")) }},
			{"returns an answer and an error", func(v *visit) {
				v.answer(requestresponse.Response{Code: 300, Body: []byte("half")}, errors.New("broken"))
			}},
			{"panics", func(v *visit) { v.panic("no such basket") }},
			{"panics with nil", func(v *visit) { v.panic(nil) }},
		} {
			contract.Step(t, "the handler %s", how.name)
			call := doing(t.Context(), c, 1, "x")
			how.end(d.next(t))
			call.Await(t).wantAnswer(t, requestresponse.HandlerFailed, "")
		}
		contract.Control(t, "the request that waited meanwhile is answered")
		waits.answer(requestresponse.Response{Body: []byte("fine")}, nil)
		other.Await(t).wantAnswer(t, requestresponse.OK, "fine")
	})
}

// When its context ends Do returns at once, and the handler's context ends.
// README
func TestCancel(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		c := s.client(t)
		defer c.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		call := doing(ctx, c, 1, "a long report")
		v := d.next(t)
		contract.Pass(3 * time.Second)
		v.wantGoesOn(t)
		contract.Step(t, "the caller gives up")
		start := time.Now()
		cancel()
		call.Await(t).wantError(t, context.Canceled)
		v.wantEnded(t)
		wantElapsed(t, start, 0)
		contract.Step(t, "the handler returns; the answer comes late, and nobody waits for it")
		v.answer(requestresponse.Response{Body: []byte("the report")}, nil)
		contract.Settle()
		contract.Control(t, "the connection goes on")
		call = doing(t.Context(), c, 1, "price")
		d.next(t).answer(requestresponse.Response{Body: []byte("12.50")}, nil)
		call.Await(t).wantAnswer(t, requestresponse.OK, "12.50")
	})
}

// Shutdown waits until the requests in flight are answered. README
func TestShutdownDrains(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		c := s.client(t)
		defer c.Close()
		call := doing(t.Context(), c, 1, "still there?")
		v := d.next(t)
		contract.Step(t, "Shutdown")
		shutdown := s.shutdown(t.Context())
		wantReturned(t, "Serve", s.serving.Await(t), requestresponse.ErrServerClosed)
		contract.Pass(time.Minute)
		if shutdown.Returned() {
			contract.Failf(t, "Shutdown returned (%v) although a request is in flight", shutdown.Await(t))
		}
		v.wantGoesOn(t)
		contract.Step(t, "the handler returns")
		v.answer(requestresponse.Response{Body: []byte("yes")}, nil)
		call.Await(t).wantAnswer(t, requestresponse.OK, "yes")
		wantReturned(t, "Shutdown", shutdown.Await(t), nil)
		contract.Step(t, "the connection is closed")
		contract.Settle()
		do(t, c, 1, "and now?").wantError(t, requestresponse.ErrLost)
	})
}

const port = 7000

// network returns a network whose frames are shown.
func network(t *testing.T) *memnet.Network {
	n := memnet.New(t)
	wire.Record(t, n, map[uint16]wire.Protocol{port: wire.Calls})
	return n
}

// A site is a server on a network.
type site struct {
	t       *testing.T
	n       *memnet.Network
	l       net.Listener // below what the server was given
	server  *requestresponse.Server
	serving *contract.Pending[error]
	conns   []net.Conn // of clients
}

func serve(t *testing.T, server *requestresponse.Server) *site {
	return serveOn(t, server, func(l net.Listener) net.Listener { return l })
}

// serveOn gives the server a listener that is made from the network's.
func serveOn(t *testing.T, server *requestresponse.Server, wrap func(net.Listener) net.Listener) *site {
	n := network(t)
	l, err := n.Listen(fmt.Sprint("server:", port))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s := &site{t: t, n: n, l: l, server: server}
	s.serving = contract.Go("Serve to return", func() error { return server.Serve(wrap(l)) })
	return s
}

// stop ends the server by ending its listener and its connections, which
// needs no Shutdown. What is left after a failure the harness closes.
func (s *site) stop() {
	if s.t.Failed() {
		return
	}
	for _, c := range s.conns {
		c.Close()
	}
	s.l.Close()
	s.serving.Await(s.t)
}

func (s *site) shutdown(ctx context.Context) *contract.Pending[error] {
	p := contract.Go("Shutdown to return", func() error { return s.server.Shutdown(ctx) })
	contract.Settle()
	return p
}

func (s *site) connect(t *testing.T) net.Conn {
	t.Helper()
	c, err := s.n.Dial(t.Context(), "client", fmt.Sprint("server:", port))
	if err != nil {
		contract.Failf(t, "connecting to the server: %v", err)
	}
	s.conns = append(s.conns, c)
	return c
}

// client connects one of the candidate's clients.
func (s *site) client(t *testing.T) *requestresponse.Client {
	return requestresponse.NewClient(s.connect(t))
}

// dial connects the suite itself.
func (s *site) dial(t *testing.T) *peer { return newPeer(s.connect(t)) }

// facing returns a client, and the suite in the place of its server.
func facing(t *testing.T) (*requestresponse.Client, *peer) {
	return facingOn(t, func(c net.Conn) net.Conn { return c })
}

// facingOn gives the client a connection that is made from the network's.
func facingOn(t *testing.T, wrap func(net.Conn) net.Conn) (*requestresponse.Client, *peer) {
	n := network(t)
	l, err := n.Listen(fmt.Sprint("server:", port))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	defer l.Close()
	c, err := n.Dial(t.Context(), "client", fmt.Sprint("server:", port))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s, err := l.Accept()
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	return requestresponse.NewClient(wrap(c)), newPeer(s)
}

// The types of frames.
const request, response, cancelled = 1, 2, 3

// A frame, built and read independently of what the candidate has.
type frame struct {
	typ, kind uint16
	id        uint32
	body      []byte
}

func ask(id uint32, kind uint16, body string) frame {
	return frame{typ: request, kind: kind, id: id, body: []byte(body)}
}

func reply(id uint32, code requestresponse.Code, body string) frame {
	return frame{typ: response, kind: uint16(code), id: id, body: []byte(body)}
}

func id(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }

// head returns the frame's header with a length of one's own choice.
func (f frame) head(length uint32) []byte {
	b := append(id(length), id(f.id)...)
	return append(b, byte(f.typ>>8), byte(f.typ), byte(f.kind>>8), byte(f.kind))
}

func (f frame) bytes() []byte { return append(f.head(uint32(len(f.body))), f.body...) }

func (f frame) String() string {
	d, _ := wire.Calls()
	return d.Describe(f.bytes())[0]
}

func join(frames ...frame) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

// A peer is the suite's own end of a connection.
type peer struct {
	conn net.Conn
	in   chan frame // what the candidate has sent; closed at the end of the connection
	rest []byte     // of a frame that is not complete; valid once in is closed
}

func newPeer(c net.Conn) *peer {
	p := &peer{conn: c, in: make(chan frame, 10_000)}
	go p.read()
	return p
}

// longest is a length that no frame of the suite's has.
const longest = 20 << 20

func (p *peer) read() {
	defer close(p.in)
	var h [12]byte
	for {
		if n, err := io.ReadFull(p.conn, h[:]); err != nil {
			p.rest = h[:n]
			return
		}
		length := binary.BigEndian.Uint32(h[:])
		f := frame{id: binary.BigEndian.Uint32(h[4:]), typ: binary.BigEndian.Uint16(h[8:]), kind: binary.BigEndian.Uint16(h[10:])}
		if length > longest {
			p.rest = h[:]
			return
		}
		f.body = make([]byte, length)
		if n, err := io.ReadFull(p.conn, f.body); err != nil {
			p.rest = append(h[:], f.body[:n]...)
			return
		}
		p.in <- f
	}
}

func (p *peer) stop() { p.conn.Close() }

func (p *peer) send(frames ...frame) { p.conn.Write(join(frames...)) }

// next awaits a frame from the candidate.
func (p *peer) next(t *testing.T, what string) frame {
	t.Helper()
	return contract.Await(t, what, p.in)
}

// want awaits this very frame.
func (p *peer) want(t *testing.T, want frame) {
	t.Helper()
	if got := p.next(t, want.String()); !bytes.Equal(got.bytes(), want.bytes()) {
		contract.Mismatch(t, "not the frame that was to come", got.String(), want.String())
	}
}

// wantRequest awaits a REQUEST and returns its id.
func (p *peer) wantRequest(t *testing.T, kind uint16, body string) uint32 {
	t.Helper()
	f := p.next(t, "a REQUEST")
	if want := ask(f.id, kind, body); !bytes.Equal(f.bytes(), want.bytes()) {
		contract.Mismatch(t, "not the frame that was to come", f.String(), want.String())
	}
	return f.id
}

// wantNothing checks that no frame has come by now.
func (p *peer) wantNothing(t *testing.T, why string) {
	t.Helper()
	contract.Settle()
	select {
	case f, ok := <-p.in:
		if !ok {
			contract.Failf(t, "the connection ended %s", why)
		}
		contract.Failf(t, "%s came %s", f, why)
	default:
	}
}

// wantEnd checks that the candidate has closed the connection by now, with
// nothing before that.
func (p *peer) wantEnd(t *testing.T) {
	t.Helper()
	contract.Settle()
	select {
	case f, ok := <-p.in:
		if ok {
			contract.Mismatch(t, "not what was to come", f.String(), "the end of the connection")
		}
		if len(p.rest) > 0 {
			contract.Mismatch(t, "the connection ended within a frame", contract.Dump(p.rest, -1), "the end of the connection")
		}
	default:
		contract.Failf(t, "the connection is open still")
	}
}

// An outcome is what Do returned.
type outcome struct {
	requestresponse.Response
	err error
}

func (o outcome) String() string {
	if o.err != nil {
		return fmt.Sprintf("error %q", o.err)
	}
	body := fmt.Sprintf("%q", o.Body)
	if len(o.Body) > 60 {
		body = fmt.Sprintf("%q... %d octets", o.Body[:60], len(o.Body))
	}
	return fmt.Sprint(o.Code, " ", body)
}

// doing begins a call.
func doing(ctx context.Context, c *requestresponse.Client, kind uint16, body string) *contract.Pending[outcome] {
	return contract.Go("Do to return", func() outcome {
		r, err := c.Do(ctx, requestresponse.Request{Kind: kind, Body: []byte(body)})
		return outcome{r, err}
	})
}

func do(t *testing.T, c *requestresponse.Client, kind uint16, body string) outcome {
	t.Helper()
	return doing(t.Context(), c, kind, body).Await(t)
}

func (o outcome) wantAnswer(t *testing.T, code requestresponse.Code, body string) {
	t.Helper()
	if want := (outcome{requestresponse.Response{Code: code, Body: []byte(body)}, nil}); o.err != nil || o.Code != code || string(o.Body) != body {
		contract.Mismatch(t, "Do returned something else", o.String(), want.String())
	}
}

func (o outcome) wantError(t *testing.T, want error) {
	t.Helper()
	if !errors.Is(o.err, want) {
		contract.Mismatch(t, "Do returned something else", o.String(), fmt.Sprintf("error %q", want))
	}
}

func wantReturned(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		contract.Mismatch(t, what+" returned something else", fmt.Sprint(err), fmt.Sprint(want))
	}
}

// wantElapsed checks how much virtual time has passed since start.
func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		contract.Mismatch(t, "not the time that this was to take", took.String(), want.String())
	}
}

// tell is a handler: the answer has the request's kind as its code, and its
// body backwards.
func tell(_ context.Context, r requestresponse.Request) (requestresponse.Response, error) {
	return requestresponse.Response{Code: requestresponse.Code(r.Kind), Body: []byte(told(string(r.Body)))}, nil
}

func told(body string) string {
	b := []byte(body)
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
	return "told " + string(b)
}

// A desk is a handler that does what the clause says.
type desk struct {
	visits chan *visit
	closed chan struct{}
}

func newDesk() *desk {
	return &desk{visits: make(chan *visit, 10_000), closed: make(chan struct{})}
}

// shut sends those away that still wait.
func (d *desk) shut() { close(d.closed) }

// A visit is one call of the handler.
type visit struct {
	ctx context.Context
	requestresponse.Request
	how chan func() (requestresponse.Response, error)
}

// handle waits to be told what to return, whatever becomes of its context.
func (d *desk) handle(ctx context.Context, r requestresponse.Request) (requestresponse.Response, error) {
	v := &visit{ctx, r, make(chan func() (requestresponse.Response, error), 1)}
	d.visits <- v
	select {
	case end := <-v.how:
		return end()
	case <-d.closed:
		return requestresponse.Response{}, errors.New("the desk is closed")
	}
}

// next awaits a call of the handler.
func (d *desk) next(t *testing.T) *visit {
	t.Helper()
	return contract.Await(t, "the handler to be called", d.visits)
}

// wantNobody checks that the handler was not called by now.
func (d *desk) wantNobody(t *testing.T, why string) {
	t.Helper()
	contract.Settle()
	select {
	case v := <-d.visits:
		contract.Failf(t, "the handler was called with kind %d and %d octets %s", v.Kind, len(v.Body), why)
	default:
	}
}

func (v *visit) answer(r requestresponse.Response, err error) {
	v.how <- func() (requestresponse.Response, error) { return r, err }
}

func (v *visit) panic(with any) {
	v.how <- func() (requestresponse.Response, error) { panic(with) }
}

// wantGoesOn checks that the handler's context has not ended by now.
func (v *visit) wantGoesOn(t *testing.T) {
	t.Helper()
	contract.Settle()
	if v.ctx.Err() != nil {
		contract.Failf(t, "the context of the handler of %q has ended (%v)", v.Body, v.ctx.Err())
	}
}

// wantEnded checks that the handler's context has ended by now.
func (v *visit) wantEnded(t *testing.T) {
	t.Helper()
	contract.Settle()
	if v.ctx.Err() == nil {
		contract.Failf(t, "the context of the handler of %q goes on", v.Body)
	}
}

// noise returns octets of which no two stretches are alike.
func noise(t *testing.T, n int) []byte {
	rnd := contract.Rand(t)
	var b strings.Builder
	for b.Len() < n {
		b.WriteByte(byte('a' + rnd.IntN(26)))
	}
	return []byte(b.String())
}
