package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// A program is a compiled pair of suites.
type program struct {
	path      string
	sum       string // of the file's content, or of all that decides on it
	candidate string // the value of candidateEnv, where there are several in it
}

// A builder compiles suites against candidates, in the kept directory.
type builder struct {
	root      string
	originals fs.FS
	room      *kept
}

// build compiles the cases that have a candidate with one go command. A case
// that does not compile is refused with the compiler's message.
func (b *builder) build(ctx context.Context, cases []*topicCase, race bool) error {
	byPath := map[string]*topicCase{}
	over, err := newOverlay(b.root, b.room)
	if err != nil {
		return err
	}
	for _, c := range cases {
		if c.candidate == nil || race && c.race == nil {
			continue
		}
		byPath[modulePath+c.topic.Exercise()] = c
		if err := over.layTopic(b.originals, c); err != nil {
			return err
		}
	}
	failed, err := b.compile(ctx, over, slices.Sorted(maps.Keys(byPath)), race)
	if err != nil {
		return err
	}
	for imported, c := range byPath {
		if message, ok := failed[imported]; ok {
			c.refused(errors.New(strings.Join(append(c.candidate.Differs, message), "\n")))
			c.program = nil
			continue
		}
		p, err := newProgram(b.binary(c.topic.Name, race))
		if err != nil {
			return err
		}
		if race {
			c.race.program = p
		} else {
			c.program = p
		}
	}
	return nil
}

const modulePath = "github.com/wirekata/wirekata/"

// bin is the folder of the kept directory for programs without the detector.
const bin = "bin"

func (b *builder) outDir(race bool) string {
	if race {
		return filepath.Join(b.room.dir, "race")
	}
	return filepath.Join(b.room.dir, bin)
}

// binary is the test binary of a topic, whose name no other topic has.
func (b *builder) binary(name string, race bool) string {
	name += ".test"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.outDir(race), name)
}

// newProgram returns the program in a file.
func newProgram(file string) (*program, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return nil, err
	}
	return &program{path: file, sum: hex.EncodeToString(h.Sum(nil))}, nil
}

// compile builds the test binaries of the packages, and returns the messages
// of those that failed, or that have a package below them that did. Binaries
// are trusted only from a go command that succeeded, so a command that failed
// is run again without what failed.
func (b *builder) compile(ctx context.Context, over *overlay, packages []string, race bool) (map[string]string, error) {
	failed := map[string]string{}
	out := b.outDir(race)
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, err
	}
	file, err := over.write()
	if err != nil {
		return nil, err
	}
	for len(packages) > 0 {
		args := []string{"test", "-c", "-json", "-overlay", file, "-vet=off", "-ldflags=-w", "-o", out + string(filepath.Separator)}
		if race {
			args = append(args, "-race")
		}
		cmd := gotool.Command(ctx, b.root, append(args, packages...)...)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.Output()
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil {
			break
		}
		n := len(packages)
		blame(failed, packages, buildFailures(stdout))
		packages = slices.DeleteFunc(packages, func(p string) bool { _, bad := failed[p]; return bad })
		if len(packages) == n {
			return nil, fmt.Errorf("suites: go test -c: %w\n%s%s", err, stderr.Bytes(), plainOutput(stdout))
		}
	}
	for p, message := range failed {
		failed[p] = asLearnerKnows(over.asWritten(message))
	}
	return failed, nil
}

// blame gives each message to the package that it is about or below.
func blame(failed map[string]string, packages []string, messages map[string]string) {
	for imported, message := range messages {
		for _, p := range packages {
			if imported == p || strings.HasPrefix(imported, p+"/") {
				failed[p] += message
			}
		}
	}
}
