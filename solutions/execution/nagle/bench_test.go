package nagle_test

import (
	"bufio"
	"io"
	"testing"
	"time"

	"github.com/wirekata/wirekata/solutions/execution/nagle"
)

// A counter is a connection that costs nothing and counts what it is spared.
type counter struct{ writes int }

func (c *counter) Write(p []byte) (int, error) {
	c.writes++
	return len(p), nil
}

// The same stream of lines of 40 octets, through a buffer of 4096: bufio has
// no lock, no timer and no error that lasts, and is the floor. Nothing at all
// is the ceiling of writes.
func BenchmarkSmallWrites(b *testing.B) {
	line := []byte("x-request-id: 0123456789abcdef01234567\r\n")
	run := func(b *testing.B, w io.Writer, c *counter) {
		b.ReportAllocs()
		b.SetBytes(int64(len(line)))
		for b.Loop() {
			w.Write(line)
		}
		b.ReportMetric(float64(c.writes)/float64(b.N), "writes/op")
	}
	b.Run("by=reference", func(b *testing.B) {
		c := &counter{}
		w := nagle.NewCoalescer(c, 4096, time.Hour)
		defer w.Close()
		run(b, w, c)
	})
	b.Run("by=bufio", func(b *testing.B) {
		c := &counter{}
		run(b, bufio.NewWriterSize(c, 4096), c)
	})
	b.Run("by=direct", func(b *testing.B) {
		c := &counter{}
		run(b, c, c)
	})
}

// A step is a write and the acknowledgment of what it let go.
func BenchmarkSender(b *testing.B) {
	for _, o := range []struct {
		name string
		nagle.Options
	}{{"nagle", nagle.Options{MSS: 1460}}, {"minshall", nagle.Options{MSS: 1460, Minshall: true}}, {"nodelay", nagle.Options{MSS: 1460, NoDelay: true}}} {
		b.Run(o.name, func(b *testing.B) {
			b.ReportAllocs()
			s := nagle.NewSender(o.Options)
			sent := 0
			for b.Loop() {
				for _, segment := range s.Write(500) {
					sent = segment.Seq + segment.Len
				}
				for _, segment := range s.Ack(sent) {
					sent = segment.Seq + segment.Len
				}
			}
		})
	}
}

func BenchmarkAcker(b *testing.B) {
	b.ReportAllocs()
	a := &nagle.Acker{MSS: 1460}
	now := time.Now()
	for b.Loop() {
		if a.Receive(now, 1460, true) {
			a.Sent()
		}
		now = now.Add(time.Millisecond)
	}
}
