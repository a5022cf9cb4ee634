package push_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/solutions/patterns/push"
)

// A hub is the reference or the naive one.
type hub interface {
	Join(name string, c net.Conn) error
	Broadcast(data any) error
	Close(ctx context.Context) error
}

// A naive hub encodes and writes for each client in turn, under one lock.
type naive struct {
	mu    sync.Mutex
	conns []net.Conn
}

func (h *naive) Join(_ string, c net.Conn) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.conns = append(h.conns, c)
	return nil
}

func (h *naive) Broadcast(data any) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, c := range h.conns {
		payload, err := json.Marshal(data)
		if err != nil {
			return err
		}
		c.Write(push.AppendFrame(nil, push.KindEvent, payload))
	}
	return nil
}

func (h *naive) Close(context.Context) error {
	for _, c := range h.conns {
		c.Close()
	}
	return nil
}

// A count of events tells when it has come to a number.
type count struct {
	atomic.Int64
	want    int64
	reached chan struct{}
}

func (c *count) event() {
	if c.Add(1) == c.want {
		c.reached <- struct{}{}
	}
}

// A sink is a connection that takes what is written, or hangs.
type sink struct {
	net.Conn // nil: nothing else is called
	got      *count
	hangs    bool
	done     chan struct{}
	once     sync.Once
}

func newSink(got *count) *sink { return &sink{got: got, done: make(chan struct{})} }

func (s *sink) Read([]byte) (int, error) {
	<-s.done
	return 0, io.EOF
}

func (s *sink) Write(p []byte) (int, error) {
	if s.hangs {
		<-s.done
		return 0, net.ErrClosed
	}
	if push.Kind(p[4]) == push.KindEvent {
		s.got.event()
	}
	return len(p), nil
}

func (s *sink) SetDeadline(time.Time) error { return s.Close() } // it is only ever set to the past

func (s *sink) Close() error {
	s.once.Do(func() { close(s.done) })
	return nil
}

// A quote is 1 KB of JSON, more or less.
type quote struct {
	Symbol string
	Bids   [32]struct{ Price, Size float64 }
}

func event() quote {
	q := quote{Symbol: "WKTA"}
	for i := range q.Bids {
		q.Bids[i].Price, q.Bids[i].Size = 100-float64(i)/8, float64(100*i)
	}
	return q
}

var hubs = []struct {
	name string
	make func() hub
}{
	{"reference", func() hub { return push.NewHub(push.Options{Buffer: 4096}) }},
	{"naive", func() hub { return &naive{} }},
}

// BenchmarkBroadcast is one event from the call until each client's connection
// has taken it.
func BenchmarkBroadcast(b *testing.B) {
	for _, clients := range []int{10, 100, 1000} {
		for _, kind := range hubs {
			b.Run(fmt.Sprintf("clients=%d/by=%s", clients, kind.name), func(b *testing.B) {
				got := &count{reached: make(chan struct{}, 1)}
				h := kind.make()
				for i := range clients {
					require.NoError(b, h.Join(fmt.Sprint(i), newSink(got)))
				}
				b.ReportAllocs()
				q := event()
				for b.Loop() {
					got.want += int64(clients)
					require.NoError(b, h.Broadcast(q))
					<-got.reached
				}
				h.Close(b.Context())
			})
		}
	}
}

// BenchmarkOneStalled counts what reaches 99 clients of 100 events, if one
// more, which joined in the middle, never reads.
func BenchmarkOneStalled(b *testing.B) {
	const clients, each = 99, 100
	for _, kind := range hubs {
		b.Run("by="+kind.name, func(b *testing.B) {
			for b.Loop() {
				var got count
				h := kind.make()
				for i := range clients {
					if i == clients/2 {
						s := newSink(&got)
						s.hangs = true
						require.NoError(b, h.Join("stalled", s))
					}
					require.NoError(b, h.Join(fmt.Sprint(i), newSink(&got)))
				}
				go func() {
					q := event()
					for range each {
						h.Broadcast(q)
					}
				}()
				for last := int64(-1); last != got.Load(); { // until nothing more comes
					last = got.Load()
					time.Sleep(100 * time.Millisecond)
				}
				b.ReportMetric(float64(got.Load())/clients, "events/client")
				ctx, cancel := context.WithCancel(b.Context())
				cancel()
				h.Close(ctx)
			}
		})
	}
}
