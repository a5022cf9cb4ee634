package runner

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// A program is a compiled pair of suites.
type program struct {
	path      string
	sum       string // of the file's content
	candidate string // the value of candidateEnv, where there are several in it
}

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

func (b *builder) outDir(race bool) string {
	if race {
		return filepath.Join(b.room.dir, "race")
	}
	return filepath.Join(b.room.dir, "bin")
}

func (b *builder) binary(name string, race bool) string {
	name += ".test"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	return filepath.Join(b.outDir(race), name)
}

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
// of those that failed, or that have a package below them that did. Binaries are trusted only from a go command that
// succeeded, so a command that failed is run again without what failed.
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
		again := false
		for imported, message := range buildFailures(stdout) {
			for _, p := range packages {
				if imported == p || strings.HasPrefix(imported, p+"/") {
					failed[p] += message
					again = true
				}
			}
		}
		packages = slices.DeleteFunc(packages, func(p string) bool { _, bad := failed[p]; return bad })
		if !again {
			return nil, fmt.Errorf("suites: go test -c: %w\n%s%s", err, stderr.Bytes(), plainOutput(stdout))
		}
	}
	for p, message := range failed {
		failed[p] = asLearnerKnows(over.asWritten(message))
	}
	return failed, nil
}

type buildEvent struct {
	ImportPath  string
	Package     string
	Action      string
	Output      string
	FailedBuild string
}

func buildEvents(stdout []byte) []buildEvent {
	var events []buildEvent
	for line := range bytes.Lines(stdout) {
		var e buildEvent
		if json.Unmarshal(line, &e) == nil {
			events = append(events, e)
		}
	}
	return events
}

// buildFailures reads the output of go test -c -json and returns what was
// said of each package that failed, or whose test did, by import path.
func buildFailures(stdout []byte) map[string]string {
	said, failures := map[string]string{}, map[string]string{}
	for _, e := range buildEvents(stdout) {
		switch e.Action {
		case "build-output":
			if !strings.HasPrefix(e.Output, "# ") {
				said[e.ImportPath] += e.Output
			}
		case "build-fail":
			failures[packageUnderTest(e.ImportPath)] += said[e.ImportPath]
		case "fail":
			failures[e.Package] += said[e.FailedBuild]
		}
	}
	return failures
}

// packageUnderTest returns "x" of "x", "x.test", "x_test [x.test]" and
// "x [x.test]".
func packageUnderTest(imported string) string {
	imported, _, _ = strings.Cut(imported, " ")
	return strings.TrimSuffix(strings.TrimSuffix(imported, "_test"), ".test")
}

func plainOutput(stdout []byte) string {
	var b strings.Builder
	for _, e := range buildEvents(stdout) {
		b.WriteString(e.Output)
	}
	return b.String()
}

var hiddenSuite = regexp.MustCompile(`(?m)^exercises/\w+/\w+/assessment_test\.go:[0-9:]+`)

// asLearnerKnows makes a compiler's message fit for the learner, to whom the
// hidden suite's lines say nothing.
func asLearnerKnows(message string) string {
	return hiddenSuite.ReplaceAllString(strings.TrimSpace(message), "the hidden suite:")
}
