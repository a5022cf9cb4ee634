// Package report renders what the checker found: for a person at a terminal,
// and as JSON and JUnit XML for machines. Every view writes to an io.Writer
// and decides nothing: verdicts and marks come from package result.
//
// The rules of the text views:
//
//   - A line that says what to do starts with a label (again, wire, next) and
//     holds a command that can be pasted as it stands.
//   - Colour only repeats what the text says.
//   - What a candidate may have chosen, its words as well as its file names, is
//     made fit to be shown (package foreign) in every view, also for machines.
//   - Marks are rounded down, so that no view shows a mark that was not reached.
package report

// Command is how a person starts the checker.
const Command = "go tool checker"

// A Style says how a text view looks. The zero value is plain text of 100
// columns, as for a file or a pipe.
type Style struct {
	Color bool // use ANSI colours
	Width int  // columns; 0 means 100
}

// Bounds of the width that a view makes use of, whatever the terminal has.
const (
	defaultWidth = 100
	minWidth     = 60
	maxWidth     = 200
)

func (s Style) width() int {
	if s.Width == 0 {
		return defaultWidth
	}
	return min(max(s.Width, minWidth), maxWidth)
}

// textWidth bounds the views that are read as prose, where the widest
// terminal is not the best one.
func (s Style) textWidth() int { return min(s.width(), 120) }
