package sidecar_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/sidecar"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A request goes to the host that it names, whether the application thinks that
// it talks to that host or to a proxy: method, target, host, end-to-end fields
// and body, and the answer's status, fields and body. Fields for one
// connection go no further. RFC 9110 §7.6.1 MUST
func TestForwardsPlainHTTP(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, func(_ int, w http.ResponseWriter, r *http.Request) {
			w.Header()["Set-Cookie"] = []string{"a=1", "b=2"}
			w.Header().Set("Keep-Alive", "timeout=5")
			w.WriteHeader(http.StatusTeapot)
			body, _ := io.ReadAll(r.Body)
			io.WriteString(w, strings.ToUpper(string(body)))
		})
		defer s.stop()
		long := strings.Repeat("abcdefg ", 20_000)
		for i, app := range []string{"an application that was redirected", "an application that knows of a proxy"} {
			contract.Step(t, "POST from %s", app)
			s.proxied = i == 1
			a := s.ask("POST", "http://api/a%2Fb?c=d&c=e", long, "X-Tag", "one", "Connection", "X-Hop", "X-Hop", "mine", "Proxy-Connection", "keep-alive").Await(t)
			a.wants(t, http.StatusTeapot, strings.ToUpper(long))
			if got, want := fmt.Sprint(a.Header["Set-Cookie"], a.Header["Keep-Alive"]), "[a=1 b=2] []"; got != want {
				contract.Mismatch(t, "Set-Cookie and Keep-Alive at the application", got, want)
			}
			seen := s.visit(t, i)
			got := fmt.Sprint(seen.Method, " ", seen.RequestURI, " ", seen.Host, " ", seen.ContentLength)
			if want := fmt.Sprint("POST /a%2Fb?c=d&c=e api ", len(long)); got != want {
				contract.Mismatch(t, "what the upstream saw", got, want)
			}
			h := seen.Header
			if got, want := fmt.Sprint(h["X-Tag"], h["X-Hop"], h["Proxy-Connection"]), "[one] [] []"; got != want {
				contract.Mismatch(t, "X-Tag, X-Hop and Proxy-Connection at the upstream", got, want)
			}
		}
		s.proxied = false
		contract.Step(t, "HEAD to another host")
		s.ask("HEAD", "http://other/", "").Await(t).wants(t, http.StatusTeapot, "")
		if seen := s.visit(t, 2); seen.at != "other" {
			contract.Mismatch(t, "the host that was asked", seen.at, "other")
		}
	})
}

// A request without a trace begins one; with one it goes on in it, as a span of
// its own. W3C Trace Context §3.2.2
func TestTraceIsBegunAndContinued(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, say("ok"))
		defer s.stop()
		contract.Step(t, "GET without traceparent, twice")
		var ids []string
		for i := range 2 {
			s.get(t, "http://api/").wants(t, 200, "ok")
			span := s.visit(t, i).span(t)
			ids = append(ids, span.trace)
			if span.flags != "00" {
				contract.Mismatch(t, "the flags of a trace that begins here", span.flags, "00")
			}
		}
		if ids[0] == ids[1] {
			contract.Failf(t, "two requests that have nothing to do with each other are in one trace, %s", ids[0])
		}
		contract.Step(t, "GET with traceparent")
		s.ask("GET", "http://api/", "", "traceparent", "00-"+traceID+"-"+parentID+"-01").Await(t).wants(t, 200, "ok")
		s.visit(t, 2).span(t).continues(t, traceID, "01")
	})
}

// A GET that is answered with 503 is sent again at once, and the application
// sees the answer to the second. README
func TestRetriesAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n == 1 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			io.WriteString(w, "second")
		})
		defer s.stop()
		contract.Step(t, "GET; 503, then 200")
		start := time.Now()
		s.get(t, "http://api/").wants(t, 200, "second")
		s.wantVisits(t, 2)
		wantElapsed(t, start, 6*delay)
	})
}

// An attempt that has no answer within Timeout has failed; when the last has,
// the answer is the sidecar's own 504. README
func TestTimeout(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Timeout: 700 * time.Millisecond, Attempts: 2}, func(n int, w http.ResponseWriter, r *http.Request) {
			if n == 1 {
				time.Sleep(600 * time.Millisecond)
				io.WriteString(w, "slow")
				return
			}
			<-r.Context().Done()
		})
		defer s.stop()
		contract.Control(t, "GET; an answer after 600 ms")
		s.get(t, "http://api/").wants(t, 200, "slow")
		contract.Step(t, "GET; silence, twice 700 ms of it")
		start := time.Now()
		s.get(t, "http://api/").wantsOwn(t, 504, sidecar.ErrorTimeout)
		wantElapsed(t, start, 2*delay+1400*time.Millisecond)
		s.wantVisits(t, 3)
		contract.Pass(2 * delay)
		s.wantActive(t, 0)
	})
}

// Each attempt says how many milliseconds it has; the application's own limit
// makes them fewer. README
func TestDeadlineIsPassedOn(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Timeout: 1500 * time.Millisecond}, say("ok"))
		defer s.stop()
		for i, c := range []struct{ given, passed string }{{"", "1500"}, {"800", "800"}, {"2000", "1500"}} {
			contract.Step(t, "GET, %s: %q", sidecar.DeadlineField, c.given)
			var fields []string
			if c.given != "" {
				fields = []string{sidecar.DeadlineField, c.given}
			}
			s.ask("GET", "http://api/", "", fields...).Await(t).wants(t, 200, "ok")
			s.visit(t, i).wantLeft(t, c.passed)
		}
	})
}

// Failures failures in a row open the breaker: the application gets 503 at
// once, the upstream nothing. After OpenFor one request is let through, and
// its success closes the breaker. README
func TestBreaker(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 3, OpenFor: 5 * time.Second}, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n <= 3 {
				w.WriteHeader(http.StatusBadGateway)
			}
		})
		defer s.stop()
		contract.Control(t, "three requests fail")
		for range 3 {
			s.get(t, "http://api/").wants(t, 502, "")
		}
		contract.Step(t, "another")
		start := time.Now()
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		wantElapsed(t, start, 2*delay)
		s.wantVisits(t, 3)
		contract.Step(t, "6 s later, two more")
		contract.Pass(6 * time.Second)
		s.get(t, "http://api/").wants(t, 200, "")
		s.get(t, "http://api/").wants(t, 200, "")
		s.wantVisits(t, 5)
	})
}

// An answer is passed on as it comes: its header, each piece of its body, and
// the trailers after it. README
func TestStreamsAnswers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, func(_ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			w.(http.Flusher).Flush()
			time.Sleep(time.Second)
			for i := range 3 {
				fmt.Fprintf(w, "piece %d;", i)
				w.(http.Flusher).Flush()
				time.Sleep(3 * time.Second)
			}
			w.Header().Set("X-Sum", "21")
		})
		defer s.stop()
		contract.Step(t, "GET; a header, a second later three pieces, one every 3 s")
		start := time.Now()
		resp := s.open(t, "http://api/")
		defer resp.Body.Close()
		wantElapsed(t, start, 4*delay)
		for i := range 3 {
			wantRead(t, resp.Body, fmt.Sprintf("piece %d;", i))
			wantElapsed(t, start, 4*delay+time.Second+time.Duration(i)*3*time.Second)
		}
		wantRead(t, resp.Body, "")
		if got := resp.Trailer.Get("X-Sum"); got != "21" {
			contract.Mismatch(t, "the trailer X-Sum", fmt.Sprintf("%q", got), `"21"`)
		}
	})
}

const (
	delay = 10 * time.Millisecond // one way, on each link

	// From the examples of Trace Context §3.2.3.
	traceID  = "4bf92f3577b34da6a3ce929d0e0e4736"
	parentID = "00f067aa0ba902b7"
)

// A site is an application, its sidecar and two upstreams, "api" and "other".
type site struct {
	t         *testing.T
	net       *memnet.Network
	client    *http.Client // the application's
	proxied   bool         // it knows that it talks to a proxy
	transport *http.Transport
	servers   []*http.Server
	attempts  atomic.Int64 // that the sidecar's transport was asked for
	bodies    atomic.Int64 // of answers to the sidecar that are not closed
	active    atomic.Int64 // requests that an upstream is at work on

	mu     sync.Mutex
	visits []visit
}

// An upload is a body that comes as it is fed, of a length that the request
// says unless it is negative.
type upload struct {
	io.Reader
	length int64
}

// A visit is a request that has come to an upstream.
type visit struct {
	*http.Request
	at   string // whose upstream
	when time.Time
}

// newSite puts a sidecar before upstreams that all do what handle does. It is
// told which visit, from 1, this is.
func newSite(t *testing.T, p sidecar.Policy, handle func(n int, w http.ResponseWriter, r *http.Request)) *site {
	s := &site{t: t, net: memnet.New(t)}
	s.net.SetDefault(memnet.Link{Delay: delay})
	wire.Record(t, s.net, map[uint16]wire.Protocol{80: wire.HTTP1, 15001: wire.HTTP1})
	for _, name := range []string{"api", "other"} {
		s.serve(name+":80", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			s.active.Add(1)
			defer s.active.Add(-1)
			s.mu.Lock()
			s.visits = append(s.visits, visit{r.Clone(context.Background()), name, time.Now()})
			n := len(s.visits)
			s.mu.Unlock()
			handle(n, w, r)
		}))
	}
	s.transport = &http.Transport{DialContext: s.net.Dialer("sidecar"), DisableKeepAlives: true, DisableCompression: true}
	s.serve("sidecar:15001", sidecar.New(roundTripper(s.roundTrip), p))
	// Whatever the application dials, it reaches the sidecar.
	s.client = &http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return s.net.Dial(ctx, "app", "sidecar:15001")
		},
		Proxy: func(*http.Request) (*url.URL, error) {
			if s.proxied {
				return &url.URL{Scheme: "http", Host: "sidecar:15001"}, nil
			}
			return nil, nil
		},
		DisableKeepAlives: true, DisableCompression: true,
	}}
	return s
}

func (s *site) serve(addr string, h http.Handler) {
	l, err := s.net.Listen(addr)
	if err != nil {
		contract.Failf(s.t, "BUG: %v", err)
	}
	server := &http.Server{Handler: h}
	s.servers = append(s.servers, server)
	go server.Serve(l)
}

func (s *site) roundTrip(r *http.Request) (*http.Response, error) {
	s.attempts.Add(1)
	resp, err := s.transport.RoundTrip(r)
	if err == nil {
		s.bodies.Add(1)
		resp.Body = exchange.OnClose(resp.Body, func() { s.bodies.Add(-1) })
	}
	return resp, err
}

type roundTripper func(r *http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// stop ends the sidecar first.
func (s *site) stop() {
	for _, server := range slices.Backward(s.servers) {
		server.Close()
	}
}

// say answers everything with a text.
func say(text string) func(int, http.ResponseWriter, *http.Request) {
	return func(_ int, w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, text)
	}
}

// An answer is what the application gets.
type answer struct{ exchange.Answer }

func (a answer) wants(t *testing.T, status int, body string) {
	t.Helper()
	if a.Err != nil || a.Status != status || a.Body != body || a.Header[sidecar.ErrorField] != nil {
		got := a.String()
		if why := a.Header[sidecar.ErrorField]; why != nil {
			got += fmt.Sprintf(", %s %s", sidecar.ErrorField, why)
		}
		contract.Mismatch(t, "not the answer that was to come", got, exchange.Answer{Status: status, Body: body}.String())
	}
}

// wantsOwn checks for an answer that is the sidecar's own.
func (a answer) wantsOwn(t *testing.T, status int, why string) {
	t.Helper()
	if got := a.Header.Get(sidecar.ErrorField); a.Status != status || got != why {
		contract.Mismatch(t, "not the answer that the sidecar was to give", fmt.Sprintf("%s, %s %q", a, sidecar.ErrorField, got),
			fmt.Sprintf("%d, %s %q", status, sidecar.ErrorField, why))
	}
}

// ask has the application send a request and does not wait for the answer.
func (s *site) ask(method, url, body string, fields ...string) *contract.Pending[answer] {
	return s.askWith(context.Background(), method, url, strings.NewReader(body), fields...)
}

func (s *site) askWith(ctx context.Context, method, url string, body io.Reader, fields ...string) *contract.Pending[answer] {
	return contract.Go("the answer to "+method+" "+url, func() answer {
		r, err := http.NewRequestWithContext(ctx, method, url, body)
		if err != nil {
			return answer{exchange.Answer{Err: fmt.Errorf("BUG: %w", err)}}
		}
		if b, ok := body.(*upload); ok {
			r.ContentLength = b.length
		}
		for pair := range slices.Chunk(fields, 2) {
			r.Header.Add(pair[0], pair[1])
		}
		return answer{exchange.Read(s.client.Do(r))}
	})
}

func (s *site) get(t *testing.T, url string) answer {
	t.Helper()
	return s.ask("GET", url, "").Await(t)
}

// open awaits a 200 and leaves its body to be read and closed.
func (s *site) open(t *testing.T, url string) *http.Response {
	t.Helper()
	type result struct {
		resp *http.Response
		err  error
	}
	got := contract.Call(t, "the answer to GET "+url, func() result {
		resp, err := s.client.Get(url)
		return result{resp, err}
	})
	if got.err != nil {
		contract.Failf(t, "no answer to GET %s: %v", url, got.err)
	}
	if got.resp.StatusCode != 200 {
		got.resp.Body.Close()
		contract.Failf(t, "the answer to GET %s is %s, want 200", url, got.resp.Status)
	}
	return got.resp
}

// wantRead awaits so much of a body, or its end if want is empty.
func wantRead(t *testing.T, body io.Reader, want string) {
	t.Helper()
	type result struct {
		b   []byte
		err error
	}
	got := contract.Call(t, fmt.Sprintf("%q", want), func() result {
		b := make([]byte, max(1, len(want)))
		n, err := io.ReadFull(body, b)
		return result{b[:n], err}
	})
	if want == "" && got.err != io.EOF {
		contract.Mismatch(t, "what came where the body should end", fmt.Sprintf("%q, error %v", got.b, got.err), "EOF")
	}
	contract.Bytes(t, "what came of the body", got.b, []byte(want))
}

// visit returns the request that came to the upstreams as number i, from 0.
func (s *site) visit(t *testing.T, i int) visit {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if i >= len(s.visits) {
		contract.Failf(t, "%d requests came to the upstreams, want %d or more", len(s.visits), i+1)
	}
	return s.visits[i]
}

// wantVisits checks how many requests have come to the upstreams.
func (s *site) wantVisits(t *testing.T, want int) {
	t.Helper()
	if got := s.count(); got != want {
		contract.Mismatch(t, "the number of requests that came to the upstreams", fmt.Sprint(got), fmt.Sprint(want))
	}
}

func (s *site) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.visits)
}

// wantActive checks how many requests the upstreams are at work on.
func (s *site) wantActive(t *testing.T, want int64) {
	t.Helper()
	if got := s.active.Load(); got != want {
		contract.Mismatch(t, "the number of requests that the upstreams are at work on", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// wantLeft checks what an attempt says of its time.
func (v visit) wantLeft(t *testing.T, want string) {
	t.Helper()
	if got := v.Header[sidecar.DeadlineField]; len(got) != 1 || got[0] != want {
		contract.Mismatch(t, sidecar.DeadlineField+" at the upstream", fmt.Sprintf("%q", got), fmt.Sprintf("%q", []string{want}))
	}
}

// A span is a traceparent of version 00, taken apart.
type span struct{ trace, id, flags string }

var traceparent = regexp.MustCompile(`^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$`)

// span reads the one traceparent of a request, which must be valid.
func (v visit) span(t *testing.T) span {
	t.Helper()
	values := v.Header["Traceparent"]
	if len(values) != 1 {
		contract.Mismatch(t, "traceparent at the upstream", fmt.Sprintf("%q", values), "one")
	}
	m := traceparent.FindStringSubmatch(values[0])
	if m == nil || m[1] == strings.Repeat("0", 32) || m[2] == strings.Repeat("0", 16) {
		contract.Mismatch(t, "the traceparent at the upstream is not valid", values[0], "00-<32 hexadecimal digits>-<16>-<2>, no id all zero")
	}
	return span{m[1], m[2], m[3]}
}

// continues checks that a span is in a trace, with these flags, and is not its
// own parent.
func (s span) continues(t *testing.T, trace, flags string) {
	t.Helper()
	if s.trace != trace || s.flags != flags || s.id == parentID {
		contract.Mismatch(t, "the traceparent at the upstream", "00-"+s.trace+"-"+s.id+"-"+s.flags, "00-"+trace+"-<another id than "+parentID+">-"+flags)
	}
}

func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		contract.Mismatch(t, "not the time that this was to take", took.String(), want.String())
	}
}
