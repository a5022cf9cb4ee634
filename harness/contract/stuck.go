package contract

import (
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/wirekata/wirekata/harness/evidence"
	"github.com/wirekata/wirekata/harness/loopback"
)

// watch starts the dead man's handle and returns the function that takes it
// away. It lives outside the bubble, so its time is real.
func (c *clause) watch() (stop func()) {
	timer := time.AfterFunc(Patience, func() {
		text, stack := culprit(goroutines(), c.mode == "virtual")
		c.put(evidence.Record{Kind: evidence.Stuck, Text: text, Stack: stack})
		fmt.Fprintf(os.Stderr, "--- STUCK: %s\n%s\n", c.name, c.transcript())
		os.Exit(1)
	})
	return func() { timer.Stop() }
}

// goroutines dumps all of them.
func goroutines() string {
	buf := make([]byte, 1<<20)
	return string(buf[:runtime.Stack(buf, true)])
}

// deadlocked fails a clause whose bubble came to a stand: every goroutine
// waits, and none for time to pass. The first that is not the clause's own
// is named.
func (c *clause) deadlocked(t *testing.T) {
	t.Helper()
	stack := ""
	for g := range strings.SplitSeq(goroutines(), "\n\n") {
		head, frames, _ := strings.Cut(g, "\n")
		if strings.Contains(head, "synctest bubble") && !strings.Contains(frames, "testing/synctest.testingSynctestTest(") {
			stack = cutFrames(frames, 12)
			if !strings.Contains(frames, "contract.(*clause).run") {
				break
			}
		}
	}
	c.report(t, evidence.Record{Kind: evidence.Stuck, Text: "deadlock: every goroutine waits for another", Stack: stack})
	c.conclude() // and not abandon: a bubble's channels cannot be closed from here
}

// culprit finds, in a dump of all goroutines, the one that keeps a bubble's
// clock from moving: it runs, or it waits for something outside the bubble.
func culprit(dump string, virtual bool) (text, stack string) {
	prefix := fmt.Sprintf("stuck: no end after %s of real time", Patience)
	if !virtual {
		return prefix, ""
	}
	for g := range strings.SplitSeq(dump, "\n\n") {
		head, frames, _ := strings.Cut(g, "\n")
		if !strings.Contains(head, "synctest bubble") || strings.Contains(head, "(durable)") ||
			strings.Contains(head, "[synctest.Run") || strings.Contains(frames, "contract.(*clause).watch") {
			continue
		}
		_, state, _ := strings.Cut(head, "[")
		state, _, _ = strings.Cut(state, ",")
		return prefix + explain(state), cutFrames(frames, 12)
	}
	return prefix + "; no goroutine of the clause could be singled out", ""
}

// explain says in words what a goroutine's wait state means in a bubble.
func explain(state string) string {
	switch {
	case strings.HasPrefix(state, "sync.Mutex") || strings.HasPrefix(state, "sync.RWMutex"):
		return "; a goroutine waits for a lock whose holder never lets go"
	case strings.HasPrefix(state, "chan") || strings.HasPrefix(state, "select"):
		return "; a goroutine waits on a channel made outside the clause (a package-level variable?)"
	case strings.HasPrefix(state, "IO wait"):
		return "; a goroutine waits for a real socket or file"
	case strings.HasPrefix(state, "running") || strings.HasPrefix(state, "runnable"):
		return "; a goroutine is busy and never waits"
	}
	return "; a goroutine is in state " + state
}

func cutFrames(frames string, n int) string {
	lines := strings.Split(strings.TrimSpace(frames), "\n")
	if len(lines) > n {
		lines = append(lines[:n], "...")
	}
	return strings.Join(lines, "\n")
}

// settled waits until no goroutine and no file is left that was not there
// before. A goroutine whose last act is seen may still have to return.
func settled(before goleak.Option, files map[int]string) error {
	var err error
	for range 5 {
		if err = goleak.Find(before); err != nil {
			continue
		}
		if err = opened(files); err == nil {
			return nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	return err
}

// opened names the files that are open and were not before.
func opened(before map[int]string) error {
	var left []string
	now := loopback.Descriptors()
	for _, fd := range slices.Sorted(maps.Keys(now)) {
		if before[fd] != now[fd] {
			left = append(left, fmt.Sprintf("descriptor %d: %s", fd, now[fd]))
		}
	}
	if len(left) == 0 {
		return nil
	}
	return errLeftOpen(strings.Join(left, "\n"))
}

// An errLeftOpen lists descriptors, one a line.
type errLeftOpen string

func (e errLeftOpen) Error() string { return string(e) }

// trimLeak shortens goleak's report to the first goroutine it names.
func trimLeak(s string) string {
	_, first, ok := strings.Cut(s, "[")
	if !ok {
		return s
	}
	first, _, _ = strings.Cut(first, "\n\n")
	return cutFrames(first, 12)
}
