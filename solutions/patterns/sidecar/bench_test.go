package sidecar_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"

	"github.com/wirekata/wirekata/solutions/patterns/sidecar"
)

// An upstream in memory reads what it gets and answers every request with its
// body, on no network.
type upstream []byte

func (u upstream) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		io.Copy(io.Discard, r.Body)
		r.Body.Close()
	}
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(u)),
		Header: http.Header{"Content-Type": {"text/plain"}, "Content-Length": {fmt.Sprint(len(u))}},
		Body:   io.NopCloser(bytes.NewReader(u)),
	}, nil
}

// A sink is an application that throws answers away.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }
func (s *sink) Flush()                      {}

// BenchmarkRequest is what a request costs beside an upstream in memory, each
// piece of the answer flushed. The peer has no limits, retries, breaker and
// trace.
func BenchmarkRequest(b *testing.B) {
	target := &url.URL{Scheme: "http", Host: "api"}
	for _, c := range []struct {
		method         string
		request, reply int
	}{{"GET", 0, 1 << 10}, {"GET", 0, 64 << 10}, {"PUT", 1 << 10, 1 << 10}, {"POST", 1 << 10, 1 << 10}} {
		up := upstream(bytes.Repeat([]byte("x"), c.reply))
		peer := &httputil.ReverseProxy{Transport: up, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
		}}
		body := bytes.Repeat([]byte("y"), c.request)
		for _, h := range []struct {
			name string
			http.Handler
		}{{"reference", sidecar.New(up, sidecar.Policy{})}, {"httputil", peer}} {
			b.Run(fmt.Sprintf("%s/size=%d/by=%s", c.method, c.reply, h.name), func(b *testing.B) {
				r := httptest.NewRequest(c.method, "http://api/path?query", bytes.NewReader(body))
				r.Header.Set("Accept", "text/plain")
				r.Header.Set("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
				b.ReportAllocs()
				for b.Loop() {
					if c.request > 0 {
						r.Body = io.NopCloser(bytes.NewReader(body))
					}
					w := &sink{header: http.Header{}}
					if h.ServeHTTP(w, r); w.n != c.reply {
						b.Fatal(w.n)
					}
				}
			})
		}
	}
}
