package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"

	gorilla "github.com/gorilla/websocket"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/solutions/protocols/websocket"
)

// An end is one end of a connection, whoever implements it.
type end interface {
	write(p []byte) error
	read() ([]byte, error)
}

type ours struct{ *websocket.Conn }

func (c ours) write(p []byte) error  { return c.Write(websocket.OpBinary, p) }
func (c ours) read() ([]byte, error) { _, p, err := c.Read(); return p, err }

type theirs struct{ *gorilla.Conn }

func (c theirs) write(p []byte) error  { return c.WriteMessage(gorilla.BinaryMessage, p) }
func (c theirs) read() ([]byte, error) { _, p, err := c.ReadMessage(); return p, err }

// A line is a network connection that can be exchanged for another.
type line struct{ net.Conn }

// A buffer is a connection to oneself: what is written is what is read.
type buffer struct {
	net.Conn
	bytes.Buffer
}

func (b *buffer) Read(p []byte) (int, error)  { return b.Buffer.Read(p) }
func (b *buffer) Write(p []byte) (int, error) { return b.Buffer.Write(p) }

// lines is a listener whose connections can be exchanged.
type lines struct {
	net.Listener
	accepted chan *line
}

func (l lines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	x := &line{c}
	l.accepted <- x
	return x, nil
}

// connect returns the two ends of a connection after a handshake through
// net/http, and what they run over.
func connect(b *testing.B, peer bool) (client, server end, c, s *line) {
	n := memnet.New(b)
	inner, err := n.Listen("server:80")
	require.NoError(b, err)
	l := lines{inner, make(chan *line, 1)}
	ends := make(chan end, 1)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if peer {
			c, _ := (&gorilla.Upgrader{}).Upgrade(w, r, nil)
			ends <- theirs{c}
		} else {
			c, _ := websocket.Accept(w, r, nil)
			ends <- ours{c}
		}
	})}
	go srv.Serve(l)
	b.Cleanup(func() { srv.Close() })
	nc, err := n.Dial(context.Background(), "client", "server:80")
	require.NoError(b, err)
	c = &line{nc}
	u := &url.URL{Scheme: "ws", Host: "server", Path: "/"}
	if peer {
		//lint:ignore SA1019 a Dialer would want to dial; here the connection is given
		g, _, err := gorilla.NewClient(c, u, nil, 0, 0)
		require.NoError(b, err)
		client = theirs{g}
	} else {
		o, err := websocket.Dial(c, u, nil)
		require.NoError(b, err)
		client = ours{o}
	}
	return client, <-ends, c, <-l.accepted
}

func sizes(b *testing.B, f func(b *testing.B, peer bool, payload []byte)) {
	for _, size := range []int{32, 4 << 10, 64 << 10} {
		payload := bytes.Repeat([]byte("wirekata"), size/8)
		for _, peer := range []bool{false, true} {
			b.Run(fmt.Sprintf("size=%d/by=%s", size, map[bool]string{false: "reference", true: "gorilla"}[peer]), func(b *testing.B) {
				b.ReportAllocs()
				f(b, peer, payload)
			})
		}
	}
}

// BenchmarkMasked is one Write of the client and one Read of the server.
func BenchmarkMasked(b *testing.B) {
	sizes(b, func(b *testing.B, peer bool, payload []byte) {
		client, server, c, s := connect(b, peer)
		one := &buffer{Conn: c.Conn}
		c.Conn, s.Conn = one, one
		transfer(b, client, server, payload)
	})
}

// BenchmarkUnmasked is one Write of the server and one Read of the client.
func BenchmarkUnmasked(b *testing.B) {
	sizes(b, func(b *testing.B, peer bool, payload []byte) {
		client, server, c, s := connect(b, peer)
		one := &buffer{Conn: c.Conn}
		c.Conn, s.Conn = one, one
		transfer(b, server, client, payload)
	})
}

func transfer(b *testing.B, from, to end, payload []byte) {
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if err := from.write(payload); err != nil {
			b.Fatal(err)
		}
		p, err := to.read()
		if err != nil || len(p) != len(payload) {
			b.Fatal(len(p), err)
		}
	}
}

// BenchmarkEcho is a message to a server and back over an in-memory network.
func BenchmarkEcho(b *testing.B) {
	sizes(b, func(b *testing.B, peer bool, payload []byte) {
		client, server, _, s := connect(b, peer)
		b.Cleanup(func() { s.Conn.Close() })
		go func() {
			for {
				p, err := server.read()
				if err != nil {
					return
				}
				server.write(p)
			}
		}()
		b.SetBytes(int64(len(payload)))
		for b.Loop() {
			if err := client.write(payload); err != nil {
				b.Fatal(err)
			}
			if p, err := client.read(); err != nil || len(p) != len(payload) {
				b.Fatal(len(p), err)
			}
		}
	})
}
