package sse_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	peer "github.com/tmaxmax/go-sse"

	"github.com/wirekata/wirekata/solutions/patterns/sse"
)

// events in each stream.
const events = 1000

// stream returns events with data of size octets each, in lines of 80 at most.
func stream(size int) []byte {
	var b bytes.Buffer
	for i := range events {
		fmt.Fprintf(&b, "event: tick\nid: %d\n", i)
		for rest := size; rest > 0; rest -= 80 {
			fmt.Fprintf(&b, "data: %s\n", strings.Repeat("x", min(rest, 80)))
		}
		b.WriteString("\n")
	}
	return b.Bytes()
}

// BenchmarkDecode reads streams of 1000 events. The floor does nothing but to
// split them into lines; the peer's limit for an event is raised to ours.
func BenchmarkDecode(b *testing.B) {
	for _, size := range []int{20, 200, 2000, 20000} {
		in := stream(size)
		for _, c := range []struct {
			name string
			read func(io.Reader) int
		}{{"floor", lines}, {"reference", ours}, {"go-sse", theirs}} {
			b.Run(fmt.Sprintf("size=%d/by=%s", size, c.name), func(b *testing.B) {
				b.SetBytes(int64(len(in)))
				b.ReportAllocs()
				for b.Loop() {
					require.NotZero(b, c.read(bytes.NewReader(in)))
				}
			})
		}
	}
}

func lines(r io.Reader) (n int) {
	s := bufio.NewScanner(r)
	for s.Scan() {
		n += len(s.Bytes())
	}
	return n
}

func ours(r io.Reader) (n int) {
	d := sse.NewDecoder(r)
	for {
		e, err := d.Next()
		if err != nil {
			return n
		}
		n += len(e.Data)
	}
}

func theirs(r io.Reader) (n int) {
	for e, err := range peer.Read(r, &peer.ReadConfig{MaxEventSize: sse.MaxData}) {
		if err != nil {
			return 0
		}
		n += len(e.Data)
	}
	return n
}

// What is measured is the same work.
func TestPeersAgree(t *testing.T) {
	for _, size := range []int{20, 20000} {
		require.Equal(t, theirs(bytes.NewReader(stream(size))), ours(bytes.NewReader(stream(size))))
	}
}
