package report

import (
	"io"

	"github.com/wirekata/wirekata/checker/internal/doctor"
)

// Doctor writes what was found about the machine.
func Doctor(w io.Writer, s Style, findings []doctor.Finding) error {
	p := &page{Style: s}
	width := 0
	for _, f := range findings {
		width = max(width, len(f.Subject))
	}
	for _, f := range findings {
		p.line(p.state(f.State), " ", pad(f.Subject, width), "  ", f.Text)
		if f.Remedy == "" {
			continue
		}
		for _, line := range wrap(f.Remedy, p.textWidth()-width-4) {
			p.line(blanks(width+4), p.paint(dim, line))
		}
	}
	return p.writeTo(w)
}

func (s Style) state(state doctor.State) string {
	switch state {
	case doctor.Good:
		return s.paint(green, "✓")
	case doctor.Lacking:
		return s.paint(yellow, "-")
	default:
		return s.paint(red, "✗")
	}
}
