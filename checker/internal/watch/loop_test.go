//go:build unix

package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"
)

// patience is a dead man's handle.
const patience = 30 * time.Second

// A stage is a loop at work on a pseudo-terminal, in a course of two topics.
type stage struct {
	t      *testing.T
	keys   *os.File // the terminal's other end
	tty    *os.File
	topics []Topic
	runs   atomic.Int64 // checks begun
	ended  atomic.Int64 // checks that were not overtaken
	resets atomic.Int64
	hold   chan bool // a check waits for it, if it is set
	over   chan error
	before *term.State

	mu   sync.Mutex
	text strings.Builder // what was written to the terminal
}

func perform(t *testing.T, o Options, hold chan bool) *stage {
	t.Helper()
	keys, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	require.NoError(t, pty.Setsize(keys, &pty.Winsize{Rows: 24, Cols: 80}))
	s := &stage{t: t, keys: keys, tty: tty, hold: hold, over: make(chan error, 1)}
	s.before, err = term.GetState(int(tty.Fd()))
	require.NoError(t, err)
	root := filepath.Join(t.TempDir(), "exercises")
	for _, name := range []string{"one", "two"} {
		dir := filepath.Join(root, "section", name)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		s.topics = append(s.topics, Topic{ID: "section/" + name, Title: name, Dir: dir})
	}
	reading := make(chan bool)
	go func() {
		defer close(reading)
		buf := make([]byte, 64<<10)
		for {
			n, err := keys.Read(buf)
			s.mu.Lock()
			s.text.Write(buf[:n])
			s.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan bool)
	go func() {
		defer close(running)
		s.over <- Run(ctx, s.course(), Screen{In: tty, Out: tty}, o)
	}()
	t.Cleanup(func() {
		cancel()
		<-running // or it would restore whatever has the terminal's number next
		shut(keys, tty)
		<-reading
		keys.Close()
	})
	s.sees("section/one")
	return s
}

// shut closes the terminal. Its reader is in the kernel, and comes back for
// one more key.
func shut(keys, tty *os.File) {
	tty.Close()
	keys.WriteString("\r")
}

func (s *stage) course() *Course {
	text := func(what string) func(int, int) string {
		return func(topic, width int) string { return fmt.Sprintf("the %s of %s", what, s.topics[topic].ID) }
	}
	return &Course{
		Title: "wirekata", Topics: s.topics,
		Check: func(ctx context.Context, topic, width int, progress func(string)) Outcome {
			n := s.runs.Add(1)
			progress("running")
			if s.hold != nil {
				select {
				case <-s.hold:
				case <-ctx.Done():
					return Outcome{Text: "overtaken"}
				}
			}
			s.ended.Add(1)
			return Outcome{Text: fmt.Sprintf("check %d of %s, %d wide", n, s.topics[topic].ID, width), Marks: "3/3", Passes: true}
		},
		Hint: text("hint"),
		Reset: func(topic, width int) string {
			s.resets.Add(1)
			return text("stub")(topic, width)
		},
		Compare: func(_ context.Context, topic, width int) string { return text("reference")(topic, width) },
	}
}

func (s *stage) written() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// begins waits until the n-th check has begun.
func (s *stage) begins(n int64) {
	s.t.Helper()
	require.Eventually(s.t, func() bool { return s.runs.Load() == n }, patience, time.Millisecond)
}

// sees waits until the text is written, after what was seen before.
func (s *stage) sees(text string) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		_, rest, found := strings.Cut(s.text.String(), text)
		if found {
			s.text.Reset()
			s.text.WriteString(rest)
		}
		return found
	}, patience, time.Millisecond, "%q; seen: %q", text, s.written())
}

func (s *stage) press(keys string) {
	s.t.Helper()
	_, err := s.keys.WriteString(keys)
	require.NoError(s.t, err)
}

func (s *stage) save(topic int, name string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(filepath.Join(s.topics[topic].Dir, name), []byte(time.Now().String()), 0o644))
}

// end waits until the loop is over, and demands the terminal as it was.
func (s *stage) end() {
	s.t.Helper()
	select {
	case err := <-s.over:
		require.NoError(s.t, err)
	case <-time.After(patience):
		require.Fail(s.t, "the loop goes on")
	}
	s.sees(leave)
	after, err := term.GetState(int(s.tty.Fd()))
	require.NoError(s.t, err)
	require.Equal(s.t, s.before, after)
}

func TestKeys(t *testing.T) {
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one, 80 wide")
	for _, key := range []struct{ pressed, seen string }{
		{"h", "the hint of section/one"}, {"c", "the reference of section/one"},
		{"x", "[y/N]"}, {"y", "check 2 of section/one"}, {"r", "check 3 of section/one"},
	} {
		s.press(key.pressed)
		s.sees(key.seen)
	}
	s.press("n")
	s.sees("of section/two, 80 wide")
	s.press("lone\r")
	s.sees("of section/one, 80 wide")
	require.NoError(t, pty.Setsize(s.keys, &pty.Winsize{Rows: 30, Cols: 100}))
	require.NoError(t, syscall.Kill(os.Getpid(), syscall.SIGWINCH)) // it is not this process's own terminal
	s.sees(strings.Repeat("\x1b[K\x1b[m\r\n", 22))                  // there was no room for so many empty lines
	s.press("r")
	s.sees("of section/one, 100 wide")
	s.press("q")
	s.end()
}

func TestInterruptEndsACheckToo(t *testing.T) {
	s := perform(t, Options{}, make(chan bool))
	s.sees("running ...")
	s.press("\x03")
	s.end()
	require.Zero(t, s.ended.Load())
}

func TestPanicLeavesTheTerminalAsItWas(t *testing.T) {
	keys, tty, err := pty.Open()
	if err != nil {
		t.Skip("no pseudo-terminals here: ", err)
	}
	defer keys.Close()
	defer shut(keys, tty)
	before, err := term.GetState(int(tty.Fd()))
	require.NoError(t, err)
	c := &Course{Topics: []Topic{{ID: "a/b", Dir: t.TempDir()}}, Check: func(context.Context, int, int, func(string)) Outcome { panic("oh") }}
	require.Panics(t, func() { Run(t.Context(), c, Screen{In: tty, Out: tty}, Options{}) })
	after, err := term.GetState(int(tty.Fd()))
	require.NoError(t, err)
	require.Equal(t, before, after)
}

func TestSavesOfAll(t *testing.T) {
	for _, o := range []Options{{}, {Poll: true}} {
		t.Run(fmt.Sprintf("poll=%t", o.Poll), func(t *testing.T) {
			s := perform(t, o, nil)
			s.sees("check 1 of section/one")
			s.save(1, "two.go")
			s.sees("of section/two")
			s.save(0, "one.go")
			s.sees("of section/one")
			require.NoError(t, os.Remove(filepath.Join(s.topics[1].Dir, "two.go")))
			s.sees("of section/two")
			require.NoError(t, os.Rename(filepath.Join(s.topics[0].Dir, "one.go"), filepath.Join(s.topics[0].Dir, "other.go")))
			s.sees("of section/one")
			require.NoError(t, os.RemoveAll(s.topics[1].Dir)) // as a change of branch does
			require.NoError(t, os.MkdirAll(s.topics[1].Dir, 0o755))
			s.save(1, "two.go")
			s.sees("of section/two")
			s.save(1, "new.go")
			s.sees("of section/two")
			s.press("q")
			s.end()
		})
	}
}

// A hundred saves in a row are few checks, and the last one is not lost.
func TestStormOfSaves(t *testing.T) {
	before := quiet
	quiet = 2 * time.Second // no machine is so busy that it pauses for longer between two saves
	t.Cleanup(func() { quiet = before })
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one")
	for range 100 {
		s.save(1, "two.go")
	}
	s.save(1, "last.go")
	s.sees("of section/two")
	s.save(0, "one.go") // a fence
	s.sees("of section/one")
	require.LessOrEqual(t, s.runs.Load(), int64(4))
	s.press("q")
	s.end()
}

func TestSaveOvertakesACheck(t *testing.T) {
	s := perform(t, Options{}, make(chan bool))
	s.sees("running ...")
	s.save(0, "one.go")
	s.begins(2)
	s.hold <- true
	s.sees("check 2 of section/one")
	require.EqualValues(t, 1, s.ended.Load())
	s.press("q")
	s.end()
}

// A check that hangs keeps nobody from a hint, and is ended by a reset.
func TestCheckThatHangsKeepsNobodyWaiting(t *testing.T) {
	s := perform(t, Options{}, make(chan bool))
	s.sees("running ...")
	s.press("h")
	s.sees("the hint of section/one")
	s.press("\x1b[27u") // nothing
	s.press("bxy")
	s.sees("the stub of section/one")
	s.begins(2) // the question has these words too
	s.hold <- true
	s.sees("check 2 of section/one")
	require.EqualValues(t, 1, s.ended.Load())
	s.press("q")
	s.end()
}

// A reset that was confirmed happens, although a check is asked for at once.
func TestConfirmedResetHappens(t *testing.T) {
	s := perform(t, Options{}, make(chan bool))
	s.sees("running ...")
	s.press("xyr")
	require.Eventually(t, func() bool { return s.resets.Load() == 1 && s.runs.Load() > 1 }, patience, time.Millisecond)
	s.press("q")
	s.end()
	require.EqualValues(t, 1, s.resets.Load())
}

func TestRepaintOnDemand(t *testing.T) {
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one")
	s.press("\f")
	s.sees("check 1 of section/one")
	s.press("q")
	s.end()
}

// A folder that comes back with all that is in it is a save of its topics.
func TestFolderThatComesBackIsASave(t *testing.T) {
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one")
	for _, dir := range folders(s.topics[0]) {
		away := filepath.Join(t.TempDir(), "away")
		require.NoError(t, os.Rename(dir, away))
		require.NoError(t, os.Rename(away, dir))
		s.sees("checking ...")
		for _, topic := range []int{1, 0} {
			require.Eventually(t, func() bool { // a save together with one of the current topic turns to none
				s.save(topic, "saved.go")
				return strings.Contains(s.written(), "of "+s.topics[topic].ID)
			}, patience, 10*quiet)
			s.sees("of " + s.topics[topic].ID)
		}
	}
	s.press("q")
	s.end()
}

func TestFilesOfEditorsAreNoSaves(t *testing.T) {
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one")
	for _, name := range []string{".one.go.swp", "one.go~", "#one.go#", ".#one.go", "4913", "one.go.tmp123", "README.md", "one_test.go"} {
		s.save(0, name)
	}
	s.save(1, "two.go") // a fence: the system tells in order
	s.sees("of section/two")
	require.EqualValues(t, 2, s.runs.Load())
	s.press("q")
	s.end()
}

func TestManualChecksOnlyWhenAsked(t *testing.T) {
	s := perform(t, Options{Manual: true}, nil)
	s.save(0, "one.go")
	s.press("h")
	s.sees("the hint")
	require.Zero(t, s.runs.Load())
	s.press("\x1br")
	s.press("r")
	s.sees("check 1 of section/one")
	s.press("q")
	s.end()
}

// A frame is painted when it is another one, and only then.
func TestNothingIsWrittenWhileNothingHappens(t *testing.T) {
	s := perform(t, Options{}, nil)
	s.sees("check 1 of section/one")
	s.press("\x1b[99~\x1b[99~") // keys that mean nothing
	s.save(0, "README.md")
	s.press("h")
	s.sees("the hint")
	require.NotContains(t, s.written(), "check 1", "painted once more")
	s.press("q")
	s.end()
}
