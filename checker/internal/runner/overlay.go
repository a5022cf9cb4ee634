package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// An overlay is the view of the repository that the go command gets: files
// that are not there, or are there with other content, and files hidden.
type overlay struct {
	root  string
	src   string            // where the content stands
	files map[string]string // path in the repository: file with the content; "" hides
}

func newOverlay(root string, room *kept) (*overlay, error) {
	src, err := room.fresh("src")
	if err != nil {
		return nil, err
	}
	return &overlay{root: root, src: src, files: map[string]string{}}, nil
}

// put lays a file over the slash-separated path in the repository.
func (o *overlay) put(name string, data []byte) error {
	sum := sha256.Sum256(append([]byte(name+"\n"), data...))
	file := filepath.Join(o.src, hex.EncodeToString(sum[:16])+path.Ext(name))
	if err := os.WriteFile(file, data, 0o644); err != nil {
		return err
	}
	o.files[o.path(name)] = file
	return nil
}

func (o *overlay) path(name string) string { return filepath.Join(o.root, filepath.FromSlash(name)) }

// sum stands for the files that were laid below a folder: their content is in
// the names that put gave them.
func (o *overlay) sum(folder string) string {
	h := sha256.New()
	below := o.path(folder) + string(filepath.Separator)
	for _, name := range slices.Sorted(maps.Keys(o.files)) {
		if strings.HasPrefix(name, below) {
			fmt.Fprintln(h, filepath.Base(o.files[name]))
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// hide hides every file of a folder of the repository that is not laid over,
// also those of its testdata, which a suite may embed. Folders that are
// packages of their own mean nothing to it and stay.
func (o *overlay) hide(folder string) error {
	entries, err := os.ReadDir(o.path(folder))
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, e := range entries {
		name := path.Join(folder, e.Name())
		if e.IsDir() && (e.Name() == "testdata" || strings.Contains(folder, "/testdata")) {
			if err := o.hide(name); err != nil {
				return err
			}
		}
		if _, ok := o.files[o.path(name)]; !ok && !e.IsDir() {
			o.files[o.path(name)] = ""
		}
	}
	return nil
}

// putTree lays the files of a folder of fsys, if it is there, over to.
func (o *overlay) putTree(fsys fs.FS, folder, to string) error {
	if _, err := fs.Stat(fsys, folder); err != nil {
		return nil
	}
	sub, err := fs.Sub(fsys, folder)
	if err != nil {
		return err
	}
	return fs.WalkDir(sub, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(sub, name)
		if err != nil {
			return err
		}
		return o.put(path.Join(to, name), data)
	})
}

// asWritten replaces in a message of the go command the files' places on disk
// by their names in the repository.
func (o *overlay) asWritten(message string) string {
	var pairs []string
	for name, file := range o.files {
		if rel, err := filepath.Rel(o.root, name); err == nil && file != "" {
			pairs = append(pairs, file, filepath.ToSlash(rel))
		}
	}
	return strings.NewReplacer(pairs...).Replace(message)
}

// write writes the overlay for -overlay and returns the file's name.
func (o *overlay) write() (string, error) {
	data, err := json.Marshal(map[string]any{"Replace": o.files})
	if err != nil {
		return "", err
	}
	file := filepath.Join(o.src, "overlay.json")
	return file, os.WriteFile(file, data, 0o644)
}

// readSuite returns the source of one of the topic's suites.
func readSuite(originals fs.FS, t *course.Topic, s result.Suite) ([]byte, error) {
	data, err := fs.ReadFile(originals, path.Join(t.Contract(), string(s)+"_test.go"))
	if err != nil {
		return nil, fmt.Errorf("suite: %w", err)
	}
	return data, nil
}

// layTopic lays the candidate and both suites into the exercise's folder, and
// hides everything else there.
func (o *overlay) layTopic(originals fs.FS, c *topicCase) error {
	folder := c.topic.Exercise()
	for _, suite := range []result.Suite{result.Assignment, result.Assessment} {
		data, err := readSuite(originals, c.topic, suite)
		if err != nil {
			return err
		}
		if err := o.put(path.Join(folder, string(suite)+"_test.go"), data); err != nil {
			return err
		}
	}
	if err := o.putTree(originals, path.Join(c.topic.Contract(), "testdata"), path.Join(folder, "testdata")); err != nil {
		return err
	}
	return o.layCandidate(c)
}

// layCandidate lays the candidate alone, and hides everything that is in its
// place.
func (o *overlay) layCandidate(c *topicCase) error {
	folder := c.topic.Exercise()
	for name, data := range c.candidate.Files {
		if err := o.put(path.Join(folder, name), data); err != nil {
			return err
		}
	}
	if err := o.sealFirst(folder, c.topic.Name); err != nil {
		return err
	}
	return o.hide(folder)
}

// sealFirst has the candidate's package import package evidence, which is then
// initialised before it: it has taken the key of the seal off standard input
// by the time that a candidate's first line can run.
func (o *overlay) sealFirst(folder, pkg string) error {
	return o.put(path.Join(folder, "wirekata_evidence.go"), fmt.Appendf(nil, "package %s\n\nimport _ %q\n", pkg, modulePath+"harness/evidence"))
}
