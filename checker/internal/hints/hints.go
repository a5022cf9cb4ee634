// Package hints reads a topic's HINTS.md: hints that get more concrete, task
// by task.
//
//	# Hints                   anything before the first task is for readers of the file
//	## Masking                a task, in the order of the README
//	### Hint 1                its hints, from a nudge to nearly the answer
//	The key repeats.
//	### Hint 2
//	...
//
// A "#" inside a fenced code block begins no heading.
package hints

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// A Task is a part of an exercise that has hints.
type Task struct {
	Title string
	Hints []string // Markdown without the heading, no blank lines around
}

// ErrForm is returned by [Parse] for a file of another form.
var ErrForm = errors.New("hints in another form")

// Parse reads the text of a HINTS.md. A task without a hint, a hint without a
// task, an empty hint and two tasks of the same slug are errors.
func Parse(text string) ([]Task, error) {
	var tasks []Task
	var hint *string
	fenced := false
	n := 0
	for line := range strings.Lines(strings.ReplaceAll(text, "\r\n", "\n")) {
		n++
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		level, title := heading(line)
		switch {
		case fenced || level != 2 && level != 3:
			if hint != nil {
				*hint += line
			}
		case level == 2:
			tasks = append(tasks, Task{Title: title})
			hint = nil
		case len(tasks) == 0:
			return nil, fmt.Errorf("%w: line %d: a hint before the first task", ErrForm, n)
		default:
			t := &tasks[len(tasks)-1]
			t.Hints = append(t.Hints, "")
			hint = &t.Hints[len(t.Hints)-1]
		}
	}
	return tasks, errors.Join(trim(tasks), distinct(tasks))
}

// heading returns the level of a Markdown heading and its text; 0 where line
// is none.
func heading(line string) (int, string) {
	rest := strings.TrimLeft(line, "#")
	level := len(line) - len(rest)
	if level == 0 || !strings.HasPrefix(rest, " ") {
		return 0, ""
	}
	return level, strings.TrimSpace(rest)
}

// trim takes the blank lines off the hints and reports what is empty.
func trim(tasks []Task) error {
	for _, t := range tasks {
		if len(t.Hints) == 0 {
			return fmt.Errorf("%w: task %q has no hint", ErrForm, t.Title)
		}
		for i := range t.Hints {
			if t.Hints[i] = strings.Trim(t.Hints[i], "\n"); strings.TrimSpace(t.Hints[i]) == "" {
				return fmt.Errorf("%w: task %q: hint %d is empty", ErrForm, t.Title, i+1)
			}
		}
	}
	return nil
}

func distinct(tasks []Task) error {
	seen := make(map[string]bool)
	for _, t := range tasks {
		slug := t.Slug()
		if slug == "" || seen[slug] {
			return fmt.Errorf("%w: task %q needs a heading of its own", ErrForm, t.Title)
		}
		seen[slug] = true
	}
	return nil
}

// Slug is the task's title as one lower-case word.
func (t *Task) Slug() string {
	words := strings.FieldsFunc(strings.ToLower(t.Title), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r)
	})
	return strings.Join(words, "-")
}
