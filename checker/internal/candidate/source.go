package candidate

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// A Source is where implementations come from.
type Source interface {
	// Files returns the content of the topic's Go files by name. The error
	// wraps [fs.ErrNotExist] where the source has no such topic, and is a
	// [*Refusal] where the folder holds what no candidate may bring.
	Files(t *course.Topic) (map[string][]byte, error)
}

// Dir is the source of a directory with the exercises' tree:
// root/section/topic/*.go. Its files are never followed through a link.
func Dir(root string) Source { return dir(root) }

// FS is the source of a file system with that tree below dir.
func FS(fsys fs.FS, dir string) Source {
	return sourceFunc(func(t *course.Topic) (map[string][]byte, error) {
		return readFolder(fsys, path.Join(dir, t.Section, t.Name))
	})
}

// Stub is the source of the stubs as a learner first gets them.
func Stub(originals fs.FS) Source {
	return sourceFunc(func(t *course.Topic) (map[string][]byte, error) {
		return readFolder(originals, t.Stub())
	})
}

// Files is the source of one topic's files from memory, whichever topic is
// asked for.
func Files(files map[string][]byte) Source {
	return sourceFunc(func(*course.Topic) (map[string][]byte, error) {
		return maps.Clone(files), nil
	})
}

type sourceFunc func(*course.Topic) (map[string][]byte, error)

func (f sourceFunc) Files(t *course.Topic) (map[string][]byte, error) { return f(t) }

type dir string

func (d dir) Files(t *course.Topic) (map[string][]byte, error) {
	folder := filepath.Join(string(d), t.Section, t.Name)
	if err := noLinks(string(d), t.Section, t.Name); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return nil, err
	}
	r := &Refusal{Topic: t}
	files := map[string][]byte{}
	for _, e := range entries {
		if why := unwanted(e); why != "" {
			r.add(e.Name(), 0, "%s", why)
			continue
		}
		if e.IsDir() || !isSource(e.Name()) {
			continue
		}
		if len(files) > MaxFiles {
			break // Load says so
		}
		data, err := readRegular(root, e.Name())
		if err != nil {
			r.add(e.Name(), 0, "%v", err)
			continue
		}
		files[e.Name()] = data
	}
	if !r.empty() {
		return nil, r
	}
	return files, nil
}

// noLinks refuses a topic's folder that is reached through a symbolic link.
func noLinks(root string, elements ...string) error {
	at := root
	for _, e := range elements {
		at = filepath.Join(at, e)
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		if !info.IsDir() {
			return fmt.Errorf("%s is no folder: %w", at, fs.ErrNotExist)
		}
	}
	return nil
}

// readRegular reads at most one byte more than a file may have, so that a
// file that is too large is seen to be.
func readRegular(root *os.Root, name string) ([]byte, error) {
	info, err := root.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("not a regular file")
	}
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, MaxFileSize+1))
}

// isSource reports whether the go command would take name as a Go file of the
// package itself.
func isSource(name string) bool {
	return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go") && name[0] != '_' && name[0] != '.'
}

// compiled are the other files that the go command would build from.
var compiled = []string{".c", ".cc", ".cpp", ".cxx", ".m", ".h", ".hh", ".hpp", ".hxx", ".f", ".F", ".for", ".f90",
	".s", ".S", ".sx", ".swig", ".swigcxx", ".syso"}

// unwanted says why an entry of a topic's folder has no place in a candidate,
// or returns "".
func unwanted(e fs.DirEntry) string {
	name := e.Name()
	switch {
	case name == "go.mod" || name == "go.work" || name == "vendor":
		return "the course is one module; remove it"
	case slices.Contains(compiled, path.Ext(name)):
		return "only Go is compiled; remove it"
	case !isSource(name):
		return ""
	case e.Type()&fs.ModeSymlink != 0:
		return "a symbolic link is not followed; put the file itself here"
	case !e.Type().IsRegular():
		return "not a regular file; remove it"
	}
	return ""
}
