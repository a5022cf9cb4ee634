// Package minicourse is a course of one topic, for the tests of what judges
// courses: as small as the real thing allows, with faults and a variant.
package minicourse

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// A Course is the miniature course in a directory of its own.
type Course struct {
	Root      string
	Originals fs.FS
	*course.Course
}

// Frames returns its topic.
func (c *Course) Frames() *course.Topic { return c.Topic("frames") }

// New lays the miniature course into a temporary directory, as a module with
// this repository's go.mod and harness, every file in place.
func New(t testing.TB) *Course {
	t.Helper()
	root := t.TempDir()
	repo, data := directory()
	copyTree(t, filepath.Join(repo, "harness"), filepath.Join(root, "harness"))
	copyTree(t, filepath.Join(data, "contracts"), filepath.Join(root, "checker", "contracts"))
	copyTree(t, filepath.Join(data, "solutions"), filepath.Join(root, "solutions"))
	copyTree(t, filepath.Join(data, "exercises"), filepath.Join(root, "exercises"))
	for _, name := range []string{"go.mod", "go.sum"} {
		copyFile(t, filepath.Join(repo, name), filepath.Join(root, name))
	}
	c := Open(t, root)
	topic := c.Frames()
	for _, name := range []string{"frames.go", "given.go"} {
		copyFile(t, filepath.Join(root, topic.Stub(), name), filepath.Join(root, topic.Exercise(), name))
	}
	copyFile(t, filepath.Join(root, topic.Stub(), "given.go"), filepath.Join(root, topic.Solution(), "given.go"))
	copyFile(t, filepath.Join(root, topic.Contract(), "assignment_test.go"), filepath.Join(root, topic.Exercise(), "assignment_test.go"))
	return c
}

// Open reads the course at root again, after a change.
func Open(t testing.TB, root string) *Course {
	t.Helper()
	originals := os.DirFS(root)
	c, err := course.Load(originals)
	require.NoError(t, err)
	return &Course{Root: root, Originals: originals, Course: c}
}

// Write writes a file of the course.
func (c *Course) Write(t testing.TB, name, data string) {
	t.Helper()
	file := filepath.Join(c.Root, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(data), 0o644))
}

// Read reads a file of the course.
func (c *Course) Read(t testing.TB, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(c.Root, name))
	require.NoError(t, err)
	return string(data)
}

func directory() (repo, data string) {
	_, file, _, _ := runtime.Caller(0)
	dir := filepath.Dir(file)
	return filepath.Join(dir, "..", "..", ".."), filepath.Join(dir, "testdata")
}

func copyTree(t testing.TB, from, to string) {
	t.Helper()
	require.NoError(t, os.CopyFS(to, os.DirFS(from)))
}

func copyFile(t testing.TB, from, to string) {
	t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(t, err)
	require.NoError(t, os.MkdirAll(filepath.Dir(to), 0o755))
	require.NoError(t, os.WriteFile(to, data, 0o644))
}
