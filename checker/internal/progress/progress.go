// Package progress remembers, between runs, what a learner has had checked
// and which hints were shown. It is a convenience: no mark is ever computed
// from it, and deleting it costs nothing but the memory.
//
// The file is lines of text, sorted, each a fact about one topic:
//
//	wirekata progress 1
//	protocols/websocket assessment 11/14
//	protocols/websocket assignment 5/5
//	protocols/websocket files 9b74c9897bac770f
//	protocols/websocket hint masking 2
//	protocols/websocket stub 51f1a2a35f8dd0ea
//
// The header's number is the format's. Facts whose topic or kind this version
// does not know are kept as they are, so that an older checker, or a branch of
// the course with fewer topics, forgets nothing.
package progress

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/result"
)

const header = "wirekata progress 1"

// ErrDamaged is returned by [Parse] for text that is no progress file.
var ErrDamaged = errors.New("progress damaged")

// A Progress is the facts of one progress file. The zero value has none and
// is ready to use.
type Progress struct {
	facts map[key]string
}

// A key is what a fact is about: everything on its line but the value.
type key struct{ topic, kind string }

// Parse reads a progress file.
func Parse(text string) (*Progress, error) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	if lines[0] != header {
		return nil, fmt.Errorf("%w: line 1: got %q, want %q", ErrDamaged, cut(lines[0]), header)
	}
	p := new(Progress)
	for i, line := range lines[1:] {
		if line == "" {
			continue
		}
		k, value, ok := parseFact(line)
		if !ok {
			return nil, fmt.Errorf("%w: line %d: %q is no fact", ErrDamaged, i+2, cut(line))
		}
		p.set(k, value)
	}
	return p, nil
}

// parseFact takes a line apart at its first blank and its last: topic, kind,
// value. It rejects known kinds with a value that they cannot have.
func parseFact(line string) (key, string, bool) {
	topic, rest, _ := strings.Cut(line, " ")
	i := strings.LastIndex(rest, " ")
	if topic == "" || i <= 0 || i == len(rest)-1 || strings.ContainsFunc(line, isControl) {
		return key{}, "", false
	}
	k, value := key{topic, rest[:i]}, rest[i+1:]
	switch first, _, _ := strings.Cut(k.kind, " "); first {
	case string(result.Assignment), string(result.Assessment):
		_, ok := parseMark(value)
		return k, value, ok
	case "hint":
		n, err := strconv.Atoi(value)
		return k, value, err == nil && n >= 0
	}
	return k, value, true
}

// String returns the file's text.
func (p *Progress) String() string {
	lines := make([]string, 0, len(p.facts))
	for k, value := range p.facts {
		lines = append(lines, k.topic+" "+k.kind+" "+value+"\n")
	}
	slices.Sort(lines)
	return header + "\n" + strings.Join(lines, "")
}

// Mark returns the mark of the topic's last check, and false where it has
// never been checked.
func (p *Progress) Mark(topic string, s result.Suite) (result.Mark, bool) {
	return parseMark(p.facts[key{topic, string(s)}])
}

// Done reports whether nothing was left to do at the last check: every clause
// that could be judged passed.
func (p *Progress) Done(topic string) bool {
	visible, ok1 := p.Mark(topic, result.Assignment)
	hidden, ok2 := p.Mark(topic, result.Assessment)
	return ok1 && ok2 && visible.Passed == visible.Total && hidden.Passed == hidden.Total
}

// Files returns the fingerprint of the files of the topic's last check, or "".
func (p *Progress) Files(topic string) string { return p.facts[key{topic, "files"}] }

// Stub returns the fingerprint of the stub that the learner began with, or "".
func (p *Progress) Stub(topic string) string { return p.facts[key{topic, "stub"}] }

// Began remembers the stub that the learner began with.
func (p *Progress) Began(topic, stub string) { p.set(key{topic, "stub"}, stub) }

// Checked remembers the outcome of a check of both suites, and the
// fingerprint of the files that were judged.
func (p *Progress) Checked(t *result.Topic, files string) {
	for _, s := range []result.Suite{result.Assignment, result.Assessment} {
		m := t.Mark(s)
		p.set(key{t.ID, string(s)}, fmt.Sprintf("%d/%d", m.Passed, m.Total))
	}
	p.set(key{t.ID, "files"}, files)
}

// Forget drops the outcome of the topic's last check, and with what stub it
// began. The hints that were shown stay shown.
func (p *Progress) Forget(topic string) {
	for _, kind := range []string{string(result.Assignment), string(result.Assessment), "files", "stub"} {
		delete(p.facts, key{topic, kind})
	}
}

// Hints returns how many hints of a task were shown.
func (p *Progress) Hints(topic, task string) int {
	n, _ := strconv.Atoi(p.facts[key{topic, "hint " + task}])
	return n
}

// ShowHints remembers that n hints of a task were shown.
func (p *Progress) ShowHints(topic, task string, n int) {
	p.set(key{topic, "hint " + task}, strconv.Itoa(n))
}

func (p *Progress) set(k key, value string) {
	if p.facts == nil {
		p.facts = make(map[key]string)
	}
	p.facts[k] = value
}

func parseMark(s string) (result.Mark, bool) {
	passed, total, _ := strings.Cut(s, "/")
	p, err1 := strconv.Atoi(passed)
	t, err2 := strconv.Atoi(total)
	if err1 != nil || err2 != nil || p < 0 || p > t {
		return result.Mark{}, false
	}
	return result.Mark{Passed: p, Total: t}, true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// cut bounds what an error message repeats of a damaged file.
func cut(s string) string {
	if len(s) > 40 {
		return s[:40] + "..."
	}
	return s
}
