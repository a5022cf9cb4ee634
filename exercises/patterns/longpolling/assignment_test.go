package longpolling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/longpolling"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A poll for events that are there is answered at once with all of them, in
// order. README
func TestAnswersAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "one", "two", "three")
		contract.Step(t, "poll after=1")
		start := time.Now()
		s.get(t, "after=1&wait=30s").wantEvents(t, 2, "two", "three")
		wantElapsed(t, start, 2*delay, 2*delay)
	})
}

// A poll for an event that is not there yet is held, and answered at the very
// moment the event is published. README
func TestHoldsUntilAnEvent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		contract.Step(t, "poll after=0")
		poll := s.poll("after=0&wait=30s")
		contract.Pass(7*time.Second + 3*time.Millisecond)
		if poll.Returned() {
			contract.Failf(t, "answered before there was an event: %s", poll.Await(t))
		}
		contract.Step(t, "publish")
		start := time.Now()
		s.publish(t, "news")
		poll.Await(t).wantEvents(t, 1, "news")
		wantElapsed(t, start, delay, delay)
	})
}

// A poll that waits in vain is answered with 204 when its wait is over, and
// not before. README
func TestNothingCame(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		contract.Step(t, "poll after=0 wait=5s")
		start := time.Now()
		s.get(t, "after=0&wait=5s").WantStatus(t, http.StatusNoContent)
		wantElapsed(t, start, 5*time.Second+2*delay, 6*time.Second)
		contract.Step(t, "publish, and poll again with the same cursor")
		s.publish(t, "late")
		s.get(t, "after=0&wait=5s").wantEvents(t, 1, "late")
	})
}

// An event that is published between two polls is in the answer to the second.
// README
func TestEventBetweenPolls(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "first")
		contract.Step(t, "poll after=0")
		s.get(t, "after=0&wait=30s").wantEvents(t, 1, "first")
		contract.Step(t, "publish while nobody polls, then poll after=1")
		s.publish(t, "between")
		s.get(t, "after=1&wait=30s").wantEvents(t, 2, "between")
	})
}

// A poll whose parameters are malformed is answered with 400. README
func TestMalformedParameters(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		s.publish(t, "there")
		for _, query := range []string{"after=one", "after=-1", "after=18446744073709551616", "wait=30", "wait=soon", "wait=-1s"} {
			contract.Control(t, "poll after=0")
			s.get(t, "after=0&wait=1s").wantEvents(t, 1, "there")
			contract.Step(t, "poll %s", query)
			s.get(t, query).WantStatus(t, http.StatusBadRequest)
		}
	})
}

// A client follows the feed: every event once, in order, over as many polls
// as it takes. README
func TestClientFollows(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, longpolling.NewFeed(10))
		defer s.stop()
		c := s.follower("")
		contract.Step(t, "two events, then a client that starts at 0")
		s.publish(t, "a", "b")
		wantNext(t, c, 1, "a", "b")
		contract.Step(t, "an event 95 s later, after three polls in vain")
		next := contract.Go("Next to return", func() outcome { return newOutcome(c.Next(t.Context())) })
		contract.Pass(95 * time.Second)
		s.publish(t, "c")
		next.Await(t).wantEvents(t, 3, "c")
	})
}

const delay = 20 * time.Millisecond // one way between client and server

// A site is a server with a handler, a network and an HTTP client.
type site struct {
	net      *memnet.Network
	feed     *longpolling.Feed // what serve was given
	head     uint64            // cursor of the last event published through the site
	server   *http.Server
	client   *http.Client
	requests atomic.Int64 // begun at the server
	active   atomic.Int64 // not ended there yet
}

// serve puts the feed behind a real HTTP server.
func serve(t *testing.T, f *longpolling.Feed) *site {
	s := handle(t, f)
	s.feed = f
	return s
}

// handle puts any handler behind a real HTTP server.
func handle(t *testing.T, h http.Handler) *site {
	n := memnet.New(t)
	n.SetLink("client", "server", memnet.Link{Delay: delay})
	wire.Record(t, n, map[uint16]wire.Protocol{80: wire.HTTP1})
	l, err := n.Listen("server:80")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	s := &site{net: n}
	s.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.requests.Add(1)
		s.active.Add(1)
		defer s.active.Add(-1)
		h.ServeHTTP(w, r)
	})}
	go s.server.Serve(l)
	s.client = &http.Client{Transport: &http.Transport{DialContext: n.Dialer("client"), MaxIdleConnsPerHost: 100}}
	return s
}

// stop closes the feed and ends the server and the connections that are left.
func (s *site) stop() {
	if s.feed != nil {
		s.feed.Close()
	}
	s.client.CloseIdleConnections()
	s.server.Close()
}

// publish appends events and checks that each gets the next cursor.
func (s *site) publish(t *testing.T, data ...string) {
	t.Helper()
	for _, d := range data {
		s.head++
		if got := s.feed.Publish([]byte(d)); got != s.head {
			contract.Mismatch(t, fmt.Sprintf("Publish(%q) returned the wrong cursor", d), fmt.Sprint(got), fmt.Sprint(s.head))
		}
	}
}

// follower returns a client of the site's feed.
func (s *site) follower(query string) *longpolling.Client {
	return &longpolling.Client{HTTP: s.client, URL: "http://server/events" + query}
}

// An answer is what a poll brought.
type answer struct{ exchange.Answer }

// poll sends a poll and does not wait for its answer.
func (s *site) poll(query string) *contract.Pending[answer] {
	return s.pollWith(context.Background(), query)
}

func (s *site) pollWith(ctx context.Context, query string) *contract.Pending[answer] {
	return s.request(ctx, http.MethodGet, query)
}

func (s *site) request(ctx context.Context, method, query string) *contract.Pending[answer] {
	return contract.Go("the answer to "+method+" ?"+query, func() answer {
		req, err := http.NewRequestWithContext(ctx, method, "http://server/events?"+query, nil)
		if err != nil {
			return answer{exchange.Answer{Err: err}}
		}
		return answer{exchange.Read(s.client.Do(req))}
	})
}

// get polls and awaits the answer.
func (s *site) get(t *testing.T, query string) answer {
	t.Helper()
	return s.poll(query).Await(t)
}

// wantEvents checks a 200 with these events, the first of which has the
// cursor first.
func (a answer) wantEvents(t *testing.T, first uint64, data ...string) {
	t.Helper()
	a.WantStatus(t, http.StatusOK)
	var page longpolling.Page
	if err := json.Unmarshal([]byte(a.Body), &page); err != nil {
		contract.Mismatch(t, "the body is not the JSON of a page: "+err.Error(), a.String(), render(expected(first, data)))
	}
	wantEvents(t, page.Events, first, data)
}

// An outcome is what Next returned.
type outcome struct {
	events []longpolling.Event
	err    error
}

func newOutcome(events []longpolling.Event, err error) outcome { return outcome{events, err} }

func (o outcome) wantEvents(t *testing.T, first uint64, data ...string) {
	t.Helper()
	if o.err != nil {
		contract.Mismatch(t, "Next returned an error", o.err.Error(), render(expected(first, data)))
	}
	wantEvents(t, o.events, first, data)
}

func wantNext(t *testing.T, c *longpolling.Client, first uint64, data ...string) {
	t.Helper()
	contract.Call(t, "Next to return", func() outcome { return newOutcome(c.Next(t.Context())) }).wantEvents(t, first, data...)
}

func wantEvents(t *testing.T, got []longpolling.Event, first uint64, data []string) {
	t.Helper()
	if want := expected(first, data); render(got) != render(want) {
		contract.Mismatch(t, "not the events that were to come", render(got), render(want))
	}
}

func expected(first uint64, data []string) []longpolling.Event {
	var events []longpolling.Event
	for i, d := range data {
		events = append(events, longpolling.Event{Cursor: first + uint64(i), Data: []byte(d)})
	}
	return events
}

func render(events []longpolling.Event) string {
	if len(events) == 0 {
		return "no events"
	}
	s := ""
	for _, e := range events {
		s += fmt.Sprintf("%d %q  ", e.Cursor, e.Data)
	}
	return s
}

// wantElapsed checks how much virtual time has passed since start.
func wantElapsed(t *testing.T, start time.Time, least, most time.Duration) {
	t.Helper()
	if took := time.Since(start); took < least || took > most {
		contract.Mismatch(t, "not the time that this was to take", took.String(), fmt.Sprintf("%s to %s", least, most))
	}
}
