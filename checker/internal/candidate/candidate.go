// Package candidate is what is being judged: a source of Go files for one
// topic's package. A candidate is read once into memory, so that the policy
// and the compiler see the same bytes, and then held to the rules of the
// course:
//
//	files    regular .go files at the top of the topic's folder, few and small
//	text     UTF-8, no NUL, no byte order mark, package named as the topic
//	comments no //go: directive, no //line, no build constraint but the stub's
//	imports  those that the syllabus allows, no dot import
//	types    it compiles; other packages' variables are only values, impure
//	         packages are used by the names that the syllabus lists
//	API      every exported declaration of the stub is there
//
// [Load] applies all but the last two, which need compiled imports and are
// [Checker.Check].
package candidate

import (
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// Caps on what a candidate may bring.
const (
	MaxFiles    = 64
	MaxFileSize = 256 << 10
	MaxSize     = 1 << 20
)

// A Candidate is one topic's package, ready to be compiled.
type Candidate struct {
	Topic *course.Topic
	// Files are the package's files by name, given.go from the originals.
	Files map[string][]byte
	// Differs names, after [Checker.Check], the functions whose types are not
	// the stub's. It explains why a suite does not compile.
	Differs []string

	given  map[string]bool // the names in Files that are ours
	parsed []*parsed       // in the order of the names
	stub   []*parsed
}

// Names returns the names of the files in order.
func (c *Candidate) Names() []string { return slices.Sorted(maps.Keys(c.Files)) }

// Load reads the topic's candidate and applies every rule that needs no
// toolchain. The error is a [*Refusal] where a rule is broken, and wraps
// [fs.ErrNotExist] where the source has no such topic.
func Load(src Source, originals fs.FS, t *course.Topic, p course.Policy) (*Candidate, error) {
	files, err := src.Files(t)
	if err != nil {
		return nil, err
	}
	stub, err := readFolder(originals, t.Stub())
	if err != nil {
		return nil, err
	}
	c := &Candidate{Topic: t, Files: maps.Clone(files), given: map[string]bool{}}
	for name, data := range stub {
		if IsGiven(name) {
			c.Files[name] = data
			c.given[name] = true
		}
	}
	r := &Refusal{Topic: t}
	if c.checkSizes(r); !r.empty() {
		return nil, r
	}
	c.parse(stub, r)
	c.checkImports(p, r)
	if !r.empty() {
		return nil, r
	}
	return c, nil
}

// IsGiven reports whether a stub's file is ready-made for the learner. Such a
// file always comes from the originals.
func IsGiven(name string) bool {
	return name == "given.go" || strings.HasPrefix(name, "given_")
}

func (c *Candidate) checkSizes(r *Refusal) {
	if len(c.Files) > MaxFiles {
		r.add("", 0, "more than %d Go files; put some together", MaxFiles)
	}
	total := 0
	for name, data := range c.Files {
		total += len(data)
		if len(data) > MaxFileSize {
			r.add(name, 0, "more than %d bytes in a file; divide it", MaxFileSize)
		}
	}
	if total > MaxSize {
		r.add("", 0, "%d bytes of Go are too many; the limit is %d", total, MaxSize)
	}
	if len(c.Files) == len(c.given) {
		r.add("", 0, "no Go file to judge; the stub is put back by: go tool checker reset %s", c.Topic.ID())
	}
}

// readFolder reads the .go files of a folder, tests left out.
func readFolder(fsys fs.FS, dir string) (map[string][]byte, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if e.IsDir() || !isSource(e.Name()) {
			continue
		}
		if files[e.Name()], err = fs.ReadFile(fsys, path.Join(dir, e.Name())); err != nil {
			return nil, err
		}
	}
	return files, nil
}
