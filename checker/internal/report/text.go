package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/wirekata/wirekata/checker/internal/foreign"
)

// A page collects a view's lines, so that it is written at once.
type page struct {
	Style
	strings.Builder
	full    bool // shorten nothing
	pending bool // a blank line is wanted before the next one
}

// gap sets what follows apart by a blank line, if anything follows.
func (p *page) gap() { p.pending = p.Len() > 0 }

func (p *page) line(parts ...string) {
	if p.pending {
		p.WriteByte('\n')
		p.pending = false
	}
	p.WriteString(strings.TrimRight(strings.Join(parts, ""), " "))
	p.WriteByte('\n')
}

// labelled writes a line that says what to do.
func (p *page) labelled(indent, label, text string) {
	p.line(indent, p.paint(dim, pad(label, 5)), "  ", text)
}

func (p *page) writeTo(w io.Writer) error {
	_, err := io.WriteString(w, p.String())
	return err
}

// pad fills text with blanks up to the width. Escape sequences count, so text
// is padded before it is painted.
func pad(text string, width int) string {
	return text + blanks(width-utf8.RuneCountInString(text))
}

// padLeft aligns text to the right.
func padLeft(text string, width int) string {
	return blanks(width-utf8.RuneCountInString(text)) + text
}

func blanks(n int) string { return strings.Repeat(" ", max(n, 0)) }

// wrap breaks text between words into lines of at most width columns. A
// longer word has a line of its own.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	return append(lines, line)
}

// clean makes foreign text fit to be shown, with blanks for its tabs.
func clean(text string) string {
	return strings.ReplaceAll(foreign.Text(text), "\t", "    ")
}

// cut shortens text to the width, and shows that it did.
func cut(text string, width int) string {
	if utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:max(width-1, 0)]) + "…"
}

// count returns "1 clause" or "3 clauses".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
