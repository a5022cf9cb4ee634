package polling_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/polling"
	"github.com/wirekata/wirekata/harness/contract"
)

// An id has at least 128 random bits and nothing else: neither a prefix nor a
// second server's ids say anything about it. And a server knows only its own
// jobs: after a restart they are 404, even to If-None-Match: *. README, RFC 9110 §13.2.1 MUST
func TestIDsCannotBeGuessed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var ids []string
		for _, server := range []string{"a server", "the server, restarted"} {
			s := serve(t, polling.Options{})
			contract.Step(t, "100 jobs of %s", server)
			for range 100 {
				ids = append(ids, strings.TrimPrefix(s.submit(t, "input"), "/jobs/"))
			}
			contract.Control(t, "the last one is there, the first of all is there or not")
			s.get(t, "/jobs/"+ids[len(ids)-1]).wantState(t, polling.Running, "")
			if len(ids) > 100 {
				s.get(t, "/jobs/"+ids[0]).WantStatus(t, http.StatusNotFound)
				s.get(t, "/jobs/"+ids[0], "If-None-Match", "*").WantStatus(t, http.StatusNotFound)
			}
			s.stop()
		}
		wantUnguessable(t, ids)
	})
}

// wantUnguessable counts the characters that the ids have at each place, none
// included where some are shorter. That is how many bits they can have at most;
// the tolerance is for what 200 ids do not show.
func wantUnguessable(t *testing.T, ids []string) {
	t.Helper()
	const tolerance = 8
	longest := slices.MaxFunc(ids, func(a, b string) int { return len(a) - len(b) })
	bits := 0.0
	for i := range longest {
		there := map[string]bool{}
		for _, id := range ids {
			there[id[min(i, len(id)):min(i+1, len(id))]] = true
		}
		if len(there) == 1 {
			contract.Failf(t, "character %d of every id is %q: %q, %q, %q", i+1, longest[i], ids[0], ids[1], ids[len(ids)-1])
		}
		bits += math.Log2(float64(len(there)))
	}
	if bits < 128-tolerance {
		contract.Failf(t, "ids like %q have %.0f bits at most, want 128", ids[0], bits)
	}
	slices.Sort(ids)
	if n := len(slices.Compact(ids)); n < 200 {
		contract.Failf(t, "200 jobs have %d ids", n)
	}
}

// If-None-Match is a list of tags that are compared weakly, on one line or
// several, or "*". RFC 9110 §13.1.2 MUST, §8.8.3.2
func TestTagsAreComparedWeakly(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		job := s.submit(t, "input")
		full := s.get(t, job)
		full.wantState(t, polling.Running, "")
		tag := strings.TrimPrefix(full.Header.Get("ETag"), "W/")
		inner := strings.Trim(tag, `"`)
		for _, lines := range [][]string{
			{tag}, {"W/" + tag}, {`"zz", ` + tag}, {tag + `,"zz"`}, {`"zz" , W/` + tag + ` , W/"yy"`}, {`"a,b",` + tag}, {`"zz"`, `"yy",` + tag}, {"*"},
		} {
			contract.Step(t, "If-None-Match: %s", strings.Join(lines, " | "))
			s.get(t, job, fields("If-None-Match", lines)...).wantNotModified(t)
		}
		for _, lines := range [][]string{{`"zz"`}, {`W/"zz"`}, {`"` + inner + `x"`}, {`"x` + inner + `"`}, {`"x",W/"y"`, `"` + inner + inner + `"`}, {`"*"`}} {
			contract.Step(t, "If-None-Match: %s", strings.Join(lines, " | "))
			s.get(t, job, fields("If-None-Match", lines)...).wantState(t, polling.Running, "")
		}
	})
}

// fields returns pairs of name and each value.
func fields(name string, values []string) []string {
	var pairs []string
	for _, v := range values {
		pairs = append(pairs, name, v)
	}
	return pairs
}

var entityTag = regexp.MustCompile(`^(W/)?"[\x21\x23-\x7e]*"$`)

// A 304 has the fields that its 202 or 200 would have had: the tag, which
// changes with the status, Cache-Control: no-cache, and Retry-After in whole
// seconds, rounded up, as long as the job runs. RFC 9110 §15.4.5 MUST, §10.2.3
func TestFieldsOfAStatus(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			option time.Duration
			field  string
		}{{2200 * time.Millisecond, "3"}, {2 * time.Second, "2"}, {time.Minute + 1, "61"}, {0, ""}} {
			s := serve(t, polling.Options{RetryAfter: c.option})
			contract.Step(t, "RetryAfter is %s", c.option)
			submitted := s.post("input").Await(t)
			job := submitted.wantJob(t)
			wantField(t, submitted, "Retry-After", c.field)
			running := s.get(t, job)
			running.wantState(t, polling.Running, "")
			same := s.get(t, job, "If-None-Match", running.Header.Get("ETag"))
			same.wantNotModified(t)
			contract.Step(t, "run returns")
			s.task(t).end("result", nil)
			done := s.get(t, job)
			done.wantState(t, polling.Done, "result")
			unchanged := s.get(t, job, "If-None-Match", done.Header.Get("ETag"))
			unchanged.wantNotModified(t)
			for _, a := range []answer{running, same, done, unchanged} {
				if tag := a.Header.Get("ETag"); !entityTag.MatchString(tag) {
					contract.Mismatch(t, fmt.Sprintf("the tag of the %d", a.Status), fmt.Sprintf("ETag: %s", tag), `ETag: "..." or ETag: W/"..."`)
				}
				if cc := a.Header.Get("Cache-Control"); !strings.Contains(cc, "no-cache") {
					contract.Mismatch(t, fmt.Sprintf("a cache need not ask before it uses the %d again", a.Status), fmt.Sprintf("Cache-Control: %s", cc), "Cache-Control: no-cache")
				}
			}
			if tag := done.Header.Get("ETag"); strings.TrimPrefix(tag, "W/") == strings.TrimPrefix(running.Header.Get("ETag"), "W/") {
				contract.Failf(t, "the status has changed, its tag has not: ETag: %s", tag)
			}
			wantField(t, same, "ETag", running.Header.Get("ETag"))
			wantField(t, unchanged, "ETag", done.Header.Get("ETag"))
			wantField(t, running, "Retry-After", c.field)
			wantField(t, same, "Retry-After", c.field)
			wantField(t, done, "Retry-After", "")
			wantField(t, unchanged, "Retry-After", "")
			s.stop()
		}
	})
}

func wantField(t *testing.T, a answer, name, want string) {
	t.Helper()
	if got := a.Header.Get(name); got != want {
		contract.Mismatch(t, fmt.Sprintf("a field of the answer %s", a), field(name, got), field(name, want))
	}
}

func field(name, value string) string {
	if value == "" {
		return "no " + name
	}
	return name + ": " + value
}

// HEAD is GET without the body, and what a path does not know is 405 and says
// what it does know. RFC 9110 §9.3.2, §15.5.6 MUST
func TestMethods(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{RetryAfter: time.Second})
		defer s.stop()
		job := s.submit(t, "input")
		contract.Control(t, "GET")
		full := s.get(t, job)
		full.wantState(t, polling.Running, "")
		contract.Step(t, "HEAD, without a condition and with one")
		head := s.ask(t, http.MethodHead, job)
		head.Want(t, http.StatusAccepted, "")
		same := s.ask(t, http.MethodHead, job, "If-None-Match", full.Header.Get("ETag"))
		same.wantNotModified(t)
		for _, name := range []string{"ETag", "Cache-Control", "Retry-After"} {
			wantField(t, head, name, full.Header.Get(name))
			wantField(t, same, name, full.Header.Get(name))
		}
		for _, c := range []struct{ method, path, allow string }{
			{"GET", "/jobs", "POST"}, {"PUT", "/jobs", "POST"}, {"DELETE", "/jobs", "POST"},
			{"POST", job, "DELETE, GET, HEAD"}, {"PUT", job, "DELETE, GET, HEAD"}, {"PATCH", job, "DELETE, GET, HEAD"},
		} {
			contract.Step(t, "%s %s", c.method, c.path)
			a := s.ask(t, c.method, c.path)
			a.WantStatus(t, http.StatusMethodNotAllowed)
			allow := strings.FieldsFunc(strings.Join(a.Header.Values("Allow"), ","), func(r rune) bool { return r == ',' || r == ' ' })
			slices.Sort(allow)
			if got := strings.Join(allow, ", "); got != c.allow {
				contract.Mismatch(t, "405 must say what there is (sorted)", "Allow: "+got, "Allow: "+c.allow)
			}
		}
		contract.Fence(t, "the job is still there, and it is the only one")
		s.get(t, job).wantState(t, polling.Running, "")
		s.task(t)
		s.submit(t, "next")
		if next := s.task(t); next.body != "next" {
			contract.Failf(t, "run was called with %q by none of the POSTs", next.body)
		}
	})
}

// A job does not end with the request that started it, nor with its
// connection. README
func TestJobOutlivesItsRequest(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		contract.Step(t, "POST, and the client goes away")
		leaving := s.newClient()
		ctx, cancel := context.WithCancel(t.Context())
		a := contract.Call(t, "the answer to POST", func() answer { return newAnswer(leaving.Do(submission().WithContext(ctx))) })
		job := a.wantJob(t)
		cancel()
		leaving.CloseIdleConnections()
		contract.Pass(time.Minute)
		task := s.task(t)
		if err := task.ctx.Err(); err != nil {
			contract.Failf(t, "the context of run has ended: %v", err)
		}
		contract.Step(t, "run returns; somebody else looks")
		task.end("result", nil)
		s.get(t, job).wantState(t, polling.Done, "result")
	})
}

// DELETE cancels a job, answers without waiting for it and forgets it, for
// good. README, RFC 9110 §9.3.5
func TestDelete(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		contract.Step(t, "three jobs that run, one of which heeds no context, and one that is done")
		var jobs []string
		var tasks []*task
		for _, body := range []string{"a", "deaf b", "c", "d"} {
			jobs = append(jobs, s.submit(t, body))
			tasks = append(tasks, s.task(t))
		}
		tasks[3].end("done", nil)
		for _, i := range []int{0, 1, 3} {
			contract.Step(t, "DELETE %s", jobs[i])
			start := time.Now()
			s.ask(t, http.MethodDelete, jobs[i]).Want(t, http.StatusNoContent, "")
			wantElapsed(t, start, 2*delay)
			if i < 3 && tasks[i].ctx.Err() == nil {
				contract.Failf(t, "the context of the job's run has not been cancelled")
			}
			s.get(t, jobs[i]).WantStatus(t, http.StatusNotFound)
			s.ask(t, http.MethodDelete, jobs[i]).WantStatus(t, http.StatusNotFound)
		}
		contract.Step(t, "the one that heeds no context returns a result")
		tasks[1].end("late", nil)
		s.get(t, jobs[1]).WantStatus(t, http.StatusNotFound)
		contract.Control(t, "the job that was left alone")
		if err := tasks[2].ctx.Err(); err != nil {
			contract.Failf(t, "the context of a job that was not deleted has ended: %v", err)
		}
		s.get(t, jobs[2]).wantState(t, polling.Running, "")
		tasks[2].end("result", nil)
		s.get(t, jobs[2]).wantState(t, polling.Done, "result")
	})
}

// The status of a job that is over is kept for Retain and then forgotten,
// however often it is asked for; that of a running one is kept. README
func TestRetention(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, retain := range []time.Duration{10 * time.Minute, 0} {
			s := serve(t, polling.Options{Retain: retain})
			kept := retain
			if retain == 0 {
				kept = time.Hour
			}
			contract.Step(t, "Retain is %s: a job that runs for three times %s", retain, kept)
			job := s.submit(t, "input")
			for range 3 {
				contract.Pass(kept + 17*time.Second)
				s.get(t, job).wantState(t, polling.Running, "")
			}
			s.task(t).end("result", nil)
			start := time.Now()
			contract.Step(t, "it is over; GET until shortly before %s", kept)
			for range 4 {
				contract.Pass((kept-time.Minute)/4 + time.Second)
				s.get(t, job).wantState(t, polling.Done, "result")
			}
			contract.Pass(kept - time.Since(start) - 100*time.Millisecond)
			s.get(t, job).wantState(t, polling.Done, "result")
			contract.Step(t, "GET shortly after %s", kept)
			contract.Pass(time.Second)
			s.get(t, job).WantStatus(t, http.StatusNotFound)
			s.stop()
		}
	})
}

// Close cancels every job, answers 503 from then on, and returns when all of
// them have returned, those that were deleted included; every time. README
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		contract.Step(t, "a job that is done, one that runs, one that heeds no context, another such that is deleted")
		var jobs []string
		var tasks []*task
		for _, body := range []string{"done", "runs", "deaf", "deaf and deleted"} {
			jobs = append(jobs, s.submit(t, body))
			tasks = append(tasks, s.task(t))
		}
		tasks[0].end("result", nil)
		s.get(t, jobs[0]).wantState(t, polling.Done, "result")
		s.ask(t, http.MethodDelete, jobs[3]).WantStatus(t, http.StatusNoContent)
		contract.Step(t, "Close, twice")
		closing := []*contract.Pending[error]{contract.Go("Close to return", s.jobs.Close), contract.Go("the second Close to return", s.jobs.Close)}
		contract.Settle()
		for i := range 3 {
			if i > 0 && tasks[i].ctx.Err() == nil {
				contract.Failf(t, "the context of the job %q has not been cancelled", tasks[i].body)
			}
			s.get(t, jobs[i]).WantStatus(t, http.StatusServiceUnavailable)
		}
		contract.Step(t, "POST while Close waits")
		s.post("too late").Await(t).WantStatus(t, http.StatusServiceUnavailable)
		for _, i := range []int{2, 3} {
			for _, c := range closing {
				if c.Returned() {
					contract.Failf(t, "Close returned before the job %q did", tasks[i].body)
				}
			}
			contract.Step(t, "the job %q returns", tasks[i].body)
			tasks[i].end("", nil)
		}
		for _, c := range append(closing, contract.Go("Close to return", s.jobs.Close)) {
			if err := c.Await(t); err != nil {
				contract.Failf(t, "Close returned %q, want nil", err)
			}
		}
		contract.Fence(t, "GET and POST after Close; no run was started")
		s.get(t, jobs[0]).WantStatus(t, http.StatusServiceUnavailable)
		s.post("too late").Await(t).WantStatus(t, http.StatusServiceUnavailable)
		if len(s.started) > 0 {
			contract.Failf(t, "run was called after Close")
		}
	})
}

// A job that panics has failed; the server and the other jobs have not. README
func TestPanic(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, polling.Options{})
		defer s.stop()
		other := s.submit(t, "other")
		contract.Step(t, "a job that panics")
		job := s.submit(t, "panic")
		contract.Settle()
		a := s.get(t, job)
		a.WantStatus(t, http.StatusOK)
		if !strings.Contains(a.Body, `"failed"`) {
			contract.Mismatch(t, "the status of a job that panicked", a.String(), `"state": "failed"`)
		}
		contract.Control(t, "the other job")
		s.get(t, other).wantState(t, polling.Running, "")
		s.task(t).end("result", nil)
		s.get(t, other).wantState(t, polling.Done, "result")
	})
}

// A body of up to MaxBody octets reaches run as it is; a longer one is 413,
// and neither that nor half a body starts a job. RFC 9110 §15.5.14, README
func TestBodies(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, limit := range []int{5000, 0} {
			s := serve(t, polling.Options{MaxBody: int64(limit)})
			most := limit
			if limit == 0 {
				most = 1 << 20
			}
			contract.Step(t, "MaxBody is %d: a body of %d octets, then one of %d, with its length and without", limit, most, most+1)
			body := make([]byte, most+1)
			for i := range body {
				body[i] = byte(contract.Rand(t).IntN(255) + 1)
			}
			s.request(http.MethodPost, "/jobs", bytes.NewReader(body[:most])).Await(t).wantJob(t)
			contract.Bytes(t, "what run was given", []byte(s.task(t).body), body[:most])
			s.request(http.MethodPost, "/jobs", bytes.NewReader(body)).Await(t).WantStatus(t, http.StatusRequestEntityTooLarge)
			s.request(http.MethodPost, "/jobs", struct{ io.Reader }{bytes.NewReader(body)}).Await(t).WantStatus(t, http.StatusRequestEntityTooLarge)
			contract.Step(t, "a body that breaks off after 4 of 100 octets")
			conn := s.connect(t)
			io.WriteString(conn, "POST /jobs HTTP/1.1\r\nHost: server\r\nContent-Length: 100\r\n\r\nhalf")
			conn.Close()
			contract.Pass(time.Second)
			contract.Fence(t, "the next job is the next that runs")
			s.submit(t, "whole")
			if task := s.task(t); task.body != "whole" {
				contract.Failf(t, "run was called with %d octets of a body that was refused", len(task.body))
			}
			s.stop()
		}
	})
}

// Jobs run side by side, none waits for another nor for somebody's slow
// upload, and each has its own input and result. README
func TestJobsRunSideBySide(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const n = 40
		s := serve(t, polling.Options{})
		defer s.stop()
		contract.Step(t, "half of a body arrives")
		slow := s.connect(t)
		defer slow.Close()
		io.WriteString(slow, "POST /jobs HTTP/1.1\r\nHost: server\r\nContent-Length: 4\r\n\r\nsl")
		contract.Pass(time.Second)
		contract.Step(t, "%d jobs at once", n)
		var posts []*contract.Pending[answer]
		for i := range n {
			posts = append(posts, s.post(fmt.Sprint("input ", i)))
		}
		start := time.Now()
		var jobs []string
		for _, p := range posts {
			jobs = append(jobs, p.Await(t).wantJob(t))
		}
		wantElapsed(t, start, 2*delay)
		tasks := map[string]*task{}
		for range n {
			task := s.task(t)
			tasks[task.body] = task
		}
		contract.Step(t, "they end, the last one first")
		for i := n - 1; i >= 0; i-- {
			task := tasks[fmt.Sprint("input ", i)]
			if task == nil {
				contract.Failf(t, "no run was given %q", fmt.Sprint("input ", i))
			}
			task.end(fmt.Sprint("result ", i), nil)
			s.get(t, jobs[i]).wantState(t, polling.Done, fmt.Sprint("result ", i))
			if i > 0 {
				s.get(t, jobs[i-1]).wantState(t, polling.Running, "")
			}
		}
		contract.Step(t, "the other half of the body arrives")
		io.WriteString(slow, "ow")
		if task := s.task(t); task.body != "slow" {
			contract.Mismatch(t, "what run was given", fmt.Sprintf("%q", task.body), `"slow"`)
		}
	})
}

// connect opens a connection to the server.
func (s *site) connect(t *testing.T) net.Conn {
	conn, err := s.net.Dialer("client")(t.Context(), "tcp", "server:80")
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	return conn
}

// The k-th pause is the smaller of First·2^(k-1) and Max, for every k; they
// are 1 s and 30 s where nothing else is said. README
func TestPauses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			first, most time.Duration
			want        []time.Duration
		}{
			{0, 0, seconds(1, 2, 4, 8, 16, 30, 30, 30)},
			{3 * time.Second, 0, seconds(3, 6, 12, 24, 30, 30)},
			{0, 5 * time.Second, seconds(1, 2, 4, 5, 5)},
			{time.Hour, 2 * time.Second, seconds(2, 2, 2)},
			{time.Second, 4 * time.Second, append(seconds(1, 2), slices.Repeat(seconds(4), 80)...)},
		} {
			replies := append([]reply{accepted()}, slices.Repeat([]reply{{status: 202}}, len(c.want)-1)...)
			s := script(t, append(replies, reply{status: 200, body: "at last"})...)
			contract.Step(t, "First is %s, Max %s, the job is over at poll %d", c.first, c.most, len(c.want))
			s.do(&polling.Poller{Client: s.client, First: c.first, Max: c.most}, t.Context()).Await(t).Want(t, 200, "at last")
			s.wantPauses(t, c.want...)
			s.stop()
		}
	})
}

func seconds(n ...int) []time.Duration {
	var d []time.Duration
	for _, s := range n {
		d = append(d, time.Duration(s)*time.Second)
	}
	return d
}

// Jitter is asked about each pause of the poller's own and about no other;
// Retry-After replaces a pause exactly, be it shorter, or longer than Max, and
// whatever answer it comes with. README, RFC 9110 §10.2.3
func TestJitterAndRetryAfter(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		wait := func(s string) []string { return []string{"Retry-After", s} }
		s := script(t,
			accepted(), // 1 s, with jitter
			reply{status: 202, header: []string{"Etag", `"running"`}}, // 2 s, with jitter
			reply{status: 304, header: wait("2")},                     // instead of 4 s
			reply{status: 202},                                        // 8 s, with jitter
			reply{status: 503, header: wait("45")},
			reply{status: 429, header: wait("1")},
			reply{status: 202, header: wait("11")},
			reply{broken: true}, // 10 s, with jitter
			reply{status: 429, header: wait("12")},
			reply{status: 500}, // 10 s, with jitter
			reply{status: 202, header: wait("0")},
			reply{status: 200, body: "at last"},
		)
		defer s.stop()
		var asked []time.Duration
		p := &polling.Poller{Client: s.client, First: time.Second, Max: 10 * time.Second, Jitter: func(d time.Duration) time.Duration {
			asked = append(asked, d)
			return d/2 + 7*time.Millisecond
		}}
		contract.Step(t, "202, 202, 304 with Retry-After 2, 202, 503 with 45, 429 with 1, 202 with 11, no answer, 429 with 12, 500, 202 with 0, 200")
		s.do(p, t.Context()).Await(t).Want(t, 200, "at last")
		s.wantPauses(t, 507*time.Millisecond, 1007*time.Millisecond, 2*time.Second, 4007*time.Millisecond,
			45*time.Second, time.Second, 11*time.Second, 5007*time.Millisecond, 12*time.Second, 5007*time.Millisecond, 0)
		if got, want := fmt.Sprint(asked), fmt.Sprint(seconds(1, 2, 8, 10, 10)); got != want {
			contract.Mismatch(t, "the pauses that Jitter was asked about", got, want)
		}
	})
}

// Retry-After is a number of seconds or a date in one of three forms; one that
// is past means now, a very long one MaxRetryAfter, and what is neither is as
// if it were not there. RFC 9110 §10.2.3, §5.6.7 MUST
func TestRetryAfterForms(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const own = 3 * time.Second
		date := func(in time.Duration, layout string) string {
			return time.Now().UTC().Truncate(time.Second).Add(in).Format(layout)
		}
		until := func(in time.Duration) time.Duration { // from when the answer is there
			return time.Until(time.Now().Truncate(time.Second).Add(in)) - 2*delay
		}
		for _, layout := range []string{http.TimeFormat, "Monday, 02-Jan-06 15:04:05 GMT", time.ANSIC} {
			contract.Pass(345 * time.Millisecond)
			wantRetryAfter(t, date(97*time.Second, layout), until(97*time.Second))
			wantRetryAfter(t, date(-97*time.Second, layout), 0)
			wantRetryAfter(t, date(5*time.Hour, layout), polling.MaxRetryAfter)
		}
		for _, value := range []string{"601", "3600", "9223372037", "18446744074", "9223372036854775808", "99999999999999999999999"} {
			wantRetryAfter(t, value, polling.MaxRetryAfter)
		}
		wantRetryAfter(t, "599", 599*time.Second)
		for _, value := range []string{"soon", "-5", "+5", "1.5", "5s", "1 2", "Tue, 40 Jan 2000 00:00:00 GMT"} {
			wantRetryAfter(t, value, own)
		}
	})
}

// wantRetryAfter checks the pause after a 202 with this Retry-After; without,
// it would be 3 s.
func wantRetryAfter(t *testing.T, value string, want time.Duration) {
	t.Helper()
	s := script(t, accepted("Retry-After", value), reply{status: 200, body: "at last"})
	defer s.stop()
	contract.Step(t, "← 202 Retry-After: %s", value)
	s.do(&polling.Poller{Client: s.client, First: 3 * time.Second}, t.Context()).Await(t).Want(t, 200, "at last")
	s.wantPauses(t, want)
}

// Each poll carries the last tag that a 202 or 304 to a poll had, as it was
// written; the first carries none. README, RFC 9110 §13.1.2
func TestLastTagGoesAlong(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		tag := func(s string) []string { return []string{"Etag", s} }
		s := script(t,
			accepted("Etag", `"of the answer to POST"`),
			reply{status: 202},
			reply{status: 202, header: tag(`W/"a"`)},
			reply{status: 503, header: tag(`"of an error"`)},
			reply{status: 304},
			reply{broken: true},
			reply{status: 202, header: tag(`"b,and,c"`)},
			reply{status: 202},
			reply{status: 304, header: tag(`"d"`)},
			reply{status: 200, body: "at last"},
		)
		defer s.stop()
		contract.Step(t, `202 ×2, 202 W/"a", 503, 304, no answer, 202 "b,and,c", 202, 304 "d", 200`)
		s.do(&polling.Poller{Client: s.client}, t.Context()).Await(t).Want(t, 200, "at last")
		wantConditions(t, s, "", "", "", `W/"a"`, `W/"a"`, `W/"a"`, `W/"a"`, `"b,and,c"`, `"b,and,c"`, `"d"`)
	})
}

// wantConditions checks If-None-Match of each request.
func wantConditions(t *testing.T, s *site, want ...string) {
	t.Helper()
	var got, wanted []string
	for i, a := range s.arrivals() {
		got = append(got, fmt.Sprintf("%s %s  %s", a.method, a.url, field("If-None-Match", strings.Join(a.header["If-None-Match"], " | "))))
		if i < len(want) {
			wanted = append(wanted, fmt.Sprintf("%s %s  %s", a.method, a.url, field("If-None-Match", want[i])))
		}
	}
	if !slices.Equal(got, wanted) {
		contract.Mismatch(t, "the conditions of the requests", strings.Join(got, "\n"), strings.Join(wanted, "\n"))
	}
}

// A poll that fails, with 429, any 5xx or no answer, is followed by the next
// one after the pause that would have come anyway. README, RFC 6585 §4
func TestFailedPolls(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, accepted(), reply{status: 500}, reply{status: 502}, reply{broken: true}, reply{status: 202}, reply{status: 429},
			reply{status: 501}, reply{status: 504}, reply{status: 599}, reply{broken: true}, reply{status: 200, body: "at last"})
		defer s.stop()
		contract.Step(t, "500, 502, no answer, 202, 429, 501, 504, 599, no answer, 200")
		s.do(&polling.Poller{Client: s.client, Max: 20 * time.Second}, t.Context()).Await(t).Want(t, 200, "at last")
		s.wantPauses(t, seconds(1, 2, 4, 8, 16, 20, 20, 20, 20, 20)...)
	})
}

// After Limit polls, good or bad, Do gives up, at once; a final answer to the
// last of them still counts. README
func TestLimit(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		mixed := []reply{accepted(), {status: 202, header: []string{"Etag", `"running"`}}, {status: 503}, {status: 304}, {broken: true}, {status: 429}, {status: 202}}
		for limit := 1; limit <= 5; limit++ {
			contract.Step(t, "Limit is %d, none of 202, 503, 304, no answer, 429 is final", limit)
			s := script(t, mixed...)
			start := time.Now()
			o := s.do(&polling.Poller{Client: s.client, Limit: limit}, t.Context()).Await(t)
			if !errors.Is(o.Err, polling.ErrGaveUp) {
				contract.Mismatch(t, "what Do returned", o.String(), "ErrGaveUp")
			}
			wantElapsed(t, start, time.Duration(1<<limit-1)*time.Second+time.Duration(2*limit+2)*delay)
			contract.Pass(time.Minute)
			s.wantPauses(t, seconds(1, 2, 4, 8, 16)[:limit]...)
			s.stop()
			contract.Control(t, "Limit is %d, the job is over at poll %d", limit, limit)
			s = script(t, append(slices.Clone(mixed[:limit]), reply{status: 200, body: "at last"})...)
			s.do(&polling.Poller{Client: s.client, Limit: limit}, t.Context()).Await(t).Want(t, 200, "at last")
			s.stop()
		}
	})
}

// The submission is sent once, as it is: any answer but 202 is returned, and
// no answer is an error. README, RFC 9110 §9.2.2
func TestSubmittedOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, r := range []reply{
			{status: 200, body: "done already"}, {status: 503, header: []string{"Retry-After", "1"}, body: "busy"},
			{status: 429, body: "slow down"}, {status: 500, body: "oops"}, {status: 404, body: "no jobs here"}, {broken: true},
		} {
			contract.Control(t, "a submission that is accepted")
			s := script(t, accepted(), reply{status: 200, body: "at last"}, r)
			p := &polling.Poller{Client: s.client}
			s.do(p, t.Context()).Await(t).Want(t, 200, "at last")
			contract.Step(t, "a submission that is answered with %d (0: not at all)", r.status)
			start := time.Now()
			a := s.do(p, t.Context()).Await(t)
			wantElapsed(t, start, 2*delay)
			switch {
			case !r.broken:
				a.Want(t, r.status, r.body)
			case a.Err == nil || errors.Is(a.Err, polling.ErrGaveUp):
				contract.Mismatch(t, "what Do returned", a.String(), "an error other than ErrGaveUp")
			}
			contract.Pass(time.Minute)
			for i, seen := range s.arrivals() {
				if i != 1 && (seen.method != http.MethodPost || seen.body != "input" || seen.header.Get("Content-Type") != "text/plain") {
					contract.Mismatch(t, "not the submission as it was given", fmt.Sprintf("%s %q %v", seen.method, seen.body, seen.header), `POST "input", Content-Type: text/plain`)
				}
			}
			if n := len(s.arrivals()); n != 3 {
				contract.Failf(t, "the server saw %d requests, want 3: two submissions and a poll of the first", n)
			}
			s.stop()
		}
		contract.Step(t, "a submission that no client can send, by the zero Poller")
		req, err := http.NewRequest(http.MethodPost, "gopher://server/jobs", strings.NewReader("input"))
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		if resp, err := new(polling.Poller).Do(t.Context(), req); err == nil || errors.Is(err, polling.ErrGaveUp) {
			contract.Mismatch(t, "what Do returned", fmt.Sprintf("answer %t, error %v", resp != nil, err), "an error other than ErrGaveUp")
		}
	})
}

// Location is relative to the URL that was asked, and there the job is polled
// with GET, without what belonged to the submission's body. A 202 that says
// not where is an error. RFC 9110 §10.2.2
func TestLocation(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ location, url string }{
			{"/jobs/8?full=1", "server/jobs/8?full=1"},
			{"status/8", "server/api/v1/status/8"},
			{"../status/8", "server/api/status/8"},
			{"?job=8", "server/api/v1/exports?job=8"},
			{"http://other/jobs/8", "other/jobs/8"},
			{"//other/jobs/8", "other/jobs/8"},
			{"http://server:8080/jobs/8", "server:8080/jobs/8"},
		} {
			s := script(t, reply{status: 202, header: []string{"Location", c.location}}, reply{status: 202}, reply{status: 200, body: "at last"})
			contract.Step(t, "← 202 Location: %s", c.location)
			s.doRequest(&polling.Poller{Client: s.client}, t.Context(), export()).Await(t).Want(t, 200, "at last")
			for _, poll := range s.arrivals()[1:] {
				if poll.method != http.MethodGet || poll.url != c.url {
					contract.Mismatch(t, "the poll", poll.method+" "+poll.url, "GET "+c.url)
				}
				if poll.body != "" || poll.header.Get("Content-Type") != "" || poll.header.Get("Content-Length") != "" {
					contract.Failf(t, "the poll has a body or says what type it is: %q, %v", poll.body, poll.header)
				}
			}
			s.stop()
		}
		for _, fields := range [][]string{nil, {"Location", "http://%zz/"}} {
			s := script(t, reply{status: 202, header: fields})
			contract.Step(t, "← 202 %q", fields)
			a := s.doRequest(&polling.Poller{Client: s.client, Limit: 3}, t.Context(), export()).Await(t)
			if a.Err == nil || errors.Is(a.Err, polling.ErrGaveUp) || len(s.arrivals()) != 1 {
				contract.Mismatch(t, "what Do returned", fmt.Sprintf("%s after %d requests", a, len(s.arrivals())), "an error other than ErrGaveUp after one request")
			}
			s.stop()
		}
	})
}

// export returns a submission to another place, with credentials.
func export() *http.Request {
	req, err := http.NewRequest(http.MethodPost, "http://server/api/v1/exports", strings.NewReader("input"))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	req.Header.Set("Content-Type", "text/plain")
	req.Header.Set("Authorization", "Bearer 2YotnFZFEjr1zCsicMWpAA")
	return req
}

// Credentials go with the polls of a job that is where the submission went,
// and nowhere else. README
func TestCredentialsStayAtHome(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			location string
			home     bool
		}{{"/jobs/8", true}, {"http://other/jobs/8", false}, {"http://server:8080/jobs/8", false}, {"http://server/else/where", true}} {
			s := script(t, reply{status: 202, header: []string{"Location", c.location}}, reply{status: 503}, reply{status: 200, body: "at last"})
			contract.Step(t, "← 202 Location: %s", c.location)
			req := export()
			want := ""
			if c.home {
				want = req.Header.Get("Authorization")
			}
			s.doRequest(&polling.Poller{Client: s.client}, t.Context(), req).Await(t).Want(t, 200, "at last")
			for _, poll := range s.arrivals()[1:] {
				if got := poll.header.Get("Authorization"); got != want {
					contract.Mismatch(t, "the credentials of GET "+poll.url, field("Authorization", got), field("Authorization", want))
				}
			}
			s.stop()
		}
	})
}

// A poll that is redirected to the result brings the result: asked for at
// once, without the tag of the job, and not counted. RFC 9110 §15.4.4
func TestSeeOther(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, location := range []string{"/results/7", "http://other/results/7"} {
			s := script(t, accepted(), reply{status: 202, header: []string{"Etag", `"1"`}},
				reply{status: 303, header: []string{"Location", location}}, reply{status: 200, header: []string{"Etag", `"1"`}, body: "the result"})
			contract.Step(t, `202 with ETag "1", then 303 to %s; Limit is 2`, location)
			s.do(&polling.Poller{Client: s.client, Limit: 2}, t.Context()).Await(t).Want(t, 200, "the result")
			s.wantPauses(t, time.Second, 2*time.Second, 0)
			wantConditions(t, s, "", "", `"1"`, "")
			s.stop()
		}
	})
}

// Do ends with its context, at once and no sooner: in a pause, in a poll, in
// the submission. The context of the request means nothing. README
func TestEndsWithItsContext(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			what    string
			replies []reply
		}{
			{"a pause", []reply{accepted("Retry-After", "60")}},
			{"a pause of its own", []reply{accepted(), {status: 503}, {status: 202}, {status: 202}}},
			{"a poll", []reply{accepted(), {hold: true}}},
			{"the submission", []reply{{hold: true}}},
		} {
			contract.Control(t, "a job, by a request whose own context has ended")
			s := script(t, append([]reply{accepted(), {status: 200, body: "at last"}}, c.replies...)...)
			p := &polling.Poller{Client: s.client, Limit: 9}
			ended, end := context.WithCancel(t.Context())
			end()
			s.doRequest(p, t.Context(), submission().WithContext(ended)).Await(t).Want(t, 200, "at last")

			contract.Step(t, "cancelled after 9.5 s, in %s", c.what)
			ctx, cancel := context.WithCancel(t.Context())
			start := time.Now()
			done := s.do(p, ctx)
			contract.Pass(9500 * time.Millisecond)
			if done.Returned() {
				contract.Failf(t, "Do returned before its context ended: %s", done.Await(t))
			}
			cancel()
			wantEnded(t, done.Await(t), context.Canceled)
			wantElapsed(t, start, 9500*time.Millisecond)
			s.stop()
		}
		contract.Step(t, "a deadline that comes in a pause")
		s := script(t, accepted("Retry-After", "60"))
		defer s.stop()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		wantEnded(t, s.do(&polling.Poller{Client: s.client}, ctx).Await(t), context.DeadlineExceeded)
		wantElapsed(t, start, 5*time.Second)
	})
}

func wantEnded(t *testing.T, a answer, want error) {
	t.Helper()
	if !errors.Is(a.Err, want) {
		contract.Mismatch(t, "what Do returned", a.String(), "error: "+want.Error())
	}
}

// All the polls of a job share one connection, whatever came with the
// answers. README
func TestOneConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		long := strings.Repeat("still running ", 500)
		s := script(t,
			reply{status: 202, header: []string{"Location", "/jobs/7"}, body: long},
			reply{status: 202, header: []string{"Etag", `"running"`}, body: long}, reply{status: 503, body: long}, reply{status: 304}, reply{status: 429, body: long},
			reply{status: 202, body: long}, reply{status: 200, body: long})
		defer s.stop()
		contract.Step(t, "202, 202, 503, 304, 429, 202 and 200, most of them with %d octets", len(long))
		s.do(&polling.Poller{Client: s.client}, t.Context()).Await(t).Want(t, 200, long)
		s.wantPauses(t, seconds(1, 2, 4, 8, 16, 30)...)
		if n := s.net.Counts("client", "server").Dials; n != 1 {
			contract.Failf(t, "%d connections were opened, want 1", n)
		}
	})
}

// The body of the final answer is the caller's, from its first octet on, and
// comes as it is sent. README
func TestFinalBodyIsTheCallers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				accepted().write(w)
				return
			}
			io.WriteString(w, "the first half, ")
			w.(http.Flusher).Flush()
			time.Sleep(30 * time.Second)
			io.WriteString(w, "the second half")
		}), "server:80")
		defer s.stop()
		contract.Step(t, "an answer whose second half is sent 30 s after the first")
		start := time.Now()
		type returned struct {
			resp *http.Response
			err  error
		}
		got := contract.Call(t, "Do to return", func() returned {
			resp, err := (&polling.Poller{Client: s.client}).Do(t.Context(), submission())
			return returned{resp, err}
		})
		wantElapsed(t, start, time.Second+4*delay)
		contract.Call(t, "the body to end", func() answer { return newAnswer(got.resp, got.err) }).Want(t, 200, "the first half, the second half")
		wantElapsed(t, start, 31*time.Second+4*delay)
	})
}

// One poller serves many calls at once, each has its own job, and neither the
// poller nor its client is changed by it. README
func TestConcurrentCalls(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const n = 12
		s := serve(t, polling.Options{})
		defer s.stop()
		p := &polling.Poller{Client: s.client}
		contract.Step(t, "%d calls of Do at once; job i takes i seconds and a bit", n)
		var calls []*contract.Pending[answer]
		for i := range n {
			req, err := http.NewRequest(http.MethodPost, "http://server/jobs", strings.NewReader(fmt.Sprint(i)))
			if err != nil {
				contract.Failf(t, "BUG: %v", err)
			}
			calls = append(calls, s.doRequest(p, t.Context(), req))
		}
		tasks := map[string]*task{}
		for range n {
			task := s.task(t)
			tasks[task.body] = task
		}
		for i := range n {
			contract.Pass(time.Second + 3*time.Millisecond)
			if task := tasks[fmt.Sprint(i)]; task != nil {
				task.end(fmt.Sprint("result ", i), nil)
			}
		}
		for i, c := range calls {
			c.Await(t).wantState(t, polling.Done, fmt.Sprint("result ", i))
		}
		asked := map[string]bool{}
		for _, a := range s.arrivals() {
			if a.method == http.MethodGet {
				asked[a.url] = true
			}
		}
		if len(asked) != n {
			contract.Failf(t, "%d jobs were polled, want %d", len(asked), n)
		}
		if p.Client != s.client || p.First != 0 || p.Max != 0 || p.Jitter != nil || p.Limit != 0 || s.client.CheckRedirect != nil || s.client.Timeout != 0 {
			contract.Failf(t, "Do has changed the poller or its client: %+v, %+v", p, s.client)
		}
	})
}
