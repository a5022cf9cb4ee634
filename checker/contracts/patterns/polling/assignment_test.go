package polling_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/polling"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A job is accepted at once, long before it is done, and the answer says where
// it is. RFC 9110 §15.3.3, §10.2.2
func TestAcceptsAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		contract.Step(t, "POST /jobs")
		start := time.Now()
		job := s.submit(t, "input")
		wantElapsed(t, start, 2*delay)
		task := s.task(t)
		if task.body != "input" {
			contract.Mismatch(t, "what run was given", fmt.Sprintf("%q", task.body), `"input"`)
		}
		contract.Step(t, "GET %s while it runs", job)
		start = time.Now()
		s.get(t, job).wantState(t, polling.Running, "")
		wantElapsed(t, start, 2*delay)
	})
}

// A job whose run has returned is done, and its status has the result. README
func TestDone(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		job := s.submit(t, "input")
		contract.Step(t, "run returns a result 90 s later")
		contract.Pass(90 * time.Second)
		s.get(t, job).wantState(t, polling.Running, "")
		s.task(t).end("a result \x00\xff", nil)
		s.get(t, job).wantState(t, polling.Done, "a result \x00\xff")
	})
}

// That a job has failed is an answer like any other: 200, and why. README
func TestFailed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		job := s.submit(t, "input")
		contract.Step(t, "run returns an error")
		s.task(t).end("half a result", errors.New("no such table"))
		s.get(t, job).wantState(t, polling.Failed, "no such table")
	})
}

// Who has the status already is told with 304 that it is still the same, and
// without a body; and is given the new one once there is one. RFC 9110 §13.1.2 MUST
func TestNotModified(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		job := s.submit(t, "input")
		contract.Control(t, "GET without a condition")
		a := s.get(t, job)
		a.wantState(t, polling.Running, "")
		tag := a.Header.Get("ETag")
		for range 2 {
			contract.Step(t, "GET If-None-Match: %s", tag)
			s.get(t, job, "If-None-Match", tag).wantNotModified(t)
		}
		contract.Step(t, "run returns; GET If-None-Match: %s", tag)
		s.task(t).end("result", nil)
		s.get(t, job, "If-None-Match", tag).wantState(t, polling.Done, "result")
	})
}

// What is not there is 404. RFC 9110 §15.5.5
func TestUnknownJob(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		job := s.submit(t, "input")
		for _, path := range []string{job[:len(job)-1], job + "A", "/jobs/7"} {
			contract.Control(t, "GET %s", job)
			s.get(t, job).wantState(t, polling.Running, "")
			contract.Step(t, "GET and DELETE %s", path)
			s.get(t, path).WantStatus(t, http.StatusNotFound)
			s.ask(t, http.MethodDelete, path).WantStatus(t, http.StatusNotFound)
		}
	})
}

// The number of requests that a job costs follows from how long it takes: the
// pauses double up to Max. README
func TestRequestsPerJob(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		p := &polling.Poller{Client: s.client, First: time.Second, Max: 8 * time.Second}
		// The polls come some 1, 3, 7, 15, 23 and 31 s after the POST.
		for _, c := range []struct {
			takes time.Duration
			polls int
		}{{500 * time.Millisecond, 1}, {2 * time.Second, 2}, {5 * time.Second, 3}, {12 * time.Second, 4}, {20 * time.Second, 5}, {29 * time.Second, 6}} {
			contract.Step(t, "a job of %s", c.takes)
			before := len(s.arrivals())
			done := s.do(p, t.Context())
			task := s.task(t)
			contract.Pass(c.takes)
			task.end("result", nil)
			done.Await(t).wantState(t, polling.Done, "result")
			if n := len(s.arrivals()) - before; n != 1+c.polls {
				contract.Mismatch(t, "what the job costs", fmt.Sprint(n, " requests"), fmt.Sprintf("%d requests: a POST and %d polls", 1+c.polls, c.polls))
			}
		}
	})
}

// Retry-After is the pause that comes next, in seconds, instead of the
// poller's own. RFC 9110 §10.2.3
func TestRetryAfterSeconds(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t,
			accepted("Retry-After", "7"),
			reply{status: 202, header: []string{"Retry-After", "3"}},
			reply{status: 202},
			reply{status: 200, body: "at last"},
		)
		defer s.stop()
		contract.Step(t, "202 with Retry-After 7, 202 with 3, 202 without, 200")
		s.do(&polling.Poller{Client: s.client}, t.Context()).Await(t).Want(t, 200, "at last")
		s.wantPauses(t, 7*time.Second, 3*time.Second, 4*time.Second)
	})
}

// What is neither "still running" nor a failure of the poll is the end, good
// or bad: it is returned, and nobody asks again. README
func TestFinalAnswers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, status := range []int{200, 404, 410, 401, 403, 400, 408, 201} {
			s := script(t, accepted(), reply{status: 202}, reply{status: status, body: "this is it"})
			contract.Step(t, "202 and then %d", status)
			s.do(&polling.Poller{Client: s.client}, t.Context()).Await(t).Want(t, status, "this is it")
			contract.Pass(5 * time.Minute)
			s.wantPauses(t, time.Second, 2*time.Second)
			s.stop()
		}
	})
}

const delay = 20 * time.Millisecond // one way between client and server

// A site is a handler behind a real HTTP server, with a network and a client.
type site struct {
	net    *memnet.Network
	server *http.Server
	client *http.Client

	mu   sync.Mutex
	seen []arrival
}

// An arrival is a request at the server.
type arrival struct {
	at          time.Time
	method, url string // url with the host that was asked
	header      http.Header
	body        string // of a submission to a script
}

// newSite puts h behind HTTP servers at these hosts and ports.
func newSite(t *testing.T, h http.Handler, hostports ...string) *site {
	n := memnet.New(t)
	n.SetDefault(memnet.Link{Delay: delay})
	wire.Record(t, n, map[uint16]wire.Protocol{80: wire.HTTP1, 8080: wire.HTTP1})
	s := &site{net: n}
	s.server = &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.seen = append(s.seen, arrival{at: time.Now(), method: r.Method, url: r.Host + r.RequestURI, header: r.Header.Clone()})
		s.mu.Unlock()
		h.ServeHTTP(w, r)
	})}
	for _, hostport := range hostports {
		l, err := n.Listen(hostport)
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		go s.server.Serve(l)
	}
	s.client = s.newClient()
	return s
}

// newClient returns a client with connections of its own.
func (s *site) newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DialContext: s.net.Dialer("client"), MaxIdleConnsPerHost: 100}}
}

func (s *site) stop() {
	s.client.CloseIdleConnections()
	s.server.Close()
}

func (s *site) arrivals() []arrival {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]arrival(nil), s.seen...)
}

// wantPauses checks the pauses between the requests: what lay between one and
// the next at the server, beyond the round trip.
func (s *site) wantPauses(t *testing.T, want ...time.Duration) {
	t.Helper()
	var got []time.Duration
	for i, a := range s.arrivals() {
		if i > 0 {
			got = append(got, a.at.Sub(s.seen[i-1].at)-2*delay)
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		contract.Mismatch(t, "the pauses between the requests", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// An office is a site with jobs, whose runs the clause ends.
type office struct {
	*site
	jobs    *polling.Jobs
	started chan *task

	mu    sync.Mutex
	tasks []*task
}

// A task is one call of run.
type task struct {
	ctx  context.Context
	body string
	over chan ending // has room for one
}

type ending struct {
	result string
	err    error
}

// serve puts jobs behind an HTTP server.
func serve(t *testing.T, o polling.Options) *office {
	s := &office{started: make(chan *task, 1000)}
	s.jobs = polling.NewJobs(s.run, o)
	s.site = newSite(t, s.jobs, "server:80")
	return s
}

// run ends when the clause says so or with its context; if its input begins
// with "deaf" the context is nothing to it, if it is "panic" it panics.
func (s *office) run(ctx context.Context, body []byte) ([]byte, error) {
	if string(body) == "panic" {
		panic("the job's")
	}
	task := &task{ctx: ctx, body: string(body), over: make(chan ending, 1)}
	s.mu.Lock()
	s.tasks = append(s.tasks, task)
	s.mu.Unlock()
	s.started <- task
	ended := ctx.Done()
	if strings.HasPrefix(task.body, "deaf") {
		ended = nil
	}
	select {
	case e := <-task.over:
		return []byte(e.result), e.err
	case <-ended:
		return nil, ctx.Err()
	}
}

// end makes the run return, if it has not, and lets the news spread.
func (t *task) end(result string, err error) {
	select {
	case t.over <- ending{result, err}:
	default:
	}
	contract.Settle()
}

// task awaits the next call of run.
func (s *office) task(t *testing.T) *task {
	t.Helper()
	return contract.Await(t, "run to be called", s.started)
}

// stop ends the runs that are left, the jobs, the server and its connections.
func (s *office) stop() {
	s.mu.Lock()
	tasks := s.tasks
	s.mu.Unlock()
	for _, task := range tasks {
		task.end("", nil)
	}
	s.jobs.Close()
	s.site.stop()
}

var jobPath = regexp.MustCompile(`^/jobs/[A-Za-z0-9_-]+$`)

// submit posts a job and returns its path.
func (s *office) submit(t *testing.T, body string) string {
	t.Helper()
	return s.post(body).Await(t).wantJob(t)
}

func (s *office) post(body string) *contract.Pending[answer] {
	return s.request(http.MethodPost, "/jobs", strings.NewReader(body))
}

// get fetches path, with header fields in pairs.
func (s *site) get(t *testing.T, path string, fields ...string) answer {
	t.Helper()
	return s.ask(t, http.MethodGet, path, fields...)
}

func (s *site) ask(t *testing.T, method, path string, fields ...string) answer {
	t.Helper()
	return s.request(method, path, nil, fields...).Await(t)
}

// request sends a request and does not wait for the answer.
func (s *site) request(method, path string, body io.Reader, fields ...string) *contract.Pending[answer] {
	return contract.Go("the answer to "+method+" "+path, func() answer {
		req, err := http.NewRequest(method, "http://server"+path, body)
		if err != nil {
			return answer{Answer: exchange.Answer{Err: err}}
		}
		for i := 0; i < len(fields); i += 2 {
			req.Header.Add(fields[i], fields[i+1])
		}
		return newAnswer(s.client.Do(req))
	})
}

// An answer is what came back, and from where.
type answer struct {
	exchange.Answer
	url *url.URL
}

func newAnswer(resp *http.Response, err error) answer {
	a := answer{Answer: exchange.Read(resp, err)}
	if a.Err == nil {
		a.url = resp.Request.URL
	}
	return a
}

func (a answer) wantNotModified(t *testing.T) {
	t.Helper()
	a.Want(t, http.StatusNotModified, "")
}

// wantJob checks a 202 and returns the path of the job.
func (a answer) wantJob(t *testing.T) string {
	t.Helper()
	a.WantStatus(t, http.StatusAccepted)
	u, err := a.url.Parse(a.Header.Get("Location"))
	if err != nil || u.Host != "server" || !jobPath.MatchString(u.Path) {
		contract.Mismatch(t, "where the job is", fmt.Sprintf("Location: %q", a.Header.Get("Location")), "Location: /jobs/{id}")
	}
	return u.Path
}

// wantState checks a status: 202 or 200, as JSON, with this result or error.
func (a answer) wantState(t *testing.T, state polling.State, text string) {
	t.Helper()
	want := polling.Status{State: state}
	code := http.StatusOK
	switch state {
	case polling.Running:
		code = http.StatusAccepted
	case polling.Done:
		want.Result = []byte(text)
	case polling.Failed:
		want.Error = text
	}
	a.WantStatus(t, code)
	var got polling.Status
	if err := json.Unmarshal([]byte(a.Body), &got); err != nil {
		contract.Mismatch(t, "the body is not the JSON of a status: "+err.Error(), a.String(), render(want))
	}
	if render(got) != render(want) {
		contract.Mismatch(t, "not the status that was to come", render(got), render(want))
	}
}

func render(s polling.Status) string {
	return fmt.Sprintf("%q, result %q, error %q", s.State, s.Result, s.Error)
}

// do starts Do with a submission.
func (s *site) do(p *polling.Poller, ctx context.Context) *contract.Pending[answer] {
	return s.doRequest(p, ctx, submission())
}

func (s *site) doRequest(p *polling.Poller, ctx context.Context, req *http.Request) *contract.Pending[answer] {
	return contract.Go("Do to return", func() answer { return newAnswer(p.Do(ctx, req)) })
}

// submission returns a POST to /jobs.
func submission() *http.Request {
	req, err := http.NewRequest(http.MethodPost, "http://server/jobs", strings.NewReader("input"))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	req.Header.Set("Content-Type", "text/plain")
	return req
}

// A reply is what a scripted server answers to one request.
type reply struct {
	status int
	header []string // in pairs
	body   string
	broken bool // the connection breaks within the answer's first line
	hold   bool // do not answer at all
}

// accepted is a 202 that says where the job is, and more.
func accepted(fields ...string) reply {
	return reply{status: 202, header: append([]string{"Location", "/jobs/7"}, fields...)}
}

// script is a server that answers requests one after the other; whoever comes
// too often gets a 418, which is final.
func script(t *testing.T, replies ...reply) *site {
	var s *site
	var mu sync.Mutex
	n := 0
	s = newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		i := n
		n++
		mu.Unlock()
		s.mu.Lock()
		s.seen[i].body = string(body)
		s.mu.Unlock()
		if i >= len(replies) {
			reply{status: http.StatusTeapot, body: "the script is over"}.write(w)
			return
		}
		if replies[i].hold {
			<-r.Context().Done()
			return
		}
		replies[i].write(w)
	}), "server:80", "other:80", "server:8080")
	return s
}

func (r reply) write(w http.ResponseWriter) {
	if r.broken {
		conn, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic("BUG: " + err.Error())
		}
		rw.WriteString("HTTP/1.")
		rw.Flush()
		conn.Close()
		return
	}
	for i := 0; i < len(r.header); i += 2 {
		w.Header()[r.header[i]] = append(w.Header()[r.header[i]], r.header[i+1])
	}
	w.WriteHeader(r.status)
	io.WriteString(w, r.body)
}

// wantElapsed checks how much virtual time has passed since start.
func wantElapsed(t *testing.T, start time.Time, want time.Duration) {
	t.Helper()
	if took := time.Since(start); took != want {
		contract.Mismatch(t, "not the time that this was to take", took.String(), want.String())
	}
}
