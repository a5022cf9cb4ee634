package candidate

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
)

// A Refusal says why a candidate is not run: each rule that it breaks, by
// the file's name as the learner knows it.
type Refusal struct {
	Topic    *course.Topic
	Findings []Finding
}

// A Finding is one broken rule.
type Finding struct {
	File string // the name in the topic's folder, or "" for the folder
	Line int    // 0: the whole file
	Text string
}

// Error returns one line for each finding, "exercises/s/t/x.go:12: text".
func (r *Refusal) Error() string {
	var lines []string
	for _, f := range r.Findings {
		place := path.Join(r.Topic.Exercise(), f.File)
		if f.Line > 0 {
			place = fmt.Sprintf("%s:%d", place, f.Line)
		}
		lines = append(lines, foreign.Line(place+": "+f.Text))
	}
	return strings.Join(lines, "\n")
}

func (r *Refusal) empty() bool { return len(r.Findings) == 0 }

// add keeps the findings in the order of files and lines, each once.
func (r *Refusal) add(file string, line int, format string, args ...any) {
	f := Finding{file, line, fmt.Sprintf(format, args...)}
	at, found := slices.BinarySearchFunc(r.Findings, f, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Text, b.Text))
	})
	if !found {
		r.Findings = slices.Insert(r.Findings, at, f)
	}
}
