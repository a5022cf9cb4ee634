package report

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// A Meter shows how far the work has come: on a terminal as one line that is
// painted over, elsewhere as one line a stage. It may be used by several
// goroutines at once.
type Meter struct {
	W        io.Writer
	Style    Style
	Terminal bool // W is a terminal

	mu    sync.Mutex
	stage string
	drawn bool // a line is on the terminal that has to go again
}

// Update shows that done of total steps of a stage ("build", "first build" or
// "run") are taken, and which topic is in hand.
func (m *Meter) Update(stage, topic string, done, total int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	changed := stage != m.stage
	m.stage = stage
	switch {
	case m.Terminal:
		m.drawn = true
		fmt.Fprint(m.W, "\r\x1b[K", m.line(stage, topic, done, total))
	case changed:
		fmt.Fprintf(m.W, "checker: %s%s\n", stageName(stage), patience(stage, done))
	}
}

// Clear takes the line off the terminal, so that a view can follow.
func (m *Meter) Clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.drawn {
		fmt.Fprint(m.W, "\r\x1b[K")
	}
	m.drawn = false
}

func (m *Meter) line(stage, topic string, done, total int) string {
	const width = 20
	bar := strings.Repeat("░", width)
	if total > 0 {
		n := min(done, total) * width / total
		bar = strings.Repeat("█", n) + strings.Repeat("░", width-n)
	}
	text := fmt.Sprintf("%s %d/%d  %s%s", stageName(stage), done, total, topic, patience(stage, done))
	return m.Style.paint(cyan, bar) + "  " + cut(text, m.Style.width()-width-3)
}

func stageName(stage string) string {
	switch stage {
	case "build", firstBuild:
		return "building the suites"
	case "run":
		return "running the clauses"
	default:
		return stage
	}
}

const firstBuild = "first build"

// patience asks for it before anything is built: only the go command knows
// how much of the standard library it has to compile.
func patience(stage string, done int) string {
	if stage == firstBuild && done == 0 {
		return " (the first time takes about a minute)"
	}
	return ""
}
