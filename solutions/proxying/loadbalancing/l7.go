package loadbalancing

import (
	"cmp"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

// An L7 gives each request to the backend with the fewest requests under way.
// Its methods may be called concurrently.
type L7 struct {
	// Transport makes the requests to the backends.
	Transport http.RoundTripper
	// Backends are the addresses to choose from.
	Backends []string
	// Failures is how many failures in a row eject a backend; 0 means
	// DefaultFailures.
	Failures int
	// EjectFor is for how long; 0 means DefaultEjectFor.
	EjectFor time.Duration

	once sync.Once
	pool *pool
}

func (b *L7) init() {
	b.once.Do(func() { b.pool = newPool(b.Backends) })
}

// ServeHTTP forwards the request to a backend, or to a second one if the first
// fails and that is safe, and the answer to the client as it comes. Without a
// backend in the rotation the answer is 503.
func (b *L7) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.init()
	m := b.take(nil)
	if m == nil {
		http.Error(w, "no backend", http.StatusServiceUnavailable)
		return
	}
	resp, err := b.attempt(m, r)
	if failed(resp, err) && mayRepeat(r) {
		if second := b.take(m); second != nil {
			if err == nil {
				resp.Body.Close()
			}
			b.pool.release(m)
			m = second
			resp, err = b.attempt(m, r)
		}
	}
	defer b.pool.release(m)
	if err != nil {
		http.Error(w, "backend failed", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	b.answer(w, r, m, resp)
}

// Drain takes addr out of the rotation for new requests and waits until those
// under way there have been answered. If ctx ends first, it returns ctx's
// error, and addr stays out.
func (b *L7) Drain(ctx context.Context, addr string) error {
	b.init()
	return b.pool.drain(ctx, addr)
}

// take picks the backend with the fewest requests under way, and counts one
// more. Equals take turns: with the lowest index first, a client that asks one
// thing after the other would have one backend for all of them.
func (b *L7) take(not *member) *member {
	p := b.pool
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	var best *member
	next := p.next
	for i := range p.members {
		at := (p.next + i) % len(p.members)
		m := p.members[at]
		if m == not || m.drained || now.Before(m.ejected) {
			continue
		}
		if best == nil || m.active < best.active {
			best, next = m, at+1
		}
	}
	if best != nil {
		best.active++
		p.next = next
	}
	return best
}

// attempt asks one backend. A failure is counted here, a success when the
// answer has come to its end.
func (b *L7) attempt(m *member, r *http.Request) (*http.Response, error) {
	resp, err := b.Transport.RoundTrip(Outgoing(r.Context(), r, m.addr))
	if failed(resp, err) {
		b.report(m, r, false)
	}
	return resp, err
}

func failed(resp *http.Response, err error) bool {
	if err != nil {
		return true
	}
	switch resp.StatusCode {
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	return false
}

// mayRepeat reports whether nobody can be hurt by r happening twice (RFC 9110
// §9.2.1), its body is not gone, and there is somebody to tell.
func mayRepeat(r *http.Request) bool {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return r.ContentLength == 0 && r.Context().Err() == nil
	}
	return false
}

// report learns from the traffic how m is. A client that has gone away says
// nothing about it.
func (b *L7) report(m *member, r *http.Request, ok bool) {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	now := time.Now()
	switch {
	case now.Before(m.ejected) || r.Context().Err() != nil:
		return
	case ok:
		m.failures = 0
		return
	}
	m.failures++
	if m.failures >= cmp.Or(b.Failures, DefaultFailures) {
		m.failures = 0 // it comes back with a clean slate
		m.ejected = now.Add(cmp.Or(b.EjectFor, DefaultEjectFor))
	}
}

// answer passes the backend's answer on, each piece when it comes, and reports
// how it ended, unless that it failed is known from its status.
func (b *L7) answer(w http.ResponseWriter, r *http.Request, m *member, resp *http.Response) {
	known := failed(resp, nil)
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
		out.Flush()
		switch {
		case err == io.EOF:
			if !known {
				b.report(m, r, true)
			}
			return
		case err != nil:
			if !known {
				b.report(m, r, false)
			}
			panic(http.ErrAbortHandler) // half an answer must not look like a whole one
		}
	}
}
