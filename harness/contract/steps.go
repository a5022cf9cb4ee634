package contract

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/wirekata/wirekata/harness/evidence"
)

// Step says what the clause does next. Steps are numbered; the last one is
// where a failure happened.
func Step(t testing.TB, format string, args ...any) {
	of(t).put(evidence.Record{Kind: evidence.Step, Text: fmt.Sprintf(format, args...)})
}

// Control is a [Step] that must succeed for the others to mean anything: it
// shows that the candidate does the right thing when nothing is wrong, so that
// one which refuses everything gains nothing.
func Control(t testing.TB, format string, args ...any) {
	of(t).put(evidence.Record{Kind: evidence.Step, Text: fmt.Sprintf(format, args...), Control: true})
}

// Fence is a [Step] whose effect can only come after that of the steps
// before: once it is seen, what has not come will not come.
func Fence(t testing.TB, format string, args ...any) {
	of(t).put(evidence.Record{Kind: evidence.Step, Text: fmt.Sprintf(format, args...) + "   (fence)"})
}

// MaxMessages bounds how many wire messages a clause records.
const MaxMessages = 2000

// Message records what crossed a wire, as a describer renders it. Of more
// than MaxMessages only the first are kept.
func Message(t testing.TB, from, to, text string, bytes []byte, lost bool) {
	MessageTook(t, from, to, text, bytes, lost, 0)
}

// MessageTook is [Message] for one of which it is known when the receiver
// could have it.
func MessageTook(t testing.TB, from, to, text string, bytes []byte, lost bool, took time.Duration) {
	c := of(t)
	if c.messages.Add(1) > MaxMessages {
		return
	}
	if len(bytes) > evidence.MaxWireBytes {
		bytes = bytes[:evidence.MaxWireBytes]
	}
	c.put(evidence.Record{Kind: evidence.Wire, From: from, To: to, Text: text, Bytes: bytes, Lost: lost, Took: took})
}

// OnFailure has f called once if the clause fails, after the failure is
// recorded and before the process may end.
func OnFailure(t testing.TB, f func()) {
	c := of(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onFailure = append(c.onFailure, f)
}

// Captured records that name, in the evidence directory, holds a capture.
func Captured(t testing.TB, name string) {
	of(t).put(evidence.Record{Kind: evidence.Capture, Text: name})
}

// EvidenceDir returns the directory for captures, or "" where none are kept.
func EvidenceDir(t testing.TB) string { return of(t).sink.Dir() }

// Rand returns the clause's source of choices, the same one at every call. It
// depends on the seed and on the clause's name only, so that a printed seed
// replays the clause. It is for the clause's own goroutine.
func Rand(t testing.TB) *rand.Rand {
	c := of(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.rand == nil {
		h := fnv.New64a()
		h.Write([]byte(c.name))
		c.rand = rand.New(rand.NewPCG(c.seed, h.Sum64()))
	}
	return c.rand
}

// A Cut is one way in which a stream may deliver the same bytes.
type Cut struct {
	Name   string
	Chunks [][]byte
}

// Cuts returns the ways in which a wire clause delivers b: all at once, one
// byte at a time, and three times in chunks of random size. Chunks are never
// empty and share b's memory.
func Cuts(t testing.TB, b []byte) []Cut {
	cuts := []Cut{{"all at once", [][]byte{b}}, {"one byte at a time", chop(b, func() int { return 1 })}}
	rnd := Rand(t)
	for i := range 3 {
		longest := 1 + len(b)/(i+2)
		cuts = append(cuts, Cut{fmt.Sprintf("seeded cut %d", i+1), chop(b, func() int { return 1 + rnd.IntN(longest) })})
	}
	return cuts
}

func chop(b []byte, size func() int) [][]byte {
	var chunks [][]byte
	for len(b) > 0 {
		n := min(size(), len(b))
		chunks = append(chunks, b[:n])
		b = b[n:]
	}
	return chunks
}
