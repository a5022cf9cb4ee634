package runner

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/wholefile"
)

// A cache keeps the verdicts of programs that have been judged before. A nil
// cache keeps nothing.
//
// The key has all that a verdict can depend on: the program, or on a bench
// what goes into it; the checker itself, the system and its kernel, the seed
// and the way of running, with the level of the sandbox: a clause may see it
// (in the kernel's settings for a network of its own, for one), and a verdict
// that is said to come from a sandbox has come from one.
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
	base, err := CacheDir()
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

// sourcesOf stands for a working copy, but for what a specimen brings along:
// the sum of the sources that judge, or of this binary where they are not
// there, of those that are linked into every program, and of what builds them.
// It is "" where they cannot be read.
func sourcesOf(root string) string {
	judge, err := sumOf(root, "checker/internal/runner", "checker/internal/result")
	if err != nil {
		judge = itself()
	}
	linked, err := sumOf(root, "go.mod", "go.sum", "harness")
	if err != nil || judge == "" {
		return ""
	}
	return strings.Join([]string{judge, linked, runtime.Version(), os.Getenv("GOEXPERIMENT")}, " ")
}

// sumOf is the sum of files and folders of the working copy, without tests.
func sumOf(root string, names ...string) (string, error) {
	h := sha256.New()
	for _, name := range names {
		err := filepath.WalkDir(filepath.Join(root, filepath.FromSlash(name)), func(file string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || strings.HasSuffix(file, "_test.go") {
				return err
			}
			data, err := os.ReadFile(file)
			fmt.Fprintf(h, "%s %d\n", strings.TrimPrefix(file, root), len(data))
			h.Write(data)
			return err
		})
		if err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c *cache) file(j job, ext string) string {
	key := fmt.Sprintf("%s\n%s\n%q\n%s seed=%d race=%t trace=%t procs=%d sandbox=%s", c.system, j.program.sum, j.program.candidate, j.clause, j.seed, j.race, j.trace, j.procs, j.box)
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
		wholefile.Write(c.file(j, ".json"), data)
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
