package sse_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/sse"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A block of fields up to a blank line is an event; its data lines are joined
// with line feeds. WHATWG HTML §9.2.6
func TestFieldsMakeAnEvent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		wantDecoded(t, "data: YHOO\ndata: +2\ndata: 10\n\nid: 7\nevent: add\ndata: 73857293\n\n",
			sse.Event{Type: "message", Data: "YHOO\n+2\n10"},
			sse.Event{Type: "add", Data: "73857293", ID: "7"})
	})
}

// A line ends with LF, with CR or with CR LF, and they may be mixed. WHATWG
// HTML §9.2.5
func TestLineEnds(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for name, end := range map[string]string{"LF": "\n", "CR": "\r", "CR LF": "\r\n"} {
			contract.Step(t, "lines that end with %s", name)
			stream := strings.ReplaceAll("data: one\nid: 1\n\ndata: two\n\n\ndata: three\ndata\ndata: four\n\n", "\n", end)
			wantDecoded(t, stream, message("one", "1"), message("two", "1"), message("three\n\nfour", "1"))
		}
		contract.Step(t, "all of them in one event, after a web platform test (eventsource/format-newlines)")
		wantDecoded(t, "data:test\r\ndata\ndata:test\r\n\r", message("test\n\ntest", ""))
		wantDecoded(t, "data: a\rdata: b\n\ndata: c\r\n\ndata: d\n\r\n", message("a\nb", ""), message("c", ""), message("d", ""))
	})
}

// A line that begins with a colon is a comment; an unknown field is ignored.
// Neither changes the event that it stands in. WHATWG HTML §9.2.6
func TestCommentsAndUnknownFields(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		long := strings.Repeat("x", 2048)
		contract.Step(t, "comments, after a web platform test (eventsource/format-comments)")
		wantDecoded(t, "data:1\r:\x00\n:\r\ndata:2\n:"+long+"\rdata:3\n:data:fail\r:"+long+"\ndata:4\n\n", message("1\n2\n3\n4", ""))
		contract.Step(t, "fields that nobody knows")
		wantDecoded(t, "datum: x\nfield\ndata: a\nids: 9\nx: : y\n\n: only a comment\n\nother: z\n\ndata: b\n\n", message("a", ""), message("b", ""))
	})
}

// An event without its blank line when the stream ends is dropped. WHATWG HTML
// §9.2.6
func TestIncompleteEvent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, rest := range []string{"data: torn", "data: torn\n", "id: 2\nevent: x\ndata: torn\r\n", ":", "data"} {
			contract.Step(t, "the stream ends after %q", rest)
			wantDecoded(t, "id: 1\ndata: whole\n\n"+rest, message("whole", "1"))
		}
	})
}

// Each message of a writer is at the client as soon as it was sent, the header
// even before the first one. README
func TestWriterSends(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		begin, more := make(chan struct{}), make(chan sse.Message)
		s := handle(t, func(w http.ResponseWriter, r *http.Request) {
			sw, err := sse.NewWriter(w, sse.Options{})
			close(begin)
			if err != nil || sw == nil {
				return
			}
			defer sw.Close()
			for m := range more {
				if sw.Send(m) != nil {
					return
				}
			}
		})
		defer s.stop()
		defer close(more)
		contract.Step(t, "a client asks for the stream; no message yet")
		start := time.Now()
		resp := s.open(t, "")
		defer resp.Body.Close()
		wantElapsed(t, start, 2*delay)
		contract.Until(t, "NewWriter to return", begin)
		if resp.StatusCode != http.StatusOK || mediaType(resp) != "text/event-stream" || !strings.Contains(resp.Header.Get("Cache-Control"), "no-store") {
			contract.Mismatch(t, "the header of the response",
				fmt.Sprintf("%s, Content-Type: %q, Cache-Control: %q", resp.Status, resp.Header.Get("Content-Type"), resp.Header.Get("Cache-Control")),
				`200 OK, Content-Type: "text/event-stream", Cache-Control: "no-store"`)
		}
		tail := follow(resp.Body)
		id := "42"
		for i, m := range []sse.Message{{Data: "one"}, {Event: "add", Data: "two\nlines", ID: &id}, {Data: "three"}} {
			contract.Step(t, "Send(%s)", show(m))
			select {
			case more <- m:
			case <-time.After(time.Minute):
				contract.Failf(t, "the handler takes no further message: a Send has failed or has not returned")
			}
			contract.Pass(delay + time.Millisecond)
			want := []sse.Event{message("one", ""), {Type: "add", Data: "two\nlines", ID: "42"}, message("three", "42")}[:i+1]
			wantEvents(t, "at the client, 21 ms after Send", tail.parsed().events, want)
		}
	})
}

// A client asks for an event stream, past any cache, and for what comes after
// the last event that it has seen. WHATWG HTML §9.2.3
func TestRequest(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, answer{body: "data: x\n\n"}, answer{body: "id: …\ndata: y\n\n"}, answer{body: "id\ndata: z\n\n"})
		defer s.stop()
		contract.Step(t, "three connections: no id, the id %q (after a web platform test, eventsource/format-field-id-2), an empty id", "…")
		c := s.follower("")
		c.URL += "?topic=a%26b"
		wantFollowed(t, c, message("x", ""), message("y", "…"), message("z", ""))
		s.wantAsked(t, "", "", "…", "")
		for _, r := range s.requests() {
			h := r.header
			if r.method != http.MethodGet || r.query != "topic=a%26b" || h.Get("Accept") != "text/event-stream" || !strings.Contains(h.Get("Cache-Control"), "no-cache") {
				contract.Mismatch(t, "the request",
					fmt.Sprintf("%s ?%s  Accept: %q  Cache-Control: %q", r.method, r.query, h.Get("Accept"), h.Get("Cache-Control")),
					`GET ?topic=a%26b  Accept: "text/event-stream"  Cache-Control: "no-cache"`)
			}
		}
	})
}

// A client connects again when a stream has ended, after the reconnection
// time, and goes on where it was; 204 tells it not to. WHATWG HTML §9.2.3
func TestClientReconnects(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, answer{body: "id: 1\ndata: a\n\nid: 2\ndata: b\n\n"}, answer{body: "id: 3\ndata: c\n\n", cut: true}, answer{body: ": nothing\n\n"})
		defer s.stop()
		contract.Step(t, "a stream that ends, one that breaks off, one without events, 204")
		c := s.follower("")
		wantFollowed(t, c, message("a", "1"), message("b", "2"), message("c", "3"))
		s.wantAsked(t, "", "2", "3", "3")
		s.wantPauses(t, sse.DefaultRetry, sse.DefaultRetry, sse.DefaultRetry)
		if c.LastEventID != "3" {
			contract.Mismatch(t, "LastEventID after the loop", strconv.Quote(c.LastEventID), `"3"`)
		}
	})
}

const delay = 20 * time.Millisecond // one way between client and server

func message(data, id string) sse.Event { return sse.Event{Type: "message", Data: data, ID: id} }

// pieces is a reader that returns one piece per Read and then err.
type pieces struct {
	chunks [][]byte
	err    error
	joined bool // err comes together with the last piece
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.chunks) == 0 {
		return 0, p.err
	}
	n := copy(b, p.chunks[0])
	if p.chunks[0] = p.chunks[0][n:]; len(p.chunks[0]) == 0 {
		p.chunks = p.chunks[1:]
	}
	if p.joined && len(p.chunks) == 0 {
		return n, p.err
	}
	return n, nil
}

// A decoded is what a decoder returned up to its error.
type decoded struct {
	events []sse.Event
	err    error
}

// decode reads events until there is an error, or far more than the stream can
// hold.
func decode(t *testing.T, r io.Reader, most int) decoded {
	t.Helper()
	return contract.Call(t, "Next to return", func() decoded {
		d, got := sse.NewDecoder(r), decoded{}
		for len(got.events) <= most+3 {
			e, err := d.Next()
			if err != nil {
				got.err = err
				break
			}
			got.events = append(got.events, e)
		}
		return got
	})
}

// wantDecoded feeds a stream in all sorts of pieces and checks the events, and
// that io.EOF comes behind them.
func wantDecoded(t *testing.T, stream string, want ...sse.Event) {
	t.Helper()
	for _, cut := range contract.Cuts(t, []byte(stream)) {
		got := decode(t, &pieces{chunks: cut.Chunks, err: io.EOF}, len(want))
		wantEvents(t, fmt.Sprintf("the events of %s, read %s", clip(stream), cut.Name), got.events, want)
		if !errors.Is(got.err, io.EOF) {
			contract.Mismatch(t, fmt.Sprintf("the error at the end of %s, read %s", clip(stream), cut.Name), fmt.Sprint(got.err), "io.EOF")
		}
	}
}

func wantEvents(t *testing.T, what string, got, want []sse.Event) {
	t.Helper()
	if render(got) != render(want) {
		contract.Mismatch(t, what, render(got), render(want))
	}
}

func render(events []sse.Event) string {
	if len(events) == 0 {
		return "no events"
	}
	var lines []string
	for _, e := range events {
		lines = append(lines, fmt.Sprintf("type %q  data %s  id %q", e.Type, clip(e.Data), e.ID))
	}
	return strings.Join(lines, "\n")
}

// clip quotes s, or so much of it as is worth seeing.
func clip(s string) string {
	if len(s) <= 160 {
		return strconv.Quote(s)
	}
	return fmt.Sprintf("%q... %d octets", s[:160], len(s))
}

func show(m sse.Message) string {
	id := "nil"
	if m.ID != nil {
		id = clip(*m.ID)
	}
	return fmt.Sprintf("Event %q, Data %s, Comment %q, ID %s, Retry %s", m.Event, clip(m.Data), m.Comment, id, m.Retry)
}

// A parsed is what a stream says, by a parser of the suite's own: it has the
// whole text and can afford to be simple.
type parsed struct {
	events   []sse.Event
	id       string   // the last event ID at the end
	retry    []string // values of retry
	comments []string
	rest     string // what no blank line ended
}

func parse(stream string) parsed {
	var p parsed
	stream = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimPrefix(stream, "\ufeff"))
	id, typ, data := "", "", []string(nil)
	lines := strings.SplitAfter(stream, "\n")
	for _, line := range lines[:len(lines)-1] {
		p.rest += line
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case line == "\n":
			p.id = id
			if data != nil {
				if typ == "" {
					typ = "message"
				}
				p.events = append(p.events, sse.Event{Type: typ, Data: strings.Join(data, "\n"), ID: id})
			}
			typ, data, p.rest = "", nil, ""
		case name == "":
			p.comments = append(p.comments, value)
		case name == "event":
			typ = value
		case name == "data":
			data = append(data, value)
		case name == "id" && !strings.Contains(value, "\x00"):
			id = value
		case name == "retry":
			p.retry = append(p.retry, value)
		}
	}
	p.rest += lines[len(lines)-1]
	return p
}

// A tail keeps what has come of a body.
type tail struct {
	mu    sync.Mutex
	text  []byte
	reads []time.Time // when octets came
	ended bool
}

// follow reads a body until it ends.
func follow(body io.Reader) *tail {
	f := &tail{}
	go func() {
		b := make([]byte, 4096)
		for {
			n, err := body.Read(b)
			f.mu.Lock()
			if f.text = append(f.text, b[:n]...); n > 0 {
				f.reads = append(f.reads, time.Now())
			}
			f.ended = err != nil
			f.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	return f
}

func (f *tail) parsed() parsed {
	f.mu.Lock()
	defer f.mu.Unlock()
	return parse(string(f.text))
}

// A site is a server with a handler, a network and an HTTP client.
type site struct {
	net    *memnet.Network
	server *http.Server
	client *http.Client
}

// handle puts a handler behind a real HTTP server.
func handle(t *testing.T, h http.HandlerFunc) *site {
	n := memnet.New(t)
	n.SetLink("client", "server", memnet.Link{Delay: delay})
	wire.Record(t, n, map[uint16]wire.Protocol{80: wire.SSE})
	s := &site{net: n, server: &http.Server{Handler: h}}
	s.client = &http.Client{Transport: &http.Transport{DialContext: n.Dialer("client"), DisableCompression: true, DisableKeepAlives: true}}
	s.listen(t)
	return s
}

func (s *site) listen(t *testing.T) {
	l, err := s.net.Listen("server:80")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	go s.server.Serve(l)
}

// stop ends the server and the connections that are left.
func (s *site) stop() {
	s.client.CloseIdleConnections()
	s.server.Close()
}

// open asks for the stream; it returns when the response's header is there.
func (s *site) open(t *testing.T, query string) *http.Response {
	t.Helper()
	type result struct {
		resp *http.Response
		err  error
	}
	r := contract.Call(t, "the header of the response", func() result {
		resp, err := s.client.Get("http://server/events" + query)
		return result{resp, err}
	})
	if r.err != nil {
		contract.Failf(t, "no response: %v", r.err)
	}
	return r.resp
}

func mediaType(resp *http.Response) string {
	essence, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(essence))
}

// An answer is what a scripted server does with one request.
type answer struct {
	status int    // 0 means 200
	typ    string // Content-Type; "" means text/event-stream, "none" none
	body   string
	cut    bool // break the connection behind the body
	none   bool // break it without an answer
	hold   bool // do not end the body
	mute   bool // do not answer at all
}

func (a answer) write(w http.ResponseWriter, r *http.Request) {
	if a.mute {
		<-r.Context().Done()
		return
	}
	if a.none {
		panic(http.ErrAbortHandler)
	}
	switch a.typ {
	case "none":
		w.Header()["Content-Type"] = nil
	case "":
		w.Header().Set("Content-Type", "text/event-stream")
	default:
		w.Header().Set("Content-Type", a.typ)
	}
	w.WriteHeader(cmp.Or(a.status, http.StatusOK))
	if a.status == http.StatusNoContent {
		return
	}
	io.WriteString(w, a.body)
	w.(http.Flusher).Flush()
	if a.hold {
		<-r.Context().Done()
	}
	if a.cut {
		panic(http.ErrAbortHandler)
	}
}

// A scripted site answers the client's requests one after the other, and 204
// when the script is over.
type scripted struct {
	*site
	mu    sync.Mutex
	asked []request
}

type request struct {
	at            time.Time // of its arrival
	done          time.Time // when its answer was complete
	method, query string
	header        http.Header
}

func script(t *testing.T, answers ...answer) *scripted {
	s := &scripted{}
	s.site = handle(t, func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		n := len(s.asked)
		s.asked = append(s.asked, request{at: time.Now(), method: r.Method, query: r.URL.RawQuery, header: r.Header.Clone()})
		s.mu.Unlock()
		defer func() {
			s.mu.Lock()
			s.asked[n].done = time.Now()
			s.mu.Unlock()
		}()
		if n < len(answers) {
			answers[n].write(w, r)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	return s
}

func (s *scripted) requests() []request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]request(nil), s.asked...)
}

// follower returns a client of the site.
func (s *site) follower(lastEventID string) *sse.Client {
	return &sse.Client{HTTP: s.client, URL: "http://server/events", LastEventID: lastEventID}
}

// A followed is what a loop over Events saw.
type followed struct {
	events []sse.Event
	err    error
	pairs  int // with an error
	kept   []string
}

// run ranges over the client's events.
func run(ctx context.Context, c *sse.Client, most int) followed {
	var f followed
	seq := c.Events(ctx)
	if seq == nil {
		f.err = errors.New("Events returned nil")
		return f
	}
	for e, err := range seq {
		if err != nil {
			f.err = err
			if f.pairs++; f.pairs > 3 {
				break
			}
			continue
		}
		f.events = append(f.events, e)
		f.kept = append(f.kept, c.LastEventID)
		if len(f.events) > most+3 {
			break
		}
	}
	return f
}

// wantFollowed checks the events up to the 204 that ends them.
func wantFollowed(t *testing.T, c *sse.Client, want ...sse.Event) {
	t.Helper()
	f := contract.Call(t, "the events to end", func() followed { return run(t.Context(), c, len(want)) })
	wantEvents(t, "the events of the client", f.events, want)
	if f.err != nil {
		contract.Mismatch(t, "how the events ended", "error: "+f.err.Error(), "no error, after 204")
	}
	for i, e := range f.events {
		if f.kept[i] != e.ID {
			contract.Mismatch(t, fmt.Sprintf("LastEventID in the loop's body, at event %d", i+1), strconv.Quote(f.kept[i]), strconv.Quote(e.ID))
		}
	}
}

// wantAsked checks the Last-Event-ID of each request; "" means none.
func (s *scripted) wantAsked(t *testing.T, want ...string) {
	t.Helper()
	var got []string
	for _, r := range s.requests() {
		values := r.header.Values("Last-Event-ID")
		switch {
		case len(values) == 0:
			got = append(got, "")
		case len(values) > 1 || values[0] == "":
			got = append(got, fmt.Sprintf("%d fields: %q", len(values), values))
		default:
			got = append(got, values[0])
		}
	}
	if fmt.Sprintf("%q", got) != fmt.Sprintf("%q", want) {
		contract.Mismatch(t, "the Last-Event-ID of the requests", fmt.Sprintf("%q", got), fmt.Sprintf("%q", want))
	}
}

// wantPauses checks how long the client was silent between an answer and the
// next request. To be seen at the server, both take one way.
func (s *scripted) wantPauses(t *testing.T, want ...time.Duration) {
	t.Helper()
	requests := s.requests()
	var got []time.Duration
	for i := range requests[1:] {
		got = append(got, requests[i+1].at.Sub(requests[i].done)-2*delay)
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		contract.Mismatch(t, "the pauses between the end of an answer and the next request", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// wantElapsed checks how much virtual time has passed since start.
func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		contract.Mismatch(t, "not the time that this was to take", took.String(), want.String())
	}
}
