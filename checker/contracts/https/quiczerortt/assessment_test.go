package quiczerortt_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"

	"github.com/wirekata/wirekata/exercises/https/quiczerortt"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/pki"
)

// A request whose early data the server rejects is sent again as soon as the
// handshake is over, on the same connection. RFC 8470 §4 MUST
func TestRejectedEarlyDataIsSentAgain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, rejection := range rejections() {
			s := serve(t, nil)
			c := s.client(t)
			c.learn(t)
			contract.Step(t, "the server comes back and %s; GET /a", rejection.name)
			rejection.do(s)
			c.get(t, "/a").want(t, 200, "GET /a", 2*rtt)
			s.wantVisits(t, "GET /a")
			contract.Fence(t, "GET /b on the same connection")
			c.get(t, "/b").want(t, 200, "GET /b", rtt)
			c.wantDials(t, 2)
			s.wantVisits(t, "GET /b")
			c.stop()
			s.stop()
		}
	})
}

// A POST that is the first on a connection whose early data is rejected has
// its effect once. README
func TestPostAfterRejection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, rejection := range rejections() {
			s := serve(t, nil)
			c := s.client(t)
			c.learn(t)
			contract.Step(t, "the server comes back and %s; POST /order", rejection.name)
			rejection.do(s)
			c.send("POST", "/order", "one book").Await(t).want(t, 200, `POST /order "one book"`, 2*rtt)
			s.wantVisits(t, `POST /order "one book"`)
			c.wantDials(t, 2)
			c.stop()
			s.stop()
		}
	})
}

// After a rejection HTTP/3 starts afresh: the client's settings come once more,
// whatever request is the first. RFC 9001 §4.6.2 MUST, RFC 9114 §6.2.1 MUST
func TestRejectionStartsHTTP3Afresh(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, method := range []string{"GET", "POST"} {
			s := serve(t, nil)
			c := s.client(t)
			contract.Control(t, "GET /page on a connection like any other")
			c.get(t, "/page").want(t, 200, "GET /page", 2*rtt)
			s.wantSettings(t)
			s.restart()
			contract.Step(t, "the server cannot read the session ticket; %s /thing", method)
			c.send(method, "/thing", "").Await(t).want(t, 200, method+" /thing", 2*rtt)
			s.wantSettings(t)
			contract.Fence(t, "GET /page on the same connection")
			c.get(t, "/page").want(t, 200, "GET /page", rtt)
			c.wantDials(t, 2)
			c.stop()
			s.stop()
		}
	})
}

// When early data is rejected, every request that was in it is answered, and
// so are those that waited; all of them on the one connection. RFC 8470 §4 MUST
func TestAllThatWasRejectedIsSentAgain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		s.restart()
		contract.Step(t, "five GETs and two POSTs at once; the server cannot read the session ticket")
		var want []string
		var pending []*contract.Pending[answer]
		for i := range 7 {
			method := []string{"GET", "POST"}[i%4/3+i/6]
			path := fmt.Sprint("/", i)
			want = append(want, method+" "+path)
			pending = append(pending, c.send(method, path, ""))
		}
		for i, p := range pending {
			p.Await(t).want(t, 200, want[i], 2*rtt)
		}
		contract.Fence(t, "GET: the connection is there still")
		contract.Pass(time.Second)
		c.send("GET", "/later", "").Await(t).want(t, 200, "GET /later", rtt)
		s.wantVisits(t, append(want, "GET /later")...)
		c.wantDials(t, 2)
	})
}

// Requests to the same server share one connection, whether they meet while it
// is dialled or later, and each of them may be early on it. README
func TestRequestsShareAConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		for round, took := range []time.Duration{2 * rtt, rtt} {
			contract.Step(t, "8 GETs at once, on new connection %d", round+1)
			var pending []*contract.Pending[answer]
			for i := range 8 {
				pending = append(pending, c.send("GET", fmt.Sprint("/", i), ""))
			}
			for i, p := range pending {
				p.Await(t).want(t, 200, fmt.Sprint("GET /", i), took)
			}
			c.wantDials(t, round+1)
			contract.Pass(time.Second)
			for _, v := range s.forget() {
				if early := strings.HasSuffix(v, " early"); early != (round == 1) {
					contract.Failf(t, "on connection %d there came %q", round+1, v)
				}
			}
			s.drop()
		}
	})
}

// A request that waits for the handshake does not hold up one that need not,
// nor the other way round. README
func TestEarlyAndLateTogether(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "POST /order, and GET /page while it waits")
		post := c.send("POST", "/order", "one book")
		contract.Settle()
		c.get(t, "/page").want(t, 200, "GET /page", rtt)
		post.Await(t).want(t, 200, `POST /order "one book"`, 2*rtt)
		s.wantVisits(t, "GET /page early", `POST /order "one book"`)
		c.wantDials(t, 2)
	})
}

// A 425 is answered by one more try; the second 425 is the caller's. README
func TestSecondTooEarlyIsReturned(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, tooEarly("/never"))
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "GET /never, which is always answered with 425")
		c.get(t, "/never").want(t, 425, "not yet", 2*rtt)
		s.wantVisits(t, "GET /never early 425", "GET /never 425")
		contract.Control(t, "GET /page")
		c.get(t, "/page").want(t, 200, "GET /page", rtt)
	})
}

// A 425 to a request that did not go early is the caller's: nothing would be
// different the next time. README
func TestTooEarlyForWhatWasNotEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, tooEarly("/never"))
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "POST /never, the first on its connection")
		c.send("POST", "/never", "one book").Await(t).want(t, 425, "not yet", 2*rtt)
		s.wantVisits(t, "POST /never 425")
		contract.Step(t, "GET /never, after the handshake")
		c.get(t, "/never").want(t, 425, "not yet", rtt)
		s.wantVisits(t, "GET /never 425")
		contract.Control(t, "on a new connection GET /never goes early, and twice")
		s.drop()
		c.get(t, "/never").want(t, 425, "not yet", 2*rtt)
		s.wantVisits(t, "GET /never early 425", "GET /never 425")
	})
}

// A 425 to a request that a proxy has marked with Early-Data is passed on, not
// answered by another try. RFC 8470 §5.2 MUST
func TestTooEarlyForAMarkedRequest(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, func(s *site) http.Handler { return quiczerortt.Guard(s.echo(), onlyPath("/learn")) })
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "GET /spend with Early-Data: 1")
		r := c.request("GET", "/spend", "")
		r.Header.Set(quiczerortt.EarlyData, "1")
		if a := c.do(r).Await(t); a.err != nil || a.status != 425 || a.took != rtt {
			contract.Mismatch(t, "not the answer that was to come", a.String(), "425 after "+rtt.String())
		}
		s.wantVisits(t, "GET /spend early marked 1 425")
		contract.Control(t, "GET /spend without it, on a new connection")
		s.drop()
		c.get(t, "/spend").want(t, 200, "GET /spend", 2*rtt)
		s.wantVisits(t, "GET /spend early 425", "GET /spend")
	})
}

// Neither an unsafe method, nor one of which nothing is known, nor a request
// with a body goes early. RFC 8470 §4 SHOULD NOT, README
func TestWhatNeverGoesEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		for _, test := range []struct{ method, body string }{
			{"PUT", ""}, {"DELETE", ""}, {"PATCH", "x"}, {"POST", ""}, {"FROB", ""}, {"GET", "a question"},
		} {
			contract.Control(t, "GET /page on a new connection")
			c.get(t, "/page").want(t, 200, "GET /page", rtt)
			s.wantVisits(t, "GET /page early")
			s.drop()
			contract.Step(t, "%s with body %q on a new connection", test.method, test.body)
			want := test.method + " /thing"
			if test.body != "" {
				want += fmt.Sprintf(" %q", test.body)
			}
			c.send(test.method, "/thing", test.body).Await(t).want(t, 200, want, 2*rtt)
			s.wantVisits(t, want)
			s.drop()
		}
	})
}

// A body whose length is not known is a body. README
func TestBodyOfUnknownLengthIsNeverEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "GET /search with a body of unknown length")
		r := c.request("GET", "/search", "")
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader("a question")), -1
		c.do(r).Await(t).want(t, 200, `GET /search "a question"`, 2*rtt)
		s.wantVisits(t, `GET /search "a question"`)
		s.drop()
		contract.Control(t, "GET /page with http.NoBody, which is none")
		r = c.request("GET", "/page", "")
		r.Body = http.NoBody
		c.do(r).Await(t).want(t, 200, "GET /page", rtt)
	})
}

// Early has the last word on a GET or HEAD, and none on anything else. README
func TestEarlyHoldsBack(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.Early = func(r *http.Request) bool { return r.URL.Path != "/logout" }
		c.learn(t)
		contract.Step(t, "GET /logout, for which Early is false")
		c.get(t, "/logout").want(t, 200, "GET /logout", 2*rtt)
		s.wantVisits(t, "GET /logout")
		s.drop()
		contract.Step(t, "POST /order, for which Early is true")
		c.send("POST", "/order", "x").Await(t).want(t, 200, `POST /order "x"`, 2*rtt)
		s.wantVisits(t, `POST /order "x"`)
		s.drop()
		contract.Control(t, "GET /page, for which Early is true")
		c.get(t, "/page").want(t, 200, "GET /page", rtt)
		s.wantVisits(t, "GET /page early")
	})
}

// What the caller hands in stays as it is: the request, and the TLS
// configuration. README
func TestWhatIsTheCallersStays(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, func(s *site) http.Handler { return quiczerortt.Guard(s.echo(), onlyPath("/learn")) })
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		r := c.request("GET", "/spend", "")
		r.Header.Set("X-Order", "7")
		header, url := r.Header.Clone(), r.URL.String()
		contract.Step(t, "GET /spend, which goes early and is answered with 425 first")
		c.do(r).Await(t).want(t, 200, "GET /spend", 2*rtt)
		if r.Method != "GET" || r.URL.String() != url || !maps.EqualFunc(r.Header, header, slices.Equal) {
			contract.Mismatch(t, "the caller's request was changed", fmt.Sprint(r.Method, " ", r.URL, " ", r.Header), fmt.Sprint("GET ", url, " ", header))
		}
		if conf := c.TLS; conf.ServerName != "" || len(conf.NextProtos) != 0 || conf.ClientSessionCache != nil {
			contract.Mismatch(t, "the caller's TLS configuration was changed",
				fmt.Sprintf("ServerName %q, NextProtos %q, ClientSessionCache %v", conf.ServerName, conf.NextProtos, conf.ClientSessionCache), "none of them set")
		}
	})
}

// Each server has a connection and a session ticket of its own; a URL without
// a port means 443. README
func TestEachServerHasItsOwn(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		other := serveOn(t, s.net, "other", nil)
		defer other.stop()
		c := s.client(t)
		defer c.stop()
		for round, took := range []time.Duration{2 * rtt, rtt} {
			early := strings.Repeat(" early", round)
			for i, url := range []string{"https://server/a", "https://other/a", "https://server:443/b", "https://other:443/b"} {
				contract.Step(t, "GET %s", url)
				r, err := http.NewRequest("GET", url, nil)
				contract.Require(t).NoError(err)
				if i == 2 {
					took, early = rtt, ""
				}
				c.do(r).Await(t).want(t, 200, "GET "+r.URL.Path, took)
				site := []*site{s, other}[i%2]
				site.wantVisits(t, "GET "+r.URL.Path+early)
			}
			c.wantDials(t, 2*round+2)
			s.drop()
			other.drop()
		}
	})
}

// Session tickets are kept where TLS says, so that another Client can go on
// where the first one ended. README
func TestTicketsAreKeptWhereTheCallerWants(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		tickets := tls.NewLRUClientSessionCache(8)
		for round, took := range []time.Duration{2 * rtt, rtt} {
			contract.Step(t, "client %d with the same ClientSessionCache: GET /page", round+1)
			c := s.client(t)
			c.TLS = &tls.Config{RootCAs: pki.Roots(), ClientSessionCache: tickets}
			c.get(t, "/page").want(t, 200, "GET /page", took)
			contract.Pass(time.Second)
			c.stop()
		}
		contract.Control(t, "a client with tickets of its own")
		c := s.client(t)
		defer c.stop()
		c.get(t, "/page").want(t, 200, "GET /page", 2*rtt)
	})
}

// HTTP/3 is for https: any other scheme is an error, and nothing is dialled.
// README
func TestOtherSchemes(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		for _, scheme := range []string{"http", "ftp"} {
			contract.Step(t, "GET %s://server:443/page", scheme)
			r, err := http.NewRequest("GET", scheme+"://server:443/page", nil)
			contract.Require(t).NoError(err)
			if a := c.do(r).Await(t); a.err == nil {
				contract.Mismatch(t, "what RoundTrip returned", a.String(), "an error")
			}
			c.wantDials(t, 0)
		}
		contract.Control(t, "GET https://server/page")
		c.get(t, "/page").want(t, 200, "GET /page", 2*rtt)
	})
}

// A dial that fails fails the requests that wait for it, and only those: the
// next one dials again. README
func TestFailedDial(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		broken := errors.New("no way there")
		c.dialsWill(3*time.Second, broken)
		contract.Step(t, "POST and GET while the dial takes 3 s, and then fails")
		r := c.request("POST", "/order", "one book")
		body := &closed{Reader: strings.NewReader("one book")}
		r.Body = body
		for _, p := range []*contract.Pending[answer]{c.do(r), c.send("GET", "/page", "")} {
			if a := p.Await(t); !errors.Is(a.err, broken) || a.took != 3*time.Second {
				contract.Mismatch(t, "what RoundTrip returned", a.String(), "the error of the dial, after 3s")
			}
		}
		c.wantDials(t, 1)
		body.want(t)
		contract.Control(t, "GET /page, now that the dial works")
		c.dialsWill(0, nil)
		c.get(t, "/page").want(t, 200, "GET /page", 2*rtt)
		c.wantDials(t, 2)
	})
}

// A caller that gives up while the connection is dialled is let go at once,
// and others who wait for the same dial lose nothing. README
func TestGivingUpWhileDialling(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.dialsWill(10*time.Second, nil)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		contract.Step(t, "GET /gone, whose dial takes 10 s to begin; 1 s later GET /stays; 2 s later the first gives up")
		gone := c.do(c.request("GET", "/gone", "").WithContext(ctx))
		contract.Pass(time.Second)
		stays := c.send("GET", "/stays", "")
		contract.Pass(2 * time.Second)
		cancel()
		if a := gone.Await(t); !errors.Is(a.err, context.Canceled) || a.took != 3*time.Second {
			contract.Mismatch(t, "what RoundTrip returned", a.String(), "context canceled, after 3s")
		}
		contract.Control(t, "the other is answered")
		stays.Await(t).want(t, 200, "GET /stays", 9*time.Second+2*rtt)
		c.wantDials(t, 1)
		s.wantVisits(t, "GET /stays")
	})
}

// A caller that gives up while its request waits for the handshake is let go
// at once, and the request is never sent. README
func TestGivingUpBeforeTheHandshake(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		contract.Step(t, "nothing comes from the server; POST /order and GET /page, given up after 1.5 s")
		s.net.SetLane("server", "client", memnet.Link{Delay: delay, Fate: lose})
		r := c.request("POST", "/order", "").WithContext(ctx)
		body := &closed{Reader: strings.NewReader("one book")}
		r.Body = body
		given := []*contract.Pending[answer]{c.do(r), c.do(c.request("GET", "/page", "").WithContext(ctx))}
		contract.Pass(1500 * time.Millisecond)
		cancel()
		for _, p := range given {
			if a := p.Await(t); !errors.Is(a.err, context.Canceled) || a.took != 1500*time.Millisecond {
				contract.Mismatch(t, "what RoundTrip returned", a.String(), "context canceled, after 1.5s")
			}
		}
		body.want(t)
		contract.Fence(t, "the way is free again: POST /other")
		s.net.SetLane("server", "client", memnet.Link{Delay: delay})
		if a := c.send("POST", "/other", "").Await(t); a.err != nil || a.body != "POST /other" {
			contract.Mismatch(t, "the answer to the next request", a.String(), `200 "POST /other"`)
		}
		s.wantVisits(t, "GET /page early", "POST /other")
	})
}

// A handshake that comes to nothing fails the requests that were early in it
// and those that waited for its end; the next one dials again. README
func TestFailedHandshake(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "nothing comes from the server; GET /early and POST /late")
		s.net.SetLane("server", "client", memnet.Link{Delay: delay, Fate: lose})
		for _, p := range []*contract.Pending[answer]{c.send("GET", "/early", ""), c.send("POST", "/late", "x")} {
			if a := p.Await(t); a.err == nil {
				contract.Mismatch(t, "what RoundTrip returned", a.String(), "an error: the handshake has timed out")
			}
		}
		c.wantDials(t, 2)
		contract.Control(t, "the way is free again: POST /again")
		s.net.SetLane("server", "client", memnet.Link{Delay: delay})
		contract.Pass(time.Minute)
		s.forget()
		c.send("POST", "/again", "").Await(t).want(t, 200, "POST /again", 2*rtt)
		c.wantDials(t, 3)
		s.wantVisits(t, "POST /again")
	})
}

// A request that the server may have seen is not sent again when its
// connection ends: whatever it did, it did once. README
func TestNoOtherErrorIsTriedAgain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, func(s *site) http.Handler {
			echo := s.echo()
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/crash" {
					panic(http.ErrAbortHandler)
				}
				echo.ServeHTTP(w, r)
			})
		})
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		for _, test := range []struct{ method, body, suffix string }{{"GET", "", " early"}, {"POST", "", ""}, {"PUT", "x", ""}} {
			contract.Step(t, "%s /crash, in which the server breaks off", test.method)
			if a := c.send(test.method, "/crash", test.body).Await(t); a.err == nil {
				contract.Mismatch(t, "what RoundTrip returned", a.String(), "an error")
			}
			s.wantVisits(t, test.method+" /crash"+test.suffix+" broken off")
			contract.Control(t, "GET /page")
			c.get(t, "/page").want(t, 200, "GET /page", rtt)
			s.drop()
			s.forget()
		}
	})
}

// Close ends the connections without an error and gives up those that are
// being dialled; after it there is nothing but ErrClosed. README
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, nil)
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		contract.Control(t, "GET /page")
		c.get(t, "/page").want(t, 200, "GET /page", 2*rtt)
		contract.Step(t, "a dial to another server takes long; Close")
		c.dialsWill(time.Minute, nil)
		r, err := http.NewRequest("GET", "https://other/", nil)
		contract.Require(t).NoError(err)
		dialling := c.do(r)
		contract.Pass(3 * time.Second)
		conn := s.newest()
		for range 2 {
			start := time.Now()
			if err := contract.Call(t, "Close to return", c.Client.Close); err != nil || time.Since(start) > time.Second {
				contract.Failf(t, "Close returned %v after %s, want nil at once", err, time.Since(start))
			}
			if n := c.underWay(); n > 0 {
				contract.Failf(t, "Close has returned, and %d dials have not", n)
			}
		}
		if a := dialling.Await(t); a.err == nil || a.took > 4*time.Second {
			contract.Mismatch(t, "what the request came to whose dial was under way", a.String(), "an error after 3s")
		}
		contract.Pass(delay)
		var end *quic.ApplicationError
		if err := context.Cause(conn.Context()); !errors.As(err, &end) || end.ErrorCode != quic.ApplicationErrorCode(http3.ErrCodeNoError) {
			contract.Mismatch(t, "how the server saw the connection end", fmt.Sprint(err), "H3_NO_ERROR (0x100)")
		}
		contract.Step(t, "POST after Close")
		r = c.request("POST", "/order", "")
		body := &closed{Reader: strings.NewReader("one book")}
		r.Body = body
		if a := c.do(r).Await(t); !errors.Is(a.err, quiczerortt.ErrClosed) {
			contract.Mismatch(t, "what RoundTrip returned", a.String(), "ErrClosed")
		}
		body.want(t)
		c.wantDials(t, 2)
	})
}

// An early POST is refused at once, before the handshake is over and without
// the handler; the same POST after the handshake is served. RFC 8470 §3 SHOULD,
// README
func TestEarlyPostIsRefused(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, func(s *site) http.Handler { return quiczerortt.Guard(s.echo(), nil) })
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		contract.Step(t, "a careless client sends POST /order in early data")
		reckless := c.reckless(t)
		defer reckless.CloseWithError(0, "")
		start := time.Now()
		if status := reckless.send(t, "POST", "/order"); status != 425 || time.Since(start) != rtt {
			contract.Mismatch(t, "the answer", fmt.Sprintf("%d after %s", status, time.Since(start)), fmt.Sprintf("425 after %s", rtt))
		}
		s.wantVisits(t, "POST /order early 425")
		contract.Control(t, "the same after the handshake")
		if status := reckless.send(t, "POST", "/order"); status != 200 {
			contract.Failf(t, "POST /order after the handshake: %d, want 200", status)
		}
		s.wantVisits(t, "POST /order")
	})
}

// Whoever records the client's first flight and sends it again from elsewhere
// does not bring about a second time what Guard does not let be early. RFC
// 8470 §2, README
func TestReplayHasNoEffect(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var spent, read atomic.Int64
		s := serve(t, func(s *site) http.Handler {
			return quiczerortt.Guard(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch r.URL.Path {
				case "/spend":
					spent.Add(1)
				case "/read":
					read.Add(1)
				}
			}), onlyPath("/learn", "/read"))
		})
		defer s.stop()
		c := s.client(t)
		defer c.stop()
		c.learn(t)
		for _, path := range []string{"/spend", "/read"} {
			contract.Step(t, "GET %s, recorded", path)
			flight := s.record("client")
			if a := c.get(t, path); a.err != nil || a.status != 200 {
				contract.Failf(t, "GET %s: %s, want 200", path, a)
			}
			s.drop()
			contract.Pass(time.Minute)
			s.forget()
			contract.Step(t, "the first flight once more, from attacker")
			s.replay(t, "attacker", flight())
			what := map[string]string{"/spend": "GET /spend early 425", "/read": "GET /read early"}
			s.wantVisits(t, what[path])
		}
		if spent.Load() != 1 {
			contract.Failf(t, "GET /spend had its effect %d times, want 1", spent.Load())
		}
		contract.Control(t, "the replay of GET /read was served, which safe allows: the attack is a real one")
		if read.Load() != 2 {
			contract.Failf(t, "GET /read was served %d times, want 2", read.Load())
		}
	})
}

// safe decides for early requests, whatever their method; a nil safe allows
// the methods that are safe by definition and no others. RFC 9110 §9.2.1, README
func TestGuardAsksSafe(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, method := range []string{"GET", "HEAD", "OPTIONS", "TRACE"} {
			contract.Step(t, "%s in early data, safe is nil", method)
			guarded(t, nil, incoming(method, true)).wantServed(t)
		}
		for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "CONNECT", "FROB", "get"} {
			contract.Step(t, "%s in early data, safe is nil", method)
			guarded(t, nil, incoming(method, true)).wantTooEarly(t)
		}
		posts := func(r *http.Request) bool { return r.Method == "POST" }
		contract.Step(t, "POST in early data, safe allows POST only")
		guarded(t, posts, incoming("POST", true)).wantServed(t)
		contract.Step(t, "GET in early data, safe allows POST only")
		guarded(t, posts, incoming("GET", true)).wantTooEarly(t)
	})
}

// Early-Data makes a request early, however it came; any value of it and any
// number of fields mean 1. RFC 8470 §5.1 MUST
func TestMarkedIsEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, mark := range [][]string{{"1"}, {"0"}, {""}, {"1", "1"}, {"1, 1"}, {"?1"}} {
			for _, plain := range []bool{false, true} {
				contract.Step(t, "POST with Early-Data %q after the handshake, without TLS: %t", mark, plain)
				guarded(t, nil, marked(incoming("POST", false), plain, mark)).wantTooEarly(t)
				contract.Control(t, "GET with it")
				guarded(t, nil, marked(incoming("GET", false), plain, mark)).wantServed(t)
			}
		}
	})
}

// What is neither early nor marked is never answered with 425, whatever safe
// says of it: its sender need not know what a 425 is. RFC 8470 §5.2 SHOULD NOT
func TestNothingElseIsTooEarly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		never := func(*http.Request) bool { return false }
		for _, method := range []string{"GET", "POST", "DELETE", "FROB"} {
			contract.Control(t, "%s in early data", method)
			guarded(t, never, incoming(method, true)).wantTooEarly(t)
			contract.Step(t, "%s after the handshake", method)
			guarded(t, never, incoming(method, false)).wantServed(t)
			contract.Step(t, "%s without TLS", method)
			guarded(t, never, marked(incoming(method, false), true, nil)).wantServed(t)
		}
	})
}

// A mark that a request came with is passed on as one field, and a request
// without one that was not early gets none. RFC 8470 §5.1 MUST NOT
func TestForwardKeepsTheMark(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, mark := range [][]string{{"1"}, {"1", "1"}, {"0"}} {
			for _, early := range []bool{false, true} {
				contract.Step(t, "a request with Early-Data %q, early: %t", mark, early)
				wantForwarded(t, marked(incoming("GET", early), false, mark), []string{"1"})
			}
			contract.Step(t, "a request with Early-Data %q without TLS, whose fields have been copied", mark)
			r := marked(incoming("GET", false), true, mark)
			out := httptest.NewRequest("GET", "https://origin/thing", nil)
			out.Header = r.Header.Clone()
			out.Header.Set("X-Order", "7")
			forwarded(t, r, out, []string{"1"})
			if out.Header.Get("X-Order") != "7" || !slices.Equal(r.Header.Values(quiczerortt.EarlyData), mark) {
				contract.Mismatch(t, "Forward changed something else", fmt.Sprint(out.Header, r.Header), "X-Order: 7, and the request as it came")
			}
		}
		contract.Control(t, "one without, with TLS and without it")
		wantForwarded(t, incoming("GET", false), nil)
		wantForwarded(t, marked(incoming("GET", false), true, nil), nil)
	})
}

// Through a proxy a request that is early stays early, and what the origin
// does not take so comes back to the client, which sends it again: the effect
// is there once. RFC 8470 §5.1, §5.2 MUST
func TestThroughAProxy(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var upstream *client
		proxy := serve(t, func(s *site) http.Handler { return forwarder(func() *client { return upstream }) })
		defer proxy.stop()
		origin := serveOn(t, proxy.net, "origin", func(s *site) http.Handler {
			return quiczerortt.Guard(s.echo(), onlyPath("/learn", "/read"))
		})
		defer origin.stop()
		upstream = proxy.clientAt(t, "server")
		upstream.Early = func(r *http.Request) bool { return r.Header.Get(quiczerortt.EarlyData) != "" }
		defer upstream.stop()
		c := proxy.client(t)
		defer c.stop()
		for _, test := range []struct {
			path          string
			took          time.Duration
			proxy, origin []string
		}{
			{"/read", 2 * rtt, []string{"GET /read early"}, []string{"GET /read early marked 1"}},
			{"/spend", 4 * rtt, []string{"GET /spend early 425", "GET /spend"}, []string{"GET /spend early marked 1 425", "GET /spend"}},
		} {
			c.learn(t)
			origin.drop()
			origin.forget()
			contract.Step(t, "GET %s, early on both ways", test.path)
			c.get(t, test.path).want(t, 200, "GET "+test.path, test.took)
			proxy.wantVisits(t, test.proxy...)
			origin.wantVisits(t, test.origin...)
			contract.Control(t, "GET /read when only the way to the origin is new: it waits for that handshake, unmarked")
			origin.drop()
			c.get(t, "/read").want(t, 200, "GET /read", 3*rtt)
			proxy.wantVisits(t, "GET /read")
			origin.wantVisits(t, "GET /read")
			proxy.drop()
			origin.drop()
		}
	})
}

// A rejection is a way in which a server that has given out session tickets
// rejects early data when it comes back.
type rejection struct {
	name string
	do   func(s *site)
}

func rejections() []rejection {
	return []rejection{
		{"cannot read the session ticket", (*site).restart},
		{"takes no early data any more", func(s *site) {
			s.stop()
			s.quic = &quic.Config{}
			s.listen()
		}},
	}
}

// tooEarly is a handler that finds every request for path too early.
func tooEarly(path string) func(s *site) http.Handler {
	return func(s *site) http.Handler {
		echo := s.echo()
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == path {
				w.WriteHeader(http.StatusTooEarly)
				io.WriteString(w, "not yet")
				return
			}
			echo.ServeHTTP(w, r)
		})
	}
}

// forwarder is a proxy that sends on what it gets by the client upstream.
func forwarder(upstream func() *client) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), r.Method, "https://origin"+r.URL.Path, nil)
		if err != nil {
			panic("BUG: " + err.Error())
		}
		quiczerortt.Forward(r, out)
		resp, err := upstream().RoundTrip(out)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		defer resp.Body.Close()
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
	})
}

// lose is the fate of a packet on a way that is cut.
func lose(memnet.Packet) memnet.Fate { return memnet.Fate{Lose: true} }

// marked gives r these Early-Data fields and, if plain, no TLS.
func marked(r *http.Request, plain bool, mark []string) *http.Request {
	if plain {
		r.TLS = nil
	}
	for _, m := range mark {
		r.Header.Add(quiczerortt.EarlyData, m)
	}
	return r
}

// dialsWill has dials begin after a wait, and fail unless fail is nil.
func (c *client) dialsWill(wait time.Duration, fail error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.delay, c.fail = wait, fail
}

// wantSettings checks that the client's HTTP/3 settings have come on every
// connection on which there was a request since it was last asked.
func (s *site) wantSettings(t *testing.T) {
	t.Helper()
	contract.Pass(time.Second)
	s.mu.Lock()
	settings := s.settings
	s.mu.Unlock()
	for _, came := range settings {
		select {
		case <-came:
		default:
			contract.Failf(t, "the server has a request and no SETTINGS frame from the client")
		}
	}
	s.forget()
}

// underWay counts the dials that have not returned.
func (c *client) underWay() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dialing
}

// newest returns the connection that came last.
func (s *site) newest() *quic.Conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conns[len(s.conns)-1]
}

// A closed is a body that knows whether it has been closed.
type closed struct {
	io.Reader
	closes atomic.Int64
}

func (c *closed) Close() error {
	c.closes.Add(1)
	return nil
}

func (c *closed) want(t *testing.T) {
	t.Helper()
	contract.Settle()
	if c.closes.Load() == 0 {
		contract.Failf(t, "RoundTrip returned an error and has not closed the request's body")
	}
}

// A reckless client sends whatever it likes in early data.
type reckless struct{ *http3.ClientConn }

// reckless returns one that has c's session tickets.
func (c *client) reckless(t *testing.T) reckless {
	conf := &tls.Config{RootCAs: pki.Roots(), ServerName: c.site.name, NextProtos: []string{http3.NextProtoH3}, ClientSessionCache: tls.NewLRUClientSessionCache(1)}
	for {
		conn, err := c.dial(t.Context(), c.site.name+":443", conf)
		contract.Require(t).NoError(err)
		select {
		case <-conn.HandshakeComplete():
			contract.Pass(time.Second) // for the session ticket
			conn.CloseWithError(0, "")
			c.site.drop()
		default:
			return reckless{(&http3.Transport{}).NewClientConn(conn)}
		}
	}
}

func (r reckless) send(t *testing.T, method, path string) int {
	t.Helper()
	return contract.Call(t, "the answer to "+method, func() int {
		s, err := r.OpenRequestStream(t.Context())
		if err != nil {
			return 0
		}
		req, err := http.NewRequest(method, "https://server"+path, nil)
		if err != nil || s.SendRequestHeader(req) != nil {
			return 0
		}
		s.Close()
		resp, err := s.ReadResponse()
		if err != nil {
			return 0
		}
		io.Copy(io.Discard, s)
		return resp.StatusCode
	})
}

// record keeps what host sends in the instant of its next datagram.
func (s *site) record(host string) (flight func() [][]byte) {
	var first time.Duration
	var datagrams [][]byte
	s.net.Tap(func(e memnet.Event) {
		if e.Kind != memnet.Delivered || e.FromName != host {
			return
		}
		if datagrams == nil {
			first = e.At
		}
		if e.At == first {
			datagrams = append(datagrams, bytes.Clone(e.Bytes))
		}
	})
	return func() [][]byte { return datagrams }
}

// replay sends datagrams from another host, which says nothing to what comes
// back, until the server has given it up.
func (s *site) replay(t *testing.T, from string, datagrams [][]byte) {
	socket, err := s.net.ListenPacket(from + ":0")
	contract.Require(t).NoError(err)
	defer socket.Close()
	for _, d := range datagrams {
		socket.WriteTo(d, s.socket.LocalAddr())
	}
	contract.Pass(time.Minute)
}
