package evidence

import (
	"fmt"
	"strings"
	"time"
)

// Transcript renders the records of one clause for a person, one string a
// line and none of them indented by more than the layout needs:
//
//	1 ✓ handshake                                       +0 ms
//	2 ✓ → TEXT fin mask "hi"   (control)                +0 ms
//	      client → server  TEXT fin mask "hi"
//	3 ✗ → TEXT fin "zz"                                 +0 ms
//	awaited CLOSE 1002, idle 2 s
//	got   ...
//	want  ...
//
// Wire records are shown below the step during which they happened: those of
// the last step always, those of earlier ones only if trace is set. A message
// has its time where that is not the one shown before it.
func Transcript(records []Record, trace bool) []string {
	var lines []string
	last := lastStep(records)
	failed := failure(records) != nil
	var now time.Duration // the last time that was shown
	for _, r := range records {
		switch r.Kind {
		case Step:
			mark := "✓"
			if failed && r.Number == last {
				mark = "✗"
			}
			text := r.Text
			if r.Control {
				text += "   (control)"
			}
			now = r.At
			lines = append(lines, fmt.Sprintf("%s %s %s %s", number(r.Number), mark, pad(text, 62), Offset(now)))
		case Wire:
			if r.Number < last && !trace {
				continue
			}
			note := ""
			switch {
			case r.Lost && r.Took > 0:
				note = "   (lost once, and late)"
			case r.Lost:
				note = "   (lost)"
			}
			line := fmt.Sprintf("       %s → %s  %s%s", r.From, r.To, r.Text, note)
			if r.At != now {
				now = r.At
				line = pad(line, 67) + " " + Offset(now)
			}
			lines = append(lines, line)
		}
	}
	if f := failure(records); f != nil {
		lines = append(lines, labelled("", f.Text)...)
		lines = append(lines, labelled("got   ", f.Got)...)
		lines = append(lines, labelled("want  ", f.Want)...)
		lines = append(lines, labelled("at    ", f.Stack)...)
	}
	return lines
}

// Last returns the records with all but the last n messages left out.
func Last(records []Record, n int) []Record {
	var kept []Record
	wires := 0
	for _, r := range records {
		if r.Kind == Wire {
			wires++
		}
	}
	for _, r := range records {
		if r.Kind == Wire {
			if wires--; wires >= n {
				continue
			}
		}
		kept = append(kept, r)
	}
	return kept
}

// Reason returns the first failure in one line, or "".
func Reason(records []Record) string {
	f := failure(records)
	if f == nil {
		return ""
	}
	text, _, _ := strings.Cut(f.Text, "\n")
	return text
}

func failure(records []Record) *Record {
	for i := range records {
		if k := records[i].Kind; k == Fail || k == Stuck {
			return &records[i]
		}
	}
	return nil
}

func lastStep(records []Record) int {
	n := 0
	for _, r := range records {
		if r.Kind == Step {
			n = r.Number
		}
		if r.Kind == Fail || r.Kind == Stuck {
			break
		}
	}
	return n
}

func number(n int) string { return fmt.Sprintf("%2d", n) }

func pad(s string, width int) string {
	if n := len([]rune(s)); n < width {
		return s + strings.Repeat(" ", width-n)
	}
	return s
}

// Offset renders the time since a clause began, to the millisecond; from an
// hour on to the second.
func Offset(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return fmt.Sprintf("+%d ms", d.Milliseconds())
	case d < time.Hour:
		return "+" + d.Round(time.Millisecond).String()
	default:
		return "+" + d.Round(time.Second).String()
	}
}

// labelled puts label before the first line of text and its width in blanks
// before the others.
func labelled(label, text string) []string {
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for i := range lines {
		if i == 0 {
			lines[i] = label + lines[i]
		} else {
			lines[i] = strings.Repeat(" ", len(label)) + lines[i]
		}
	}
	return lines
}
