package progress

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/wirekata/wirekata/checker/internal/wholefile"
)

// Path is where the progress file stands in a repository.
const Path = ".wirekata/progress"

// A File is the progress file of one repository.
type File struct {
	Root string           // the repository's root
	Now  func() time.Time // dates damaged files; nil means time.Now
}

// A DamagedError says that the progress file could not be read, that it was
// kept aside, and that work goes on without it.
type DamagedError struct {
	Kept string // where it is now, from the repository's root
	Err  error
}

func (e *DamagedError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *DamagedError) Unwrap() error { return e.Err }

// Load returns what is remembered; nothing, and no error, where there is no
// file yet. A damaged file is renamed to progress.damaged-<date>; then Load
// returns an empty Progress together with a [DamagedError].
func (f *File) Load() (*Progress, error) {
	path := filepath.Join(f.Root, filepath.FromSlash(Path))
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return new(Progress), nil
	}
	if err != nil {
		return nil, err
	}
	p, err := Parse(string(text))
	if err != nil {
		return f.setAside(path, err)
	}
	return p, nil
}

func (f *File) setAside(path string, reason error) (*Progress, error) {
	now := time.Now
	if f.Now != nil {
		now = f.Now
	}
	suffix := ".damaged-" + now().UTC().Format("20060102T150405Z")
	for n := 2; exists(path + suffix); n++ { // of the same second, or the clock was set back
		suffix = fmt.Sprintf(".damaged-%s-%d", now().UTC().Format("20060102T150405Z"), n)
	}
	if err := os.Rename(path, path+suffix); err != nil {
		return nil, fmt.Errorf("%w (and it cannot be kept aside: %v)", reason, err)
	}
	return new(Progress), &DamagedError{Kept: Path + suffix, Err: reason}
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// Update loads the progress, applies change and writes the result, so that
// what another run wrote in the meantime is not lost. Like Load it goes on
// after a [DamagedError], and returns it.
func (f *File) Update(change func(*Progress)) error {
	p, damaged := f.Load()
	if p == nil {
		return damaged
	}
	change(p)
	if err := wholefile.Write(filepath.Join(f.Root, filepath.FromSlash(Path)), []byte(p.String())); err != nil {
		return err
	}
	return damaged
}
