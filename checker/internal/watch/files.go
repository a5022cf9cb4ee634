package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

// quiet is how long nothing more is saved before a save counts: an editor
// writes a file in several steps, and a formatter writes it again.
var quiet = 50 * time.Millisecond

// pollEvery is how often folders are looked at that the system does not report
// about.
const pollEvery = 500 * time.Millisecond

// source reports whether a file is one that a check is about. The files that
// editors keep beside it begin with a dot or a hash, or end otherwise.
func source(name string) bool {
	base := filepath.Base(name)
	return strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go") && !strings.HasPrefix(base, ".") && !strings.HasPrefix(base, "#")
}

// A follower sends the topic of every save since it was made, until ctx is
// done.
type follower interface {
	follow(ctx context.Context, send func(topic int))
}

// newFollower returns one that the system tells what was saved; where it does
// not, or with poll, one that looks.
func newFollower(topics []Topic, poll bool) follower {
	if !poll {
		if w, err := fsnotify.NewWatcher(); err == nil {
			n := &notified{w, topics}
			if n.add() == nil {
				return n
			}
			w.Close()
		}
	}
	p := &polled{topics: topics}
	for _, t := range topics {
		p.before = append(p.before, state(t.Dir))
	}
	return p
}

// notified follows what the system tells.
type notified struct {
	*fsnotify.Watcher
	topics []Topic
}

// add watches each topic's folder and the two above it, in which it may be
// made anew. Folders that are not there are left out.
func (n *notified) add() error {
	for _, t := range n.topics {
		for _, dir := range []string{filepath.Dir(filepath.Dir(t.Dir)), filepath.Dir(t.Dir), t.Dir} {
			if err := n.Add(dir); err != nil && !os.IsNotExist(err) {
				return err
			}
		}
	}
	return nil
}

func (n *notified) follow(ctx context.Context, send func(int)) {
	defer n.Close()
	saved := map[int]bool{}
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.Errors: // events were lost: everything may have changed
			n.add()
		case e := <-n.Events:
			if t, ok := n.about(e); ok {
				saved[t] = true
				timer.Reset(quiet)
			}
		case <-timer.C:
			for t := range saved {
				send(t)
			}
			clear(saved)
		}
	}
}

// about returns the topic that an event is about. A folder that was made is
// watched, and has been saved.
func (n *notified) about(e fsnotify.Event) (int, bool) {
	if e.Op == fsnotify.Chmod {
		return 0, false
	}
	for i, t := range n.topics {
		switch {
		case e.Name == t.Dir && e.Has(fsnotify.Create), e.Name == filepath.Dir(t.Dir) && e.Has(fsnotify.Create):
			n.add()
			return i, e.Name == t.Dir
		case filepath.Dir(e.Name) == t.Dir:
			return i, source(e.Name)
		}
	}
	return 0, false
}

// polled looks at the topics again and again.
type polled struct {
	topics []Topic
	before []string // their states
}

func (p *polled) follow(ctx context.Context, send func(int)) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for i, t := range p.topics {
			if now := state(t.Dir); now != p.before[i] {
				p.before[i] = now
				send(i)
			}
		}
	}
}

// state changes when a source file of the folder does.
func state(dir string) string {
	var b strings.Builder
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && source(e.Name()) {
			fmt.Fprintln(&b, e.Name(), info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}
