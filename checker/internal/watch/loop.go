package watch

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A Screen is the terminal that the loop has to itself.
type Screen struct {
	In  *os.File
	Out *os.File
	// Links says that paths may be written as hyperlinks (OSC 8); terminals that
	// do not know them show the text alone.
	Links bool
}

// Options of the loop.
type Options struct {
	Manual bool // check only when asked
	Poll   bool // look at the files again and again, instead of being told
}

// What the terminal is told: a screen of its own without a cursor, on which
// long lines are cut, and back.
const (
	enter = "\x1b[?1049h\x1b[?25l\x1b[?7l"
	leave = "\x1b[?7h\x1b[?25h\x1b[?1049l"
)

// Run runs the loop until the learner quits or ctx is done, and leaves the
// terminal as it was, whatever happens.
func Run(ctx context.Context, c *Course, s Screen, o Options) error {
	before, err := term.MakeRaw(int(s.In.Fd()))
	if err != nil {
		return err
	}
	defer term.Restore(int(s.In.Fd()), before)
	if _, err := io.WriteString(s.Out, enter); err != nil {
		return err
	}
	defer io.WriteString(s.Out, leave)
	ctx, cancel := context.WithCancel(ctx)
	l := &loop{c: c, model: newModel(c), screen: s, events: make(chan any), done: ctx.Done(), stop: func() {}}
	defer l.working.Wait() // no check is left at work, nor its processes
	defer cancel()
	l.model.links, l.model.manual = s.Links, o.Manual
	l.spawn(func() { watchSize(ctx, func() { l.send(l.size()) }) })
	if !o.Manual {
		f := newFollower(c.Topics, o.Poll)
		l.spawn(func() { f.follow(ctx, func(topics saved) { l.send(topics) }) })
	}
	go l.readKeys() // it ends with the process: nothing ends a read of a terminal
	return l.run(ctx, o)
}

// A loop is the model at work.
type loop struct {
	c      *Course
	model  *model
	screen Screen
	events chan any
	done   <-chan struct{}

	working sync.WaitGroup
	stop    context.CancelFunc // ends the work that goes on
	over    chan struct{}      // is closed when it has ended; nil before the first
	painted string
}

func (l *loop) run(ctx context.Context, o Options) error {
	l.model.handle(l.size())
	var requests []request
	if !o.Manual {
		requests = l.model.check()
	}
	for {
		for _, r := range requests {
			if r.do == doQuit {
				return nil
			}
			l.do(ctx, r)
		}
		if err := l.paint(); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case e := <-l.events:
			if c, ok := e.(crashed); ok {
				panic(c.reason) // here, where the terminal is put right
			}
			if e == keyRepaint {
				l.painted = "" // something else has written to the terminal
			}
			requests = l.model.handle(e)
		}
	}
}

// do begins what the model wants done.
func (l *loop) do(ctx context.Context, r request) {
	run, width := l.model.run, l.model.width
	switch r.do {
	case doCheck:
		l.work(ctx, func(ctx context.Context) any {
			return checked{run, r.topic, l.c.Check(ctx, r.topic, width, func(stage string) { l.send(progress{run, stage}) })}
		})
	case doCompare:
		l.work(ctx, func(ctx context.Context) any {
			return told{run, "your code beside the reference", l.c.Compare(ctx, r.topic, width)}
		})
	case doReset:
		l.stop() // and not to be stopped itself: it was confirmed
		l.after(func() { l.send(reset{r.topic, l.c.Reset(r.topic, width)}) })
	case doHint:
		l.spawn(func() { l.send(told{0, "hint", l.c.Hint(r.topic, width)}) })
	}
}

// work ends the work that goes on, begins another, and sends what comes of it
// unless that is ended too.
func (l *loop) work(ctx context.Context, f func(context.Context) any) {
	l.stop()
	ctx, l.stop = context.WithCancel(ctx)
	l.after(func() {
		if ctx.Err() != nil {
			return
		}
		if event := f(ctx); ctx.Err() == nil {
			select {
			case l.events <- event:
			case <-ctx.Done(): // the loop has moved on while this was waiting to be heard
			}
		}
	})
}

// after does something when all is over that was begun like this before: one
// thing at a time, in order.
func (l *loop) after(f func()) {
	before, over := l.over, make(chan struct{})
	l.over = over
	l.spawn(func() {
		defer close(over)
		if before != nil {
			<-before
		}
		f()
	})
}

func (l *loop) spawn(f func()) {
	l.working.Go(func() {
		defer func() {
			if reason := recover(); reason != nil {
				l.send(crashed{fmt.Sprintf("%v\n%s", reason, debug.Stack())})
			}
		}()
		f()
	})
}

// send hands an event to the loop, unless that is over.
func (l *loop) send(event any) {
	select {
	case l.events <- event:
	case <-l.done:
	}
}

func (l *loop) readKeys() {
	buf := make([]byte, 256)
	for {
		n, err := l.screen.In.Read(buf)
		for _, k := range keys(string(buf[:n])) {
			l.send(k)
		}
		if err != nil {
			l.send(keyInterrupt) // the terminal is gone
			return
		}
	}
}

// size asks the terminal for its size.
func (l *loop) size() resized {
	width, height, err := term.GetSize(int(l.screen.Out.Fd()))
	if err != nil {
		return resized{80, 24}
	}
	return resized{width, height}
}

// paint writes the screen with one write, if it is not what is seen.
func (l *loop) paint() error {
	var b strings.Builder
	for i, line := range l.model.frame() {
		if i > 0 {
			b.WriteString("\r\n")
		}
		b.WriteString("\x1b[K" + line + "\x1b[m")
	}
	if b.String() == l.painted {
		return nil
	}
	l.painted = b.String()
	_, err := io.WriteString(l.screen.Out, "\x1b[H"+l.painted+"\x1b[J")
	return err
}

// fileURL is the URL of a local folder.
func fileURL(dir string) string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(dir)}).String()
}
