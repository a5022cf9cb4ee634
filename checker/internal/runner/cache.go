package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// A cache keeps the verdicts of programs that have been judged before. A nil
// cache keeps nothing.
//
// The key has all that a verdict can depend on: the program, the checker
// itself, the system and its kernel, the seed and the way of running.
type cache struct {
	dir    string
	system string
	all    bool // fleeting verdicts too
}

// A cached verdict.
type cached struct {
	Clause   result.Clause
	Report   string // the race detector's
	Fleeting bool   // it may be another one at another time
}

const cacheAge = 14 * 24 * time.Hour

// openCache returns the cache of the checker that judge stands for, or nil
// where nothing can be kept.
func openCache(judge string) *cache {
	base, err := cacheDir()
	if err != nil || judge == "" {
		return nil
	}
	dir := filepath.Join(base, "verdicts")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil
	}
	kernel, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	c := &cache{dir: dir, system: fmt.Sprintf("%s %s/%s %s", judge, runtime.GOOS, runtime.GOARCH, kernel)}
	c.prune()
	return c
}

// itself stands for this checker: the sum of its binary, or "".
func itself() string {
	self, err := os.Executable()
	if err != nil {
		return ""
	}
	p, err := newProgram(self)
	if err != nil {
		return ""
	}
	return p.sum
}

// sourcesOf stands for the checker in a working copy: the sum of the sources
// that judge, or "". The whole binary would be another one after every edit
// of a suite, which it embeds.
func sourcesOf(root string) string {
	h := sha256.New()
	for _, folder := range []string{"checker/internal/runner", "checker/internal/result", "harness/evidence"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(folder), "*.go"))
		if err != nil || len(files) == 0 {
			return itself()
		}
		for _, f := range files {
			data, err := os.ReadFile(f)
			if err != nil {
				return ""
			}
			fmt.Fprintf(h, "%s %d\n", filepath.Base(f), len(data))
			h.Write(data)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (c *cache) file(j job, ext string) string {
	key := fmt.Sprintf("%s\n%s\n%q\n%s seed=%d race=%t trace=%t procs=%d", c.system, j.program.sum, j.program.candidate, j.clause, j.seed, j.race, j.trace, j.procs)
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(c.dir, hex.EncodeToString(sum[:16])+ext)
}

// get returns the verdict on the job. A damaged entry is none.
func (c *cache) get(j job) (cached, bool) {
	var e cached
	if c == nil {
		return e, false
	}
	data, err := os.ReadFile(c.file(j, ".json"))
	if err != nil || json.Unmarshal(data, &e) != nil {
		return e, false
	}
	v := e.Clause.Verdict
	return e, e.Clause.Name == j.clause && (v == result.Pass || v == result.Fail)
}

// put keeps a verdict that only depends on the key. That it could not be kept
// only costs time.
func (c *cache) put(j job, e cached) {
	v := e.Clause.Verdict
	if c == nil || v != result.Pass && v != result.Fail || e.Fleeting && !c.all {
		return
	}
	if data, err := json.Marshal(e); err == nil {
		writeAtomically(c.file(j, ".json"), data)
	}
}

// prune removes what has not been used for long, at most once a day.
func (c *cache) prune() {
	stamp := filepath.Join(c.dir, "pruned")
	if info, err := os.Stat(stamp); err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return
	}
	os.WriteFile(stamp, nil, 0o644)
	entries, _ := os.ReadDir(c.dir)
	for _, e := range entries {
		if info, err := e.Info(); err == nil && time.Since(info.ModTime()) > cacheAge {
			os.Remove(filepath.Join(c.dir, e.Name()))
		}
	}
}

// writeAtomically writes a file that others see whole or not at all.
func writeAtomically(name string, data []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), ".new-")
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
