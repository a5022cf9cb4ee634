// Package watch is the loop between two edits: it has a topic checked again
// when a file of it is saved, shows what came of it, and obeys single keys.
//
// A model holds what is shown and decides what a key does; it touches nothing.
// Run feeds it keys, saves and results, does what it asks for, and paints it.
// A screen that has not changed is not painted, so a loop in which nothing
// happens writes nothing and takes no time.
package watch

import "context"

// A Course is what is watched. Its functions return text for a screen of the
// width. They are called from other goroutines: Check, Compare and Reset one at
// a time, Hint while one of them may be at work.
type Course struct {
	Title   string
	Topics  []Topic
	Current int // the topic to begin with
	// Check judges a topic. Its context ends when something else is to be done,
	// as when the topic is saved again.
	Check func(ctx context.Context, topic, width int, progress func(string)) Outcome
	// Hint shows the next hint.
	Hint func(topic, width int) string
	// Compare shows the topic beside its reference. Its context is as Check's.
	Compare func(ctx context.Context, topic, width int) string
	// Reset puts the topic's stub back, and says where the learner's files are.
	Reset func(topic, width int) string
}

// A Topic is one folder that is watched.
type Topic struct {
	ID    string // "protocols/websocket"
	Title string
	Dir   string // its absolute path
	Done  bool   // every clause passes
}

// An Outcome is what a check found.
type Outcome struct {
	Text   string
	Marks  string // in a few words
	Passes bool   // the assignment
	Done   bool   // every clause
}

// A key is one that was pressed: a printable character, or one of these.
type key rune

// Keys that print nothing. The numbers are beyond Unicode.
const (
	keyUp key = 0x110000 + iota
	keyDown
	keyPageUp
	keyPageDown
	keyHome
	keyEnd
	keyEnter
	keyEscape
	keyBackspace
	keyInterrupt // Ctrl-C
	keyRepaint   // Ctrl-L
)

// Events of the loop, besides keys.
type (
	saved    []int // topics of which a file was, the last one last; none if that is not known
	resized  struct{ width, height int }
	progress struct {
		run   int
		stage string
	}
	checked struct {
		run   int
		topic int
		Outcome
	}
	told struct { // what a key asked for
		run         int // that was needed for it; 0 for none
		title, text string
	}
	reset struct { // the topic's stub is back
		topic int
		text  string
	}
	crashed struct{ reason any } // a goroutine of the loop panicked
)

// A request is something that the model wants done.
type request struct {
	do    action
	topic int
}

type action int

const (
	doCheck action = iota // ends the work that goes on, as the next two do
	doCompare
	doReset
	doHint
	doQuit
)
