package multiplexing_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"

	"github.com/hashicorp/yamux"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/solutions/patterns/multiplexing"
)

// An end is one end of a session, whoever implements it.
type end interface {
	open() (net.Conn, error)
	accept() (net.Conn, error)
	Close() error
}

type ours struct{ *multiplexing.Session }

func (s ours) open() (net.Conn, error)   { return s.Open(context.Background()) }
func (s ours) accept() (net.Conn, error) { return s.Accept() }

type theirs struct{ *yamux.Session }

func (s theirs) open() (net.Conn, error)   { return s.Open() }
func (s theirs) accept() (net.Conn, error) { return s.Accept() }

// window is what yamux gives a stream.
const window = 256 << 10

// connect returns the two ends of a session over memory.
func connect(b *testing.B, peer bool) (client, server end) {
	x, y := memnet.New(b).Pipe("client", "server")
	if peer {
		c := yamux.DefaultConfig()
		c.LogOutput = io.Discard
		c.EnableKeepAlive = false
		k, err := yamux.Client(x, c)
		require.NoError(b, err)
		s, err := yamux.Server(y, c)
		require.NoError(b, err)
		client, server = theirs{k}, theirs{s}
	} else {
		o := &multiplexing.Options{Window: window, MaxStreams: 1000}
		client, server = ours{multiplexing.Client(x, o)}, ours{multiplexing.Server(y, o)}
	}
	b.Cleanup(func() {
		client.Close()
		server.Close()
	})
	return client, server
}

func compare(b *testing.B, name string, f func(b *testing.B, client, server end)) {
	for _, peer := range []bool{false, true} {
		b.Run(name+map[bool]string{false: "/by=reference", true: "/by=yamux"}[peer], func(b *testing.B) {
			client, server := connect(b, peer)
			b.ReportAllocs()
			f(b, client, server)
		})
	}
}

// BenchmarkThroughput is a mebibyte in all, divided among streams that are
// written and read at once.
func BenchmarkThroughput(b *testing.B) {
	const total, chunk = 1 << 20, 8 << 10
	for _, streams := range []int{1, 10, 100} {
		compare(b, fmt.Sprint(streams), func(b *testing.B, client, server end) {
			var from, to []net.Conn
			for range streams {
				f, err := client.open()
				require.NoError(b, err)
				defer f.Close()
				_, err = f.Write([]byte("x"))
				require.NoError(b, err)
				t, err := server.accept()
				require.NoError(b, err)
				defer t.Close()
				_, err = io.ReadFull(t, make([]byte, 1))
				require.NoError(b, err)
				from, to = append(from, f), append(to, t)
			}
			p, each := make([]byte, chunk), total/chunk/streams
			b.SetBytes(int64(each * chunk * streams))
			for b.Loop() {
				var running sync.WaitGroup
				for i := range streams {
					running.Go(func() {
						for range each {
							from[i].Write(p)
						}
					})
					running.Go(func() { io.CopyN(io.Discard, to[i], int64(each*chunk)) })
				}
				running.Wait()
			}
		})
	}
}

// BenchmarkStream is a stream opened, used for one octet there and back, and
// closed at both ends.
func BenchmarkStream(b *testing.B) {
	compare(b, "echo", func(b *testing.B, client, server end) {
		go func() {
			p := make([]byte, 1)
			for {
				st, err := server.accept()
				if err != nil {
					return
				}
				io.ReadFull(st, p)
				st.Write(p)
				st.Close()
			}
		}()
		p := make([]byte, 1)
		for b.Loop() {
			st, err := client.open()
			if err != nil {
				b.Fatal(err)
			}
			st.Write(p)
			io.ReadFull(st, p)
			st.Close()
		}
	})
}
