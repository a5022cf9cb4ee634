package loadbalancing_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/proxying/loadbalancing"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// The paper's example: three backends and seven entries, and the same without
// the second backend. NSDI'16 §3.4, table 1
func TestTableOne(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b0, b1, b2 := loadbalancing.Preference{Offset: 3, Skip: 4}, loadbalancing.Preference{Offset: 0, Skip: 2}, loadbalancing.Preference{Offset: 3, Skip: 1}
		contract.Step(t, "backends that prefer 3041526, 0246135 and 3456012")
		wantEntries(t, []loadbalancing.Preference{b0, b1, b2}, 7, "[1 0 1 0 2 2 0]")
		contract.Step(t, "without the second; the third is now 1")
		wantEntries(t, []loadbalancing.Preference{b0, b2}, 7, "[0 0 0 0 1 1 1]")
	})
}

// A header of version 1 is read, and what follows it is left. PROXY 2.1
func TestReadsVersion1(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		wantRead(t, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443")
		wantRead(t, "PROXY TCP6 2001:db8::1 2001:DB8:0:0:0:0:0:2 0 65535\r\n", "[2001:db8::1]:0", "[2001:db8::2]:65535")
	})
}

// A header of version 2 is read, and what follows it is left. PROXY 2.2
func TestReadsVersion2(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		wantRead(t, signature+"\x21\x11\x00\x0c"+"\xc0\x00\x02\x01"+"\xc6\x33\x64\x07"+"\x13\x88"+"\x01\xbb", "192.0.2.1:5000", "198.51.100.7:443")
		wantRead(t, signature+"\x21\x21\x00\x24"+ip6(1)+ip6(2)+"\xff\xfe"+"\x00\x50", "[2001:db8::1]:65534", "[2001:db8::2]:80")
	})
}

// A header of version 2 is written octet for octet as the specification draws
// it. PROXY 2.2
func TestAppendsVersion2(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "IPv4")
		contract.Bytes(t, "the header", loadbalancing.AppendProxyV2(nil, header("192.0.2.1:5000", "198.51.100.7:443")),
			[]byte(signature+"\x21\x11\x00\x0c"+"\xc0\x00\x02\x01"+"\xc6\x33\x64\x07"+"\x13\x88"+"\x01\xbb"))
		contract.Step(t, "IPv6")
		contract.Bytes(t, "the header", loadbalancing.AppendProxyV2(nil, header("[2001:db8::1]:65534", "[2001:db8::2]:80")),
			[]byte(signature+"\x21\x21\x00\x24"+ip6(1)+ip6(2)+"\xff\xfe"+"\x00\x50"))
	})
}

// Layer 4 forwards octets both ways as they come. README
func TestL4ForwardsBothWays(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{})
		defer s.stop()
		client := s.dial("192.0.2.1")
		_, backend := s.arrival()
		for i := range 3 {
			contract.Step(t, "question %d and its answer", i)
			client.says(fmt.Sprintf("question %d?", i))
			backend.hears(fmt.Sprintf("question %d?", i))
			backend.says(fmt.Sprintf("answer %d!", i))
			client.hears(fmt.Sprintf("answer %d!", i))
		}
		contract.Step(t, "300,000 octets each way")
		long := strings.Repeat("0123456789abcdef, ", 300_000/18)
		client.says(long)
		backend.hears(long)
		backend.says(strings.ToUpper(long))
		client.hears(strings.ToUpper(long))
	})
}

// Layer 7 forwards a request and its answer: method, target, host, fields and
// body, status. README
func TestL7ForwardsRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var seen *http.Request
		var body []byte
		s := serveL7(t, &loadbalancing.L7{}, 2, func(_ string, w http.ResponseWriter, r *http.Request) {
			seen = r
			body, _ = io.ReadAll(r.Body)
			w.Header().Set("Keep-Alive", "timeout=5")
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.WriteHeader(http.StatusTeapot)
			io.WriteString(w, strings.ToUpper(string(body)))
		})
		defer s.stop()
		long := strings.Repeat("abcdefg ", 20_000)
		contract.Step(t, "POST with a body of %d octets", len(long))
		a := s.ask(http.MethodPost, "/a%2Fb?c=d&c=e", long, "X-Tag", "one", "Proxy-Connection", "keep-alive").Await(t)
		a.Want(t, http.StatusTeapot, strings.ToUpper(long))
		if got := fmt.Sprint(seen.Method, " ", seen.RequestURI, " ", seen.Host, " ", seen.Header.Get("X-Tag"), " ", seen.ContentLength); got != fmt.Sprint("POST /a%2Fb?c=d&c=e balancer one ", len(long)) {
			contract.Mismatch(t, "what the backend saw", got, fmt.Sprint("POST /a%2Fb?c=d&c=e balancer one ", len(long)))
		}
		contract.Bytes(t, "the body at the backend", body, []byte(long))
		if got := fmt.Sprint(seen.Header["Proxy-Connection"], seen.Header["X-Forwarded-For"]); got != "[] [192.0.2.1]" {
			contract.Mismatch(t, "Proxy-Connection and X-Forwarded-For at the backend", got, "[] [192.0.2.1]")
		}
		if got := fmt.Sprint(a.Header["Set-Cookie"], a.Header["Keep-Alive"]); got != "[a=1 b=2] []" {
			contract.Mismatch(t, "Set-Cookie and Keep-Alive at the client", got, "[a=1 b=2] []")
		}
		contract.Step(t, "HEAD, which has no body")
		s.ask(http.MethodHead, "/", "").Await(t).Want(t, http.StatusTeapot, "")
	})
}

// One client, one keep-alive connection, twelve requests: layer 4 sends all of
// them to one backend over one connection, layer 7 four to each of three.
// README
func TestOneConnectionManyRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		handle := func(_ string, w http.ResponseWriter, r *http.Request) { io.WriteString(w, "did "+r.URL.Path) }
		for _, layer := range []struct {
			number         int
			counts, opened string // requests at the backends, connections to them; sorted
		}{{4, "[0 0 12]", "[0 0 1]"}, {7, "[4 4 4]", "[1 1 1]"}} {
			s := newSite(t)
			s.backends(3, handle)
			if layer.number == 4 {
				s.serve4(&loadbalancing.L4{})
			} else {
				s.serve7(&loadbalancing.L7{}, true)
			}
			contract.Step(t, "12 requests through layer %d", layer.number)
			for i := range 12 {
				path := fmt.Sprint("/", i)
				s.ask(http.MethodGet, path, "").Await(t).Want(t, http.StatusOK, "did "+path)
			}
			var counts, opened []int
			for _, name := range s.names {
				counts = append(counts, s.served(name))
				opened = append(opened, s.net.Counts("balancer", host(name)).Dials)
			}
			slices.Sort(counts)
			slices.Sort(opened)
			if got := fmt.Sprint(counts); got != layer.counts {
				contract.Mismatch(t, "requests at each backend, sorted", got, layer.counts)
			}
			if got := fmt.Sprint(opened); got != layer.opened {
				contract.Mismatch(t, "connections to each backend, sorted", got, layer.opened)
			}
			if n := s.net.Counts("192.0.2.1", "balancer").Dials; n != 1 {
				contract.Failf(t, "the client opened %d connections, want 1", n)
			}
			s.stop()
		}
	})
}

// Table and headers.

const signature = "\r\n\r\n\x00\r\nQUIT\n"

// ip6 is 2001:db8::n.
func ip6(n byte) string { return "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + string([]byte{n}) }

func header(source, destination string) loadbalancing.ProxyHeader {
	return loadbalancing.ProxyHeader{Source: netip.MustParseAddrPort(source), Destination: netip.MustParseAddrPort(destination)}
}

func wantEntries(t *testing.T, backends []loadbalancing.Preference, size int, want string) {
	t.Helper()
	got := contract.Call(t, "Populate to return", func() []int { return loadbalancing.Populate(backends, size) })
	if fmt.Sprint(got) != want {
		contract.Mismatch(t, "the entries of the table", fmt.Sprint(got), want)
	}
}

// A reading is what ReadProxy returned and what it left.
type reading struct {
	header loadbalancing.ProxyHeader
	err    error
	rest   []byte
}

// read has ReadProxy read a stream that comes in these pieces and then ends.
func read(t *testing.T, chunks ...[]byte) reading {
	t.Helper()
	return contract.Call(t, "ReadProxy to return", func() reading {
		r := bufio.NewReader(&pieces{chunks: slices.Clone(chunks)})
		h, err := loadbalancing.ReadProxy(r)
		rest, _ := io.ReadAll(r)
		return reading{h, err, rest}
	})
}

// wantRead checks that a header has these ends, or none, and that what follows
// it is left.
func wantRead(t *testing.T, head string, ends ...string) {
	t.Helper()
	const payload = "PROXY is what follows\r\n"
	contract.Step(t, "%.60q", head)
	wantReading(t, read(t, []byte(head+payload)), payload, ends...)
}

func wantReading(t *testing.T, got reading, payload string, ends ...string) {
	t.Helper()
	var want loadbalancing.ProxyHeader
	if len(ends) == 2 {
		want = header(ends[0], ends[1])
	}
	if got.err != nil || got.header != want {
		contract.Mismatch(t, "what ReadProxy returned", fmt.Sprintf("%v → %v, error %v", got.header.Source, got.header.Destination, got.err),
			fmt.Sprintf("%v → %v, error <nil>", want.Source, want.Destination))
	}
	contract.Bytes(t, "what is left after the header", got.rest, []byte(payload))
}

// A stream in pieces, one for each Read; then it ends, or waits for ever.
type pieces struct {
	chunks [][]byte
	silent chan struct{}
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.chunks) == 0 {
		if p.silent != nil {
			<-p.silent
		}
		return 0, io.EOF
	}
	n := copy(b, p.chunks[0])
	if p.chunks[0] = p.chunks[0][n:]; len(p.chunks[0]) == 0 {
		p.chunks = p.chunks[1:]
	}
	return n, nil
}

// A site is backends, a balancer before them and clients.
type site struct {
	t        *testing.T
	net      *memnet.Network
	names    []string // of the backends
	arrivals chan arrived
	listener net.Listener // the balancer's
	serving  *contract.Pending[error]
	client   *http.Client
	bodies   atomic.Int64 // of answers to L7 that are not closed
	mux      sync.Mutex   // guards what follows
	dialled  []string     // by L4, or asked by L7
	visits   map[string]int
	open     []net.Conn
	cleanup  []func()
}

type arrived struct {
	name string
	conn net.Conn
}

const delay = 10 * time.Millisecond // one way, on each link

func newSite(t *testing.T) *site {
	s := &site{t: t, net: memnet.New(t), arrivals: make(chan arrived, 1000), visits: map[string]int{}}
	s.net.SetDefault(memnet.Link{Delay: delay})
	l, err := s.net.Listen("balancer:80")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s.listener = l
	s.client = &http.Client{Transport: &http.Transport{DialContext: s.net.Dialer("192.0.2.1")}}
	return s
}

func host(addr string) string { h, _, _ := strings.Cut(addr, ":"); return h }

// listen opens a backend.
func (s *site) listen(name string) net.Listener {
	l, err := s.net.Listen(name)
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	return l
}

// station opens a backend whose connections go to arrival.
func (s *site) station(name string) {
	l := s.listen(name)
	s.cleanup = append(s.cleanup, func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.keep(c)
			s.arrivals <- arrived{name, c}
		}
	}()
}

// backends opens n HTTP servers.
func (s *site) backends(n int, handle func(name string, w http.ResponseWriter, r *http.Request)) {
	for i := range n {
		name := fmt.Sprintf("b%d:80", i+1)
		s.names = append(s.names, name)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.mux.Lock()
			s.visits[name]++
			s.mux.Unlock()
			handle(name, w, r)
		})}
		go server.Serve(s.listen(name))
		s.cleanup = append(s.cleanup, func() { server.Close() })
	}
}

func (s *site) serve4(b *loadbalancing.L4) {
	wire.Record(s.t, s.net, map[uint16]wire.Protocol{80: wire.Proxied(wire.HTTP1)})
	s.begin4(b)
}

func (s *site) begin4(b *loadbalancing.L4) {
	b.Backends = s.names
	inner := b.Dial
	if inner == nil {
		inner = func(ctx context.Context, addr string) (net.Conn, error) { return s.net.Dial(ctx, "balancer", addr) }
	}
	b.Dial = func(ctx context.Context, addr string) (net.Conn, error) {
		s.note(addr)
		return inner(ctx, addr)
	}
	s.serving = contract.Go("Serve to return", func() error { return b.Serve(s.listener) })
}

// serveL4 puts b before three backends whose connections are the clause's.
func serveL4(t *testing.T, b *loadbalancing.L4) *site {
	s := newSite(t)
	for i := range 3 {
		s.names = append(s.names, fmt.Sprintf("b%d:80", i+1))
		s.station(s.names[i])
	}
	wire.Record(t, s.net, map[uint16]wire.Protocol{80: wire.Proxied(nil)})
	s.begin4(b)
	return s
}

// serve7 serves b; its connections to backends are kept alive, or not.
func (s *site) serve7(b *loadbalancing.L7, keepAlive bool) {
	wire.Record(s.t, s.net, map[uint16]wire.Protocol{80: wire.HTTP1})
	transport := &http.Transport{DialContext: s.net.Dialer("balancer"), DisableKeepAlives: !keepAlive}
	b.Backends, b.Transport = s.names, roundTripper(func(r *http.Request) (*http.Response, error) {
		s.note(r.URL.Host)
		resp, err := transport.RoundTrip(r)
		if err == nil {
			s.bodies.Add(1)
			resp.Body = exchange.OnClose(resp.Body, func() { s.bodies.Add(-1) })
		}
		return resp, err
	})
	server := &http.Server{Handler: b}
	s.serving = contract.Go("Serve to return", func() error { return server.Serve(s.listener) })
	s.cleanup = append(s.cleanup, func() { server.Close() }, transport.CloseIdleConnections)
}

// serveL7 puts b before n HTTP servers.
func serveL7(t *testing.T, b *loadbalancing.L7, n int, handle func(name string, w http.ResponseWriter, r *http.Request)) *site {
	s := newSite(t)
	s.backends(n, handle)
	s.serve7(b, false)
	return s
}

type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stop ends the balancer first; then it closes what the clause has open.
func (s *site) stop() {
	s.client.CloseIdleConnections()
	s.listener.Close()
	for _, f := range s.cleanup {
		f()
	}
	s.serving.Await(s.t)
	s.mux.Lock()
	defer s.mux.Unlock()
	for _, c := range s.open {
		c.Close()
	}
}

func (s *site) note(addr string) {
	s.mux.Lock()
	defer s.mux.Unlock()
	s.dialled = append(s.dialled, addr)
}

func (s *site) served(name string) int {
	s.mux.Lock()
	defer s.mux.Unlock()
	return s.visits[name]
}

func (s *site) keep(c net.Conn) {
	s.mux.Lock()
	defer s.mux.Unlock()
	s.open = append(s.open, c)
}

// dial opens a client's connection to the balancer.
func (s *site) dial(from string) end {
	s.t.Helper()
	c, err := s.net.Dial(context.Background(), from, "balancer:80")
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	s.keep(c)
	return end{s.t, "client " + from, c}
}

// arrival awaits the next connection at a backend.
func (s *site) arrival() (name string, backend end) {
	s.t.Helper()
	a := contract.Await(s.t, "a connection at a backend", s.arrivals)
	return a.name, end{s.t, a.name, a.conn}
}

// An end is an end of a connection that is in the clause's hands.
type end struct {
	t    *testing.T
	name string
	net.Conn
}

func (e end) says(text string) {
	e.t.Helper()
	if _, err := io.WriteString(e.Conn, text); err != nil {
		contract.Failf(e.t, "%s cannot write: %v", e.name, err)
	}
}

func (e end) hears(want string) {
	e.t.Helper()
	type result struct {
		b   []byte
		err error
	}
	got := contract.Call(e.t, fmt.Sprintf("%d octets at %s", len(want), e.name), func() result {
		b := make([]byte, len(want))
		n, err := io.ReadFull(e.Conn, b)
		return result{b[:n], err}
	})
	contract.Bytes(e.t, "what "+e.name+" got", got.b, []byte(want))
}

// ask sends a request and does not wait for its answer.
func (s *site) ask(method, path, body string, fields ...string) *contract.Pending[exchange.Answer] {
	return s.askWith(context.Background(), method, path, body, fields...)
}

func (s *site) askWith(ctx context.Context, method, path, body string, fields ...string) *contract.Pending[exchange.Answer] {
	r, err := http.NewRequestWithContext(ctx, method, "http://balancer"+path, bytes.NewBufferString(body))
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	return exchange.Ask(s.client, r, fields...)
}
