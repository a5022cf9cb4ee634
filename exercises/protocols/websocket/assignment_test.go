package websocket_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	gorilla "github.com/gorilla/websocket"

	"github.com/wirekata/wirekata/exercises/protocols/websocket"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/vectors"
	"github.com/wirekata/wirekata/harness/wire"
)

// The data messages among the published examples are read as what they
// contain, in whatever pieces they arrive. RFC 6455 §5.7
func TestReadsTheExamples(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, v := range vectors.WebSocketMessages() {
			if v.Opcode >= 8 {
				continue
			}
			for _, cut := range cuts(t, v.Wire) {
				contract.Step(t, "→ %s, %s", v.Name, cut.Name)
				c, p := meet(t, !v.Masked, nil)
				read := startRead(c)
				p.send(t, cut.Chunks...)
				wantMessage(t, read, websocket.Opcode(v.Opcode), v.Payload)
				part(t, c, p)
			}
		}
	})
}

// A message is written as the one frame that the published examples show,
// which only the client masks. RFC 6455 §5.7, README
func TestWritesTheExamples(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, v := range vectors.WebSocketMessages() {
			if v.Opcode >= 8 || v.Frames > 1 {
				continue
			}
			contract.Step(t, "Write of the payload of: %s", v.Name)
			c, p := meet(t, v.Masked, nil)
			mustWrite(t, c, websocket.Opcode(v.Opcode), v.Payload)
			f := p.next(t, "the message")
			if v.Masked { // the key is the writer's choice
				f.want(t, frame{fin: true, op: v.Opcode, mask: true, payload: v.Payload})
			} else {
				contract.Bytes(t, "the frame is not that of the example", f.raw, v.Wire)
			}
			part(t, c, p)
		}
	})
}

// The length of a payload takes the fewest octets that can hold it: 7 bits up
// to 125, 16 bits up to 65,535, else 64 bits. RFC 6455 §5.2 MUST
func TestLengthsAreMinimal(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			for _, n := range []int{0, 1, 125, 126, 127, 255, 256, 65535, 65536, 65537} {
				payload := noise(t, n)
				contract.Step(t, "%s: Write of %d octets", role(client), n)
				mustWrite(t, c, websocket.OpBinary, payload)
				f := p.next(t, "the message")
				f.want(t, frame{fin: true, op: 2, mask: client, payload: payload})
				if got, want := f.wide, minimal(n); got != want {
					contract.Failf(t, "the length of %d octets stands in %d octets behind the first two, want %d", n, got, want)
				}
				contract.Step(t, "%s: Read of %d octets", role(client), n)
				read := startRead(c)
				p.send(t, p.frame(t, true, 2, payload).bytes())
				wantMessage(t, read, websocket.OpBinary, payload)
			}
			part(t, c, p)
		}
	})
}

// The server proves that it has read the key, and the connection is then one
// for messages. RFC 6455 §1.3, §4.2.2 MUST
func TestExampleKey(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		s := serve(t, n, nil)
		defer s.stop(t)
		contract.Step(t, "GET with the key %s", vectors.WebSocketKey)
		p, resp := s.request(t, n, handshake(vectors.WebSocketKey))
		defer p.close(t)
		r := contract.Require(t)
		r.Equal(http.StatusSwitchingProtocols, resp.StatusCode, "status")
		r.Equal("websocket", strings.ToLower(resp.Header.Get("Upgrade")), "Upgrade")
		r.Equal("upgrade", strings.ToLower(resp.Header.Get("Connection")), "Connection")
		r.Equal(vectors.WebSocketAccept, resp.Header.Get("Sec-WebSocket-Accept"), "Sec-WebSocket-Accept")
		c := s.accepted(t)
		contract.Step(t, `Write("ready")`)
		mustWrite(t, c, websocket.OpText, []byte("ready"))
		p.next(t, "the message").want(t, frame{fin: true, op: 1, payload: []byte("ready")})
		part(t, c, p)
	})
}

// gorilla/websocket as the client connects, exchanges messages and closes.
// README
func TestGorillaAsClient(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		s := serve(t, n, nil)
		defer s.stop(t)
		contract.Step(t, "gorilla dials")
		dialer := gorilla.Dialer{NetDialContext: n.Dialer("client")}
		g := contract.Call(t, "gorilla's Dial", func() dialled {
			conn, resp, err := dialer.Dial("ws://server:80/chat", nil)
			return dialled{conn, resp, err}
		})
		if g.err != nil {
			contract.Failf(t, "gorilla could not connect: %v", g.err)
		}
		defer g.conn.Close()
		c := s.accepted(t)
		for _, m := range sampleMessages(t) {
			contract.Step(t, "gorilla sends %s of %d octets, and gets it back", m.op, len(m.payload))
			read := startRead(c)
			contract.Require(t).NoError(g.conn.WriteMessage(int(m.op), m.payload))
			wantMessage(t, read, m.op, m.payload)
			mustWrite(t, c, m.op, m.payload)
			wantGorilla(t, g.conn, m)
		}
		contract.Step(t, "gorilla closes with 1000")
		read := startRead(c)
		contract.Require(t).NoError(g.conn.WriteMessage(gorilla.CloseMessage, gorilla.FormatCloseMessage(1000, "bye")))
		wantEnd(t, read, websocket.CloseError{Code: 1000, Reason: "bye"})
		_, _, err := g.conn.ReadMessage()
		if !gorilla.IsCloseError(err, 1000) {
			contract.Failf(t, "gorilla got %v in answer to its Close, want close code 1000", err)
		}
	})
}

type dialled struct {
	conn *gorilla.Conn
	resp *http.Response
	err  error
}

// gorilla/websocket as the server is dialled, exchanges messages and is
// closed. README
func TestGorillaAsServer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		defer gorillaEcho(t, n)()
		contract.Step(t, "Dial to gorilla")
		c := mustDial(t, n, "ws://server:80/chat", nil)
		for _, m := range sampleMessages(t) {
			contract.Step(t, "%s of %d octets to gorilla, and back", m.op, len(m.payload))
			mustWrite(t, c, m.op, m.payload)
			wantMessage(t, startRead(c), m.op, m.payload)
		}
		contract.Step(t, "Close(1000)")
		if err := contract.Call(t, "Close to return", func() error { return c.Close(1000, "bye") }); err != nil {
			contract.Failf(t, "Close returned %v, want nil: gorilla answers with its Close", err)
		}
	})
}

// A ping is answered by a pong with the same payload. RFC 6455 §5.5.2, §5.5.3
// MUST
func TestPingIsAnswered(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			read := startRead(c)
			for _, size := range []int{4, 0, 125} {
				payload := noise(t, size)
				for _, cut := range cuts(t, p.frame(t, true, 9, payload).bytes()) {
					contract.Step(t, "→ PING of %d octets to the %s, %s", size, role(client), cut.Name)
					p.send(t, cut.Chunks...)
					p.next(t, "a PONG").want(t, frame{fin: true, op: 10, mask: client, payload: payload})
				}
			}
			contract.Fence(t, `→ TEXT "after"`)
			p.send(t, p.frame(t, true, 1, []byte("after")).bytes())
			wantMessage(t, read, websocket.OpText, []byte("after"))
			part(t, c, p)
		}
	})
}

// A Close frame is answered by one with the same code; the server then closes
// the TCP connection, and Read says how it ended. RFC 6455 §5.5.1 MUST, README
func TestPeerCloses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, cut := range cuts(t, build(t, true, true, 8, closeBody(4321, "grüße")).bytes()) {
			c, p := meet(t, false, nil)
			contract.Control(t, `→ TEXT "hi"`)
			read := startRead(c)
			p.send(t, p.frame(t, true, 1, []byte("hi")).bytes())
			wantMessage(t, read, websocket.OpText, []byte("hi"))
			contract.Step(t, `→ CLOSE 4321 "grüße", %s`, cut.Name)
			read = startRead(c)
			p.send(t, cut.Chunks...)
			p.wantClose(t, 4321)
			p.wantEnd(t)
			wantEnd(t, read, websocket.CloseError{Code: 4321, Reason: "grüße"})
			contract.Step(t, "Read and Write once more")
			wantEnd(t, startRead(c), websocket.CloseError{Code: 4321, Reason: "grüße"})
			if err := c.Write(websocket.OpText, []byte("late")); !errors.Is(err, websocket.ErrClosed) {
				contract.Failf(t, "Write returned %v after the end, want ErrClosed", err)
			}
			p.close(t)
		}
	})
}

// What follows is the other end: it builds and reads frames on its own.

// A frame is what the suite sends and what it has received.
type frame struct {
	fin     bool
	rsv     byte // 3 bits
	op      byte
	mask    bool
	key     [4]byte
	payload []byte
	wide    int    // octets of the extended length: 0, 2 or 8; -1 for minimal
	length  uint64 // announced, where it is not len(payload)
	raw     []byte // as received
}

// minimal returns how many octets the extended length of n needs.
func minimal(n int) int {
	switch {
	case n < 126:
		return 0
	case n < 65536:
		return 2
	}
	return 8
}

func (f frame) bytes() []byte {
	length, wide := f.length, f.wide
	if length == 0 {
		length = uint64(len(f.payload))
	}
	if wide < 0 {
		wide = minimal(int(min(length, 1<<20)))
	}
	b := []byte{f.rsv<<4 | f.op, 0}
	if f.fin {
		b[0] |= 0x80
	}
	switch wide {
	case 0:
		b[1] = byte(length)
	case 2:
		b[1] = 126
		b = binary.BigEndian.AppendUint16(b, uint16(length))
	case 8:
		b[1] = 127
		b = binary.BigEndian.AppendUint64(b, length)
	}
	if f.mask {
		b[1] |= 0x80
		b = append(b, f.key[:]...)
	}
	for i, o := range f.payload {
		if f.mask {
			o ^= f.key[i%4]
		}
		b = append(b, o)
	}
	return b
}

// String renders the frame as the wire's describer does.
func (f frame) String() string {
	note := ""
	if f.length > uint64(len(f.payload)) {
		note = fmt.Sprintf(" (%d octets announced)", f.length)
		f.wide, f.length = -1, 0
	}
	d, _ := wire.WebSocket()
	return strings.Join(d.Describe(f.bytes()), "; ") + note
}

// want fails the clause unless f is the wanted frame; the key is not compared.
func (f frame) want(t *testing.T, want frame) {
	t.Helper()
	got := f
	got.key, want.key = [4]byte{}, [4]byte{}
	if got.fin != want.fin || got.rsv != want.rsv || got.op != want.op || got.mask != want.mask {
		contract.Mismatch(t, "not the frame that was awaited", got.String(), want.String())
	}
	contract.Bytes(t, "the payload of "+got.String(), f.payload, want.payload)
}

// readFrame reads a frame without judging it.
func readFrame(r io.Reader) (frame, error) {
	var raw bytes.Buffer
	r = io.TeeReader(r, &raw)
	var b [8]byte
	if _, err := io.ReadFull(r, b[:2]); err != nil {
		return frame{}, err
	}
	f := frame{fin: b[0]&0x80 != 0, rsv: b[0] >> 4 & 7, op: b[0] & 15, mask: b[1]&0x80 != 0, length: uint64(b[1] & 0x7f)}
	switch f.length {
	case 126:
		f.wide = 2
	case 127:
		f.wide = 8
	}
	if f.wide > 0 {
		if _, err := io.ReadFull(r, b[8-f.wide:]); err != nil {
			return frame{}, fmt.Errorf("inside a frame's header: %w", err)
		}
		f.length = 0
		for _, o := range b[8-f.wide:] {
			f.length = f.length<<8 | uint64(o)
		}
	}
	if f.mask {
		if _, err := io.ReadFull(r, f.key[:]); err != nil {
			return frame{}, fmt.Errorf("inside a frame's header: %w", err)
		}
	}
	if f.length > 1<<24 {
		return frame{}, fmt.Errorf("a frame announces %d octets", f.length)
	}
	f.payload = make([]byte, f.length)
	if _, err := io.ReadFull(r, f.payload); err != nil {
		return frame{}, fmt.Errorf("inside a frame's payload: %w", err)
	}
	for i := range f.payload {
		if f.mask {
			f.payload[i] ^= f.key[i%4]
		}
	}
	f.length, f.raw = 0, raw.Bytes()
	return f, nil
}

// A peer is the other end of a connection of the candidate's.
type peer struct {
	nc     net.Conn
	client bool       // the peer is the client
	frames chan frame // all that came
	over   chan error // why no more comes
}

// start has the peer take in what comes, from r.
func (p *peer) start(r io.Reader) {
	p.frames, p.over = make(chan frame, 1<<9), make(chan error, 1)
	go func() {
		for {
			f, err := readFrame(r)
			if err != nil {
				close(p.frames)
				p.over <- err
				return
			}
			p.frames <- f
		}
	}()
}

// frame returns a frame as this peer may send it.
func (p *peer) frame(t *testing.T, fin bool, op byte, payload []byte) frame {
	return build(t, p.client, fin, op, payload)
}

// build returns a frame as the client or the server may send it.
func build(t *testing.T, client, fin bool, op byte, payload []byte) frame {
	f := frame{fin: fin, op: op, mask: client, payload: payload, wide: -1}
	binary.BigEndian.PutUint32(f.key[:], contract.Rand(t).Uint32()|0x01010101)
	return f
}

// put writes b. The candidate may have closed; then other checks tell.
func (p *peer) put(b []byte) { p.nc.Write(b) }

// send writes chunks and lets the candidate come to rest after each.
func (p *peer) send(t *testing.T, chunks ...[]byte) {
	for _, b := range chunks {
		p.put(b)
		contract.Settle()
	}
}

// next awaits a frame.
func (p *peer) next(t *testing.T, what string) frame {
	t.Helper()
	return contract.Await(t, what, p.frames)
}

// wantClose awaits a Close frame with this code; 0 is one without.
func (p *peer) wantClose(t *testing.T, code uint16) {
	t.Helper()
	want := frame{fin: true, op: 8, mask: !p.client, payload: closeBody(code, "")}
	got := p.next(t, want.String())
	same := len(got.payload) >= 2 && code != 0 && binary.BigEndian.Uint16(got.payload) == code || len(got.payload) == 0 && code == 0
	if got.op != 8 || !got.fin || got.rsv != 0 || got.mask == p.client || !same {
		contract.Mismatch(t, "not the frame that was awaited", got.String(), want.String())
	}
}

// wantEnd awaits the end of the TCP connection, and no frame before it.
func (p *peer) wantEnd(t *testing.T) {
	t.Helper()
	contract.Await(t, "the end of the TCP connection", p.over)
	if f, ok := <-p.frames; ok {
		contract.Mismatch(t, "a frame after the last", f.String(), "the end of the TCP connection")
	}
	p.over <- io.EOF // for those who ask again
}

// close ends the peer.
func (p *peer) close(t *testing.T) {
	p.nc.Close()
	contract.Await(t, "BUG: the peer's own end", p.over)
	p.over <- io.EOF
}

func closeBody(code uint16, reason string) []byte {
	if code == 0 {
		return nil
	}
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}

// network returns a network whose WebSocket port is on the record.
func network(t *testing.T) *memnet.Network {
	n := memnet.New(t)
	wire.Record(t, n, map[uint16]wire.Protocol{80: wire.WebSocket})
	return n
}

// meet returns a connection of the candidate's in the given role, and its
// peer. There was no handshake.
func meet(t *testing.T, client bool, o *websocket.Options) (*websocket.Conn, *peer) {
	return meetOver(t, client, o, func(nc net.Conn) net.Conn { return nc })
}

// meetOver is meet with something around the candidate's network connection.
func meetOver(t *testing.T, client bool, o *websocket.Options, around func(net.Conn) net.Conn) (*websocket.Conn, *peer) {
	a, b := pipe(t, network(t))
	if client {
		a, b = b, a
	}
	p := &peer{nc: a, client: !client}
	p.start(a)
	return websocket.NewConn(around(b), client, o), p
}

// pipe returns the client's and the server's end of a connection to port 80.
func pipe(t *testing.T, n *memnet.Network) (client, server net.Conn) {
	l, err := n.Listen("server:80")
	contract.Require(t).NoError(err)
	defer l.Close()
	client, err = n.Dial(context.Background(), "client", "server:80")
	contract.Require(t).NoError(err)
	server, err = l.Accept()
	contract.Require(t).NoError(err)
	return client, server
}

// part has the peer close the connection in the regular way.
func part(t *testing.T, c *websocket.Conn, p *peer) {
	t.Helper()
	read := startRead(c)
	p.send(t, p.frame(t, true, 8, closeBody(1000, "")).bytes())
	p.wantClose(t, 1000)
	p.close(t)
	wantEnd(t, read, websocket.CloseError{Code: 1000})
}

func role(client bool) string {
	if client {
		return "client"
	}
	return "server"
}

type message struct {
	op      websocket.Opcode
	payload []byte
	err     error
}

func startRead(c *websocket.Conn) *contract.Pending[message] {
	return contract.Go("Read to return", func() message {
		op, p, err := c.Read()
		return message{op, p, err}
	})
}

func wantMessage(t *testing.T, read *contract.Pending[message], op websocket.Opcode, payload []byte) {
	t.Helper()
	m := read.Await(t)
	if m.err != nil {
		contract.Failf(t, "Read returned the error %v, want a message of %d octets", m.err, len(payload))
	}
	if m.op != op {
		contract.Failf(t, "Read returned opcode %d, want %d", m.op, op)
	}
	contract.Bytes(t, "the message that Read returned", m.payload, payload)
}

// wantEnd fails the clause unless Read returns want; an empty reason is not
// compared.
func wantEnd(t *testing.T, read *contract.Pending[message], want websocket.CloseError) {
	t.Helper()
	m := read.Await(t)
	var got *websocket.CloseError
	if !errors.As(m.err, &got) {
		contract.Failf(t, "Read returned (%d, %d octets, %v), want a *CloseError with code %d", m.op, len(m.payload), m.err, want.Code)
	}
	if want.Reason == "" {
		want.Reason = got.Reason
	}
	if *got != want {
		contract.Mismatch(t, "how the connection ended, as Read tells it", fmt.Sprintf("%+v", *got), fmt.Sprintf("%+v", want))
	}
}

func mustWrite(t *testing.T, c *websocket.Conn, op websocket.Opcode, payload []byte) {
	t.Helper()
	if err := contract.Call(t, "Write to return", func() error { return c.Write(op, payload) }); err != nil {
		contract.Failf(t, "Write of %d octets returned %v", len(payload), err)
	}
}

// noise returns n octets that are neither zero nor alike.
func noise(t *testing.T, n int) []byte {
	rnd := contract.Rand(t)
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + rnd.IntN(255))
	}
	return b
}

// cuts is contract.Cuts without the octet by octet of what is long.
func cuts(t *testing.T, b []byte) []contract.Cut {
	all := contract.Cuts(t, b)
	if len(b) > 2048 {
		return append(all[:1], all[2:3]...)
	}
	return all
}

// sampleMessages are what the peers exchange.
func sampleMessages(t *testing.T) []message {
	return []message{
		{websocket.OpText, []byte("grüße"), nil},
		{websocket.OpBinary, noise(t, 126), nil},
		{websocket.OpText, []byte(strings.Repeat("wörter ", 2000)), nil},
		{websocket.OpBinary, noise(t, 70_000), nil},
		{websocket.OpText, nil, nil},
	}
}

// A service is a real net/http server whose handler calls Accept.
type service struct {
	srv   *http.Server
	done  chan error
	conns chan accepted
}

type accepted struct {
	c   *websocket.Conn
	err error
}

// serve serves port 80 of "server".
func serve(t *testing.T, n *memnet.Network, o *websocket.Options) *service {
	s := &service{conns: make(chan accepted, 16)}
	return s.serve(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, o)
		s.conns <- accepted{c, err}
	}))
}

func (s *service) serve(t *testing.T, n *memnet.Network, h http.Handler) *service {
	l, err := n.Listen("server:80")
	contract.Require(t).NoError(err)
	s.srv = &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	s.done = make(chan error, 1)
	go func() { s.done <- s.srv.Serve(l) }()
	return s
}

func (s *service) stop(t *testing.T) {
	s.srv.Close()
	contract.Await(t, "BUG: the server's own end", s.done)
}

// accepted returns the connection that the handler has accepted.
func (s *service) accepted(t *testing.T) *websocket.Conn {
	t.Helper()
	a := contract.Await(t, "Accept to return", s.conns)
	if a.err != nil || a.c == nil {
		contract.Failf(t, "Accept returned the error %v, want a connection", a.err)
	}
	return a.c
}

// request sends octets that begin with a request and returns the response,
// and the connection as a peer.
func (s *service) request(t *testing.T, n *memnet.Network, chunks ...[]byte) (*peer, *http.Response) {
	t.Helper()
	nc, err := n.Dial(context.Background(), "client", "server:80")
	contract.Require(t).NoError(err)
	p := &peer{nc: nc, client: true}
	p.send(t, chunks...)
	br := bufio.NewReader(nc)
	type response struct {
		*http.Response
		err error
	}
	resp := contract.Call(t, "the response", func() response {
		resp, err := http.ReadResponse(br, nil)
		return response{resp, err}
	})
	if resp.err != nil {
		contract.Failf(t, "no HTTP response: %v", resp.err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		contract.Call(t, "the response's body", func() error { _, err := io.Copy(io.Discard, resp.Body); return err })
	}
	p.start(br)
	return p, resp.Response
}

// handshake returns a handshake for /chat with this key, and with fields in
// place of, or besides, the usual ones: "Origin: x" adds, "Upgrade:" takes
// away.
func handshake(key string, fields ...string) []byte {
	lines := []string{"Host: server", "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: " + key, "Sec-WebSocket-Version: 13"}
	for _, field := range fields {
		name, value, _ := strings.Cut(field, ":")
		for i := range lines {
			if was, _, _ := strings.Cut(lines[i], ":"); strings.EqualFold(was, name) {
				lines[i] = ""
			}
		}
		if value != "" {
			lines = append(lines, field)
		}
	}
	b := "GET /chat HTTP/1.1\r\n"
	for _, line := range lines {
		if line != "" {
			b += line + "\r\n"
		}
	}
	return []byte(b + "\r\n")
}

// mustDial calls Dial over a new connection.
func mustDial(t *testing.T, n *memnet.Network, rawURL string, o *websocket.Options) *websocket.Conn {
	t.Helper()
	u, err := url.Parse(rawURL)
	contract.Require(t).NoError(err)
	nc, err := n.Dial(context.Background(), "client", "server:80")
	contract.Require(t).NoError(err)
	a := contract.Call(t, "Dial to return", func() accepted {
		c, err := websocket.Dial(nc, u, o)
		return accepted{c, err}
	})
	if a.err != nil || a.c == nil {
		contract.Failf(t, "Dial returned the error %v, want a connection", a.err)
	}
	return a.c
}

// gorillaEcho serves port 80 with gorilla, which sends back what it gets.
func gorillaEcho(t *testing.T, n *memnet.Network) (stop func()) {
	s := (&service{}).serve(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		g, err := (&gorilla.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return // it has answered with the reason
		}
		defer g.Close()
		for {
			op, p, err := g.ReadMessage()
			if err != nil {
				return
			}
			g.WriteMessage(op, p)
		}
	}))
	return func() { s.stop(t) }
}

func wantGorilla(t *testing.T, g *gorilla.Conn, want message) {
	t.Helper()
	got := contract.Call(t, "a message at gorilla", func() message {
		op, p, err := g.ReadMessage()
		return message{websocket.Opcode(op), p, err}
	})
	if got.err != nil || got.op != want.op {
		contract.Failf(t, "gorilla got opcode %d and error %v, want opcode %d", got.op, got.err, want.op)
	}
	contract.Bytes(t, "the message at gorilla", got.payload, want.payload)
}
