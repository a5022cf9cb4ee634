package report

import (
	"bytes"
	"io"
	"maps"
	"slices"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// A CompareView is a candidate beside the reference: the outcome of both, and
// their text by file name.
type CompareView struct {
	Topic          result.Topic
	ReferenceTopic result.Topic
	Yours          map[string][]byte
	Reference      map[string][]byte
	// Benchmark says that the topic has one.
	Benchmark bool
}

// Files says which files of a comparison exist only once.
const (
	onlyYours     = "only yours"
	onlyReference = "only in the reference"
	same          = "the same"
)

// sideBySide is the width from which two columns of code have room.
const sideBySide = 140

// Compare writes the marks, what the clauses cost both, and then, file by file,
// how the code differs: in two columns where there is room for them, as a
// unified diff elsewhere.
func Compare(w io.Writer, s Style, v CompareView) error {
	p := &page{Style: s}
	p.line(p.paint(bold, v.Topic.ID), "  ", v.Topic.Title, "   ", p.standing(&v.Topic))
	p.costs(&v.Topic, &v.ReferenceTopic)
	if v.Benchmark {
		p.labelled("", "see", Command+" bench "+v.Topic.ID)
	}
	for _, name := range fileNames(v.Yours, v.Reference) {
		yours, mine := v.Yours[name]
		reference, theirs := v.Reference[name]
		p.gap()
		switch {
		case mine && theirs && bytes.Equal(yours, reference):
			p.line(p.paint(bold, clean(name)), "  ", same)
		case !theirs:
			p.line(p.paint(bold, clean(name)), "  ", onlyYours)
		case !mine:
			p.line(p.paint(bold, clean(name)), "  ", onlyReference)
			p.difference(name, nil, reference)
		default:
			p.line(p.paint(bold, clean(name)))
			p.difference(name, yours, reference)
		}
	}
	return p.writeTo(w)
}

func (p *page) difference(name string, yours, reference []byte) {
	hunks := parseHunks(diff.Diff("yours/"+name, yours, "reference/"+name, reference))
	if p.width() >= sideBySide {
		p.columns(hunks)
	} else {
		p.unified(hunks)
	}
}

// fileNames returns the names of both sides, sorted.
func fileNames(a, b map[string][]byte) []string {
	names := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(names)
	return slices.Compact(names)
}
