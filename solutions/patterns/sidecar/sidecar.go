// Package sidecar stands beside an application and sends its requests: with a
// time limit, with retries where they hurt nobody, with a breaker, and in a
// trace. The application speaks plain HTTP and knows nothing of it.
//
//	application → sidecar → upstream
//
// It follows RFC 9110 §9.2 (which methods may be repeated), §7.6.1 (what an
// intermediary forwards) and W3C Trace Context, level 1.
//
// # Limitations
//
// Upstreams are asked by http. CONNECT, upgrades, 1xx answers and the trailers
// of requests are not forwarded. What is remembered of a host is kept for ever.
package sidecar

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// A Policy says how much is done for a request. Zero means the default of the
// same name.
type Policy struct {
	// Timeout is how long one attempt may take until the header of its answer
	// is there.
	Timeout time.Duration
	// Attempts is how often a request is sent at most, the first time included.
	Attempts int
	// Budget is how many retries each request earns for its host; see
	// MaxSavings. A host's budget begins with one retry.
	Budget float64
	// MaxReplay is the longest body, in octets, that is sent a second time.
	MaxReplay int64
	// Failures is how many failed attempts in a row open a host's breaker.
	Failures int
	// OpenFor is how long it then stays open.
	OpenFor time.Duration
}

// New returns the handler that sends an application's requests to the host
// that they name, through upstream. It may be called concurrently.
func New(upstream http.RoundTripper, p Policy) http.Handler {
	p.Timeout = cmp.Or(p.Timeout, DefaultTimeout)
	p.Attempts = cmp.Or(p.Attempts, DefaultAttempts)
	p.Budget = cmp.Or(p.Budget, DefaultBudget)
	p.MaxReplay = cmp.Or(p.MaxReplay, DefaultMaxReplay)
	p.Failures = cmp.Or(p.Failures, DefaultFailures)
	p.OpenFor = cmp.Or(p.OpenFor, DefaultOpenFor)
	return &sidecar{upstream: upstream, policy: p, hosts: map[string]*host{}}
}

type sidecar struct {
	upstream http.RoundTripper
	policy   Policy

	mu    sync.Mutex
	hosts map[string]*host
}

func (s *sidecar) host(name string) *host {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hosts[name] == nil {
		s.hosts[name] = newHost(s.policy)
	}
	return s.hosts[name]
}

func (s *sidecar) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := s.host(r.Host)
	h.earn()
	c, err := newCall(r, s.policy.MaxReplay)
	if err != nil {
		panic(http.ErrAbortHandler) // the application went away in the middle of its request
	}
	if !c.hasTime() {
		fail(w, http.StatusGatewayTimeout, ErrorTimeout)
		return
	}
	era, wait, ok := h.enter()
	if !ok {
		w.Header().Set("Retry-After", strconv.Itoa(max(1, int((wait+time.Second-1)/time.Second))))
		fail(w, http.StatusServiceUnavailable, ErrorOpen)
		return
	}
	a := s.attempt(c)
	h.settle(era, a.verdict)
	for n := 1; n < s.policy.Attempts && a.verdict == failure && c.repeatable && c.hasTime(); n++ {
		if era, ok = h.enterAgain(); !ok {
			break
		}
		a.close()
		a = s.attempt(c)
		h.settle(era, a.verdict)
	}
	defer a.close()
	switch {
	case c.gone():
		panic(http.ErrAbortHandler)
	case a.resp == nil:
		fail(w, a.status, a.reason)
	default:
		answer(w, a.resp)
	}
}

// An attempt is one request upstream and what came of it.
type attempt struct {
	verdict verdict
	resp    *http.Response // nil: the sidecar answers, with
	status  int
	reason  string
	cancel  context.CancelFunc
}

// close ends the attempt, whatever there is of it.
func (a attempt) close() {
	if a.resp != nil {
		a.resp.Body.Close()
	}
	a.cancel()
}

// attempt sends c's request once. The time limit ends with the header of the
// answer: a deadline in the context would end its body too, in the middle.
func (s *sidecar) attempt(c *call) attempt {
	limit, tight := s.policy.Timeout, false
	if left := time.Until(c.deadline); !c.deadline.IsZero() && left < limit {
		limit, tight = left, true
	}
	ctx, cancel := context.WithCancel(c.r.Context())
	timer := time.AfterFunc(limit, cancel)
	resp, err := s.upstream.RoundTrip(c.outgoing(ctx, limit))
	late := !timer.Stop()
	if late && err == nil { // the answer came, but its body is cut off already
		resp.Body.Close()
		resp = nil
	}
	a := attempt{cancel: cancel, resp: resp}
	switch {
	case c.gone():
		a.verdict = nothing // whoever waits for the answer is no measure of who gives it
	case late:
		a.verdict, a.status, a.reason = failure, http.StatusGatewayTimeout, ErrorTimeout
		if tight {
			a.verdict = nothing // the application was in a hurry; the host may be well
		}
	case err != nil:
		a.verdict, a.status, a.reason = failure, http.StatusBadGateway, ErrorUnreachable
	default:
		a.verdict = judge(resp.StatusCode)
	}
	return a
}

// judge takes for a failure what a gateway says of what is behind it. A 500
// comes from the application there, which is alive; so is who says 429.
func judge(status int) verdict {
	switch status {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failure
	}
	return success
}

// answer passes resp on, each piece when it comes.
func answer(w http.ResponseWriter, resp *http.Response) {
	CopyHeader(w.Header(), resp.Header)
	w.WriteHeader(resp.StatusCode)
	out := http.NewResponseController(w)
	out.Flush()
	buf := make([]byte, 32<<10)
	for {
		n, err := resp.Body.Read(buf)
		if _, gone := w.Write(buf[:n]); gone != nil {
			return
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
		out.Flush()
	}
	for name, values := range resp.Trailer {
		w.Header()[http.TrailerPrefix+name] = values
	}
}

// fail gives the sidecar's own answer.
func fail(w http.ResponseWriter, status int, reason string) {
	w.Header().Set(ErrorField, reason)
	http.Error(w, "sidecar: "+reason, status)
}
