package report

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

// clause writes one clause: its sentence, and what there is to know about it
// unless it passed.
func (p *page) clause(topic string, c *result.Clause) {
	p.sentence(c)
	switch c.Verdict {
	case result.Pass:
		p.transcript(c) // there only if it was asked for
	case result.Fail:
		p.failure(topic, c)
	case result.Unsupported:
		p.line("    left out of the total: ", clean(c.Reason))
	case result.Error:
		p.line("    could not be judged: ", clean(c.Reason))
		p.output(c)
		p.labelled("    ", "again", again(topic, c))
	case result.Refused:
		p.line("    ", clean(c.Reason))
	}
}

// minBeside is the least room for a sentence that has its reference beside it.
const minBeside = 50

// sentence writes the contract's sentence with the reference at the right of
// its first line, or below it where the two have no room beside each other.
func (p *page) sentence(c *result.Clause) {
	text := c.Text
	if text == "" {
		text = c.Name
	}
	room := p.textWidth() - 2 // for the mark
	beside := room - utf8.RuneCountInString(c.Ref)
	var lines []string
	if beside >= minBeside {
		lines = wrap(text, beside-2)
		lines[0] = pad(lines[0], beside) + p.paint(dim, c.Ref)
	} else {
		lines = append(wrap(text, room), p.paint(dim, c.Ref))
	}
	p.line(p.mark(c.Verdict), " ", lines[0])
	for _, line := range lines[1:] {
		p.line("  ", line)
	}
}

// failure writes the transcript, which says what is wrong where the harness
// found it. A panic, or an assertion that the harness knows nothing of, is in
// the reason and in what the process printed.
func (p *page) failure(topic string, c *result.Clause) {
	p.transcript(c)
	told := mentioned(c.Reason, c.Transcript)
	if !told {
		for line := range strings.Lines(clean(c.Reason)) {
			p.line("    ", strings.TrimRight(line, "\n"))
		}
	}
	if !told || mentioned(evidence.SeeOutput, c.Transcript) {
		p.output(c)
	}
	p.labelled("    ", "again", again(topic, c))
	if c.Capture != "" {
		p.labelled("    ", "wire", clean(c.Capture))
	}
}

func (p *page) transcript(c *result.Clause) {
	for _, line := range c.Transcript {
		p.line("    ", p.step(clean(line)))
	}
}

// step paints the sign of a numbered step.
func (p *page) step(line string) string {
	line = strings.Replace(line, " ✓ ", " "+p.paint(green, "✓")+" ", 1)
	return strings.Replace(line, " ✗ ", " "+p.paint(red, "✗")+" ", 1)
}

// again is the command that runs this one clause once more, the same way.
func again(topic string, c *result.Clause) string {
	cmd := fmt.Sprintf("%s check %s --clause %s", Command, topic, c.Name)
	if c.Seed != 0 {
		cmd += fmt.Sprintf(" --seed %d", c.Seed)
	}
	return cmd
}

// mentioned reports whether the transcript has the text's first line.
func mentioned(text string, transcript []string) bool {
	first, _, _ := strings.Cut(text, "\n")
	for _, line := range transcript {
		if strings.Contains(line, first) {
			return true
		}
	}
	return false
}
