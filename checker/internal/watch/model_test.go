package watch

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"github.com/stretchr/testify/require"
)

func newCourse() *Course {
	c := &Course{Title: "wirekata"}
	for i := range 44 {
		c.Topics = append(c.Topics, Topic{ID: fmt.Sprintf("protocols/topic%d", i), Title: fmt.Sprintf("Topic %d", i), Dir: fmt.Sprintf("/course/topic%d", i), Done: i < 12})
	}
	c.Current = 12
	return c
}

// feed gives the model events, and letters as keys.
func feed(m *model, events ...any) []request {
	var all []request
	for _, e := range events {
		if s, ok := e.(string); ok {
			for _, r := range s {
				all = append(all, m.handle(key(r))...)
			}
			continue
		}
		all = append(all, m.handle(e)...)
	}
	return all
}

func screen(m *model) string { return strings.Join(m.frame(), "\n") }

var passes = Outcome{Text: "The assignment passes.", Marks: "assignment 3/3", Passes: true}

func TestProgressBarTellsHowFarAndWhere(t *testing.T) {
	m := newModel(newCourse())
	require.Equal(t, "wirekata  [#####>--------------] 12/44  exercises/protocols/topic12", m.frame()[0])
	for i := range m.c.Topics {
		m.c.Topics[i].Done = true
	}
	require.Contains(t, m.frame()[0], "[####################] 44/44")
	m.links = true
	require.Contains(t, m.frame()[0], "\x1b]8;;file:///course/topic12\x07exercises/protocols/topic12")
}

func TestNextWaitsForTheAssignment(t *testing.T) {
	m := newModel(newCourse())
	require.Empty(t, feed(m, "n"))
	require.Contains(t, screen(m), "once the assignment passes; r checks it")
	feed(m, m.check(), checked{m.run, 12, passes})
	require.Equal(t, []request{{doCheck, 13}}, feed(m, "n"))
	require.Equal(t, 13, m.at)
}

func TestNextPassesOverWhatIsDone(t *testing.T) {
	m := newModel(newCourse())
	for i := range m.c.Topics {
		m.c.Topics[i].Done = i != 3
	}
	all := Outcome{Passes: true, Done: true}
	feed(m, checked{m.run, 12, all})
	require.Equal(t, []request{{doCheck, 3}}, feed(m, "n"))
	feed(m, checked{m.run, 3, all})
	require.Empty(t, feed(m, "n"))
	require.Contains(t, screen(m), "every other topic is done")
}

func TestSaveChecksThatTopic(t *testing.T) {
	m := newModel(newCourse())
	require.Equal(t, []request{{doCheck, 20}}, feed(m, saved{20}))
	require.Contains(t, screen(m), "exercises/protocols/topic20")
	require.Contains(t, screen(m), "checking ...")
	feed(m, progress{m.run, "running 3/9"})
	require.Contains(t, screen(m), "running 3/9 ...")
	feed(m, saved{20}, progress{m.run - 1, "running 9/9"})
	require.NotContains(t, screen(m), "9/9", "a check that was overtaken")
	feed(m, checked{m.run, 20, Outcome{Text: "✗ no frame", Marks: "assignment 1/3"}})
	require.Contains(t, screen(m), "✗ no frame")
	require.Contains(t, screen(m), "assignment 1/3")
}

// A change of branch saves many topics at once.
func TestSavesOfManyTopicsStayWithTheCurrentOne(t *testing.T) {
	m := newModel(newCourse())
	require.Equal(t, []request{{doCheck, 12}}, feed(m, saved{3, 12, 20}))
	require.Equal(t, []request{{doCheck, 20}}, feed(m, saved{3, 20}))
	require.Equal(t, []request{{doCheck, 20}}, feed(m, saved{}), "it is not known which")
}

func TestNoticeHidesNeitherMarksNorProgress(t *testing.T) {
	m := newModel(newCourse())
	feed(m, "n", progress{m.run, "running 1/2"})
	require.Contains(t, screen(m), "once the assignment passes")
	require.Contains(t, screen(m), "running 1/2 ...")
	feed(m, saved{12})
	require.NotContains(t, screen(m), "once the assignment passes")
}

func TestManualLeavesCheckingToR(t *testing.T) {
	m := newModel(newCourse())
	m.manual = true
	require.Contains(t, screen(m), "Not checked yet: press r.")
	feed(m, "r", checked{1, 12, passes})
	require.Empty(t, feed(m, "n"))
	require.Equal(t, 13, m.at)
	require.Empty(t, feed(m, "l", keyUp, keyEnter, reset{12, "put back"}))
	require.Contains(t, screen(m), "Not checked yet: press r.")
	require.Equal(t, []request{{doCheck, 12}}, feed(m, "r"))
}

// A comparison is work that a save overtakes, and that says that it goes on.
func TestCompareSaysThatItGoesOn(t *testing.T) {
	m := newModel(newCourse())
	feed(m, checked{m.run, 12, passes})
	require.Equal(t, []request{{doCompare, 12}}, feed(m, "c"))
	require.Contains(t, screen(m), "judging the reference too ...")
	require.Empty(t, feed(m, "c"), "once is enough")
	feed(m, told{m.run, "beside", "the reference"}, keyEscape)
	require.NotContains(t, screen(m), "judging")
	feed(m, "l", told{0, "hint", "Look at the length."}, "40")
	require.Contains(t, screen(m), "Go to: 40_", "the learner went on")
}

// What is being typed stays what it is while a save comes in between.
func TestSaveTakesNoWordsOutOfTheMouth(t *testing.T) {
	m := newModel(newCourse())
	require.Empty(t, feed(m, "x"))
	feed(m, saved{20})
	require.Contains(t, screen(m), "Put the stub of protocols/topic12 back?")
	require.Equal(t, []request{{doReset, 12}}, feed(m, "y"))

	require.Equal(t, []request{{doCheck, 21}}, feed(m, "l", "top", saved{21}, "ic30"))
	require.Equal(t, []request{{doCheck, 30}}, feed(m, keyEnter))
}

func TestListIsSearched(t *testing.T) {
	m := newModel(newCourse())
	feed(m, "l")
	require.Contains(t, screen(m), ">   protocols/topic12")
	feed(m, "topic4")
	require.Contains(t, screen(m), "Go to: topic4_")
	require.NotContains(t, strings.Join(m.frame()[1:], "\n"), "topic12")
	require.Equal(t, []request{{doCheck, 41}}, feed(m, keyDown, keyDown, keyEnter))
	require.Equal(t, []request{{doCheck, 7}}, feed(m, "l", "topic 7", keyEnter), "a title has blanks")
	feed(m, "l", keyHome, keyPageDown)
	require.Contains(t, screen(m), "> ✓ protocols/topic9")
	feed(m, keyPageUp, keyPageUp)
	require.Contains(t, screen(m), "> ✓ protocols/topic0")
	feed(m, keyEscape, "l", "zzz")
	require.Contains(t, screen(m), "no topic has that")
	require.Empty(t, feed(m, keyEnter, keyDown, keyUp, keyEnd, keyHome))
	feed(m, keyBackspace, keyBackspace, keyBackspace, keyBackspace)
	require.Contains(t, screen(m), "Go to: _")
	feed(m, keyEscape)
	require.Contains(t, screen(m), "n next")
}

func TestKeysAskForWhatTheySay(t *testing.T) {
	m := newModel(newCourse())
	require.Equal(t, []request{{doCheck, 12}, {doHint, 12}, {do: doQuit}}, feed(m, "rhq"))
	require.Equal(t, []request{{do: doQuit}}, feed(m, keyInterrupt))
	require.Empty(t, feed(m, "c"))
	require.Contains(t, screen(m), "once the assignment passes")
	feed(m, checked{m.run, 12, passes})
	require.Equal(t, []request{{doCompare, 12}}, feed(m, "c"))
	feed(m, told{title: "hint", text: "Look at the length."})
	require.Contains(t, screen(m), "Look at the length.")
	feed(m, keyEscape)
	require.NotContains(t, screen(m), "Look at the length.")
}

func TestResetAsks(t *testing.T) {
	m := newModel(newCourse())
	require.Empty(t, feed(m, "xn"))
	require.Contains(t, screen(m), "nothing was changed")
	require.Equal(t, []request{{doReset, 12}}, feed(m, "xy"))
	require.Equal(t, []request{{doCheck, 12}}, feed(m, reset{12, "topic12 is as it was\nyour files are in backup\n"}))
	feed(m, saved{12}) // by the reset
	require.Contains(t, screen(m), "topic12 is as it was; your files are in backup")
	feed(m, saved{12})
	require.NotContains(t, screen(m), "as it was")
}

func TestLongTextScrolls(t *testing.T) {
	m := newModel(newCourse())
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("line %d", i))
	}
	feed(m, resized{80, 24}, checked{m.run, 12, Outcome{Text: strings.Join(lines, "\n")}})
	require.Contains(t, screen(m), "1-19 of 60")
	feed(m, keyDown, keyPageDown)
	require.Contains(t, screen(m), "20-38 of 60")
	feed(m, keyEnd, keyEnd)
	require.Contains(t, screen(m), "42-60 of 60")
	feed(m, keyHome, keyUp)
	require.Contains(t, screen(m), "1-19 of 60")
}

func TestNarrowScreenKeepsWhatMatters(t *testing.T) {
	m := newModel(newCourse())
	feed(m, resized{40, 10}, checked{m.run, 12, Outcome{Text: strings.Repeat("line\n", 30), Marks: "assignment 1/3"}})
	frame := m.frame()
	require.Equal(t, "[##>-----] 12/44  protocols/topic12", frame[0])
	require.Equal(t, "n h l c x r q  ↑↓ 1-5 of 30", frame[len(frame)-1])
}

// Whatever the size of the terminal, the frame fills it and is no wider.
func TestFrameFits(t *testing.T) {
	for _, size := range []resized{{80, 24}, {20, 6}, {200, 60}, {1, 1}} {
		m := newModel(newCourse())
		feed(m, size, checked{m.run, 12, Outcome{Text: strings.Repeat("漢字 \x1b[31mlong\x1b[m ", 50)}})
		for _, event := range []any{nil, "l", keyEscape, "x"} {
			feed(m, event)
			frame := m.frame()
			require.Len(t, frame, m.height)
			for _, line := range frame {
				require.LessOrEqual(t, ansi.StringWidth(line), m.width)
			}
		}
	}
}

func TestKeysOfATerminal(t *testing.T) {
	for sent, want := range map[string][]key{
		"n": {'n'}, "hl": {'h', 'l'}, "\x1b": {keyEscape}, "\x1b\x1b": {keyEscape, keyEscape}, "\x1b[A": {keyUp}, "\x1bOB": {keyDown},
		"\x1b[5~q": {keyPageUp, 'q'}, "\x1b[1;5C": nil, "\x1b[200~": nil, "\x1b[": nil, "\x1bx": nil, "\r": {keyEnter}, "\x7f": {keyBackspace},
		"\x03": {keyInterrupt}, "\x00\x01": nil, "é漢": {'é', '漢'}, "\xff": nil, "": nil,
	} {
		require.Equal(t, want, keys(sent), "%q", sent)
	}
}

func FuzzKeys(f *testing.F) {
	f.Add("\x1b[A\x1b[1;5Cn\xff")
	f.Fuzz(func(t *testing.T, sent string) {
		m := newModel(newCourse())
		for _, k := range keys(sent) {
			m.handle(k)
			m.frame()
		}
	})
}
