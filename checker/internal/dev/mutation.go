package dev

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/tools/txtar"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// A mutation is the reference with exact changes: a fault, which the clauses
// that it names must reject, or a variant, which keeps the contract.
//
//	belief: one read() returns one frame          of a fault
//	kills:  SplitHeader, OneByteAtATime           of a fault
//	by:     hang                                  of a fault, if not by an assertion
//	idea:   frames are read ahead                 of a variant
//	-- frame.go: was --
//	...whole lines that stand in the reference once
//	-- frame.go: is --
//	...what stands there instead
//	-- queue.go --
//	...a whole file; an empty one takes the reference's away
type mutation struct {
	kind   string // faults or variants
	name   string
	belief string
	idea   string
	kills  []string // as the manifest names clauses
	by     result.By
	edits  []edit
	whole  map[string][]byte
}

// The two kinds, by the names of their folders.
const (
	faults   = "faults"
	variants = "variants"
)

type edit struct{ file, was, is string }

// parseMutation reads a file of the folder faults or variants.
func parseMutation(kind, name string, data []byte) (*mutation, error) {
	archive := txtar.Parse(data)
	m := &mutation{kind: kind, name: strings.TrimSuffix(name, path.Ext(name)), by: result.ByAssertion, whole: map[string][]byte{}}
	if err := m.header(string(archive.Comment)); err != nil {
		return nil, err
	}
	return m, m.files(archive.Files)
}

func (m *mutation) header(text string) error {
	fields := map[string]string{}
	last := ""
	for line := range strings.Lines(text) {
		switch key, value, ok := strings.Cut(line, ":"); {
		case strings.TrimSpace(line) == "":
		case strings.TrimLeft(line, " \t") != line:
			fields[last] += " " + strings.TrimSpace(line)
		case !ok || fields[key] != "":
			return fmt.Errorf("header line %q is no new key: value", strings.TrimSpace(line))
		default:
			last = key
			fields[key] = strings.TrimSpace(value)
		}
	}
	known := []string{"idea"}
	if m.kind == faults {
		known = []string{"belief", "by", "kills"}
	}
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		if !slices.Contains(known, key) {
			return fmt.Errorf("header key %q is unknown here; known are %s", key, strings.Join(known, ", "))
		}
	}
	m.belief, m.idea = fields["belief"], fields["idea"]
	for name := range strings.SplitSeq(fields["kills"], ",") {
		if name = strings.TrimSpace(name); name != "" {
			m.kills = append(m.kills, name)
		}
	}
	switch by := result.By(fields["by"]); by {
	case "":
	case result.ByAssertion, result.ByHang, result.ByPanic:
		m.by = by
	default:
		return fmt.Errorf("header by: %s is no way to fail; it is hang or panic", by)
	}
	switch {
	case m.kind == faults && (m.belief == "" || len(m.kills) == 0):
		return errors.New("header lacks belief: (the mistake in the author's head) or kills: (the clauses that reject it)")
	case m.kind == variants && m.idea == "":
		return errors.New("header lacks idea: (what it does otherwise than the reference)")
	}
	return nil
}

func (m *mutation) files(files []txtar.File) error {
	for i := 0; i < len(files); i++ {
		name, part, paired := strings.Cut(files[i].Name, ": ")
		switch {
		case !paired:
			m.whole[name] = files[i].Data
		case part == "was" && i+1 < len(files) && files[i+1].Name == name+": is":
			m.edits = append(m.edits, edit{name, string(files[i].Data), string(files[i+1].Data)})
			i++
		default:
			return fmt.Errorf("%q: \"was\" and \"is\" of a file come in pairs, in that order", files[i].Name)
		}
	}
	if len(m.edits) == 0 && len(m.whole) == 0 {
		return errors.New("nothing is changed; add -- x.go: was -- and -- x.go: is --")
	}
	return nil
}

// apply returns the reference with the changes. Each "was" must stand in it
// exactly once, as whole lines.
func (m *mutation) apply(reference map[string][]byte) (map[string][]byte, error) {
	files := maps.Clone(reference)
	for _, e := range m.edits {
		src, ok := files[e.file]
		if !ok {
			return nil, fmt.Errorf("%s: the reference has no such file", e.file)
		}
		at, n := find(src, []byte(e.was))
		if n != 1 {
			first, _, _ := strings.Cut(strings.TrimSpace(e.was), "\n")
			return nil, fmt.Errorf("%s: the lines that begin with %q stand in it %d times, not once", e.file, first, n)
		}
		files[e.file] = slices.Concat(src[:at], []byte(e.is), src[at+len(e.was):])
	}
	for name, data := range m.whole {
		if len(bytes.TrimSpace(data)) == 0 {
			delete(files, name)
		} else {
			files[name] = data
		}
	}
	return files, nil
}

// find returns where the lines stand in src, and how often.
func find(src, lines []byte) (at, n int) {
	if len(lines) == 0 {
		return 0, 0
	}
	for from := 0; ; {
		i := bytes.Index(src[from:], lines)
		if i < 0 {
			return at, n
		}
		i += from
		if i == 0 || src[i-1] == '\n' {
			at, n = i, n+1
		}
		from = i + 1
	}
}
