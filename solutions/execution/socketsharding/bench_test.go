package socketsharding_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/loopback"
	"github.com/wirekata/wirekata/solutions/execution/socketsharding"
)

// BenchmarkConnections measures connections that are made, accepted, greeted
// with one octet and closed. The peer of n shards is one listener with n
// acceptors.
func BenchmarkConnections(b *testing.B) {
	if why := loopback.NoReusePort(); why != "" {
		b.Skip(why)
	}
	for _, n := range []int{1, 2, 4} {
		b.Run(fmt.Sprintf("loops=%d/by=reference", n), func(b *testing.B) {
			s, err := socketsharding.Config{Shards: n}.Listen(b.Context(), loopback.Addr())
			require.NoError(b, err)
			done := make(chan error)
			go func() { done <- s.Serve(func(_ int, c net.Conn) { c.Write([]byte{1}) }) }()
			connect(b, s.Addr().String())
			require.NoError(b, s.Drain(context.Background()))
			<-done
		})
		b.Run(fmt.Sprintf("loops=%d/by=acceptors", n), func(b *testing.B) {
			l, err := new(net.ListenConfig).Listen(b.Context(), "tcp", loopback.Addr())
			require.NoError(b, err)
			var acceptors sync.WaitGroup
			for range n {
				acceptors.Go(func() { greetAll(l) })
			}
			connect(b, l.Addr().String())
			l.Close()
			acceptors.Wait()
		})
	}
}

// greetAll is the loop of one acceptor.
func greetAll(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			c.Write([]byte{1})
			c.Close()
		}()
	}
}

// connect makes b.N connections, eight at a time for each core. They end with
// a reset: in TIME_WAIT they would use up the ports.
func connect(b *testing.B, addr string) {
	b.ReportAllocs()
	b.SetParallelism(8)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		octet := make([]byte, 1)
		for pb.Next() {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				b.Error(err)
				return
			}
			if _, err := c.Read(octet); err != nil {
				b.Error(err)
			}
			c.(*net.TCPConn).SetLinger(0)
			c.Close()
		}
	})
}

// BenchmarkHandover measures a restart without traffic: four descriptors are
// duplicated and inherited, and the old ones closed.
func BenchmarkHandover(b *testing.B) {
	if why := loopback.NoReusePort(); why != "" {
		b.Skip(why)
	}
	s, err := socketsharding.Config{Shards: 4}.Listen(b.Context(), loopback.Addr())
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		files, err := s.Handover()
		require.NoError(b, err)
		next, err := socketsharding.Config{}.Inherit(b.Context(), files)
		require.NoError(b, err)
		for _, f := range files {
			f.Close()
		}
		require.NoError(b, s.Drain(context.Background()))
		s = next
	}
	require.NoError(b, s.Drain(context.Background()))
}
