package watch

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"
)

// A mode says what the screen is for.
type mode int

const (
	showing  mode = iota // the outcome of the current topic
	reading              // a text that a key asked for
	choosing             // a topic from the list
	asking               // whether to reset
)

// A model is the state of the loop.
type model struct {
	c             *Course
	width, height int
	links         bool // the terminal may be told where a path leads
	manual        bool // check only when asked

	at       int // the current topic
	outcomes map[int]Outcome
	run      int    // the number of the newest check or comparison
	stage    string // how far it is; "" when it is over
	notice   string // said once, until the next key or save
	resets   bool   // the notice tells of a reset, which is saved too

	mode  mode
	title string // of what is read
	text  string
	top   int // the first line that is seen
	find  string
	row   int // the chosen row of the list
	asked int // the topic that would be reset
}

func newModel(c *Course) *model {
	return &model{c: c, at: c.Current, width: 80, height: 24, outcomes: map[int]Outcome{}}
}

// handle takes one event in, and returns what is to be done about it.
func (m *model) handle(event any) []request {
	switch e := event.(type) {
	case key:
		m.notice, m.resets = "", false
		return m.press(e)
	case saved:
		return m.save(e)
	case resized:
		m.width, m.height = max(e.width, 20), max(e.height, 6)
	case progress:
		if e.run == m.run {
			m.stage = e.stage
		}
	case checked:
		m.outcomes[e.topic] = e.Outcome
		m.c.Topics[e.topic].Done = e.Done
		if e.run == m.run {
			m.stage = ""
		}
	case told:
		if e.run == m.run {
			m.stage = ""
		}
		if m.mode == showing || m.mode == reading { // else there is no more interest
			m.mode, m.title, m.text, m.top = reading, e.title, e.text, 0
		}
	case reset:
		m.notice, m.resets = strings.Join(strings.Split(strings.TrimSpace(e.text), "\n"), "; "), true
		delete(m.outcomes, e.topic)
		return m.turn(e.topic)
	}
	return nil
}

// save goes to the topic that was saved; where several were, as when a branch
// is checked out, it stays if it can.
func (m *model) save(topics saved) []request {
	if len(topics) > 0 && !slices.Contains(topics, m.at) {
		m.at, m.top = topics[len(topics)-1], 0
	}
	if m.mode == reading {
		m.mode, m.top = showing, 0 // but what is being typed stays what it is
	}
	if !m.resets {
		m.notice = ""
	}
	m.resets = false
	return m.check()
}

func (m *model) check() []request {
	m.run++
	m.stage = "checking"
	return []request{{doCheck, m.at}}
}

func (m *model) press(k key) []request {
	if k == keyInterrupt {
		return []request{{do: doQuit}}
	}
	switch m.mode {
	case choosing:
		return m.choose(k)
	case asking:
		m.mode = showing
		if k == 'y' || k == 'Y' {
			return []request{{doReset, m.asked}}
		}
		m.notice = "nothing was changed"
		return nil
	case reading:
		if k == keyEscape || k == 'b' || k == keyEnter {
			m.mode, m.top = showing, 0
			return nil
		}
	}
	if m.scroll(k) {
		return nil
	}
	return m.command(k)
}

// command does what a letter stands for.
func (m *model) command(k key) []request {
	switch k {
	case 'q':
		return []request{{do: doQuit}}
	case 'r':
		m.mode, m.top = showing, 0
		return m.check()
	case 'n':
		return m.next()
	case 'h':
		return []request{{doHint, m.at}}
	case 'c':
		return m.compare()
	case 'x':
		m.mode, m.asked = asking, m.at
	case 'l':
		m.mode, m.find, m.row = choosing, "", m.at
	}
	return nil
}

// next goes to the next topic that is not done, but only once the assignment
// of this one passes.
func (m *model) next() []request {
	if !m.passes("the next topic comes") {
		return nil
	}
	for i := 1; i < len(m.c.Topics); i++ {
		if t := (m.at + i) % len(m.c.Topics); !m.c.Topics[t].Done {
			return m.jump(t)
		}
	}
	m.notice = "every other topic is done"
	return nil
}

// passes reports whether the current topic's assignment does, and says
// otherwise what waits for it.
func (m *model) passes(what string) bool {
	o, known := m.outcomes[m.at]
	switch {
	case !known && m.stage == "":
		m.notice = what + " once the assignment passes; r checks it"
	case !o.Passes:
		m.notice = what + " once the assignment passes"
	}
	return o.Passes
}

func (m *model) compare() []request {
	switch {
	case !m.passes("the reference is shown"):
		return nil
	case m.stage != "":
		m.notice = "the reference is shown once this is over"
		return nil
	}
	m.run++
	m.stage = "judging the reference too"
	return []request{{doCompare, m.at}}
}

func (m *model) jump(topic int) []request {
	m.mode = showing
	return m.turn(topic)
}

// turn goes to the topic, and has it checked unless that is for r to do.
func (m *model) turn(topic int) []request {
	m.at, m.top = topic, 0
	if m.manual {
		m.run++ // what goes on is about another topic
		m.stage = ""
		return nil
	}
	return m.check()
}

// scroll moves the text, if the key is for that.
func (m *model) scroll(k key) bool {
	page := max(m.room()-1, 1)
	switch k {
	case keyUp, 'k':
		m.top--
	case keyDown, 'j':
		m.top++
	case keyPageUp:
		m.top -= page
	case keyPageDown, ' ':
		m.top += page
	case keyHome:
		m.top = 0
	case keyEnd:
		m.top = len(m.body())
	default:
		return false
	}
	m.top = max(min(m.top, len(m.body())-m.room()), 0)
	return true
}

// choose moves in the list, narrows it by what is typed, and jumps.
func (m *model) choose(k key) []request {
	found := m.found()
	switch {
	case k == keyEscape && m.find == "":
		m.mode = showing
	case k == keyEscape:
		m.find, m.row = "", m.at
	case k == keyEnter && len(found) > 0:
		return m.jump(found[min(m.row, len(found)-1)])
	case k == keyUp:
		m.row = max(min(m.row, len(found)-1)-1, 0)
	case k == keyDown:
		m.row = min(m.row+1, max(len(found)-1, 0))
	case k == keyPageUp:
		m.row = max(min(m.row, len(found)-1)-m.room()/2, 0)
	case k == keyPageDown:
		m.row = min(m.row+m.room()/2, max(len(found)-1, 0))
	case k == keyHome:
		m.row = 0
	case k == keyEnd:
		m.row = max(len(found)-1, 0)
	case k == keyBackspace && m.find != "":
		m.find, m.row = m.find[:len(m.find)-1], 0
	case k >= ' ' && k < 0x7f:
		m.find, m.row = m.find+string(rune(k)), 0
	}
	return nil
}

// found are the topics that have what was typed.
func (m *model) found() []int {
	var found []int
	for i, t := range m.c.Topics {
		if strings.Contains(strings.ToLower(t.ID+" "+t.Title), strings.ToLower(m.find)) {
			found = append(found, i)
		}
	}
	return found
}

// frame is the screen, a string for each line, none wider than it.
func (m *model) frame() []string {
	body := m.body()
	room := m.room()
	top := max(min(m.top, len(body)-room), 0)
	lines := []string{m.progressBar(), m.standing(), m.notice}
	for i := range room {
		line := ""
		if top+i < len(body) {
			line = body[top+i]
		}
		lines = append(lines, line)
	}
	lines = append(lines, "", m.keys(top, room, len(body)))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, m.width, "…")
	}
	return lines
}

// room is the number of lines between head and foot.
func (m *model) room() int { return max(m.height-5, 1) }

// body is the text of the mode, wrapped.
func (m *model) body() []string {
	var text string
	switch m.mode {
	case choosing:
		return m.list()
	case reading:
		text = m.text
	default:
		o, ok := m.outcomes[m.at]
		switch {
		case ok:
			text = o.Text
		case m.stage == "":
			text = "Not checked yet: press r."
		}
	}
	text = strings.TrimRight(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(ansi.Wrap(text, m.width, ""), "\n")
}

// list has a row for each topic that was found, the chosen one in sight.
func (m *model) list() []string {
	lines := []string{"Go to: " + m.find + "_", ""}
	found := m.found()
	row := min(m.row, max(len(found)-1, 0))
	room := max(m.room()-len(lines), 1)
	first := max(min(row-room/2, len(found)-room), 0)
	for i := first; i < min(first+room, len(found)); i++ {
		t := m.c.Topics[found[i]]
		cursor, done := "  ", " "
		if i == row {
			cursor = "> "
		}
		if t.Done {
			done = "✓"
		}
		lines = append(lines, fmt.Sprintf("%s%s %-28s %s", cursor, done, t.ID, t.Title))
	}
	if len(found) == 0 {
		lines = append(lines, "  no topic has that")
	}
	return lines
}

// progressBar is the first line: how much is done, and where the work is. A
// narrow screen has a short bar.
func (m *model) progressBar() string {
	done := 0
	for _, t := range m.c.Topics {
		if t.Done {
			done++
		}
	}
	line := func(before string, width int) string {
		full := done * width / max(len(m.c.Topics), 1)
		bar := strings.Repeat("#", full)
		if full < width {
			bar += ">" + strings.Repeat("-", width-full-1)
		}
		return fmt.Sprintf("%s[%s] %d/%d  ", before, bar, done, len(m.c.Topics))
	}
	topic := m.c.Topics[m.at]
	bar, shown := line(m.c.Title+"  ", 20), path.Join("exercises", topic.ID)
	if len(bar)+len(shown) > m.width {
		bar, shown = line("", 8), topic.ID
	}
	return bar + m.link(topic, shown)
}

// link is a path to the topic, which a terminal that can may open.
func (m *model) link(t Topic, shown string) string {
	if !m.links {
		return shown
	}
	return ansi.SetHyperlink(fileURL(t.Dir)) + shown + ansi.ResetHyperlink()
}

// standing is the second line: what goes on, or what the last check said.
func (m *model) standing() string {
	switch {
	case m.mode == asking:
		return "Put the stub of " + m.c.Topics[m.asked].ID + " back? Your files are kept as a backup. [y/N]"
	case m.mode == reading && m.stage == "":
		return m.title
	case m.stage != "":
		return m.stage + " ..."
	}
	return m.outcomes[m.at].Marks
}

// keys is the last line. What has no room there is left out from the back, but
// not where in the text this is.
func (m *model) keys(top, room, lines int) string {
	keys := "n next  h hint  l list  c compare  x reset  r run  q quit"
	switch m.mode {
	case choosing:
		keys = "type to find  ↑↓ move  Enter go  Esc back"
	case reading:
		keys = "Esc back  ↑↓ scroll  q quit"
	case asking:
		keys = "y yes  any other key no"
	}
	place := ""
	if m.mode != choosing && lines > room {
		place = fmt.Sprintf("  ↑↓ %d-%d of %d", top+1, min(top+room, lines), lines)
	}
	if left := m.width - ansi.StringWidth(place); ansi.StringWidth(keys) > left {
		keys = strings.ReplaceAll(keys, "  ", " ")
		if m.mode == showing && ansi.StringWidth(keys) > left {
			keys = "n h l c x r q"
		}
		keys = ansi.Truncate(keys, left, "…")
	}
	return keys + place
}
