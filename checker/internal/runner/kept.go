package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A kept is the directory that the compiled suites are kept in from one run
// to the next, so that what did not change is not linked again. One process
// uses it at a time; another gets one of its own that does not stay.
type kept struct {
	dir       string
	temporary bool
	lock      *os.File
}

// openKept returns the kept directory of the repository at root.
func openKept(root string) (*kept, error) {
	if k := lockKept(root); k != nil {
		return k, nil
	}
	dir, err := os.MkdirTemp("", "wirekata-")
	if err != nil {
		return nil, fmt.Errorf("build directory: %w", err)
	}
	return &kept{dir: dir, temporary: true}, nil
}

// lockKept returns nil where there is no such directory or it is in use.
func lockKept(root string) *kept {
	cache, err := CacheDir()
	if err != nil {
		return nil
	}
	sum := sha256.Sum256([]byte(root))
	dir := filepath.Join(cache, "build", hex.EncodeToString(sum[:8]))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil
	}
	if !tryLock(f) {
		f.Close()
		return nil
	}
	now := time.Now()
	os.Chtimes(f.Name(), now, now)
	pruneKept(filepath.Dir(dir), now.Add(-cacheAge))
	pruneClauses(os.TempDir(), now.Add(-24*time.Hour))
	return &kept{dir: dir, lock: f}
}

// pruneKept removes the kept directories that were last used before then:
// repositories come and go.
func pruneKept(all string, then time.Time) {
	locks, _ := filepath.Glob(filepath.Join(all, "*", "lock"))
	for _, name := range locks {
		if info, err := os.Stat(name); err == nil && info.ModTime().Before(then) {
			os.RemoveAll(filepath.Dir(name))
		}
	}
}

// pruneClauses removes the clauses' folders from before then: those of a
// checker that was killed.
func pruneClauses(temporary string, then time.Time) {
	folders, _ := filepath.Glob(filepath.Join(temporary, clausePrefix+"*"))
	for _, name := range folders {
		if info, err := os.Lstat(name); err == nil && info.ModTime().Before(then) {
			os.RemoveAll(name)
		}
	}
}

func (k *kept) close() {
	if k.lock != nil {
		k.lock.Close() // which also unlocks
	}
	if k.temporary {
		os.RemoveAll(k.dir)
	}
}

// empty reports whether nothing was built in it yet.
func (k *kept) empty() bool {
	entries, err := os.ReadDir(filepath.Join(k.dir, bin))
	return err != nil || len(entries) == 0
}

// fresh returns the empty directory of that name.
func (k *kept) fresh(name string) (string, error) {
	dir := filepath.Join(k.dir, name)
	if err := os.RemoveAll(dir); err != nil {
		return "", err
	}
	return dir, os.MkdirAll(dir, 0o755)
}

// CacheDir is where the checker keeps what it can make again.
func CacheDir() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "wirekata"), nil
}
