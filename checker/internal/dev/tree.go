package dev

import (
	"bytes"
	"errors"
	"go/format"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
)

const (
	visibleSuite = "assignment_test.go"
	hiddenSuite  = "assessment_test.go"
	matrixFile   = "MATRIX.md"
	benchFile    = "bench_test.go" // the reference's benchmarks, beside it
)

// A subject is one topic under the gate.
type subject struct {
	*Gate
	Report
	topic     *course.Topic
	clauses   []course.Clause
	stub      map[string][]byte
	reference map[string][]byte
	faults    []*mutation
	variants  []*mutation
	cheats    []*mutation
}

// inspect reads the topic's files and checks what needs no compiler.
func (g *Gate) inspect(t *course.Topic) *subject {
	s := &subject{Gate: g, topic: t, Report: Report{ID: t.ID()}}
	var err error
	if s.clauses, err = course.Clauses(g.Originals, t); err != nil {
		for line := range strings.SplitSeq(err.Error(), "\n") {
			s.bad("give it the form that CONTRIBUTING.md describes", "%s", line)
		}
	}
	s.stub = s.goFiles(t.Stub())
	s.reference = s.goFiles(t.Solution())
	delete(s.reference, benchFile) // no part of a candidate
	s.tree()
	s.prose()
	s.compareStub()
	s.faults = s.mutations(faults)
	s.variants = s.mutations(variants)
	s.cheats = s.mutations(cheats)
	s.covered()
	return s
}

// goFiles reads the Go files of a folder, which must be there and gofmt-ed.
func (s *subject) goFiles(folder string) map[string][]byte {
	files := map[string][]byte{}
	entries, err := fs.ReadDir(s.Originals, folder)
	if err != nil {
		s.bad("add it", "folder %s is missing", folder)
	}
	for _, e := range entries {
		if e.Type().IsRegular() && strings.HasSuffix(e.Name(), ".go") {
			if data, ok := s.read(path.Join(folder, e.Name())); ok {
				files[e.Name()] = data
				s.formatted(path.Join(folder, e.Name()), data)
			}
		}
	}
	return files
}

func (s *subject) formatted(name string, data []byte) {
	if out, err := format.Source(data); err == nil && !bytes.Equal(out, data) {
		s.bad("gofmt -w "+name, "%s is not gofmt-ed", name)
	}
}

// read reads a file that must be there.
func (s *subject) read(name string) ([]byte, bool) {
	data, err := fs.ReadFile(s.Originals, name)
	if errors.Is(err, fs.ErrNotExist) {
		s.bad("add it", "%s is missing", name)
	} else if err != nil {
		s.bad("make it readable", "%s: %v", name, err)
	}
	return data, err == nil
}

// tree checks that the three folders of the topic have the files that they
// must have, with the content that they must have, and no others.
func (s *subject) tree() {
	t := s.topic
	for _, suite := range []string{visibleSuite, hiddenSuite} {
		if data, ok := s.read(path.Join(t.Contract(), suite)); ok {
			s.formatted(path.Join(t.Contract(), suite), data)
		}
	}
	copies, err := s.copies(t)
	if err != nil {
		s.bad("make it readable", "%v", err)
	}
	for name, c := range copies {
		s.equal(name, c)
	}
	if _, err := fs.Stat(s.Originals, path.Join("exercises", t.Section, "README.md")); err != nil {
		s.missing("exercises/%s/README.md is missing, the section's introduction", t.Section)
	}
	names := slices.Sorted(maps.Keys(s.stub))
	s.onlyFiles(t.Solution(), append([]string{benchFile}, names...))
	s.onlyFiles(t.Exercise(), append([]string{"README.md", "HINTS.md", visibleSuite, "testdata/"}, names...))
	s.onlyFiles(t.Contract(), []string{visibleSuite, hiddenSuite, matrixFile, "stub/", "faults/", "variants/", "cheats/", "testdata/"})
	s.onlyFiles(t.Stub(), names)
	for name := range s.reference {
		if s.stub[name] == nil {
			s.bad("add it to the stub, or move what it has to a file of the stub", "%s is not in the stub", path.Join(t.Solution(), name))
		}
	}
	for name := range s.stub {
		if s.reference[name] == nil {
			s.bad("add it to the reference, or take it out of the stub", "%s is missing", path.Join(t.Solution(), name))
		}
	}
}

// equal checks that a file is the byte-equal copy of the original.
func (s *subject) equal(name string, c original) {
	sync := "go tool checker dev sync " + s.ID
	got, err := fs.ReadFile(s.Originals, name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		s.bad(sync, "%s is missing", name)
	case err != nil:
		s.bad("make it readable", "%s: %v", name, err)
	case bytes.Equal(got, c.data):
	case c.learners:
		s.bad(sync+" --force", "%s differs from the stub's", name)
	default:
		s.bad(sync, "%s differs from the original", name)
	}
}

// onlyFiles reports what a folder has besides these names; a name that ends
// in a slash is a folder.
func (s *subject) onlyFiles(folder string, names []string) {
	entries, _ := fs.ReadDir(s.Originals, folder)
	for _, e := range entries {
		name := e.Name()
		if e.IsDir() {
			name += "/"
		}
		if !slices.Contains(names, name) && !missingGo(name, folder, s) {
			s.bad("remove it, or give it a place that the gate knows", "%s has no place here", path.Join(folder, name))
		}
	}
}

// missingGo reports whether the name is a Go file of the reference, of which
// tree says more.
func missingGo(name, folder string, s *subject) bool {
	return folder == s.topic.Solution() && strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
}

// mutations reads the topic's mutations of one kind.
func (s *subject) mutations(kind string) []*mutation {
	folder := path.Join(s.topic.Contract(), kind)
	entries, _ := fs.ReadDir(s.Originals, folder)
	var list []*mutation
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if !e.Type().IsRegular() || path.Ext(e.Name()) != ".txtar" {
			s.bad("remove it, or name it *.txtar", "%s has no place here", name)
			continue
		}
		data, ok := s.read(name)
		if !ok {
			continue
		}
		m, err := parseMutation(kind, e.Name(), data)
		if err != nil {
			s.bad("correct the file", "%s: %v", name, err)
			continue
		}
		list = append(list, m)
	}
	return list
}
