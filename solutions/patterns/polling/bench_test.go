package polling_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/solutions/patterns/polling"
)

// BenchmarkPoll fetches the status of a job over one connection. The peer
// knows nothing of validators and sends the whole status each time. wire-B/op
// is what the server sends for each poll, head and body.
func BenchmarkPoll(b *testing.B) {
	for _, size := range []int{-1, 100, 100_000} {
		job := fmt.Sprintf("done-%d", size)
		if size < 0 {
			job = "running"
		}
		b.Run(job+"/by=always", func(b *testing.B) { benchmarkPoll(b, always{status(size)}, "/", "") })
		b.Run(job+"/by=reference", func(b *testing.B) { benchmarkJobs(b, size, false) })
		b.Run(job+"/conditional/by=reference", func(b *testing.B) { benchmarkJobs(b, size, true) })
	}
}

// An always sends a status, whatever is asked.
type always struct{ polling.Status }

func (a always) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(a.Status)
}

// status is that of a job with a result of size octets, or of a running one.
func status(size int) polling.Status {
	if size < 0 {
		return polling.Status{State: polling.Running}
	}
	return polling.Status{State: polling.Done, Result: []byte(strings.Repeat("x", size))}
}

func benchmarkJobs(b *testing.B, size int, conditional bool) {
	jobs := polling.NewJobs(func(ctx context.Context, body []byte) ([]byte, error) {
		if size < 0 {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return status(size).Result, nil
	}, polling.Options{})
	defer jobs.Close()
	w := &recorder{header: http.Header{}}
	req, err := http.NewRequest(http.MethodPost, "/jobs", strings.NewReader("input"))
	require.NoError(b, err)
	jobs.ServeHTTP(w, req)
	job := w.header.Get("Location")
	for w.header.Get("ETag") != strconv.Quote(string(status(size).State)) { // until the job is over, if it ends
		req, err = http.NewRequest(http.MethodGet, job, nil)
		require.NoError(b, err)
		jobs.ServeHTTP(w, req)
	}
	tag := ""
	if conditional {
		tag = w.header.Get("ETag")
	}
	benchmarkPoll(b, jobs, job, tag)
}

type recorder struct{ header http.Header }

func (r *recorder) Header() http.Header         { return r.header }
func (r *recorder) Write(p []byte) (int, error) { return len(p), nil }
func (r *recorder) WriteHeader(int)             {}

func benchmarkPoll(b *testing.B, h http.Handler, path, tag string) {
	n := memnet.New(b)
	l, err := n.Listen("server:80")
	require.NoError(b, err)
	server := &http.Server{Handler: h}
	go server.Serve(l)
	defer server.Close()
	client := &http.Client{Transport: &http.Transport{DialContext: n.Dialer("client"), DisableCompression: true}}
	defer client.CloseIdleConnections()
	b.ReportAllocs()
	before := n.Counts("server", "client").Octets
	for b.Loop() {
		req, err := http.NewRequest(http.MethodGet, "http://server"+path, nil)
		require.NoError(b, err)
		if tag != "" {
			req.Header.Set("If-None-Match", tag)
		}
		resp, err := client.Do(req)
		require.NoError(b, err)
		require.Equal(b, tag != "", resp.StatusCode == http.StatusNotModified, resp.Status)
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	}
	b.ReportMetric(float64(n.Counts("server", "client").Octets-before)/float64(b.N), "wire-B/op")
}

// BenchmarkJob counts what a job of a known length costs: requests, and how
// much later than it was over its end was seen. The clock is the sum of the
// pauses, so the figures are exact; only the time for each operation is
// measured, and without a network.
func BenchmarkJob(b *testing.B) {
	for _, takes := range []time.Duration{time.Second / 2, 10 * time.Second, 90 * time.Second, 10 * time.Minute} {
		for _, c := range []struct {
			name        string
			first, most time.Duration
		}{
			{"every-100ms", 100 * time.Millisecond, 100 * time.Millisecond},
			{"every-5s", 5 * time.Second, 5 * time.Second},
			{"backoff-1s-30s", time.Second, 30 * time.Second},
		} {
			b.Run(fmt.Sprintf("%s/%s", takes, c.name), func(b *testing.B) {
				var w world
				p := &polling.Poller{Client: &http.Client{Transport: &w}, First: c.first, Max: c.most, Jitter: w.pass}
				b.ReportAllocs()
				for b.Loop() {
					w = world{takes: takes}
					req, err := http.NewRequest(http.MethodPost, "http://server/jobs", nil)
					require.NoError(b, err)
					resp, err := p.Do(context.Background(), req)
					require.NoError(b, err)
					require.Equal(b, http.StatusOK, resp.StatusCode)
				}
				b.ReportMetric(float64(w.requests), "requests/job")
				b.ReportMetric((w.clock - w.takes).Seconds(), "s-late/job")
			})
		}
	}
}

// A world is a server without a network, and a clock that pauses move.
type world struct {
	takes, clock time.Duration
	requests     int
}

func (w *world) pass(pause time.Duration) time.Duration {
	w.clock += pause
	return 0
}

func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	w.requests++
	resp := &http.Response{StatusCode: http.StatusAccepted, Header: http.Header{}, Body: http.NoBody, Request: r}
	if r.Method == http.MethodPost {
		resp.Header.Set("Location", "/jobs/7")
	} else if w.clock >= w.takes {
		resp.StatusCode = http.StatusOK
	}
	return resp, nil
}
