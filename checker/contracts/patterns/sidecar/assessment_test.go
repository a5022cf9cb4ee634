package sidecar_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/sidecar"
	"github.com/wirekata/wirekata/harness/contract"
)

// Only a request that is idempotent by its method is sent again, whatever
// became of it. RFC 9110 §9.2.2
func TestOnlyIdempotentMethods(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, method := range []string{"GET", "POST", "HEAD", "PATCH", "OPTIONS", "MERGE", "TRACE", "LOCK", "PUT", "DELETE"} {
			s := newSite(t, sidecar.Policy{Attempts: 2}, status(503, 200))
			switch method {
			case "POST", "PATCH", "MERGE", "LOCK":
				contract.Step(t, "%s; 503, and would be 200", method)
				s.ask(method, "http://api/", "").Await(t).wants(t, 503, "answer 1")
				contract.Step(t, "%s to where nobody listens", method)
				s.ask(method, "http://nowhere/", "").Await(t).wantsOwn(t, 502, sidecar.ErrorUnreachable)
				s.wantAttempts(t, 2)
			case "HEAD":
				contract.Control(t, "%s; 503, then 200", method)
				s.ask(method, "http://api/", "").Await(t).wants(t, 200, "")
			default:
				contract.Control(t, "%s; 503, then 200", method)
				s.ask(method, "http://api/", "").Await(t).wants(t, 200, "answer 2")
			}
			s.stop()
		}
	})
}

// An attempt has failed if it gets no answer, or 502, 503 or 504; any other
// answer is one. The application gets the last attempt's answer, whole, or
// 502. README
func TestWhatIsAFailure(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, code := range []int{502, 200, 503, 500, 504, 501, 505, 429, 408, 404, 425} {
			s := newSite(t, sidecar.Policy{Attempts: 2, Budget: 4}, status(code))
			attempts := 1
			if code == 502 || code == 503 || code == 504 {
				attempts = 2
			}
			contract.Step(t, "GET; %d whenever it is asked", code)
			a := s.get(t, "http://api/")
			a.wants(t, code, fmt.Sprint("answer ", attempts))
			if got := a.Header.Get("Retry-After"); got != "77" {
				contract.Mismatch(t, "the upstream's Retry-After at the application", got, "77")
			}
			s.wantAttempts(t, attempts)
			s.wantClosed(t)
			s.stop()
		}
		s := newSite(t, sidecar.Policy{Attempts: 2}, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n != 2 {
				panic(http.ErrAbortHandler)
			}
			io.WriteString(w, "here")
		})
		defer s.stop()
		contract.Step(t, "GET; the connection is lost, then 200")
		s.get(t, "http://api/").wants(t, 200, "here")
		contract.Step(t, "GET; the connection is lost; the budget allows no second attempt")
		s.get(t, "http://api/").wantsOwn(t, 502, sidecar.ErrorUnreachable)
		s.wantAttempts(t, 3)
		contract.Step(t, "GET from where nobody listens")
		s.get(t, "http://nowhere/").wantsOwn(t, 502, sidecar.ErrorUnreachable)
		s.wantAttempts(t, 5)
	})
}

// A body of known length up to MaxReplay is sent again with the request; with a
// longer one, or one of unknown length, the request is sent once. README
func TestBodiesAreReplayed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		body := make([]byte, 1001)
		for i := range body {
			body[i] = byte(contract.Rand(t).IntN(255) + 1)
		}
		for _, c := range []struct {
			what     string
			body     io.Reader
			want     []byte
			attempts int
		}{
			{"PUT with 1,000 octets", bytes.NewReader(body[:1000]), body[:1000], 3},
			{"PUT with 1,001 octets", bytes.NewReader(body), body, 1},
			{"PUT with 10 octets of unknown length", io.MultiReader(bytes.NewReader(body[:10])), body[:10], 1},
			{"PUT without a body", nil, nil, 3},
		} {
			var bodies [][]byte
			s := newSite(t, sidecar.Policy{MaxReplay: 1000, Budget: 4}, func(_ int, w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				bodies = append(bodies, b)
				w.WriteHeader(http.StatusServiceUnavailable)
			})
			contract.Step(t, "%s; always 503", c.what)
			s.askWith(context.Background(), "PUT", "http://api/", c.body).Await(t).wants(t, 503, "")
			s.wantVisits(t, c.attempts)
			for i, got := range bodies {
				contract.Bytes(t, fmt.Sprintf("the body of attempt %d", i+1), got, c.want)
			}
			s.stop()
		}
	})
}

// A body that is not kept for another attempt passes through: the upstream has
// the beginning before the application has sent the end. README
func TestUploadsAreStreamed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const half = 8000 // more than what net/http itself holds back
		kept := newSite(t, sidecar.Policy{MaxReplay: 2*half - 1}, status(503, 200))
		contract.Control(t, "a PUT that is kept; 503, then 200")
		kept.ask("PUT", "http://api/", strings.Repeat("x", 2*half-1)).Await(t).wants(t, 200, "answer 2")
		kept.stop()
		for _, c := range []struct {
			method string
			length int64
		}{{"POST", 2 * half}, {"POST", -1}, {"PUT", 2 * half}, {"PUT", -1}} {
			began := make(chan int, 1)
			s := newSite(t, sidecar.Policy{MaxReplay: 2*half - 1}, func(_ int, w http.ResponseWriter, r *http.Request) {
				n, _ := io.ReadFull(r.Body, make([]byte, 100))
				began <- n
				rest, _ := io.Copy(io.Discard, r.Body)
				fmt.Fprint(w, n+int(rest))
			})
			contract.Step(t, "%s with Content-Length %d; the first half of the body", c.method, c.length)
			up, feed := newUpload(c.length)
			answered := s.askWith(context.Background(), c.method, "http://api/", up)
			contract.Go("the first half to be taken", func() error { _, err := feed.Write(make([]byte, half)); return err }).Await(t)
			if n := contract.Await(t, "the first 100 octets at the upstream", began); n != 100 {
				contract.Failf(t, "%d octets came to the upstream, want 100", n)
			}
			contract.Step(t, "the second half")
			contract.Go("the second half to be taken", func() error { _, err := feed.Write(make([]byte, half)); return err }).Await(t)
			feed.Close()
			answered.Await(t).wants(t, 200, fmt.Sprint(2*half))
			s.stop()
		}
	})
}

// Under an outage there are as many retries as the budget has: one, and Budget
// for each request, whatever its method. What the breaker refuses costs
// nothing. README
func TestBudgetUnderOutage(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Budget: 0.25, Attempts: 3, Failures: 1000}, status(503))
		defer s.stop()
		contract.Step(t, "40 requests, POST and GET in turn; always 503")
		for n := 1; n <= 40; n++ {
			if n%2 == 1 {
				s.ask("POST", "http://api/", "").Await(t).wantStatus(t, 503)
				continue
			}
			s.get(t, "http://api/").wantStatus(t, 503)
			if got, want := s.count(), n+1+n/4; got != want {
				contract.Mismatch(t, fmt.Sprintf("what the upstream has got for %d requests with %d retries earned", n, 1+n/4), fmt.Sprint(got), fmt.Sprint(want))
			}
		}

		refused := newSite(t, sidecar.Policy{Budget: 0.125, Attempts: 2, Failures: 2, OpenFor: 5 * time.Second}, status(502, 502, 200, 502, 200))
		defer refused.stop()
		contract.Step(t, "POST and GET fail, and open the breaker before the GET is sent again")
		refused.ask("POST", "http://api/", "").Await(t).wantStatus(t, 502)
		refused.get(t, "http://api/").wants(t, 502, "answer 2")
		contract.Pass(6 * time.Second)
		contract.Control(t, "6 s later a probe that succeeds")
		refused.get(t, "http://api/").wants(t, 200, "answer 3")
		contract.Step(t, "a GET that fails: the retry that was not made is still there")
		refused.get(t, "http://api/").wants(t, 200, "answer 5")
	})
}

// However long all was well, no more than MaxSavings retries are saved up.
// README
func TestSavingsAreLimited(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Budget: 0.5, Attempts: 100, Failures: 1000}, func(n int, w http.ResponseWriter, _ *http.Request) {
			if n > 60 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		defer s.stop()
		contract.Control(t, "60 requests without a failure")
		for range 60 {
			s.get(t, "http://api/").wants(t, 200, "")
		}
		sent := 60
		for i, retries := range []int{sidecar.MaxSavings, 0, 1, 0, 1} {
			contract.Step(t, "GET %d of an outage; %d retries are left", i+1, retries)
			s.get(t, "http://api/").wants(t, 503, "")
			sent += 1 + retries
			s.wantVisits(t, sent)
		}
	})
}

// The breaker counts attempts that fail, in whatever way, in a row; an answer
// that is no failure ends the row. A retry that it refuses is not made, and the
// application gets what the last attempt brought. README
func TestFailuresInARow(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const lost, silent = -1, -2
		script := []int{502, lost, 200, 503, silent, 500, 504, lost, 404, silent, 502, lost}
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 3, Timeout: time.Second}, func(n int, w http.ResponseWriter, r *http.Request) {
			switch code := script[min(n, len(script))-1]; code {
			case lost:
				panic(http.ErrAbortHandler)
			case silent:
				<-r.Context().Done()
			default:
				w.WriteHeader(code)
			}
		})
		defer s.stop()
		for i, code := range script {
			contract.Step(t, "request %d: %s", i+1, map[bool]string{true: fmt.Sprint(code), false: "no answer"}[code > 0])
			s.ask("POST", "http://api/", "").Await(t)
			s.wantVisits(t, i+1)
		}
		contract.Step(t, "three failures in a row: another request")
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		s.wantVisits(t, len(script))

		many := newSite(t, sidecar.Policy{Attempts: 5, Budget: 8, Failures: 3}, status(504))
		defer many.stop()
		contract.Step(t, "one GET with five attempts; always 504")
		many.get(t, "http://api/").wants(t, 504, "answer 3")
		contract.Step(t, "another")
		many.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		many.wantVisits(t, 3)
	})
}

// While the breaker is open, for OpenFor from the last failure, every request is
// answered with 503 and the seconds that are left, rounded up. README
func TestOpenBreaker(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 2, OpenFor: 5 * time.Second}, status(502, 502, 200))
		defer s.stop()
		contract.Control(t, "two failures, 3 s apart")
		s.get(t, "http://api/").wants(t, 502, "answer 1")
		contract.Pass(3 * time.Second)
		s.get(t, "http://api/").wants(t, 502, "answer 2")
		opened := time.Now().Add(-delay)
		for _, c := range []struct {
			method string
			after  time.Duration
			left   string
		}{{"GET", 100 * time.Millisecond, "5"}, {"POST", 2900 * time.Millisecond, "3"}, {"PUT", 3 * time.Second, "2"}, {"HEAD", 3100 * time.Millisecond, "2"}, {"GET", 4900 * time.Millisecond, "1"}} {
			contract.Step(t, "%s, %s after the last failure", c.method, c.after)
			contract.Pass(time.Until(opened.Add(c.after - delay)))
			a := s.ask(c.method, "http://api/", "").Await(t)
			a.wantsOwn(t, 503, sidecar.ErrorOpen)
			if got := a.Header.Get("Retry-After"); got != c.left {
				contract.Mismatch(t, "Retry-After", fmt.Sprintf("%q", got), fmt.Sprintf("%q", c.left))
			}
			s.wantVisits(t, 2)
		}
		contract.Fence(t, "GET, 5.1 s after the last failure")
		contract.Pass(time.Until(opened.Add(5100*time.Millisecond - delay)))
		s.get(t, "http://api/").wants(t, 200, "answer 3")
	})
}

// A half-open breaker lets one request through and refuses the others until its
// answer is there; a success closes it for all. README
func TestHalfOpen(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 1, OpenFor: 5 * time.Second}, func(n int, w http.ResponseWriter, _ *http.Request) {
			switch n {
			case 1:
				w.WriteHeader(502)
			case 2:
				time.Sleep(2 * time.Second)
			}
			fmt.Fprint(w, "answer ", n)
		})
		defer s.stop()
		contract.Control(t, "a failure; then 8 s pass")
		s.get(t, "http://api/").wants(t, 502, "answer 1")
		contract.Pass(8 * time.Second)
		contract.Step(t, "a probe that takes 2 s, and three requests meanwhile")
		probe := s.ask("GET", "http://api/", "")
		for range 3 {
			contract.Pass(500 * time.Millisecond)
			a := s.get(t, "http://api/")
			a.wantsOwn(t, 503, sidecar.ErrorOpen)
			if got := a.Header.Get("Retry-After"); got != "1" {
				contract.Mismatch(t, "Retry-After while a probe is under way", fmt.Sprintf("%q", got), `"1"`)
			}
		}
		probe.Await(t).wants(t, 200, "answer 2")
		contract.Step(t, "three requests at once")
		var calls []*contract.Pending[answer]
		for range 3 {
			calls = append(calls, s.ask("GET", "http://api/", ""))
		}
		for _, c := range calls {
			c.Await(t).wantStatus(t, 200)
		}
		s.wantVisits(t, 5)
	})
}

// A probe that fails opens the breaker again for all of OpenFor, however many
// failures it takes otherwise, and is not sent again. README
func TestProbeFails(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 3, Budget: 8, Failures: 3, OpenFor: 5 * time.Second}, status(502, 502, 502, 503, 200, 502, 502, 200))
		defer s.stop()
		contract.Control(t, "three failures; then 6 s pass")
		s.get(t, "http://api/").wants(t, 502, "answer 3")
		contract.Pass(6 * time.Second)
		contract.Step(t, "a probe: 503")
		s.get(t, "http://api/").wants(t, 503, "answer 4")
		contract.Pass(4800 * time.Millisecond)
		contract.Step(t, "4.8 s after it")
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		s.wantVisits(t, 4)
		contract.Pass(200 * time.Millisecond)
		contract.Step(t, "5 s after it, a probe: 200")
		s.get(t, "http://api/").wants(t, 200, "answer 5")
		contract.Step(t, "closed: two failures are none too many")
		s.get(t, "http://api/").wants(t, 200, "answer 8")
	})
}

// A probe that says nothing, because the application has gone away or has set
// a limit of its own, makes room for the next one. README
func TestProbeIsFreed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 1, OpenFor: 5 * time.Second}, func(n int, w http.ResponseWriter, r *http.Request) {
			switch n {
			case 1:
				w.WriteHeader(502)
			case 2, 3:
				<-r.Context().Done()
			case 4:
				time.Sleep(time.Second)
			}
		})
		defer s.stop()
		contract.Control(t, "a failure; then 6 s pass")
		s.get(t, "http://api/").wants(t, 502, "")
		contract.Pass(6 * time.Second)
		contract.Step(t, "a probe whose application goes away after a second")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		s.askWith(ctx, "GET", "http://api/", nil).Await(t)
		contract.Pass(5 * delay)
		contract.Step(t, "a probe whose application has 300 ms")
		s.ask("GET", "http://api/", "", sidecar.DeadlineField, "300").Await(t).wantsOwn(t, 504, sidecar.ErrorTimeout)
		s.wantVisits(t, 3)
		contract.Step(t, "a probe that is answered in a second, and a request meanwhile")
		probe := s.ask("GET", "http://api/", "")
		contract.Pass(500 * time.Millisecond)
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		probe.Await(t).wants(t, 200, "")
		contract.Fence(t, "closed")
		s.get(t, "http://api/").wants(t, 200, "")
		s.wantVisits(t, 5)
	})
}

// What an attempt comes to that began before the breaker last opened says
// nothing any more. README
func TestStaleOutcomes(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Attempts: 1, Failures: 2, OpenFor: 2 * time.Second}, func(_ int, w http.ResponseWriter, r *http.Request) {
			after, _ := time.ParseDuration(r.URL.Query().Get("after"))
			time.Sleep(after)
			if r.URL.Path == "/bad" {
				w.WriteHeader(503)
			}
		})
		defer s.stop()
		contract.Control(t, "six slow requests, and two that fail at once")
		var slow []*contract.Pending[answer]
		for _, target := range []string{"ok?after=1s", "bad?after=3s", "bad?after=3.1s", "ok?after=4s", "bad?after=6s", "bad?after=6.1s"} {
			slow = append(slow, s.ask("GET", "http://api/"+target, ""))
		}
		contract.Pass(delay)
		s.get(t, "http://api/bad").wants(t, 503, "")
		s.get(t, "http://api/bad").wants(t, 503, "")
		contract.Step(t, "one of the slow ones succeeds while the breaker is open")
		slow[0].Await(t).wants(t, 200, "")
		s.get(t, "http://api/ok").wantsOwn(t, 503, sidecar.ErrorOpen)
		contract.Step(t, "two fail while it is half-open: a request is let through all the same")
		slow[1].Await(t).wants(t, 503, "")
		slow[2].Await(t).wants(t, 503, "")
		probe := s.ask("GET", "http://api/ok?after=1.5s", "")
		contract.Step(t, "one succeeds while the probe is under way: nobody else is let through")
		slow[3].Await(t).wants(t, 200, "")
		s.get(t, "http://api/ok").wantsOwn(t, 503, sidecar.ErrorOpen)
		contract.Step(t, "two fail when it is closed: it stays so")
		probe.Await(t).wants(t, 200, "")
		slow[4].Await(t).wants(t, 503, "")
		slow[5].Await(t).wants(t, 503, "")
		s.get(t, "http://api/ok").wants(t, 200, "")
	})
}

// Each host has a breaker and a budget of its own. README
func TestEachHostForItself(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		others := 0
		s := newSite(t, sidecar.Policy{Attempts: 2, Budget: 0.125, Failures: 4}, func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.Host == "other" {
				if others++; others > 1 {
					return
				}
			}
			w.WriteHeader(503)
		})
		defer s.stop()
		contract.Control(t, "api fails: a GET with the retry that there is, and one without")
		s.get(t, "http://api/").wants(t, 503, "")
		s.get(t, "http://api/").wants(t, 503, "")
		s.wantVisits(t, 3)
		contract.Step(t, "other fails once: its retry is still there")
		s.get(t, "http://other/").wants(t, 200, "")
		s.wantVisits(t, 5)
		contract.Step(t, "api fails for the fourth time in its own row")
		s.get(t, "http://api/").wants(t, 503, "")
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		contract.Step(t, "other is open to all")
		s.get(t, "http://other/").wants(t, 200, "")
		s.wantVisits(t, 7)
	})
}

// When the application goes away, the attempt ends at once, is not made again,
// and says nothing about the host: while the answer is awaited, while it comes,
// and while the request is still being sent. README
func TestApplicationGone(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Failures: 1, Budget: 2}, func(n int, w http.ResponseWriter, r *http.Request) {
			switch n {
			case 1:
				<-r.Context().Done()
			case 2:
				io.WriteString(w, "begun")
				w.(http.Flusher).Flush()
				<-r.Context().Done()
			case 3, 4:
				io.Copy(io.Discard, r.Body)
			}
		})
		defer s.stop()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		contract.Step(t, "GET; the application goes away before there is an answer")
		call := s.askWith(ctx, "GET", "http://api/", nil)
		contract.Pass(time.Second)
		s.wantActive(t, 1)
		cancel()
		contract.Pass(5 * delay)
		s.wantActive(t, 0)
		call.Await(t)
		contract.Step(t, "GET; it goes away in the middle of the answer")
		resp := s.open(t, "http://api/")
		wantRead(t, resp.Body, "begun")
		s.wantActive(t, 1)
		resp.Body.Close()
		contract.Pass(5 * delay)
		s.wantActive(t, 0)
		for i, length := range []int64{20_000, -1} {
			contract.Step(t, "POST with Content-Length %d; it goes away in the middle of the body", length)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			up, feed := newUpload(length)
			call := s.askWith(ctx, "POST", "http://api/", up)
			contract.Go("half the body to be taken", func() error { _, err := feed.Write(make([]byte, 10_000)); return err }).Await(t)
			contract.Pass(time.Second)
			s.wantVisits(t, 3+i)
			cancel()
			feed.Close()
			contract.Pass(5 * delay)
			s.wantActive(t, 0)
			call.Await(t)
		}
		s.wantAttempts(t, 4)
		s.wantClosed(t)
		contract.Fence(t, "GET")
		s.get(t, "http://api/").wants(t, 200, "")
	})
}

// Time limits end with the header of the answer: its body may take as long as
// it likes. README
func TestStreamOutlivesTheLimits(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Timeout: time.Second, Attempts: 1}, func(_ int, w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/silent" {
				<-r.Context().Done()
				return
			}
			for i := range 4 {
				fmt.Fprintf(w, "piece %d;", i)
				w.(http.Flusher).Flush()
				time.Sleep(1300 * time.Millisecond)
			}
		})
		defer s.stop()
		const all = "piece 0;piece 1;piece 2;piece 3;"
		contract.Step(t, "GET; an answer of 5.2 s, Timeout is 1 s")
		s.get(t, "http://api/").wants(t, 200, all)
		contract.Step(t, "the same from an application that gives it 700 ms")
		s.ask("GET", "http://api/", "", sidecar.DeadlineField, "700").Await(t).wants(t, 200, all)
		contract.Control(t, "GET; no header at all")
		s.get(t, "http://api/silent").wantsOwn(t, 504, sidecar.ErrorTimeout)
		s.wantVisits(t, 3)
	})
}

// What is left of the application's time limits each attempt and is told to it
// in whole milliseconds, rounded down; when none is left there is no further
// attempt. An attempt that this cuts short is no failure. README
func TestDeadlineIsForAllAttempts(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Timeout: time.Second, Attempts: 5, Budget: 5, Failures: 3}, func(n int, w http.ResponseWriter, r *http.Request) {
			if n <= 3 {
				<-r.Context().Done()
			}
		})
		defer s.stop()
		contract.Step(t, "GET with 2,500 ms; silence")
		start := time.Now()
		s.ask("GET", "http://api/", "", sidecar.DeadlineField, "2500").Await(t).wantsOwn(t, 504, sidecar.ErrorTimeout)
		wantElapsed(t, start, 2500*time.Millisecond+2*delay)
		s.wantVisits(t, 3)
		for i, left := range []string{"1000", "1000", "500"} {
			s.visit(t, i).wantLeft(t, left)
		}
		contract.Fence(t, "two failures, and one attempt that was cut short: a breaker for three is closed")
		s.get(t, "http://api/").wants(t, 200, "")

		quick := newSite(t, sidecar.Policy{Timeout: time.Second, Budget: 5, Failures: 100}, func(n int, w http.ResponseWriter, r *http.Request) {
			time.Sleep(100*time.Millisecond + 400*time.Microsecond)
			w.WriteHeader(503)
		})
		defer quick.stop()
		contract.Step(t, "GET with 900 ms; 503 after 100.4 ms, three times")
		quick.ask("GET", "http://api/", "", sidecar.DeadlineField, "900").Await(t).wants(t, 503, "")
		for i, left := range []string{"900", "779", "659"} {
			quick.visit(t, i).wantLeft(t, left)
		}
		contract.Step(t, "GET with 121 ms; 503 after 100.4 ms leaves less than one")
		quick.ask("GET", "http://api/", "", sidecar.DeadlineField, "121").Await(t).wants(t, 503, "")
		quick.wantVisits(t, 4)
	})
}

// A deadline that is not one number of at most ten digits is none. With 0 no
// attempt is made, with 1 there is one. README
func TestDeadlineValues(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{Timeout: 3 * time.Second}, say("ok"))
		defer s.stop()
		for i, values := range [][]string{{"soon"}, {"250"}, {"-250"}, {"+250"}, {"250.0"}, {"250ms"}, {"0x250"}, {"2_50"}, {""}, {"9999999999"}, {"0000000250"}, {"00000000250"}, {"18446744073709551866"}, {"250", "250"}} {
			want := "3000"
			if len(values) == 1 && (values[0] == "250" || values[0] == "0000000250") {
				want = "250"
			}
			contract.Step(t, "GET, %s: %q", sidecar.DeadlineField, values)
			var fields []string
			for _, v := range values {
				fields = append(fields, sidecar.DeadlineField, v)
			}
			s.ask("GET", "http://api/", "", fields...).Await(t).wants(t, 200, "ok")
			s.visit(t, i).wantLeft(t, want)
		}
		sent := s.count()
		for left := range 2 {
			contract.Step(t, "GET, %s: %d", sidecar.DeadlineField, left)
			start := time.Now()
			s.ask("GET", "http://api/", "", sidecar.DeadlineField, fmt.Sprint(left)).Await(t).wantsOwn(t, 504, sidecar.ErrorTimeout)
			wantElapsed(t, start, 2*delay+time.Duration(left)*time.Millisecond)
			s.wantAttempts(t, sent+left)
		}
	})
}

// A traceparent that is not valid, or not alone, begins a new trace, and the
// tracestate that came with it is dropped. W3C Trace Context §3.2.2 MUST
func TestInvalidTraceparent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const id, parent = "12345678901234567890123456789012", "1234567890123456"
		s := newSite(t, sidecar.Policy{}, say("ok"))
		defer s.stop()
		i := 0
		ask := func(values ...string) (span, []string) {
			fields := []string{"tracestate", "congo=t61rcWkgMzE"}
			for _, v := range values {
				fields = append(fields, "traceparent", v)
			}
			s.ask("GET", "http://api/", "", fields...).Await(t).wants(t, 200, "ok")
			i++
			seen := s.visit(t, i-1)
			return seen.span(t), seen.Header["Tracestate"]
		}
		contract.Control(t, "a valid one")
		got, state := ask("00-" + id + "-" + parent + "-01")
		got.continues(t, id, "01")
		if fmt.Sprint(state) != "[congo=t61rcWkgMzE]" {
			contract.Mismatch(t, "tracestate at the upstream", fmt.Sprint(state), "[congo=t61rcWkgMzE]")
		}
		for _, values := range [][]string{
			{},
			{"00-" + id + "-" + parent + "-01", "00-" + id + "-" + parent + "-01"},
			{""},
			{"00-" + id + "-" + parent + "-01-more"},
			{"00-" + id + "-" + parent + "-01."},
			{"00-" + id + "-" + parent + "-0"},
			{"00-" + id + "-" + parent},
			{"00-" + id + "-" + parent + "-.1"},
			{"00-" + id + "-" + parent + "-0A"},
			{"00-" + id + "-0000000000000000-01"},
			{"00-00000000000000000000000000000000-" + parent + "-01"},
			{"00-" + strings.Replace(id, "1", "A", 1) + "-" + parent + "-01"},
			{"00-" + strings.Replace(id, "1", "g", 1) + "-" + parent + "-01"},
			{"00-" + id + "-" + strings.Replace(parent, "1", "F", 1) + "-01"},
			{"00-" + id + "-" + strings.Replace(parent, "1", ".", 1) + "-01"},
			{"00-" + id + "0-" + parent[1:] + "-01"},
			{"00-" + id[1:] + "-" + parent + "0-01"},
			{"00." + id + "-" + parent + "-01"},
			{"00-" + id + "." + parent + "-01"},
			{"00-" + id + "-" + parent + ".01"},
			{"ff-" + id + "-" + parent + "-01"},
			{".0-" + id + "-" + parent + "-01"},
			{"0-" + id + "-" + parent + "-001"},
			{"000-" + id + "-" + parent + "-01"},
		} {
			contract.Step(t, "traceparent %q", values)
			got, state := ask(values...)
			if got.flags != "00" || strings.Contains(got.trace, id[1:31]) || got.id == parent {
				contract.Mismatch(t, "the traceparent of a new trace", fmt.Sprintf("00-%s-%s-%s", got.trace, got.id, got.flags), "other ids, flags 00")
			}
			if len(state) > 0 {
				contract.Mismatch(t, "tracestate at the upstream", fmt.Sprint(state), "none")
			}
		}
	})
}

// Of a later version as much is read as is known of version 00, and it goes on
// as version 00. W3C Trace Context §3.2.4 SHOULD
func TestLaterTraceparent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, say("ok"))
		defer s.stop()
		for i, c := range []struct{ value, flags string }{
			{"cc-" + traceID + "-" + parentID + "-01", "01"},
			{"01-" + traceID + "-" + parentID + "-00-what-comes-then", "00"},
			{"fe-" + traceID + "-" + parentID + "-01-", "01"},
			{"cc-" + traceID + "-" + parentID + "-01.what-comes-then", ""},
			{"cc-" + traceID + "-" + parentID + "-011", ""},
			{"cc-" + traceID + "-" + parentID, ""},
			{"cc-" + traceID + "-0000000000000000-01-what", ""},
			{"ff-" + traceID + "-" + parentID + "-01-what", ""},
		} {
			contract.Step(t, "traceparent %q", c.value)
			s.ask("GET", "http://api/", "", "traceparent", c.value).Await(t).wants(t, 200, "ok")
			got := s.visit(t, i).span(t)
			if c.flags != "" {
				got.continues(t, traceID, c.flags)
			} else if got.trace == traceID {
				contract.Mismatch(t, "the trace-id at the upstream", got.trace, "a new one")
			}
		}
	})
}

// Every attempt is a span of its own in the same trace. The sampled flag goes
// on, flags without a meaning do not, and tracestate is passed on as it is.
// W3C Trace Context §3.2.2.5 MUST
func TestEachAttemptIsASpan(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ flags, want string }{{"01", "01"}, {"00", "00"}, {"0d", "01"}, {"f8", "00"}, {"", "00"}} {
			s := newSite(t, sidecar.Policy{Budget: 4}, status(503, 503, 200))
			contract.Step(t, "GET in a trace with flags %q; two failures, then 200", c.flags)
			state, trace := []string{"rojo=00f067aa0ba902b7, congo=t61rcWkgMzE", "Not,even,VALID=="}, traceID
			fields := []string{"traceparent", "00-" + traceID + "-" + parentID + "-" + c.flags, "tracestate", state[0], "tracestate", state[1]}
			if c.flags == "" {
				fields = nil
			}
			s.ask("GET", "http://api/", "", fields...).Await(t).wants(t, 200, "answer 3")
			if c.flags == "" {
				state, trace = nil, s.visit(t, 0).span(t).trace
			}
			ids := map[string]bool{}
			for i := range 3 {
				seen := s.visit(t, i)
				got := seen.span(t)
				got.continues(t, trace, c.want)
				ids[got.id] = true
				if fmt.Sprintf("%q", seen.Header["Tracestate"]) != fmt.Sprintf("%q", state) {
					contract.Mismatch(t, "tracestate at the upstream", fmt.Sprintf("%q", seen.Header["Tracestate"]), fmt.Sprintf("%q", state))
				}
			}
			if len(ids) != 3 {
				contract.Failf(t, "three attempts have %d parent-ids, want one each", len(ids))
			}
			s.stop()
		}
	})
}

// An answer that breaks off does so at the application too. It had begun, so
// nothing is sent again, and it is no failure. README
func TestAnswerBreaksOff(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, length := range []string{"10", ""} {
			s := newSite(t, sidecar.Policy{Failures: 1}, func(n int, w http.ResponseWriter, _ *http.Request) {
				if length != "" {
					w.Header().Set("Content-Length", length)
				}
				io.WriteString(w, "01234")
				w.(http.Flusher).Flush()
				if n == 1 {
					panic(http.ErrAbortHandler)
				}
				io.WriteString(w, "56789")
			})
			contract.Step(t, "GET; Content-Length %q, five octets and no more", length)
			if a := s.get(t, "http://api/"); a.Err == nil || a.Body != "01234" {
				contract.Mismatch(t, "half an answer", a.String(), `200 "01234", and an error`)
			}
			s.wantVisits(t, 1)
			contract.Control(t, "GET; all ten")
			s.get(t, "http://api/").wants(t, 200, "0123456789")
			s.wantClosed(t)
			s.stop()
		}
	})
}

// What is zero in a policy is what given.go says. README
func TestZeroIsTheDefault(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, sidecar.Policy{}, func(n int, w http.ResponseWriter, r *http.Request) {
			switch {
			case n <= 4 || n > 9:
			case n <= 7:
				<-r.Context().Done()
			default:
				w.WriteHeader(503)
			}
		})
		defer s.stop()
		contract.Control(t, "four requests that go well: a budget of two retries")
		for range 4 {
			s.get(t, "http://api/").wants(t, 200, "")
		}
		contract.Step(t, "GET; silence: three attempts of 15 s each")
		start := time.Now()
		s.get(t, "http://api/").wantsOwn(t, 504, sidecar.ErrorTimeout)
		wantElapsed(t, start, 45*time.Second+2*delay)
		s.visit(t, 6).wantLeft(t, "15000")
		contract.Step(t, "two more failures, the fourth and fifth, without a retry")
		s.get(t, "http://api/").wants(t, 503, "")
		s.get(t, "http://api/").wants(t, 503, "")
		s.wantVisits(t, 9)
		contract.Step(t, "9.9 s later")
		contract.Pass(9900 * time.Millisecond)
		s.get(t, "http://api/").wantsOwn(t, 503, sidecar.ErrorOpen)
		contract.Step(t, "10.1 s later")
		contract.Pass(200 * time.Millisecond)
		s.get(t, "http://api/").wants(t, 200, "")

		for _, c := range []struct{ length, attempts int }{{sidecar.DefaultMaxReplay, 2}, {sidecar.DefaultMaxReplay + 1, 1}} {
			s := newSite(t, sidecar.Policy{}, status(503))
			contract.Step(t, "PUT with %d octets; always 503; the budget is one retry", c.length)
			s.ask("PUT", "http://api/", strings.Repeat("x", c.length)).Await(t).wantStatus(t, 503)
			s.wantVisits(t, c.attempts)
			s.stop()
		}
		contract.Step(t, "ten GETs with a budget that lets each of them be sent three times")
		many := newSite(t, sidecar.Policy{Budget: 2, Failures: 1000}, status(503))
		defer many.stop()
		for range 10 {
			many.get(t, "http://api/").wantStatus(t, 503)
		}
		many.wantVisits(t, 30)
	})
}

// Any number of requests at once have one budget and one breaker. README
func TestConcurrentUse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var attempts atomic.Int32
		all, more := make(chan struct{}), make(chan struct{}) // first attempts, and retries, are under way
		upstream := roundTripper(func(r *http.Request) (*http.Response, error) {
			if attempts.Add(1) <= 32 {
				<-all
			} else {
				<-more
			}
			return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
		})
		ask := func(h http.Handler) []*contract.Pending[int] {
			var calls []*contract.Pending[int]
			for range 32 {
				calls = append(calls, contract.Go("an answer", func() int {
					w := httptest.NewRecorder()
					h.ServeHTTP(w, httptest.NewRequest("GET", "http://api/", nil))
					return w.Code
				}))
			}
			return calls
		}
		contract.Step(t, "32 requests at once, which all fail, and a budget of nine retries")
		calls := ask(sidecar.New(upstream, sidecar.Policy{Budget: 0.25, Failures: 1000}))
		contract.Settle()
		close(all)
		contract.Settle()
		close(more)
		for _, c := range calls {
			if code := c.Await(t); code != 503 {
				contract.Mismatch(t, "a status", fmt.Sprint(code), "503")
			}
		}
		if got := attempts.Load(); got != 32+9 {
			contract.Mismatch(t, "the number of attempts", fmt.Sprint(got), "41")
		}
		contract.Step(t, "a failure opens a breaker; after OpenFor come 32 requests at once")
		h := sidecar.New(upstream, sidecar.Policy{Attempts: 1, Failures: 1, OpenFor: time.Second})
		contract.Call(t, "an answer", func() bool {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "http://api/", nil))
			return true
		})
		contract.Pass(2 * time.Second)
		attempts.Store(0)
		all = make(chan struct{})
		calls = ask(h)
		contract.Settle()
		if got := attempts.Load(); got != 1 {
			contract.Mismatch(t, "the number of probes", fmt.Sprint(got), "1")
		}
		close(all)
		for _, c := range calls {
			c.Await(t)
		}
	})
}

// status answers with these statuses, one visit after the other, and goes on
// with the last.
func status(codes ...int) func(int, http.ResponseWriter, *http.Request) {
	return func(n int, w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.Header().Set("Retry-After", "77")
		w.WriteHeader(codes[min(n, len(codes))-1])
		fmt.Fprint(w, "answer ", n)
	}
}

func (a answer) wantStatus(t *testing.T, status int) {
	t.Helper()
	a.wants(t, status, a.Body)
}

// wantAttempts checks how often the sidecar has asked its transport.
func (s *site) wantAttempts(t *testing.T, want int) {
	t.Helper()
	if got := int(s.attempts.Load()); got != want {
		contract.Mismatch(t, "the number of attempts", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// wantClosed checks that the body of every answer to the sidecar is closed.
func (s *site) wantClosed(t *testing.T) {
	t.Helper()
	contract.Pass(5 * delay)
	if n := s.bodies.Load(); n != 0 {
		contract.Failf(t, "the sidecar has left the bodies of %d answers open", n)
	}
}

// newUpload returns a body that is what is written to feed.
func newUpload(length int64) (body *upload, feed *io.PipeWriter) {
	r, w := io.Pipe()
	return &upload{r, length}, w
}
