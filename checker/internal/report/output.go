package report

import (
	"fmt"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// maxOutput bounds the lines of a process's output that a view shows, unless
// all of them are asked for: a dump of goroutines goes on for pages, and its
// first goroutine is the one that matters.
const maxOutput = 30

// output writes what the clause's process printed, where that says more than
// the reason does.
func (p *page) output(c *result.Clause) {
	lines := printed(c.Output)
	if len(lines) == 0 || len(lines) == 1 && strings.Contains(lines[0], c.Reason) {
		return
	}
	p.line("    it printed")
	left := 0
	if !p.full {
		lines, left = shortened(lines)
	}
	for _, line := range lines {
		p.line("      ", p.paint(dim, "| "), line)
	}
	if left > 0 {
		p.line("      ", p.paint(dim, "| "+more(left)))
	}
}

// shortened returns the first maxOutput lines, and how many are left out.
func shortened(lines []string) ([]string, int) {
	left := max(len(lines)-maxOutput, 0)
	return lines[:len(lines)-left], left
}

// more says that lines are left out.
func more(left int) string {
	return fmt.Sprintf("... %s more; --trace shows them", count(left, "line"))
}

// printed returns the lines of a process's output without those that the
// testing package adds, and without repetitions.
func printed(output string) []string {
	var lines []string
	for line := range strings.Lines(clean(output)) {
		line = strings.TrimRight(line, " \n")
		if !framework(line) && (len(lines) == 0 || line != lines[len(lines)-1]) {
			lines = append(lines, line)
		}
	}
	for len(lines) > 0 && lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// framework reports whether the testing package prints such a line whatever
// the test does.
func framework(line string) bool {
	line = strings.TrimSpace(line)
	for _, prefix := range []string{"=== ", "--- FAIL: ", "--- SKIP: ", "--- PASS: "} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return line == "FAIL" || line == "PASS"
}
