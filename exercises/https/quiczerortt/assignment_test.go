package quiczerortt_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/wirekata/wirekata/exercises/https/quiczerortt"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/pki"
	"github.com/wirekata/wirekata/harness/wire"
)

// The first request to a server is answered two round trips after the dial
// began, and the next one, on the same connection, after one. README
func TestFirstRequestTakesTwoRoundTrips(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		contract.Step(t, "GET /a, with no session ticket")
		c.get(t, "/a").want(t, 200, "GET /a", 2*rtt)
		contract.Step(t, "GET /b on the connection that is there")
		c.get(t, "/b").want(t, 200, "GET /b", rtt)
		c.wantDials(t, 1)
		s.wantVisits(t, "GET /a", "GET /b")
	})
}

// With a session ticket a GET or HEAD goes in early data: the answer is there
// one round trip after the dial began. RFC 8470 §4 MAY, README
func TestSafeRequestGoesEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "GET /early on a new connection")
		c.get(t, "/early").want(t, 200, "GET /early", rtt)
		s.wantVisits(t, "GET /early early")
		s.drop()
		contract.Step(t, "HEAD /early on another new connection")
		c.send("HEAD", "/early", "").Await(t).want(t, 200, "", rtt)
		s.wantVisits(t, "HEAD /early early")
		c.wantDials(t, 3)
	})
}

// A POST waits for the handshake, session ticket or not. RFC 8470 §4 SHOULD
// NOT, README
func TestPostIsNeverEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "POST /order with a body")
		c.send("POST", "/order", "one book").Await(t).want(t, 200, `POST /order "one book"`, 2*rtt)
		c.wantDials(t, 2)
		s.wantVisits(t, `POST /order "one book"`)
	})
}

// A request that went early and is answered with 425 is sent once more, after
// the handshake and on the same connection. RFC 8470 §5.2 MUST
func TestTooEarlyIsTriedAgain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, func(s *site) http.Handler { return quiczerortt.Guard(s.echo(), onlyPath("/learn")) })
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "GET /spend, which the server does not take early")
		c.get(t, "/spend").want(t, 200, "GET /spend", 2*rtt)
		s.wantVisits(t, "GET /spend early 425", "GET /spend")
		c.wantDials(t, 2)
	})
}

// Guard answers an early request that is not safe with 425, and serves it once
// the handshake is over. RFC 8470 §3 SHOULD, README
func TestGuardRefusesWhatIsEarlyAndUnsafe(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH"} {
			contract.Control(t, "%s after the handshake", method)
			guarded(t, nil, incoming(method, false)).wantServed(t)
			contract.Step(t, "%s in early data", method)
			guarded(t, nil, incoming(method, true)).wantTooEarly(t)
			contract.Control(t, "GET in early data")
			guarded(t, nil, incoming("GET", true)).wantServed(t)
		}
	})
}

// What a proxy forwards and had received in early data says Early-Data: 1.
// RFC 8470 §5.1 MUST
func TestForwardMarksEarlyRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Control(t, "a request that came after the handshake")
		wantForwarded(t, incoming("GET", false), nil)
		contract.Step(t, "one that came in early data")
		wantForwarded(t, incoming("GET", true), []string{"1"})
	})
}

const (
	delay = 50 * time.Millisecond // one way between client and server
	rtt   = 2 * delay
)

// A site is an HTTP/3 server that takes 0-RTT, and what came to it.
type site struct {
	t       *testing.T
	net     *memnet.Network
	name    string // of its host
	tls     *tls.Config
	quic    *quic.Config
	handler http.Handler
	socket  net.PacketConn
	udp     *quic.Transport
	http    *http3.Server

	mu       sync.Mutex
	conns    []*quic.Conn
	visits   []string
	settings []<-chan struct{} // of each visit: closed once the client's have come
}

// serve starts a server on server:443, with a handler that answers with what
// it was asked for unless it is given another.
func serve(t *testing.T, handler func(s *site) http.Handler) *site {
	n := memnet.New(t)
	n.SetDefault(memnet.Link{Delay: delay})
	wire.Record(t, n, map[uint16]wire.Protocol{443: wire.QUIC})
	return serveOn(t, n, "server", handler)
}

func serveOn(t *testing.T, n *memnet.Network, name string, handler func(s *site) http.Handler) *site {
	s := &site{t: t, net: n, name: name}
	s.handler = s.echo()
	if handler != nil {
		s.handler = handler(s)
	}
	s.start()
	return s
}

// start begins to serve, with session tickets that only this start can read.
func (s *site) start() {
	s.tls = pki.Server(s.name, http3.NextProtoH3)
	s.quic = &quic.Config{Allow0RTT: true}
	s.listen()
}

func (s *site) listen() {
	socket, err := s.net.ListenPacket(s.name + ":443")
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	s.socket, s.udp = socket, &quic.Transport{Conn: socket}
	l, err := s.udp.ListenEarly(s.tls, s.quic)
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	s.http = &http3.Server{Handler: http.HandlerFunc(s.visit)}
	go s.accept(l, s.http)
}

func (s *site) accept(l *quic.EarlyListener, h *http3.Server) {
	for {
		conn, err := l.Accept(context.Background())
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns = append(s.conns, conn)
		s.mu.Unlock()
		go h.ServeQUICConn(conn)
	}
}

// drop ends every connection, and waits until everybody knows.
func (s *site) drop() {
	s.mu.Lock()
	conns := s.conns
	s.conns = nil
	s.mu.Unlock()
	for _, conn := range conns {
		conn.CloseWithError(quic.ApplicationErrorCode(http3.ErrCodeNoError), "")
	}
	contract.Pass(time.Second)
}

func (s *site) stop() {
	s.drop()
	s.http.Close()
	s.udp.Close()
	s.socket.Close()
	contract.Settle()
}

// restart is a server that cannot read the session tickets of before.
func (s *site) restart() {
	s.stop()
	s.start()
}

// visit keeps what came, and what became of it: "GET /a early 425".
func (s *site) visit(w http.ResponseWriter, r *http.Request) {
	what := r.Method + " " + r.URL.Path
	if !r.TLS.HandshakeComplete {
		what += " early"
	}
	if mark := r.Header.Values(quiczerortt.EarlyData); len(mark) > 0 {
		what += fmt.Sprintf(" marked %s", strings.Join(mark, ","))
	}
	from, _, _ := net.SplitHostPort(s.net.Name(addrOf(r.RemoteAddr)))
	contract.Message(s.t, from, s.name, "HTTP/3 "+what, nil, false)
	var body bytes.Buffer
	r.Body = io.NopCloser(io.TeeReader(r.Body, &body))
	s.mu.Lock()
	s.settings = append(s.settings, w.(http3.Settingser).ReceivedSettings())
	s.mu.Unlock()
	rec := &statusWriter{ResponseWriter: w, status: 200}
	result := " broken off" // by a panic
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.visits = append(s.visits, what+result)
	}()
	s.handler.ServeHTTP(rec, r)
	result = ""
	if body.Len() > 0 {
		result += fmt.Sprintf(" %q", &body)
	}
	if rec.status != 200 {
		result += fmt.Sprintf(" %d", rec.status)
	}
	contract.Message(s.t, s.name, from, fmt.Sprintf("HTTP/3 %d to %s %s", rec.status, r.Method, r.URL.Path), nil, false)
}

// wantVisits checks what has come since it was last asked.
func (s *site) wantVisits(t *testing.T, want ...string) {
	t.Helper()
	contract.Pass(time.Second)
	got := s.forget()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		contract.Mismatch(t, "what came to "+s.name+", sorted", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// forget returns what has come since it was last asked.
func (s *site) forget() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	visits := s.visits
	s.visits, s.settings = nil, nil
	return visits
}

// echo answers with the method, the path and the body.
func (s *site) echo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprint(w, r.Method, " ", r.URL.Path)
		if len(body) > 0 {
			fmt.Fprintf(w, " %q", body)
		}
	})
}

func onlyPath(paths ...string) func(*http.Request) bool {
	return func(r *http.Request) bool { return slices.Contains(paths, r.URL.Path) }
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

type addrOf string

func (a addrOf) Network() string { return "udp" }
func (a addrOf) String() string  { return string(a) }

// A client is a Client with a socket to dial from.
type client struct {
	*quiczerortt.Client
	site   *site
	socket net.PacketConn
	udp    *quic.Transport

	mu      sync.Mutex
	dials   []string
	dialing int           // dials that have not returned
	delay   time.Duration // that each dial takes to begin
	fail    error         // what dials come to
}

func (s *site) client(t *testing.T) *client { return s.clientAt(t, "client") }

// clientAt returns a client on a host.
func (s *site) clientAt(t *testing.T, host string) *client {
	socket, err := s.net.ListenPacket(host + ":0")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	c := &client{site: s, socket: socket, udp: &quic.Transport{Conn: socket}}
	c.Client = &quiczerortt.Client{TLS: &tls.Config{RootCAs: pki.Roots()}, Dial: c.dial}
	return c
}

func (c *client) dial(ctx context.Context, addr string, conf *tls.Config) (*quic.Conn, error) {
	c.mu.Lock()
	c.dials = append(c.dials, addr)
	c.dialing++
	wait, fail := c.delay, c.fail
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.dialing--
	}()
	if wait > 0 {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if fail != nil {
		return nil, fail
	}
	to, err := c.site.net.Addr(addr)
	if err != nil {
		return nil, err
	}
	return c.udp.DialEarly(ctx, net.UDPAddrFromAddrPort(to), conf, nil)
}

func (c *client) wantDials(t *testing.T, want int) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.dials) != want {
		contract.Mismatch(t, "the dials so far", strings.Join(c.dials, " "), fmt.Sprint(want))
	}
}

func (c *client) stop() {
	contract.Call(c.site.t, "Close to return", c.Client.Close)
	contract.Pass(time.Second)
	c.udp.Close()
	c.socket.Close()
	contract.Settle()
}

// learn has the client get a session ticket, and then lose its connection.
func (c *client) learn(t *testing.T) {
	t.Helper()
	contract.Control(t, "GET /learn, for a session ticket; then the connection ends")
	if a := c.get(t, "/learn"); a.err != nil || a.status != 200 {
		contract.Failf(t, "GET /learn: %s, want 200", a)
	}
	contract.Pass(time.Second)
	c.site.drop()
	c.site.forget()
}

// An answer is a response with its body read.
type answer struct {
	status int
	body   string
	took   time.Duration // from the call of RoundTrip to the end of the body
	err    error
}

func (a answer) String() string {
	if a.err != nil {
		return fmt.Sprintf("%v, after %s", a.err, a.took)
	}
	return fmt.Sprintf("%d %q after %s", a.status, a.body, a.took)
}

func (a answer) want(t *testing.T, status int, body string, took time.Duration) {
	t.Helper()
	want := answer{status: status, body: body, took: took}
	if got := a.String(); got != want.String() {
		contract.Mismatch(t, fmt.Sprintf("not the answer that was to come, or not when (a round trip is %s)", rtt), got, want.String())
	}
}

func (c *client) get(t *testing.T, path string) answer {
	t.Helper()
	return c.send("GET", path, "").Await(t)
}

// send sends a request and does not wait for its answer.
func (c *client) send(method, path, body string) *contract.Pending[answer] {
	return c.do(c.request(method, path, body))
}

func (c *client) request(method, path, body string) *http.Request {
	var content io.Reader
	if body != "" {
		content = strings.NewReader(body)
	}
	r, err := http.NewRequest(method, "https://"+c.site.name+path, content)
	if err != nil {
		contract.Failf(c.site.t, "BUG: %v", err)
	}
	return r
}

func (c *client) do(r *http.Request) *contract.Pending[answer] {
	return contract.Go("the answer to "+r.Method+" "+r.URL.Path, func() answer {
		start := time.Now()
		resp, err := c.RoundTrip(r)
		if err != nil {
			return answer{err: err, took: time.Since(start)}
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		return answer{resp.StatusCode, string(body), time.Since(start), err}
	})
}

// incoming is a request as an HTTP/3 server hands it to its handler.
func incoming(method string, early bool) *http.Request {
	r := httptest.NewRequest(method, "https://server/thing", nil)
	r.TLS = &tls.ConnectionState{HandshakeComplete: !early}
	return r
}

// A verdict is what Guard did with a request.
type verdict struct {
	calls  int // of the handler behind it
	status int
}

func (v verdict) String() string {
	return fmt.Sprintf("%d, handler called %d times", v.status, v.calls)
}

func guarded(t *testing.T, safe func(*http.Request) bool, r *http.Request) verdict {
	t.Helper()
	var v verdict
	h := quiczerortt.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.calls++
		w.WriteHeader(http.StatusTeapot)
	}), safe)
	w := httptest.NewRecorder()
	contract.Call(t, "Guard's handler to return", func() bool { h.ServeHTTP(w, r); return true })
	v.status = w.Code
	return v
}

func (v verdict) wantServed(t *testing.T) {
	t.Helper()
	v.want(t, verdict{1, http.StatusTeapot})
}

func (v verdict) wantTooEarly(t *testing.T) {
	t.Helper()
	v.want(t, verdict{0, http.StatusTooEarly})
}

func (v verdict) want(t *testing.T, want verdict) {
	t.Helper()
	if v != want {
		contract.Mismatch(t, "what Guard did (418 is the handler behind it)", v.String(), want.String())
	}
}

// wantForwarded checks the Early-Data fields of what is forwarded for r.
func wantForwarded(t *testing.T, r *http.Request, want []string) {
	t.Helper()
	out := httptest.NewRequest(r.Method, "https://origin/thing", nil)
	forwarded(t, r, out, want)
}

func forwarded(t *testing.T, r, out *http.Request, want []string) {
	t.Helper()
	contract.Call(t, "Forward to return", func() bool { quiczerortt.Forward(r, out); return true })
	if got := out.Header.Values(quiczerortt.EarlyData); !slices.Equal(got, want) {
		contract.Mismatch(t, "the Early-Data fields of what is forwarded", fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
	}
}
