package pubsub_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/solutions/patterns/pubsub"
)

// A scanner is the broker that one writes first: a map of filters, each of
// which is asked whether it matches. It has no queues beyond a count.
type scanner struct {
	mu      sync.Mutex
	filters map[string]*int
}

func (s *scanner) publish(topic string, body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for filter, n := range s.filters {
		if matches(filter, topic) {
			*n++
		}
	}
}

// matches compares level by level and allocates nothing.
func matches(filter, topic string) bool {
	for more := true; more; {
		var f, t string
		var left bool
		f, filter, left = strings.Cut(filter, "/")
		if f == "#" {
			return true
		}
		t, topic, more = strings.Cut(topic, "/")
		if f != "+" && f != t || left != more && filter != "#" {
			return false
		}
	}
	return true
}

// BenchmarkPublish publishes for one subscription among many that the message
// does not concern: what does it cost per message?
func BenchmarkPublish(b *testing.B) {
	const topic, filter = "sites/hamburg/ovens/7/temperature", "sites/hamburg/ovens/+/temperature"
	body := []byte("218.5")
	for _, others := range []int{10, 100, 1_000, 10_000, 100_000} {
		b.Run(fmt.Sprintf("others=%d/by=reference", others), func(b *testing.B) {
			broker := pubsub.New(pubsub.Options{})
			defer broker.Close()
			for i := range others {
				_, err := broker.Subscribe(unrelated(i), pubsub.SubOptions{})
				require.NoError(b, err)
			}
			_, err := broker.Subscribe(filter, pubsub.SubOptions{Buffer: 1, Full: pubsub.DropOldest})
			require.NoError(b, err)
			b.ReportAllocs()
			for b.Loop() {
				if err := broker.Publish(topic, body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(fmt.Sprintf("others=%d/by=scan", others), func(b *testing.B) {
			s := &scanner{filters: map[string]*int{filter: new(int)}}
			for i := range others {
				s.filters[unrelated(i)] = new(int)
			}
			b.ReportAllocs()
			for b.Loop() {
				s.publish(topic, body)
			}
			require.Positive(b, *s.filters[filter])
		})
	}
}

// BenchmarkFanOut publishes for many subscriptions that the message does
// concern: nothing spares a broker from touching every one of them.
func BenchmarkFanOut(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			broker := pubsub.New(pubsub.Options{})
			defer broker.Close()
			for range n {
				_, err := broker.Subscribe("a/+/c", pubsub.SubOptions{Buffer: 1, Full: pubsub.DropOldest})
				require.NoError(b, err)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := broker.Publish("a/b/c", nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkRoundTrip takes a message from Publish to Ack.
func BenchmarkRoundTrip(b *testing.B) {
	broker := pubsub.New(pubsub.Options{})
	defer broker.Close()
	s, err := broker.Subscribe("a/#", pubsub.SubOptions{Group: "g"})
	require.NoError(b, err)
	b.ReportAllocs()
	for b.Loop() {
		if err := broker.Publish("a/b/c", nil); err != nil {
			b.Fatal(err)
		}
		d, err := s.Receive(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		if err := d.Ack(); err != nil {
			b.Fatal(err)
		}
	}
}

// unrelated is a filter that has a level in common with the benchmark's topic,
// and a wildcard every now and then.
func unrelated(i int) string {
	if i%4 == 0 {
		return fmt.Sprintf("sites/site%d/+/7/temperature", i)
	}
	return fmt.Sprintf("sites/site%d/ovens/7/temperature", i)
}
