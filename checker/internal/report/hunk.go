package report

import (
	"strings"
	"unicode/utf8"
)

// A hunk is a part of a unified diff: its "@@" line and the lines below, each
// beginning with ' ', '-' (yours) or '+' (the reference).
type hunk struct {
	at    string
	lines []string
}

// parseHunks reads a unified diff of one file.
func parseHunks(text []byte) []hunk {
	var hunks []hunk
	for line := range strings.Lines(string(text)) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "@@"):
			hunks = append(hunks, hunk{at: line})
		case len(hunks) == 0 || line == "" || line[0] == '\\': // the header; no newline at the end
		default:
			h := &hunks[len(hunks)-1]
			h.lines = append(h.lines, clean(line))
		}
	}
	return hunks
}

// unified writes the hunks as they are: what to take away, what to add.
func (p *page) unified(hunks []hunk) {
	for _, h := range hunks {
		p.line(p.paint(cyan, h.at))
		for _, line := range h.lines {
			p.line(p.paint(side(line), line))
		}
	}
}

// columns writes yours at the left and the reference at the right. Lines that
// replace each other stand beside each other.
func (p *page) columns(hunks []hunk) {
	width := (p.width() - len(" │ ")) / 2
	p.line(p.paint(dim, pad("yours", width)+" │ reference"))
	for _, h := range hunks {
		p.line(p.paint(cyan, h.at))
		for _, r := range rows(h.lines) {
			p.row(r, width)
		}
	}
}

// A row is one line of each side; "" where a side has none.
type row struct{ yours, reference string }

// rows puts the n-th line taken away beside the n-th line added.
func rows(lines []string) []row {
	var all []row
	var taken, added []string
	flush := func() {
		for i := range max(len(taken), len(added)) {
			all = append(all, row{at(taken, i), at(added, i)})
		}
		taken, added = nil, nil
	}
	for _, line := range lines {
		switch line[0] {
		case '-':
			taken = append(taken, line)
		case '+':
			added = append(added, line)
		default:
			flush()
			all = append(all, row{line, line})
		}
	}
	flush()
	return all
}

// row writes one row, over several lines where a side is too long for one.
func (p *page) row(r row, width int) {
	left, right := fold(r.yours, width), fold(r.reference, width)
	for i := range max(len(left), len(right)) {
		p.line(p.paint(side(r.yours), pad(at(left, i), width)), p.paint(dim, " │ "), p.paint(side(r.reference), at(right, i)))
	}
}

// side is the colour of a line by its first sign.
func side(line string) ink {
	switch {
	case strings.HasPrefix(line, "-"):
		return red
	case strings.HasPrefix(line, "+"):
		return green
	default:
		return plain
	}
}

// fold cuts a line into pieces of at most width columns.
func fold(line string, width int) []string {
	var pieces []string
	for utf8.RuneCountInString(line) > width {
		runes := []rune(line)
		pieces = append(pieces, string(runes[:width]))
		line = "  " + string(runes[width:])
	}
	return append(pieces, line)
}

// at returns the i-th string, or "" beyond the last.
func at(s []string, i int) string {
	if i < len(s) {
		return s[i]
	}
	return ""
}
