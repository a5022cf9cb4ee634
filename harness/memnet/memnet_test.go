package memnet_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

func TestConnsPassNettest(t *testing.T) {
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		a, b := memnet.New(t).Pipe("client", "server")
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}

func TestOctetsArriveAfterTheDelay(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 50 * time.Millisecond, Rate: 1000, MTU: 10})
		a, b := n.Pipe("client", "server")
		defer a.Close()
		defer b.Close()
		start := time.Now()
		a.Write(make([]byte, 20)) // two segments, 10 ms each on the wire
		buf := make([]byte, 100)
		k, err := b.Read(buf)
		require.NoError(t, err)
		require.Equal(t, 10, k)
		require.Equal(t, 60*time.Millisecond, time.Since(start))
		k, _ = b.Read(buf)
		require.Equal(t, 10, k)
		require.Equal(t, 70*time.Millisecond, time.Since(start))
		require.Equal(t, memnet.Counts{Writes: 1, Segments: 2, Octets: 20, Flights: 1}, n.Counts("client", "server"))
	})
}

func TestHalfCloseAndReset(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: time.Millisecond})
		a, b := n.Pipe("client", "server")
		io.WriteString(a, "bye")
		require.NoError(t, a.(interface{ CloseWrite() error }).CloseWrite())
		got, err := io.ReadAll(b)
		require.NoError(t, err)
		require.Equal(t, "bye", string(got))
		_, err = a.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.EPIPE)

		io.WriteString(b, "still here")
		buf := make([]byte, 10)
		_, err = io.ReadFull(a, buf)
		require.NoError(t, err)

		memnet.ResetConn(b)
		_, err = a.Read(buf)
		require.ErrorIs(t, err, syscall.ECONNRESET)
		a.Close()
	})
}

func TestWritingToAClosedPeerIsAnsweredByAReset(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: time.Millisecond})
		a, b := n.Pipe("client", "server")
		b.Close()
		_, err := a.Write([]byte("x"))
		require.NoError(t, err)
		time.Sleep(3 * time.Millisecond)
		_, err = a.Write([]byte("x"))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		a.Close()
	})
}

func TestWindowMakesTheWriterWait(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 10 * time.Millisecond, Window: 4})
		a, b := n.Pipe("client", "server")
		write := contract.Go("the write", func() error { _, err := a.Write([]byte("123456")); return err })
		contract.Pass(time.Second)
		require.False(t, write.Returned())
		start := time.Now()
		buf := make([]byte, 6)
		_, err := io.ReadFull(b, buf)
		require.NoError(t, err)
		require.Equal(t, "123456", string(buf))
		require.Equal(t, 20*time.Millisecond, time.Since(start))
		require.NoError(t, write.Await(t))

		a.SetWriteDeadline(time.Now().Add(time.Second))
		_, err = a.Write(make([]byte, 100))
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		a.Close()
		b.Close()
	})
}

func TestLostSegmentHoldsUpThoseBehind(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 10 * time.Millisecond, Fate: func(p memnet.Packet) memnet.Fate {
			return memnet.Fate{Lose: p.From == "client" && p.Number == 1}
		}})
		a, b := n.Pipe("client", "server")
		defer a.Close()
		defer b.Close()
		var seen []memnet.Event
		n.Tap(func(e memnet.Event) { seen = append(seen, e) })
		start := time.Now()
		io.WriteString(a, "1")
		io.WriteString(a, "2")
		buf := make([]byte, 2)
		io.ReadFull(b, buf)
		require.Equal(t, "12", string(buf))
		require.Equal(t, memnet.Recovery+30*time.Millisecond, time.Since(start))
		require.Equal(t, 1, n.Counts("client", "server").Lost)
		require.True(t, seen[0].Lost)
		require.Equal(t, memnet.Recovery+30*time.Millisecond, seen[0].Arrives)
		require.False(t, seen[1].Lost)
	})
}

func TestDatagramsAreLostDoubledAndOvertaken(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		fates := map[int]memnet.Fate{1: {Lose: true}, 2: {Late: time.Second}, 3: {Copies: 1}}
		n.SetLink("client", "server", memnet.Link{Delay: time.Millisecond, MTU: 4, Fate: func(p memnet.Packet) memnet.Fate { return fates[p.Number] }})
		a, err := n.ListenPacket("client:0")
		require.NoError(t, err)
		defer a.Close()
		b, err := n.ListenPacket("server:53")
		require.NoError(t, err)
		defer b.Close()
		for _, s := range []string{"one", "two", "3", "too long"} {
			a.WriteTo([]byte(s), b.LocalAddr())
		}
		var got []string
		for range 3 {
			buf := make([]byte, 10)
			k, from, err := b.ReadFrom(buf)
			require.NoError(t, err)
			require.Equal(t, a.LocalAddr(), from)
			got = append(got, string(buf[:k]))
		}
		require.Equal(t, []string{"3", "3", "two"}, got)
		b.SetReadDeadline(time.Now().Add(time.Second))
		_, _, err = b.ReadFrom(nil)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

// A reader that makes room while a writer looks for some is not overlooked.
func TestWriterSeesEveryRoom(t *testing.T) {
	for range 20 {
		contract.Virtual(t, func(t *testing.T) {
			n := memnet.New(t)
			n.SetLink("client", "server", memnet.Link{Window: 20})
			a, b := n.Pipe("client", "server")
			defer b.Close()
			written := contract.Go("the write to return", func() error {
				defer a.Close()
				_, err := a.Write(make([]byte, 16<<10))
				return err
			})
			got := contract.Call(t, "all of it to be read", func() int64 {
				n, _ := io.Copy(io.Discard, b)
				return n
			})
			require.EqualValues(t, 16<<10, got)
			require.NoError(t, written.Await(t))
		})
	}
}

func TestAddressIsItsOwnName(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		var from []string
		n.Tap(func(e memnet.Event) { from = append(from, e.FromName) })
		a, b := n.Pipe("192.0.2.1", "server")
		a.Close()
		b.Close()
		require.Equal(t, []string{"192.0.2.1", "192.0.2.1", "server"}, from)
	})
}

func TestDialing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 50 * time.Millisecond, Handshake: true})
		start := time.Now()
		_, err := n.Dial(t.Context(), "client", "server:80")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		require.Equal(t, 100*time.Millisecond, time.Since(start))

		l, err := n.Listen("server:80")
		require.NoError(t, err)
		_, err = n.Listen("server:80")
		require.ErrorIs(t, err, syscall.EADDRINUSE)

		start = time.Now()
		c, err := n.Dial(t.Context(), "client", "server:80")
		require.NoError(t, err)
		require.Equal(t, 100*time.Millisecond, time.Since(start))
		s, err := l.Accept()
		require.NoError(t, err)
		require.Equal(t, "client:49153", n.Name(s.RemoteAddr()))
		s.Close()
		c.Close()

		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		_, err = n.Dial(ctx, "client", "server:80")
		require.ErrorIs(t, err, context.DeadlineExceeded)

		late, err := n.Dial(t.Context(), "client", "server:80")
		require.NoError(t, err)
		require.NoError(t, l.Close())
		_, err = l.Accept()
		require.True(t, errors.Is(err, net.ErrClosed))
		_, err = late.Read(make([]byte, 1))
		require.ErrorIs(t, err, syscall.ECONNRESET)
		late.Close()
	})
}
