package cli

import (
	"bytes"
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
	"github.com/wirekata/wirekata/checker/internal/wholefile"
)

// suiteFile is the visible suite's name, in the originals and in exercises/.
const suiteFile = "assignment_test.go"

// A stubReset is the plan of putting a topic's Go files back. Files of other
// kinds are not touched.
type stubReset struct {
	s      *session
	topic  *course.Topic
	yours  map[string][]byte // the Go files that are there, those that differ from the originals
	stub   map[string][]byte // what is to be there
	backup string            // where yours go, from the repository's root
	kept   bool              // they are there
}

func (s *session) planReset(t *course.Topic) (*stubReset, error) {
	stub, err := candidate.Stub(s.Originals).Files(t)
	if err != nil {
		return nil, err
	}
	suite, err := fs.ReadFile(s.Originals, path.Join(t.Contract(), suiteFile))
	if err != nil {
		return nil, err
	}
	stub[suiteFile] = suite
	r := &stubReset{s: s, topic: t, stub: stub}
	r.backup = fmt.Sprintf(".wirekata/backup/%s.%s/%s", t.Section, t.Name, s.Now().UTC().Format("20060102T150405Z"))
	r.yours, err = goFiles(s.path(t.Exercise()))
	maps.DeleteFunc(r.yours, func(name string, data []byte) bool { return bytes.Equal(data, stub[name]) })
	return r, err
}

// goFiles reads the files of a folder that the go command would take, through
// links too; none where the folder is missing.
func goFiles(dir string) (map[string][]byte, error) {
	files := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if os.IsNotExist(err) {
		return files, nil
	}
	for _, e := range entries {
		if e.IsDir() || filepath.Ext(e.Name()) != ".go" || strings.ContainsAny(e.Name()[:1], "._") {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = data
	}
	return files, err
}

// unchanged reports whether every file is there as it was at the beginning,
// and no other.
func (r *stubReset) unchanged() bool {
	for name := range r.stub {
		if _, err := os.Stat(r.place(name)); err != nil {
			return false
		}
	}
	return len(r.yours) == 0
}

func (r *stubReset) question() string {
	if len(r.yours) == 0 {
		return fmt.Sprintf("put the missing files of %s back?", r.topic.ID())
	}
	return fmt.Sprintf("put %s back to the beginning? %s will be kept in %s.", r.topic.ID(),
		strings.Join(slices.Sorted(maps.Keys(r.yours)), ", "), r.backup)
}

// run keeps the learner's files, and only then replaces them.
func (r *stubReset) run() error {
	if err := r.keepYours(); err != nil {
		return err
	}
	r.kept = true
	for name, data := range r.stub {
		if err := wholefile.Write(r.place(name), data); err != nil {
			return err
		}
	}
	for name := range r.yours {
		if _, ok := r.stub[name]; ok {
			continue
		}
		if err := os.Remove(r.place(name)); err != nil {
			return err
		}
	}
	return nil
}

// whereYours says, after a failure, where the learner's files are.
func (r *stubReset) whereYours() string {
	if r.kept && len(r.yours) > 0 {
		return fmt.Sprintf("your files are in %s; make room, or the folder writable, and run it again", r.backup)
	}
	return "your files are as they were; make room, or the folder writable, and run it again"
}

func (r *stubReset) keepYours() error {
	if err := r.newBackup(); err != nil {
		return err
	}
	for name, data := range r.yours {
		if err := wholefile.Write(r.s.path(path.Join(r.backup, name)), data); err != nil {
			os.RemoveAll(r.s.path(r.backup))
			return err
		}
	}
	return nil
}

// newBackup makes the backup's folder. One that is there already, made in the
// same second or before the clock was set back, is somebody's work: the new
// one then has a number.
func (r *stubReset) newBackup() error {
	if len(r.yours) == 0 {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(r.s.path(r.backup)), 0o777); err != nil {
		return err
	}
	name := r.backup
	for n := 2; ; n++ {
		err := os.Mkdir(r.s.path(r.backup), 0o777)
		if !os.IsExist(err) {
			return err
		}
		r.backup = fmt.Sprintf("%s-%d", name, n)
	}
}

func (r *stubReset) place(name string) string {
	return r.s.path(path.Join(r.topic.Exercise(), name))
}
