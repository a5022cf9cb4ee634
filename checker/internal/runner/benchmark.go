package runner

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/tools/benchmark/parse"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/gotool"
	"github.com/wirekata/wirekata/checker/internal/procgroup"
)

// BenchmarkFile is the file of a topic's solution that holds its benchmarks.
const BenchmarkFile = "bench_test.go"

// By names who was measured, in a benchmark's name: "by=go-sse". The code of
// the topic itself is Reference there, and is called Yours in the lines of a
// run on the candidate.
const (
	Yours     = "yours"
	Reference = "reference"
)

// ErrYours says that the benchmarks do not run on the candidate: it does not
// compile with them, it panics, or it does not do what they check.
var ErrYours = errors.New("the benchmarks do not run on your code")

// A Benchmark is a topic's benchmarks, run on the candidate and on the
// reference in turn.
type Benchmark struct {
	Topic *course.Topic
	Match string        // of the benchmarks, as go test -bench takes it; "" for all
	Time  time.Duration // of each
	Count int           // rounds
}

// A Measurement is one line of a benchmark's output.
type Measurement struct {
	Name string // without By and GOMAXPROCS: "BenchmarkDecode/size=20"
	By   string // Yours, Reference or a peer's name
	Line string // the line in the form of go test -bench, with By in the name
	parse.Benchmark
}

// Measure runs the benchmarks on o's candidate and on the reference, and calls
// each with every measurement as it comes. The topic has a [BenchmarkFile], and
// the candidate has been judged: it passes the assignment. Of the options,
// Topics, Clause, Seed, Race, Trace, NoCache, Timeout, Jobs and Sandbox mean
// nothing to it.
func Measure(ctx context.Context, o Options, m Benchmark, each func(Measurement)) error {
	o = o.withDefaults()
	room, err := openKept(o.Root)
	if err != nil {
		return err
	}
	defer room.close()
	yours, err := candidate.Load(o.Candidate, o.Originals, m.Topic, candidate.PolicyOf(o.Course, m.Topic))
	if err != nil {
		return err
	}
	reference, err := candidate.FS(o.Originals, "solutions").Files(m.Topic)
	if err != nil {
		return err
	}
	o.Progress(Event{Stage: "build", Total: 2})
	programs := map[string]string{}
	for by, files := range map[string]map[string][]byte{Yours: yours.Files, Reference: reference} {
		if programs[by], err = o.buildBenchmark(ctx, room, m.Topic, by, files); err != nil {
			return err
		}
	}
	for range m.Count {
		for _, by := range []string{Yours, Reference} {
			err := o.bench(ctx, m, programs[by], by, each)
			if err != nil && by == Yours {
				err = fmt.Errorf("%w: %w", ErrYours, err)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// buildBenchmark compiles the files as the topic's solution, with its
// benchmarks, and returns the program.
func (o Options) buildBenchmark(ctx context.Context, room *kept, t *course.Topic, by string, files map[string][]byte) (string, error) {
	over, err := newOverlay(o.Root, room)
	if err != nil {
		return "", err
	}
	folder := t.Solution()
	for name, data := range files {
		if err := over.put(path.Join(folder, name), data); err != nil {
			return "", err
		}
	}
	data, err := fs.ReadFile(o.Originals, path.Join(folder, BenchmarkFile))
	if err != nil {
		return "", err
	}
	if err := errors.Join(over.put(path.Join(folder, BenchmarkFile), data),
		over.putTree(o.Originals, path.Join(folder, "testdata"), path.Join(folder, "testdata")), over.hide(folder)); err != nil {
		return "", err
	}
	list, err := over.write()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(room.dir, "bench")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	program := filepath.Join(dir, t.Name+"."+by+".exe")
	b := newBuilder(o, room)
	stdout, err := b.run(ctx, []string{"test", "-c", "-json", "-overlay", list, "-vet=off", "-o", program, "./" + folder})
	if err != nil {
		return "", fmt.Errorf("benchmarks: %w\n%s", err, over.asWritten(plainOutput(stdout)))
	}
	return program, nil
}

// bench runs the program once.
func (o Options) bench(ctx context.Context, m Benchmark, program, by string, each func(Measurement)) error {
	match := m.Match
	if match == "" {
		match = "."
	}
	dir := o.Root
	if folder := filepath.Join(o.Root, filepath.FromSlash(m.Topic.Solution())); isDir(folder) {
		dir = folder
	}
	procs := runtime.GOMAXPROCS(0)
	cmd := exec.CommandContext(ctx, program, "-test.run=^$", "-test.bench="+match, "-test.benchmem", "-test.timeout=10m", "-test.benchtime="+m.Time.String(), fmt.Sprintf("-test.cpu=%d", procs))
	cmd.Dir = dir
	procgroup.Own(cmd, syscall.SIGKILL)
	cmd.Cancel = func() error { return procgroup.Signal(cmd, syscall.SIGKILL) }
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	var stderr, said bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		return err
	}
	gotool.BoundMemory(cmd, maxResident)
	lines := bufio.NewScanner(io.TeeReader(out, &said))
	for lines.Scan() {
		if measured, ok := measurement(lines.Text(), by, procs); ok {
			each(measured)
		}
	}
	io.Copy(io.Discard, out) // a line that is too long ends the scanner, not the program
	if err := cmd.Wait(); err != nil {
		return fmt.Errorf("%w\n%s%s", err, tail(said.String()), stderr.String())
	}
	return nil
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// tail is the end of what a program said.
func tail(s string) string {
	const most = 2000
	if len(s) > most {
		return "..." + s[len(s)-most:]
	}
	return s
}

var byPart = regexp.MustCompile(`/by=([^/]+)`)

// measurement reads a line of a benchmark that was run on by, with so many
// procs: a name ends with their number unless it is 1, and may end with one of
// its own.
func measurement(line, by string, procs int) (Measurement, bool) {
	b, err := parse.ParseLine(line)
	if err != nil {
		return Measurement{}, false
	}
	name, suffix := b.Name, ""
	if procs > 1 {
		suffix = fmt.Sprintf("-%d", procs)
		name = strings.TrimSuffix(name, suffix)
	}
	m := Measurement{Name: name, By: by, Benchmark: *b}
	if part := byPart.FindStringSubmatchIndex(name); part == nil { // the whole of it is the topic's own
		m.Benchmark.Name = name + "/by=" + by + suffix
	} else {
		if named := name[part[2]:part[3]]; named != Reference {
			m.By = named
		}
		m.Name = name[:part[0]] + name[part[1]:]
		m.Benchmark.Name = name[:part[2]] + m.By + name[part[3]:] + suffix
	}
	_, figures, _ := strings.Cut(line, "\t")
	m.Line = m.Benchmark.Name + "\t" + figures
	return m, true
}
