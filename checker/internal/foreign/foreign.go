// Package foreign makes text that somebody else chose fit to be shown: what a
// candidate prints, its file names, its panics and the compiler's words about
// it. Shown text cannot move a cursor, paint over a verdict, turn the reading
// direction around, or give an order to the system that keeps the log:
//
//	control characters, and all else that cannot be seen   \x1b \u202e
//	octets that are not UTF-8                              \xff
//	::name ...::  (GitHub)                                 \x3a:name ...::
//	##[name] ##vso[ ##teamcity[  (Azure and others)        \x23#[name]
//
// Line ends and tabs stay. To show a text twice changes nothing.
package foreign

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLine bounds a line of what is shown, in characters.
const MaxLine = 1000

// Text returns s as it may be shown. Lines longer than MaxLine are cut, which
// an ellipsis tells.
func Text(s string) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		line, end := strings.CutSuffix(line, "\n")
		b.WriteString(cut(withoutOrders(visible(line))))
		if end {
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// Line returns s as one line that may be shown.
func Line(s string) string {
	return Text(strings.NewReplacer("\n", " ", "\t", " ").Replace(strings.TrimSpace(s)))
}

// visible shows what cannot be seen as Go escapes.
func visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&b, `\x%02x`, s[0])
		case r == '\t' || unicode.IsPrint(r):
			b.WriteString(s[:size])
		case r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 1<<16:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		s = s[size:]
	}
	return b.String()
}

var (
	hashOrder = regexp.MustCompile(`#(#\w*\[)`)
	// An IPv6 address may begin like this too, but has no second "::".
	colonOrder = regexp.MustCompile(`^::[A-Za-z][A-Za-z_-]*(?:::| .*::)`)
)

// withoutOrders takes the force from what the systems that keep logs would
// obey, wherever it stands in the line.
func withoutOrders(line string) string {
	line = hashOrder.ReplaceAllString(line, `\x23$1`)
	if !strings.Contains(line, "::") {
		return line
	}
	var b strings.Builder
	for {
		i := strings.Index(line, "::")
		if i < 0 {
			return b.String() + line
		}
		b.WriteString(line[:i])
		if colonOrder.MatchString(line[i:]) {
			b.WriteString(`\x3a`)
		} else {
			b.WriteByte(':')
		}
		line = line[i+1:]
	}
}

func cut(line string) string {
	if utf8.RuneCountInString(line) <= MaxLine {
		return line
	}
	return string([]rune(line)[:MaxLine-1]) + "…"
}
