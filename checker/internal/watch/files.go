package watch

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
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

// folders are those that come and go with a topic, exercises/section/topic, the
// topic's own last.
func folders(t Topic) []string {
	section := filepath.Dir(t.Dir)
	return []string{filepath.Dir(section), section, t.Dir}
}

// add watches each topic's folders, and that in which they may be made anew.
// Folders that are not there are left out.
func (n *notified) add() error {
	for _, t := range n.topics {
		all := folders(t)
		for _, dir := range append([]string{filepath.Dir(all[0])}, all...) {
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
			timer.Reset(quiet)
		case e := <-n.Events:
			if more := n.about(e); len(more) > 0 {
				topics = append(topics, more...)
				timer.Reset(quiet)
			}
		case <-timer.C:
			n.add() // before anybody reads what was made anew
			send(topics)
			topics = nil
		}
	}
}

// about returns the topics that an event is about: that of a file, or all in a
// folder that was made.
func (n *notified) about(e fsnotify.Event) (topics saved) {
	if e.Op == fsnotify.Chmod {
		return nil
	}
	for i, t := range n.topics {
		file := filepath.Dir(e.Name) == t.Dir && source(e.Name)
		if file || e.Has(fsnotify.Create) && slices.Contains(folders(t), e.Name) {
			topics = append(topics, i)
		}
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
