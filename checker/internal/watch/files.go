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

// A follower sends the topics of the saves since it was made, those of one
// moment together, until ctx is done.
type follower interface {
	follow(ctx context.Context, send func(saved))
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

func (n *notified) follow(ctx context.Context, send func(saved)) {
	defer n.Close()
	var topics saved
	timer := time.NewTimer(time.Hour)
	timer.Stop()
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-n.Errors: // events were lost: anything may have changed
			n.add()
			timer.Reset(quiet)
		case e := <-n.Events:
			if more := n.about(e); len(more) > 0 {
				topics = append(topics, more...)
				timer.Reset(quiet)
			}
		case <-timer.C:
			send(topics)
			topics = nil
		}
	}
}

// about returns the topics that an event is about: that of a file, and all in
// a folder that was made, which is watched from now on. What was written there
// before that is told by nobody.
func (n *notified) about(e fsnotify.Event) (topics saved) {
	if e.Op == fsnotify.Chmod {
		return nil
	}
	made := e.Has(fsnotify.Create)
	for i, t := range n.topics {
		switch folder := e.Name == t.Dir || e.Name == filepath.Dir(t.Dir); {
		case folder && made, !folder && filepath.Dir(e.Name) == t.Dir && source(e.Name):
			topics = append(topics, i)
		}
	}
	if made && len(topics) > 0 {
		n.add()
	}
	return topics
}

// polled looks at the topics again and again.
type polled struct {
	topics []Topic
	before []string // their states
}

func (p *polled) follow(ctx context.Context, send func(saved)) {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		var topics saved
		for i, t := range p.topics {
			if now := state(t.Dir); now != p.before[i] {
				p.before[i] = now
				topics = append(topics, i)
			}
		}
		if len(topics) > 0 {
			send(topics)
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
