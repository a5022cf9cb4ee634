package transcript

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"runtime"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// Judging says what judged, and where. The digests are equal where the same
// suites, harness or checker judged; each is "" where it cannot be known.
type Judging struct {
	Suites   string `json:"suites"`   // course.yaml, and each topic's suites and stub
	Harness  string `json:"harness"`  // what is linked into them
	Checker  string `json:"checker"`  // the sources of this program
	Revision string `json:"revision"` // of the working copy, as git knows it
	Modified bool   `json:"modified"` // checker, harness or modules are not those of the revision
	Go       string `json:"go"`
	OS       string `json:"os"`
	Arch     string `json:"arch"`
	// Sandbox is the level of the sandbox that the clauses ran in.
	Sandbox      string `json:"sandbox"`
	RaceDetector string `json:"race_detector"` // "used", "not available" or "no topic asks for it"
}

// Inspect finds out what judges in the repository at root.
func Inspect(ctx context.Context, root string, originals fs.FS) Judging {
	copied := os.DirFS(root)
	j := Judging{
		Suites:  digest(originals, suite, "checker/contracts"),
		Harness: digest(copied, source, "harness", "go.mod", "go.sum"),
		Checker: digest(copied, source, "checker"),
		Go:      runtime.Version(),
		OS:      runtime.GOOS,
		Arch:    runtime.GOARCH,
	}
	if out, err := gotool.Output(ctx, root, "env", "GOVERSION"); err == nil {
		j.Go = strings.TrimSpace(string(out))
	}
	j.Revision = git(ctx, root, "rev-parse", "--verify", "HEAD")
	j.Modified = j.Revision != "" && git(ctx, root, "status", "--porcelain", "--", "checker", "harness", "go.mod", "go.sum") != ""
	return j
}

// String says it in two sentences.
func (j Judging) String() string {
	s := fmt.Sprintf("Suites %s, harness %s, checker %s", Short(j.Suites), Short(j.Harness), Short(j.Checker))
	if j.Revision != "" {
		s += ", revision " + Short(j.Revision)
	}
	if j.Modified {
		s += " with changes"
	}
	return fmt.Sprintf("%s. %s, %s/%s, sandbox %s, race detector: %s.", s, j.Go, j.OS, j.Arch, j.Sandbox, j.RaceDetector)
}

// Short is the beginning of a digest, enough to compare by eye.
func Short(digest string) string {
	if digest == "" {
		return "not known"
	}
	digest = strings.TrimPrefix(digest, sha)
	return digest[:min(len(digest), 12)]
}

// suite reports whether a file of the contracts goes into a verdict.
func suite(name string) bool {
	for part := range strings.SplitSeq(name, "/") {
		if part == "faults" || part == "variants" || part == "cheats" {
			return false
		}
	}
	return path.Ext(name) != ".md"
}

// source reports whether a file goes into a program: no tests, nor what they
// or the contracts are made of.
func source(name string) bool {
	return !strings.HasSuffix(name, "_test.go") && !strings.Contains("/"+name, "/testdata/") && !strings.HasPrefix(name, "checker/contracts/")
}

const sha = "sha256:"

// digest is that of the wanted files in the named folders, with their names;
// "" where there are none, or one cannot be read.
func digest(fsys fs.FS, wanted func(string) bool, folders ...string) string {
	h, n := sha256.New(), 0
	slices.Sort(folders)
	for _, folder := range folders {
		err := fs.WalkDir(fsys, folder, func(name string, e fs.DirEntry, err error) error {
			if err != nil || e.IsDir() || !wanted(name) {
				return err
			}
			data, err := fs.ReadFile(fsys, name)
			fmt.Fprintf(h, "%q %d\n", name, len(data))
			h.Write(data)
			n++
			return err
		})
		if err != nil {
			return ""
		}
	}
	if n == 0 {
		return ""
	}
	return sha + hex.EncodeToString(h.Sum(nil))
}

// git asks git about the working copy. It is "" where there is none to ask, or
// no working copy.
func git(ctx context.Context, root string, args ...string) string {
	cmd := exec.CommandContext(ctx, "git", append([]string{"--no-optional-locks"}, args...)...)
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
