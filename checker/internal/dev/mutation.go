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

	"github.com/wirekata/wirekata/checker/internal/gosource"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A mutation is the reference with exact changes: a fault, which the clauses
// that it names must reject, a variant, which keeps the contract, or a cheat,
// which does next to nothing and must earn next to nothing.
//
//	belief: one read() returns one frame          of a fault
//	kills:  SplitHeader, OneByteAtATime           of a fault
//	by:     hang                                  of a fault, if not by an assertion
//	idea:   frames are read ahead                 of a variant or a cheat
//	-- frame.go: was --
//	...what stands in the reference once, the last line end left out
//	-- frame.go: is --
//	...what stands there instead, likewise
//	-- queue.go --
//	...a whole file; an empty one takes the reference's away
type mutation struct {
	kind   string // faults, variants or cheats
	name   string
	belief string
	idea   string
	kills  []string // without "Test"
	by     result.By
	edits  []edit
	whole  map[string][]byte
}

// The kinds, by the names of their folders.
const (
	faults   = "faults"
	variants = "variants"
	cheats   = "cheats"
)

// An edit puts is in the place of was. Both are without their last line end,
// so that a part of a line can be replaced.
type edit struct {
	file    string
	was, is []byte
}

// parseMutation reads a file of one of the folders.
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
		if name = strings.TrimPrefix(strings.TrimSpace(name), "Test"); name != "" {
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
	case m.kind != faults && m.idea == "":
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
			m.edits = append(m.edits, edit{name, files[i].Data, files[i+1].Data})
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
// exactly once. The imports of files that were edited follow, among those that
// are allowed.
func (m *mutation) apply(reference map[string][]byte, allowed []string) (map[string][]byte, error) {
	files := maps.Clone(reference)
	for _, e := range m.edits {
		src, ok := files[e.file]
		if !ok {
			return nil, fmt.Errorf("%s: the reference has no such file", e.file)
		}
		was, is := bytes.TrimSuffix(e.was, []byte("\n")), bytes.TrimSuffix(e.is, []byte("\n"))
		if n := count(src, was); n != 1 {
			return nil, fmt.Errorf("%s: %q stands in it %d times, not once", e.file, firstLine(string(was)), n)
		}
		files[e.file] = bytes.Replace(src, was, is, 1)
	}
	for _, e := range m.edits {
		files[e.file] = gosource.FollowImports(files[e.file], allowed)
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

// count counts the places of part in src, also those that overlap.
func count(src, part []byte) int {
	if len(part) == 0 {
		return 0
	}
	n := 0
	for from := 0; ; n++ {
		i := bytes.Index(src[from:], part)
		if i < 0 {
			return n
		}
		from += i + 1
	}
}
