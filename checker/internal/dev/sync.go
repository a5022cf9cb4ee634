package dev

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
)

// An original is a file of which the tree has a byte-equal copy.
type original struct {
	data     []byte
	learners bool // the copy is the learner's to change
}

// copies returns the topic's originals by the names of their copies: the stub
// and the visible suite in the exercise, what is given also in the reference.
func (g *Gate) copies(t *course.Topic) (map[string]original, error) {
	copies := map[string]original{}
	err := fs.WalkDir(g.Originals, t.Contract(), func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(g.Originals, name)
		if err != nil {
			return err
		}
		inside := strings.TrimPrefix(name, t.Contract()+"/")
		stub, inStub := strings.CutPrefix(inside, "stub/")
		switch {
		case inStub && candidate.IsGiven(stub):
			copies[path.Join(t.Exercise(), stub)] = original{data: data}
			copies[path.Join(t.Solution(), stub)] = original{data: data}
		case inStub:
			copies[path.Join(t.Exercise(), stub)] = original{data: data, learners: true}
		case inside == visibleSuite, strings.HasPrefix(inside, "testdata/"):
			copies[path.Join(t.Exercise(), inside)] = original{data: data}
		}
		return nil
	})
	return copies, err
}

// ErrChanged is returned by [Gate.Sync] for exercises that it left alone.
var ErrChanged = errors.New("the exercise differs from the stub; it may be a solution in progress (--force puts the stub back)")

// Sync puts byte-equal copies of the originals in place and returns the names
// of the files that it wrote. A file of the learner's that differs from the
// stub is only overwritten with force; without, it is in the error, which
// wraps [ErrChanged].
func (g *Gate) Sync(topics []*course.Topic, force bool) ([]string, error) {
	var written []string
	var errs []error
	for _, t := range topics {
		copies, err := g.copies(t)
		if err != nil {
			return written, err
		}
		for _, name := range slices.Sorted(maps.Keys(copies)) {
			c := copies[name]
			got, err := os.ReadFile(g.path(name))
			switch {
			case err == nil && bytes.Equal(got, c.data):
				continue
			case err == nil && c.learners && !force:
				errs = append(errs, fmt.Errorf("%s: %w", name, ErrChanged))
				continue
			}
			if err := g.write(name, c.data); err != nil {
				return written, err
			}
			written = append(written, name)
		}
	}
	return written, errors.Join(errs...)
}

// write writes a file of the repository, and the folders above it.
func (g *Gate) write(name string, data []byte) error {
	file := g.path(name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}
