package memnet_test

// The peers that suites may judge with run over memnet unchanged. This file
// imports all of them, which also pins their versions.

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	_ "github.com/go-jose/go-jose/v4"
	"github.com/gorilla/websocket"
	_ "github.com/hashicorp/yamux"
	_ "github.com/kkdai/maglev"
	_ "github.com/pires/go-proxyproto"
	"github.com/quic-go/quic-go"
	_ "github.com/quic-go/quic-go/http3"
	"github.com/stretchr/testify/require"
	_ "github.com/tmaxmax/go-sse"
	_ "golang.org/x/sys/cpu"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/pki"
)

const oneWay = 50 * time.Millisecond

// far returns a network whose client and server are 50 ms apart.
func far(t *testing.T) *memnet.Network {
	n := memnet.New(t)
	n.SetLink("client", "server", memnet.Link{Delay: oneWay})
	return n
}

func TestHTTPOverMemnet(t *testing.T) {
	protocols := map[string]func(*http.Protocols){
		"h1":  func(p *http.Protocols) { p.SetHTTP1(true) },
		"h2c": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	}
	for name, set := range protocols {
		t.Run(name, func(t *testing.T) {
			contract.Virtual(t, func(t *testing.T) {
				n := far(t)
				var p http.Protocols
				set(&p)
				l, err := n.Listen("server:80")
				require.NoError(t, err)
				srv := &http.Server{Protocols: &p, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					fmt.Fprint(w, r.Proto, " ", r.RemoteAddr)
				})}
				go srv.Serve(l)
				defer srv.Close()
				tr := &http.Transport{DialContext: n.Dialer("client"), Protocols: &p}
				defer tr.CloseIdleConnections()
				start := time.Now()
				resp, err := (&http.Client{Transport: tr}).Get("http://server/")
				require.NoError(t, err)
				body, err := io.ReadAll(resp.Body)
				resp.Body.Close()
				require.NoError(t, err)
				require.Contains(t, string(body), "10.0.0.")
				require.Equal(t, 2*oneWay, time.Since(start))
				require.Equal(t, 1, n.Counts("client", "server").Dials)
			})
		})
	}
}

func TestWebSocketOverMemnet(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := far(t)
		l, err := n.Listen("server:80")
		require.NoError(t, err)
		srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			up := websocket.Upgrader{}
			c, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			kind, b, err := c.ReadMessage()
			if err == nil {
				c.WriteMessage(kind, b)
			}
		})}
		go srv.Serve(l)
		defer srv.Close()
		d := websocket.Dialer{NetDialContext: n.Dialer("client")}
		start := time.Now()
		c, _, err := d.Dial("ws://server/", nil)
		require.NoError(t, err)
		require.NoError(t, c.WriteMessage(websocket.TextMessage, []byte("hi")))
		_, b, err := c.ReadMessage()
		require.NoError(t, err)
		require.Equal(t, "hi", string(b))
		require.Equal(t, 4*oneWay, time.Since(start))
		c.Close()
	})
}

// quicServer echoes one octet on each stream, until the returned function is
// called.
func quicServer(t *testing.T, n *memnet.Network, options ...func(*quic.Transport)) (stop func()) {
	pc, err := n.ListenPacket("server:443")
	require.NoError(t, err)
	tr := &quic.Transport{Conn: pc}
	for _, set := range options {
		set(tr)
	}
	l, err := tr.ListenEarly(pki.Server("server", "echo"), &quic.Config{Allow0RTT: true})
	require.NoError(t, err)
	go func() {
		for {
			c, err := l.Accept(context.Background())
			if err != nil {
				return
			}
			go func() {
				s, err := c.AcceptStream(context.Background())
				if err != nil {
					return
				}
				io.CopyN(s, s, 1)
				s.Close()
			}()
		}
	}()
	return func() { l.Close(); tr.Close(); pc.Close() }
}

// askQUIC dials, sends an octet as early as it may and returns when, from the
// dial on, the answer was there.
func askQUIC(t *testing.T, n *memnet.Network, then func(), cfg *tls.Config) time.Duration {
	pc, err := n.ListenPacket("client:0")
	require.NoError(t, err)
	tr := &quic.Transport{Conn: pc}
	addr, err := n.Addr("server:443")
	require.NoError(t, err)
	start := time.Now()
	c, err := tr.DialEarly(t.Context(), net.UDPAddrFromAddrPort(addr), cfg, nil)
	require.NoError(t, err)
	s, err := c.OpenStream()
	require.NoError(t, err)
	_, err = s.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(s, make([]byte, 1))
	require.NoError(t, err)
	took := time.Since(start)
	time.Sleep(time.Second) // for the session ticket
	c.CloseWithError(0, "")
	time.Sleep(time.Second)
	then()
	tr.Close()
	pc.Close()
	return took
}

func TestGRPCOverMemnet(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := far(t)
		l, err := n.Listen("server:443")
		require.NoError(t, err)
		srv := grpc.NewServer()
		healthpb.RegisterHealthServer(srv, health.NewServer())
		go srv.Serve(l)
		cc, err := grpc.NewClient("passthrough:///server:443", grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithContextDialer(func(ctx context.Context, addr string) (net.Conn, error) { return n.Dial(ctx, "client", addr) }))
		require.NoError(t, err)
		_, err = healthpb.NewHealthClient(cc).Check(t.Context(), &healthpb.HealthCheckRequest{})
		require.NoError(t, err)
		start := time.Now()
		_, err = healthpb.NewHealthClient(cc).Check(t.Context(), &healthpb.HealthCheckRequest{})
		require.NoError(t, err)
		require.Equal(t, 2*oneWay, time.Since(start))
		cc.Close()
		srv.Stop()
	})
}

func TestManyWritesKeepTheirOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 3 * time.Millisecond, Rate: 1 << 20})
		a, b := n.Pipe("client", "server")
		defer b.Close()
		contract.Go("the writer", func() error {
			defer a.Close()
			for i := range 1000 {
				fmt.Fprintln(a, i)
			}
			return nil
		})
		r := bufio.NewScanner(b)
		for i := 0; r.Scan(); i++ {
			require.Equal(t, fmt.Sprint(i), r.Text())
		}
	})
}
