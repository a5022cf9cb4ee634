package quiczerortt_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/pki"
	"github.com/wirekata/wirekata/solutions/https/quiczerortt"
)

// A request on a connection that is there, over loopback, beside http3's own
// transport. The server is the same.
func BenchmarkRoundTrip(b *testing.B) {
	udp, addr := serve(b)
	b.Run("by=reference", func(b *testing.B) {
		c := &quiczerortt.Client{TLS: clientTLS(), Dial: func(ctx context.Context, _ string, conf *tls.Config) (*quic.Conn, error) {
			return udp.DialEarly(ctx, addr, conf, nil)
		}}
		defer c.Close()
		ask(b, c)
	})
	b.Run("by=http3.Transport", func(b *testing.B) {
		t := &http3.Transport{TLSClientConfig: clientTLS(), Dial: func(ctx context.Context, _ string, conf *tls.Config, q *quic.Config) (*quic.Conn, error) {
			return udp.DialEarly(ctx, addr, conf, q)
		}}
		defer t.Close()
		ask(b, t)
	})
}

// Dial with a session ticket, ask early, close: what coming back costs.
func BenchmarkComeBack(b *testing.B) {
	udp, addr := serve(b)
	b.Run("by=reference", func(b *testing.B) {
		conf := clientTLS()
		dial := func(ctx context.Context, _ string, conf *tls.Config) (*quic.Conn, error) {
			return udp.DialEarly(ctx, addr, conf, nil)
		}
		b.ReportAllocs()
		for b.Loop() {
			c := &quiczerortt.Client{TLS: conf, Dial: dial}
			get(b, c, http.MethodGet)
			c.Close()
		}
	})
	b.Run("by=http3.Transport", func(b *testing.B) {
		conf := clientTLS()
		dial := func(ctx context.Context, _ string, conf *tls.Config, q *quic.Config) (*quic.Conn, error) {
			return udp.DialEarly(ctx, addr, conf, q)
		}
		b.ReportAllocs()
		for b.Loop() {
			t := &http3.Transport{TLSClientConfig: conf, Dial: dial}
			get(b, t, http3.MethodGet0RTT)
			t.Close()
		}
	})
}

// Guard beside the handler that it guards.
func BenchmarkGuard(b *testing.B) {
	next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	r := httptest.NewRequest(http.MethodPost, "https://server/", nil)
	r.TLS = &tls.ConnectionState{HandshakeComplete: true}
	for name, h := range map[string]http.Handler{"reference": quiczerortt.Guard(next, nil), "bare": next} {
		b.Run("by="+name, func(b *testing.B) {
			w := httptest.NewRecorder()
			b.ReportAllocs()
			for b.Loop() {
				h.ServeHTTP(w, r)
			}
		})
	}
}

// serve answers on loopback until the benchmark is over, and returns what to
// dial with and where to.
func serve(b *testing.B) (*quic.Transport, net.Addr) {
	there := listen(b)
	l, err := there.ListenEarly(pki.Server("server", http3.NextProtoH3), &quic.Config{Allow0RTT: true})
	require.NoError(b, err)
	h := &http3.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "hello") })}
	go h.ServeListener(l)
	b.Cleanup(func() { h.Close() })
	return listen(b), there.Conn.LocalAddr()
}

func listen(b *testing.B) *quic.Transport {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(b, err)
	t := &quic.Transport{Conn: socket}
	b.Cleanup(func() {
		t.Close()
		socket.Close()
	})
	return t
}

func clientTLS() *tls.Config {
	conf := pki.Client("server")
	conf.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	return conf
}

func ask(b *testing.B, rt http.RoundTripper) {
	b.ReportAllocs()
	for b.Loop() {
		get(b, rt, http.MethodGet)
	}
}

func get(b *testing.B, rt http.RoundTripper, method string) {
	r, err := http.NewRequest(method, "https://server/", nil)
	require.NoError(b, err)
	resp, err := rt.RoundTrip(r)
	require.NoError(b, err)
	_, err = io.Copy(io.Discard, resp.Body)
	require.NoError(b, err)
	resp.Body.Close()
}
