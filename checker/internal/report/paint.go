package report

import "github.com/wirekata/wirekata/checker/internal/result"

// An ink is an ANSI colour or weight.
type ink string

const (
	plain  ink = ""
	bold   ink = "\x1b[1m"
	dim    ink = "\x1b[2m"
	red    ink = "\x1b[31m"
	green  ink = "\x1b[32m"
	yellow ink = "\x1b[33m"
	cyan   ink = "\x1b[36m"
	reset      = "\x1b[0m"
)

// paint returns text in the ink, or text itself where the style has no colour.
func (s Style) paint(i ink, text string) string {
	if !s.Color || i == plain || text == "" {
		return text
	}
	return string(i) + text + reset
}

// mark returns the sign of a verdict.
func (s Style) mark(v result.Verdict) string {
	switch v {
	case result.Pass:
		return s.paint(green, "✓")
	case result.Fail, result.Refused:
		return s.paint(red, "✗")
	case result.Unsupported:
		return s.paint(dim, "-")
	default:
		return s.paint(yellow, "!")
	}
}
