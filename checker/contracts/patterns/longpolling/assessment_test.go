package longpolling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/longpolling"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
)

// One event is the answer to every poll that is held, and each of them gets
// it once. README
func TestOneEventWakesAll(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		contract.Step(t, "50 polls are held")
		var polls []*contract.Pending[answer]
		for range 50 {
			polls = append(polls, s.poll("after=0&wait=30s"))
		}
		contract.Pass(time.Second)
		contract.Step(t, "publish")
		start := time.Now()
		s.publish(t, "for all")
		for _, poll := range polls {
			poll.Await(t).wantEvents(t, 1, "for all")
		}
		wantElapsed(t, start, delay, delay)
		contract.Fence(t, "publish once more; nobody polls, so the next poll gets it alone")
		s.publish(t, "for one")
		s.get(t, "after=1&wait=1s").wantEvents(t, 2, "for one")
		if n := s.requests.Load(); n != 51 {
			contract.Failf(t, "the server saw %d polls, want 51", n)
		}
	})
}

// A feed keeps the newest events: a poll after an event that is still
// followed without a gap is answered, any older cursor is 410. README
func TestDroppedEventIs410(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(3))
		defer s.stop()
		s.publish(t, "1", "2", "3", "4", "5")
		contract.Control(t, "poll after=2: events 3 to 5 are kept")
		s.get(t, "after=2&wait=1s").wantEvents(t, 3, "3", "4", "5")
		for _, after := range []int{0, 1} {
			contract.Step(t, "poll after=%d", after)
			s.get(t, fmt.Sprintf("after=%d&wait=1s", after)).WantStatus(t, http.StatusGone)
		}
	})
}

// A cursor that the feed never gave out is 410: its owner has followed
// another feed. README
func TestCursorBeyondTheHeadIs410(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "1", "2")
		contract.Step(t, "poll after=3, the head is 2")
		start := time.Now()
		s.get(t, "after=3&wait=30s").WantStatus(t, http.StatusGone)
		wantElapsed(t, start, 2*delay, 2*delay)
		contract.Control(t, "poll after=2 is held")
		poll := s.poll("after=2&wait=30s")
		contract.Pass(time.Second)
		s.publish(t, "3")
		poll.Await(t).wantEvents(t, 3, "3")
	})
}

// A client that goes away frees its poll at once. README
func TestClientGone(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		contract.Step(t, "two polls are held")
		gone, stays := s.pollWith(ctx, "after=0&wait=30s"), s.poll("after=0&wait=30s")
		contract.Pass(time.Second)
		if n := s.active.Load(); n != 2 {
			contract.Failf(t, "%d polls are held at the server, want 2", n)
		}
		contract.Step(t, "one client goes away")
		cancel()
		contract.Pass(delay + time.Millisecond)
		if n := s.active.Load(); n != 1 {
			contract.Failf(t, "%d polls are held at the server, want 1", n)
		}
		gone.Await(t)
		contract.Control(t, "publish: the other one gets it")
		s.publish(t, "news")
		stays.Await(t).wantEvents(t, 1, "news")
	})
}

// Close answers every held poll and every later one with 503, and ends the
// numbering: Publish returns 0. README
func TestCloseAnswers503(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "kept")
		contract.Control(t, "a poll before Close")
		s.get(t, "after=0&wait=1s").wantEvents(t, 1, "kept")
		contract.Step(t, "Close while two polls are held")
		polls := []*contract.Pending[answer]{s.poll("after=1&wait=30s"), s.poll("after=1&wait=30s")}
		contract.Pass(time.Second)
		start := time.Now()
		for range 2 {
			if err := contract.Call(t, "Close to return", s.feed.Close); err != nil {
				contract.Failf(t, "Close returned %q, want nil", err)
			}
		}
		for _, poll := range polls {
			poll.Await(t).WantStatus(t, http.StatusServiceUnavailable)
		}
		wantElapsed(t, start, delay, delay)
		contract.Step(t, "poll after Close, also for an event that was kept")
		s.get(t, "after=0&wait=1s").WantStatus(t, http.StatusServiceUnavailable)
		if cursor := s.feed.Publish([]byte("too late")); cursor != 0 {
			contract.Failf(t, "Publish after Close returned cursor %d, want 0", cursor)
		}
	})
}

// No poll is held for longer than 60 s, whatever it asks for; one that does
// not say is held for 30 s. README
func TestWaitIsBounded(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		for _, c := range []struct {
			query string
			held  time.Duration
		}{{"after=0&wait=10m", 60 * time.Second}, {"after=0", 30 * time.Second}, {"wait=90s", 60 * time.Second}} {
			contract.Step(t, "poll %s", c.query)
			start := time.Now()
			s.get(t, c.query).WantStatus(t, http.StatusNoContent)
			wantElapsed(t, start, c.held+2*delay, c.held+time.Second)
		}
	})
}

// A poll with wait=0s is answered at once, with or without events. README
func TestZeroWait(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		contract.Step(t, "poll wait=0s of an empty feed")
		start := time.Now()
		s.get(t, "after=0&wait=0s").WantStatus(t, http.StatusNoContent)
		wantElapsed(t, start, 2*delay, 2*delay+time.Millisecond)
		contract.Control(t, "publish, and poll wait=0s")
		s.publish(t, "news")
		s.get(t, "after=0&wait=0s").wantEvents(t, 1, "news")
	})
}

// Publish copies its argument. README
func TestPublishCopies(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		contract.Step(t, "publish from a buffer, then use the buffer again")
		buf := []byte("first")
		s.head++
		s.feed.Publish(buf)
		copy(buf, "wrong")
		s.get(t, "after=0&wait=1s").wantEvents(t, 1, "first")
	})
}

// An answer that its client does not take holds up neither Publish nor another
// poll. README
func TestSlowClientHoldsUpNobody(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "news")
		contract.Step(t, "the answer to a poll is stuck in its connection")
		slow := &stuckWriter{header: http.Header{}, entered: make(chan struct{}), release: make(chan struct{})}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/events?after=0&wait=1s", nil)
		served := contract.Go("the stuck poll to end", func() bool { s.feed.ServeHTTP(slow, r); return true })
		contract.Until(t, "the answer to be written", slow.entered)
		contract.Step(t, "publish, and poll from elsewhere")
		if cursor := contract.Call(t, "Publish to return", func() uint64 { return s.feed.Publish([]byte("more")) }); cursor != 2 {
			contract.Failf(t, "Publish returned cursor %d, want 2", cursor)
		}
		s.get(t, "after=1&wait=1s").wantEvents(t, 2, "more")
		close(slow.release)
		served.Await(t)
	})
}

// Only GET is a poll: any other method is 405 and names the one that is
// allowed. RFC 9110 §15.5.6 MUST
func TestOtherMethods(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "news")
		for _, method := range []string{http.MethodPost, http.MethodDelete, http.MethodPut} {
			contract.Control(t, "GET")
			s.get(t, "after=0&wait=1s").wantEvents(t, 1, "news")
			contract.Step(t, "%s", method)
			a := s.request(t.Context(), method, "after=0&wait=1s").Await(t)
			a.WantStatus(t, http.StatusMethodNotAllowed)
			if allow := a.Header.Get("Allow"); allow != http.MethodGet {
				contract.Mismatch(t, "405 must say what is allowed", fmt.Sprintf("Allow: %q", allow), `Allow: "GET"`)
			}
		}
	})
}

// No answer may be kept by a cache: the same URL means something else a moment
// later. RFC 9111 §5.2.2.5
func TestNoAnswerIsStored(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(1))
		defer s.stop()
		s.publish(t, "1", "2")
		for after, status := range []int{410, 200, 204} {
			contract.Step(t, "poll after=%d", after)
			a := s.get(t, fmt.Sprintf("after=%d&wait=1s", after))
			a.WantStatus(t, status)
			if !strings.Contains(a.Header.Get("Cache-Control"), "no-store") {
				contract.Mismatch(t, fmt.Sprintf("a cache may keep this %d", status), fmt.Sprintf("Cache-Control: %q", a.Header.Get("Cache-Control")), "Cache-Control: no-store")
			}
			if want := "application/json"; status == 200 && !strings.HasPrefix(a.Header.Get("Content-Type"), want) {
				contract.Mismatch(t, "the type of the body", a.Header.Get("Content-Type"), want)
			}
		}
	})
}

// Whatever the pace of publishing, each client gets every event once and in
// order. README
func TestEveryEventOnceInOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const events, clients = 200, 4
		s := serve(t, longpolling.NewFeed(events))
		defer s.stop()
		rnd := contract.Rand(t)
		contract.Step(t, "%d clients follow while %d events are published at random intervals", clients, events)
		var followers []*contract.Pending[error]
		for range clients {
			followers = append(followers, contract.Go("a client to have all events", func() error { return followTo(t.Context(), s.follower(""), events) }))
		}
		for i := range events {
			contract.Pass(time.Duration(rnd.IntN(90_000)+1)*time.Microsecond + 13*time.Nanosecond)
			s.publish(t, fmt.Sprint("event ", i+1))
		}
		for _, f := range followers {
			if err := f.Await(t); err != nil {
				contract.Failf(t, "%v", err)
			}
		}
	})
}

// Publish may be called from anywhere at once: every event has a cursor of its
// own, none is missing, and whoever follows gets each of them. README
func TestConcurrentPublishers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const publishers, each = 4, 25
		s := serve(t, longpolling.NewFeed(publishers*each))
		defer s.stop()
		contract.Step(t, "%d goroutines publish %d events each, all at the same instants, while a client follows", publishers, each)
		follower := contract.Go("a client to have all events", func() []uint64 { return cursorsTo(t.Context(), s.follower(""), publishers*each) })
		var publishing []*contract.Pending[[]uint64]
		for range publishers {
			publishing = append(publishing, contract.Go("the publishers", func() []uint64 { return publishMany(s.feed, each) }))
		}
		var given []uint64
		for _, p := range publishing {
			given = append(given, p.Await(t)...)
		}
		slices.Sort(given)
		var want []uint64
		for i := range uint64(publishers * each) {
			want = append(want, i+1)
		}
		if !slices.Equal(given, want) {
			contract.Mismatch(t, "the cursors that Publish returned, sorted", fmt.Sprint(given), fmt.Sprint(want))
		}
		if got := follower.Await(t); !slices.Equal(got, want) {
			contract.Mismatch(t, "the cursors that the client has seen", fmt.Sprint(got), fmt.Sprint(want))
		}
	})
}

// publishMany publishes an event every 7 ms and returns their cursors.
func publishMany(f *longpolling.Feed, n int) []uint64 {
	var cursors []uint64
	for range n {
		cursors = append(cursors, f.Publish([]byte("event")))
		time.Sleep(7 * time.Millisecond)
	}
	return cursors
}

// cursorsTo follows until it has seen last, or an error.
func cursorsTo(ctx context.Context, c *longpolling.Client, last uint64) []uint64 {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	var cursors []uint64
	for len(cursors) == 0 || cursors[len(cursors)-1] < last {
		events, err := c.Next(ctx)
		if err != nil || len(events) == 0 {
			break
		}
		for _, e := range events {
			cursors = append(cursors, e.Cursor)
		}
	}
	return cursors
}

// An answer that breaks off, or is not a page, is a failed poll: the next one
// comes after a pause and asks from the same cursor. README
func TestHalfAnAnswer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t,
			reply{status: 200, body: page(1, "whole")},
			reply{status: 200, body: page(2, "torn", "off"), cut: true},
			reply{status: 200, body: "<html>"},
			reply{status: 200, body: `{"events": "none"}`},
			reply{status: 200, body: page(2, "torn", "off")},
		)
		defer s.stop()
		c := s.follower("")
		contract.Control(t, "a whole answer")
		wantNext(t, c, 1, "whole")
		contract.Step(t, "an answer whose connection breaks within the body, and two that are no page")
		wantNext(t, c, 2, "torn", "off")
		s.wantPolls(t, "0", "1", "1", "1", "1")
		s.wantPauses(t, 0, 1, 2, 4)
	})
}

// A poll that fails is tried again after 1 s, then 2 s, 4 s and so on up to
// 30 s; a success ends the row. README
func TestBackoff(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		bad := reply{status: 500}
		s := script(t, reply{status: 204}, bad, bad, bad, bad, bad, bad, bad, reply{status: 204}, bad, reply{status: 200, body: page(1, "at last")})
		defer s.stop()
		contract.Step(t, "204, seven times 500, 204, 500, then an event")
		wantNext(t, s.follower(""), 1, "at last")
		s.wantPauses(t, 0, 1, 2, 4, 8, 16, 30, 30, 0, 1)
	})
}

// A server that says when to come back is obeyed to the second. RFC 9110 §10.2.3
func TestRetryAfter(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, reply{status: 503, retryAfter: "45"}, reply{status: 503}, reply{status: 503, retryAfter: "3"}, reply{status: 200, body: page(1, "open again")})
		defer s.stop()
		contract.Step(t, "503 with Retry-After 45, 503 without, 503 with Retry-After 3, then an event")
		wantNext(t, s.follower(""), 1, "open again")
		s.wantPauses(t, 45, 2, 3)
	})
}

// A gap is never passed over in silence: 410, and an answer that does not go
// on where the client is, are ErrGap, and the cursor stays. README
func TestGap(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, gap := range []reply{
			{status: 410},
			{status: 200, body: page(9, "far ahead")},
			{status: 200, body: `{"events":[{"cursor":2,"data":"Yg=="},{"cursor":4,"data":"ZA=="}]}`},
		} {
			s := script(t, reply{status: 200, body: page(1, "a")}, gap)
			c := s.follower("")
			contract.Control(t, "an event")
			wantNext(t, c, 1, "a")
			contract.Step(t, "← %d %s", gap.status, gap.body)
			o := contract.Call(t, "Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
			if !errors.Is(o.err, longpolling.ErrGap) {
				contract.Mismatch(t, "Next did not report the gap", fmt.Sprintf("%s, error %v", render(o.events), o.err), "ErrGap")
			}
			if c.After != 1 {
				contract.Failf(t, "After is %d, want 1", c.After)
			}
			s.stop()
		}
	})
}

// An event that comes a second time is left out. README
func TestDuplicates(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, reply{status: 200, body: page(1, "a", "b")}, reply{status: 200, body: page(1, "a", "b")}, reply{status: 200, body: page(2, "b", "c")})
		defer s.stop()
		c := s.follower("")
		contract.Control(t, "two events")
		wantNext(t, c, 1, "a", "b")
		contract.Step(t, "both once more; then one of them with a new one")
		wantNext(t, c, 3, "c")
		s.wantPolls(t, "0", "2", "2")
	})
}

// Next ends with its context at once, in a poll and in a pause. README
func TestNextEndsWithItsContext(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, during := range []reply{{hold: true}, {status: 503, retryAfter: "20"}} {
			s := script(t, reply{status: 200, body: page(1, "a")}, during)
			c := s.follower("")
			contract.Control(t, "an event")
			wantNext(t, c, 1, "a")
			contract.Step(t, "cancelled 5 s after the answer %s", during)
			ctx, cancel := context.WithCancel(t.Context())
			next := contract.Go("Next to return", func() outcome { return newOutcome(c.Next(ctx)) })
			contract.Pass(5 * time.Second)
			start := time.Now()
			cancel()
			if o := next.Await(t); !errors.Is(o.err, context.Canceled) {
				contract.Mismatch(t, "the error of Next", fmt.Sprint(o.err), "context.Canceled")
			}
			wantElapsed(t, start, 0, 0)
			s.stop()
		}
	})
}

// Polls that end well, with events or without, share one connection. README
func TestOneConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(50))
		defer s.stop()
		c := s.follower("")
		c.Wait = 5 * time.Second
		contract.Step(t, "20 events, some of them after polls in vain")
		for i := range uint64(20) {
			next := contract.Go("Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
			contract.Pass(time.Duration(i)*time.Second + 3*time.Millisecond)
			s.publish(t, strings.Repeat("x", 3000))
			next.Await(t).wantEvents(t, i+1, strings.Repeat("x", 3000))
		}
		if n := s.net.Counts("client", "server").Dials; n != 1 {
			contract.Failf(t, "%d connections were opened for %d polls, want 1", n, s.requests.Load())
		}
		contract.Step(t, "answers whose end comes a moment after the page")
		late := script(t, reply{status: 200, body: page(1, "a"), late: true}, reply{status: 204}, reply{status: 200, body: page(2, "b"), late: true}, reply{status: 200, body: page(3, "c")})
		defer late.stop()
		c = late.follower("")
		for i, data := range []string{"a", "b", "c"} {
			wantNext(t, c, uint64(i)+1, data)
		}
		if n := late.net.Counts("client", "server").Dials; n != 1 {
			contract.Failf(t, "%d connections were opened for %d polls, want 1", n, late.requests.Load())
		}
	})
}

// The query that the feed's address has already goes with every poll. README
func TestAddressKeepsItsQuery(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, reply{status: 200, body: page(8, "h")})
		defer s.stop()
		c := s.follower("?token=a%26b&after=99")
		c.After, c.Wait = 7, 1500*time.Millisecond
		contract.Step(t, "a client whose URL is %s, at cursor 7", c.URL)
		wantNext(t, c, 8, "h")
		got := s.polls[0].query
		if got.Get("token") != "a&b" || got.Get("after") != "7" || len(got["after"]) != 1 || got.Get("wait") != "1.5s" {
			contract.Mismatch(t, "the parameters of the poll", got.Encode(), "after=7&token=a%26b&wait=1.5s")
		}
	})
}

// A status that no later poll will mend ends Next with an error, and so does a
// URL that is none. README
func TestHopelessStatus(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, status := range []int{400, 401, 404} {
			s := script(t, reply{status: 200, body: page(1, "a")}, reply{status: status}, reply{status: 200, body: page(2, "b")})
			c := s.follower("")
			contract.Control(t, "an event")
			wantNext(t, c, 1, "a")
			contract.Step(t, "%d", status)
			o := contract.Call(t, "Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
			if o.err == nil || errors.Is(o.err, longpolling.ErrGap) {
				contract.Mismatch(t, fmt.Sprintf("Next after %d", status), fmt.Sprintf("%s, error %v", render(o.events), o.err), "an error other than ErrGap")
			}
			s.wantPolls(t, "0", "1")
			s.stop()
		}
		contract.Step(t, "a URL that cannot be parsed")
		c := &longpolling.Client{URL: "http://server/%zz"}
		start := time.Now()
		o := contract.Call(t, "Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
		if o.err == nil || errors.Is(o.err, longpolling.ErrGap) {
			contract.Mismatch(t, "Next", fmt.Sprintf("%s, error %v", render(o.events), o.err), "an error other than ErrGap")
		}
		wantElapsed(t, start, 0, 0)
	})
}

// The body of every answer is closed, whatever it is and whatever becomes of
// it. README
func TestBodiesAreClosed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, reply{status: 503, body: "later"}, reply{status: 200, body: page(1, "a"), cut: true}, reply{status: 200, body: "no page"},
			reply{status: 204}, reply{status: 200, body: page(1, "a")}, reply{status: 404, body: "what?"}, reply{status: 410, body: "gone"})
		defer s.stop()
		bodies := &closing{upstream: s.client.Transport}
		c := s.follower("")
		c.HTTP = &http.Client{Transport: bodies}
		contract.Step(t, "503, half an answer, what is no page, 204, and an event")
		wantNext(t, c, 1, "a")
		bodies.wantClosed(t, 5)
		for i, status := range []int{404, 410} {
			contract.Step(t, "%d", status)
			o := contract.Call(t, "Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
			if gap := errors.Is(o.err, longpolling.ErrGap); o.err == nil || gap != (status == 410) {
				contract.Mismatch(t, fmt.Sprintf("Next after %d", status), fmt.Sprintf("%s, error %v", render(o.events), o.err), "an error, ErrGap for 410")
			}
			bodies.wantClosed(t, int64(6+i))
		}
	})
}

// A closing counts answers, and the bodies of them that are not closed.
type closing struct {
	upstream      http.RoundTripper
	answers, open atomic.Int64
}

func (c *closing) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.upstream.RoundTrip(r)
	if err == nil {
		c.answers.Add(1)
		c.open.Add(1)
		resp.Body = exchange.OnClose(resp.Body, func() { c.open.Add(-1) })
	}
	return resp, err
}

func (c *closing) wantClosed(t *testing.T, answers int64) {
	t.Helper()
	contract.Settle()
	if got, open := c.answers.Load(), c.open.Load(); got != answers || open != 0 {
		contract.Mismatch(t, "bodies", fmt.Sprintf("%d answers, %d of their bodies not closed", got, open), fmt.Sprintf("%d answers, all closed", answers))
	}
}

// followTo reads events 1 to last and reports the first that is wrong.
func followTo(ctx context.Context, c *longpolling.Client, last uint64) error {
	for want := uint64(1); want <= last; {
		events, err := c.Next(ctx)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return errors.New("Next returned neither events nor an error")
		}
		for _, e := range events {
			if e.Cursor != want || string(e.Data) != fmt.Sprint("event ", want) {
				return fmt.Errorf("got event %d %q, want %d", e.Cursor, e.Data, want)
			}
			want++
		}
	}
	return nil
}

// page is the JSON of a page of events from a cursor on.
func page(first uint64, data ...string) string {
	b, err := json.Marshal(longpolling.Page{Events: expected(first, data)})
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return string(b)
}

// A reply is what a scripted server answers to one poll.
type reply struct {
	status     int
	body       string
	retryAfter string
	cut        bool // break the connection in the middle of the body
	late       bool // end a moment after the body
	hold       bool // do not answer at all
}

func (r reply) String() string {
	if r.hold {
		return "that never comes"
	}
	return fmt.Sprintf("%d Retry-After %s", r.status, r.retryAfter)
}

// A scripted site answers the client's polls one after the other.
type scripted struct {
	*site
	polls []arrival
}

type arrival struct {
	at    time.Time
	query url.Values
}

func script(t *testing.T, replies ...reply) *scripted {
	s := &scripted{}
	s.site = handle(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := len(s.polls) // one client, one poll at a time
		s.polls = append(s.polls, arrival{time.Now(), r.URL.Query()})
		if n >= len(replies) || replies[n].hold {
			<-r.Context().Done()
			return
		}
		replies[n].write(w)
	}))
	return s
}

func (r reply) write(w http.ResponseWriter) {
	if r.retryAfter != "" {
		w.Header().Set("Retry-After", r.retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	if r.cut {
		w.Header().Set("Content-Length", fmt.Sprint(len(r.body)))
		io.WriteString(w, r.body[:len(r.body)/2])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(r.status)
	if r.status != http.StatusNoContent {
		io.WriteString(w, r.body)
	}
	if r.late {
		w.(http.Flusher).Flush()
		time.Sleep(time.Millisecond)
	}
}

// wantPolls checks the cursors that were asked for.
func (s *scripted) wantPolls(t *testing.T, after ...string) {
	t.Helper()
	var got []string
	for _, p := range s.polls {
		got = append(got, p.query.Get("after"))
	}
	if fmt.Sprint(got) != fmt.Sprint(after) {
		contract.Mismatch(t, "the cursors of the polls", fmt.Sprint(got), fmt.Sprint(after))
	}
}

// wantPauses checks how many whole seconds lay between the polls, beyond the
// round trip.
func (s *scripted) wantPauses(t *testing.T, seconds ...int) {
	t.Helper()
	var got []int
	for i, p := range s.polls[1:] {
		got = append(got, int((p.at.Sub(s.polls[i].at) - 2*delay).Round(100*time.Millisecond).Seconds()))
	}
	if fmt.Sprint(got) != fmt.Sprint(seconds) {
		contract.Mismatch(t, "the seconds between the polls", fmt.Sprint(got), fmt.Sprint(seconds))
	}
}

// A stuckWriter is a connection that takes no octet until it is released.
type stuckWriter struct {
	header  http.Header
	entered chan struct{}
	release chan struct{}
	stuck   bool
}

func (w *stuckWriter) Header() http.Header { return w.header }

func (w *stuckWriter) WriteHeader(int) {}

func (w *stuckWriter) Write(b []byte) (int, error) {
	if !w.stuck {
		w.stuck = true
		close(w.entered)
		<-w.release
	}
	return len(b), nil
}
