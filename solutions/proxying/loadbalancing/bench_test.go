package loadbalancing_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"testing"

	"github.com/kkdai/maglev"
	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/solutions/proxying/loadbalancing"
)

func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("10.0.%d.%d:8080", i/250, i%250+1)
	}
	return list
}

// BenchmarkTableBuild makes a table of 65,537 entries.
func BenchmarkTableBuild(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		list := names(n)
		b.Run(fmt.Sprintf("backends=%d/by=reference", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := loadbalancing.NewTable(list, loadbalancing.TableSize); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("backends=%d/by=maglev", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := maglev.NewMaglev(list, loadbalancing.TableSize); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkTableLookup hashes a client's address and looks it up.
func BenchmarkTableLookup(b *testing.B) {
	for _, n := range []int{10, 100, 1000} {
		list, client := names(n), "192.0.2.1"
		b.Run(fmt.Sprintf("backends=%d/by=reference", n), func(b *testing.B) {
			table, err := loadbalancing.NewTable(list, loadbalancing.TableSize)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if table.Pick(loadbalancing.Hash(2, client)) == "" {
					b.Fatal("nobody")
				}
			}
		})
		b.Run(fmt.Sprintf("backends=%d/by=maglev", n), func(b *testing.B) {
			table, err := maglev.NewMaglev(list, loadbalancing.TableSize)
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if name, err := table.Get(client); name == "" || err != nil {
					b.Fatal("nobody")
				}
			}
		})
	}
}

var headers = map[string][2]string{
	"TCP4": {"192.0.2.1:5000", "198.51.100.7:443"},
	"TCP6": {"[2001:db8::1]:5000", "[2001:db8::2]:443"},
}

// BenchmarkProxyRead reads a header of version 2 from a buffered reader.
func BenchmarkProxyRead(b *testing.B) {
	for _, family := range []string{"TCP4", "TCP6"} {
		ends := headers[family]
		head := loadbalancing.AppendProxyV2(nil, loadbalancing.ProxyHeader{Source: netip.MustParseAddrPort(ends[0]), Destination: netip.MustParseAddrPort(ends[1])})
		src, r := bytes.NewReader(nil), bufio.NewReader(nil)
		b.Run(family+"/by=reference", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(head)
				r.Reset(src)
				if h, err := loadbalancing.ReadProxy(r); err != nil || !h.Source.IsValid() {
					b.Fatal(h, err)
				}
			}
		})
		b.Run(family+"/by=proxyproto", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				src.Reset(head)
				r.Reset(src)
				if h, err := proxyproto.Read(r); err != nil || h.SourceAddr == nil {
					b.Fatal(h, err)
				}
			}
		})
	}
}

// BenchmarkProxyAppend writes a header of version 2.
func BenchmarkProxyAppend(b *testing.B) {
	for _, family := range []string{"TCP4", "TCP6"} {
		src, dst := netip.MustParseAddrPort(headers[family][0]), netip.MustParseAddrPort(headers[family][1])
		b.Run(family+"/by=reference", func(b *testing.B) {
			b.ReportAllocs()
			var buf []byte
			for b.Loop() {
				buf = loadbalancing.AppendProxyV2(buf[:0], loadbalancing.ProxyHeader{Source: src, Destination: dst})
			}
		})
		b.Run(family+"/by=proxyproto", func(b *testing.B) {
			b.ReportAllocs()
			h := proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(src), net.TCPAddrFromAddrPort(dst))
			for b.Loop() {
				if _, err := h.Format(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A backend in memory answers every request with its body, on no network.
type backend []byte

func (f backend) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, Request: r, ContentLength: int64(len(f)),
		Header: http.Header{"Content-Type": {"text/plain"}, "Content-Length": {fmt.Sprint(len(f))}},
		Body:   io.NopCloser(bytes.NewReader(f)),
	}, nil
}

// A sink is a client that throws answers away.
type sink struct {
	header http.Header
	n      int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) WriteHeader(int)             {}
func (s *sink) Write(b []byte) (int, error) { s.n += len(b); return len(b), nil }
func (s *sink) Flush()                      {}

// BenchmarkRequest forwards a GET to a backend in memory, and its answer, each
// piece flushed. The peer has one backend and chooses nothing.
func BenchmarkRequest(b *testing.B) {
	for _, size := range []int{1 << 10, 64 << 10} {
		body := backend(bytes.Repeat([]byte("x"), size))
		peer := &httputil.ReverseProxy{Transport: body, FlushInterval: -1, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "10.0.0.1:8080"})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
		}}
		for _, c := range []struct {
			name string
			h    http.Handler
		}{{"reference", &loadbalancing.L7{Transport: body, Backends: names(10)}}, {"httputil", peer}} {
			b.Run(fmt.Sprintf("size=%d/by=%s", size, c.name), func(b *testing.B) {
				r := httptest.NewRequest(http.MethodGet, "http://balancer/path?query", nil)
				r.Header.Set("Accept", "text/plain")
				b.ReportAllocs()
				b.SetBytes(int64(size))
				for b.Loop() {
					w := &sink{header: http.Header{}}
					if c.h.ServeHTTP(w, r); w.n != size {
						b.Fatal(w.n)
					}
				}
			})
		}
	}
}
