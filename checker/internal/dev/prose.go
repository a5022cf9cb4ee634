package dev

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/hints"
)

var readmeHeadings = []string{"## The idea", "## The task", "## How it is judged", "## Read", "## See it live"}

// prose checks the headings of README.md and HINTS.md.
func (s *subject) prose() {
	readme := path.Join(s.topic.Exercise(), "README.md")
	if data, ok := s.read(readme); ok {
		have := headings(data)
		for _, h := range readmeHeadings {
			if !slices.Contains(have, h) {
				s.bad("add it", "%s lacks the heading %q", readme, h)
			}
		}
		if todo(data) {
			s.missing("%s has a TODO", readme)
		}
	}
	name := path.Join(s.topic.Exercise(), "HINTS.md")
	if data, ok := s.read(name); ok {
		tasks, err := hints.Parse(string(data))
		if err != nil {
			s.bad("give each task a heading \"## \", and each hint one \"### \" below it", "%s: %v", name, err)
		} else if len(tasks) == 0 {
			s.bad("give each task a heading, and hints below it", "%s has no heading \"## \"", name)
		}
		if todo(data) {
			s.missing("%s has a TODO", name)
		}
	}
}

var todoMark = regexp.MustCompile(`\bTODO\b`)

func todo(data []byte) bool { return todoMark.Match(data) }

// headings returns a Markdown file's heading lines, those in code blocks left
// out.
func headings(data []byte) []string {
	var list []string
	fenced := false
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		if !fenced && strings.HasPrefix(line, "#") {
			list = append(list, line)
		}
	}
	return list
}
