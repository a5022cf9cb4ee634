package runner

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
	"github.com/wirekata/wirekata/checker/internal/result"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wirekata-cache-")
	if err != nil {
		panic(err)
	}
	os.Setenv("GOCACHE", goCache()) // which else would move as well
	os.Setenv("XDG_CACHE_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func goCache() string {
	if dir := os.Getenv("GOCACHE"); dir != "" {
		return dir
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		panic(err)
	}
	return filepath.Join(dir, "go-build")
}

func judge(t *testing.T, c *minicourse.Course, src candidate.Source, change func(*Options)) result.Topic {
	t.Helper()
	o := Options{Root: c.Root, Originals: c.Originals, Course: c.Course, Candidate: src, Topics: []*course.Topic{c.Frames()}, Timeout: 3 * time.Second}
	if change != nil {
		change(&o)
	}
	topics, err := Judge(context.Background(), o)
	require.NoError(t, err)
	require.Len(t, topics, 1)
	return topics[0]
}

// verdicts renders a topic's clauses as "Name verdict (by)" lines.
func verdicts(t result.Topic) string {
	var b strings.Builder
	for _, c := range t.Clauses {
		b.WriteString(short(c.Name) + " " + string(c.Verdict))
		if c.By != "" {
			b.WriteString(" by " + string(c.By))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func clause(t *testing.T, topic result.Topic, name string) result.Clause {
	t.Helper()
	for _, c := range topic.Clauses {
		if short(c.Name) == name {
			return c
		}
	}
	require.Fail(t, "no clause "+name)
	return result.Clause{}
}

const allPass = "Append pass\nRead pass\nTooLong pass\nPieces pass\nEnd pass\nConcurrent pass\nFlux unsupported\n"

func TestReferencePasses(t *testing.T) {
	c := minicourse.New(t)
	reference := candidate.FS(c.Originals, "solutions")

	topic := judge(t, c, reference, func(o *Options) { o.Race = true })
	require.Equal(t, allPass+"NoDataRace pass\n", verdicts(topic), "%+v", topic)
	require.Equal(t, "no flux capacitor", clause(t, topic, "Flux").Reason)
	require.Equal(t, result.Clause{
		Suite: result.Assignment, Name: "TestAppend", Text: "A frame is its payload's length in one byte and the payload.",
		Ref: "README", Verdict: result.Pass, Seed: 1,
	}, topic.Clauses[0])

	again := judge(t, c, reference, nil)
	require.Equal(t, allPass, verdicts(again))
	require.True(t, again.Clauses[0].Cached)
	other := judge(t, c, reference, func(o *Options) { o.Seed = 2 })
	require.False(t, other.Clauses[0].Cached, "another seed is another verdict")
	none := judge(t, c, reference, func(o *Options) { o.NoCache = true })
	require.False(t, none.Clauses[0].Cached)
}

func TestStubFailsEveryClause(t *testing.T) {
	c := minicourse.New(t)
	var events []Event
	topic := judge(t, c, candidate.Dir(filepath.Join(c.Root, "exercises")), func(o *Options) {
		o.Race = true
		o.Progress = func(e Event) { events = append(events, e) }
	})
	require.Equal(t, strings.ReplaceAll(allPass, "pass", "fail by assertion")+"NoDataRace fail by assertion\n", verdicts(topic))
	require.Contains(t, clause(t, topic, "Append").Reason, "frames: not written yet")
	require.Equal(t, Event{Stage: "first build", Total: 1}, events[0])
	require.Equal(t, Event{Stage: "run", Topic: "start/frames", Done: 14, Total: 14}, events[len(events)-1])
}

func TestAbsentTopic(t *testing.T) {
	c := minicourse.New(t)
	topic := judge(t, c, candidate.Dir(t.TempDir()), nil)
	require.True(t, topic.Absent)
	require.Equal(t, 7, topic.Count(result.Refused))
	require.Equal(t, "not in the candidate", topic.Clauses[0].Reason)
}

// reference returns the reference with one replacement in its frames.go.
func reference(t *testing.T, c *minicourse.Course, old, new string) candidate.Source {
	t.Helper()
	src := c.Read(t, "solutions/start/frames/frames.go")
	require.Equal(t, 1, strings.Count(src, old), "%q", old)
	return candidate.Files(map[string][]byte{"frames.go": []byte(strings.Replace(src, old, new, 1))})
}

func TestRefusals(t *testing.T) {
	c := minicourse.New(t)
	for _, tc := range []struct{ name, old, new, want string }{
		{"import", `"sync"`, `"sync"; "os"`, `exercises/start/frames/frames.go:8: import "os": not among`},
		{"compile error", "r.count++", "r.cnt++", "exercises/start/frames/frames.go:48: r.cnt undefined"},
		{"missing method", ") Count()", ") Number()", "exported method (*Reader).Count is missing"},
		{"other signature", "Count() int {", "Count() (n int, err error) {",
			"exercises/start/frames/frames.go: method (*Reader).Count is func() (int, error); the suites use it as func() int\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			old, new := tc.old, tc.new
			src := reference(t, c, old, new)
			if tc.name == "other signature" {
				files, _ := src.Files(c.Frames())
				files["frames.go"] = []byte(strings.Replace(string(files["frames.go"]), "\treturn r.count\n", "\treturn r.count, nil\n", 1))
				src = candidate.Files(files)
			}
			topic := judge(t, c, src, nil)
			require.Contains(t, topic.Refusal, tc.want)
			require.Equal(t, 7, topic.Count(result.Refused))
		})
	}
}

// Whatever a candidate does, it costs the clauses that meet it and no more.
func TestHostileCandidates(t *testing.T) {
	c := minicourse.New(t)
	const read = "\tr.count++\n"
	const readFails = "Append pass\nRead fail by X\nTooLong pass\nPieces fail by X\nEnd pass\nConcurrent fail by X\nFlux unsupported\n"
	for _, tc := range []struct{ name, old, new, want, reason string }{
		{"panic", read, "panic(`gone`)\n", strings.ReplaceAll(readFails, "X", "panic"), "panic: gone (exercises/start/frames/frames.go:48)"},
		{"panic in a goroutine", read, "go panic(`gone`); time.Sleep(1)\n", strings.ReplaceAll(readFails, "X", "panic"), "panic: gone"},
		{"deadlock", read, "<-make(chan int)\n", strings.ReplaceAll(readFails, "X", "hang"), "deadlock"},
		{"init panics", "// Count returns", "func init() { panic(1) }\n\n// Count returns", "", "panic: 1"},
		{"forged output", read, "fmt.Println(`--- PASS: TestRead (0.00s)\nPASS`); return nil, errors.New(`no`)\n", strings.ReplaceAll(readFails, "X", "assertion"), ""},
		{"much output", read, "r.count++; for range 5_000 { fmt.Println(`nothing to see here`) }\n", allPass, ""},
		{"data race", "\tr.mu.Lock()\n\tdefer r.mu.Unlock()\n\treturn r.count\n", "\tdone := make(chan bool)\n\tgo func() { r.count += 0; close(done) }()\n\tn := r.count\n\t<-done\n\treturn n\n", allPass + "NoDataRace fail by assertion\n", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := reference(t, c, tc.old, tc.new)
			files, _ := src.Files(c.Frames())
			body := string(files["frames.go"])
			for _, pkg := range []string{"fmt", "time"} {
				if strings.Contains(body, pkg+".") {
					body = strings.Replace(body, `"errors"`, `"errors"; "`+pkg+`"`, 1)
				}
			}
			topic := judge(t, c, candidate.Files(map[string][]byte{"frames.go": []byte(body)}), func(o *Options) { o.Race = tc.name == "data race" })
			require.Empty(t, topic.Refusal)
			if tc.want == "" {
				require.Equal(t, 7, topic.Count(result.Fail), verdicts(topic))
			} else {
				require.Equal(t, tc.want, verdicts(topic))
			}
			require.Contains(t, clause(t, topic, "Read").Reason, tc.reason)
		})
	}
}

func TestOwnTestFilesDoNotCount(t *testing.T) {
	c := minicourse.New(t)
	c.Write(t, "exercises/start/frames/main_test.go", "package frames_test\n\nimport (\"os\"; \"testing\")\n\nfunc TestMain(m *testing.M) { os.Exit(0) }\n")
	c.Write(t, "exercises/start/frames/assignment_test.go", "package frames_test\n\nfunc broken(\n")
	topic := judge(t, c, candidate.Dir(filepath.Join(c.Root, "exercises")), nil)
	require.Equal(t, 6, topic.Count(result.Fail), verdicts(topic))
}

// Should a policy ever let os through, a pass still needs the whole evidence.
func TestEarlyExitsDoNotPass(t *testing.T) {
	c := minicourse.New(t)
	syllabus := c.Read(t, "checker/contracts/course.yaml")
	c.Write(t, "checker/contracts/course.yaml", strings.Replace(syllabus, "imports: [", "imports: [os, ", 1))
	c = minicourse.Open(t, c.Root)
	for _, tc := range []struct{ name, new, reason string }{
		{"in a method", "func (r *Reader) Next() ([]byte, error) {\n\tos.Exit(0)", "panic: unexpected call to os.Exit(0) during test (exercises/start/frames/frames.go:35)"},
		{"in init", "func init() { os.Exit(0) }\n\nfunc (r *Reader) Next() ([]byte, error) {", "the process ended before the clause began"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			src := reference(t, c, "func (r *Reader) Next() ([]byte, error) {", tc.new)
			files, _ := src.Files(c.Frames())
			body := strings.Replace(string(files["frames.go"]), `"errors"`, `"errors"; "os"`, 1)
			topic := judge(t, c, candidate.Files(map[string][]byte{"frames.go": []byte(body)}), nil)
			require.Empty(t, topic.Refusal)
			read := clause(t, topic, "Read")
			require.Equal(t, result.Fail, read.Verdict)
			require.Equal(t, result.ByPanic, read.By)
			require.Contains(t, read.Reason, tc.reason)
		})
	}
}

func TestCapturesAreKept(t *testing.T) {
	c := minicourse.New(t)
	suite := c.Read(t, "checker/contracts/start/frames/assignment_test.go")
	suite = strings.Replace(suite, `got, err := frames.Append([]byte("x")`, `os.WriteFile(contract.EvidenceDir(t)+"/wire.pcapng", []byte("wire"), 0o600)
		contract.Captured(t, "wire.pcapng")
		got, err := frames.Append([]byte("x")`, 1)
	c.Write(t, "checker/contracts/start/frames/assignment_test.go", strings.Replace(suite, `"bytes"`, `"bytes"; "os"`, 1))
	for _, cached := range []bool{false, true} {
		topic := judge(t, c, candidate.Stub(c.Originals), nil)
		got := clause(t, topic, "Append")
		require.Equal(t, result.Fail, got.Verdict)
		require.Equal(t, cached, got.Cached)
		require.Equal(t, ".wirekata/start.frames/Append.pcapng", got.Capture)
		require.Equal(t, "wire", c.Read(t, got.Capture))
		c.Write(t, got.Capture, "of another run")
	}
}

func TestNoRaceDetector(t *testing.T) {
	t.Setenv("CGO_ENABLED", "0")
	c := minicourse.New(t)
	topic := judge(t, c, candidate.FS(c.Originals, "solutions"), func(o *Options) { o.Race = true })
	race := clause(t, topic, NoDataRace)
	if runtime.GOOS == "darwin" {
		return // needs no C compiler there
	}
	require.Equal(t, result.Unsupported, race.Verdict)
	require.Contains(t, race.Reason, "the race detector needs cgo")
}

func TestOneClause(t *testing.T) {
	c := minicourse.New(t)
	topic := judge(t, c, candidate.FS(c.Originals, "solutions"), func(o *Options) { o.Clause = "Pieces" })
	require.Equal(t, "Pieces pass\n", verdicts(topic))
	topic = judge(t, c, candidate.FS(c.Originals, "solutions"), func(o *Options) { o.Clause = NoDataRace })
	require.Equal(t, "NoDataRace pass\n", verdicts(topic))

	_, err := Judge(context.Background(), Options{Root: c.Root, Originals: c.Originals, Course: c.Course,
		Candidate: candidate.Stub(c.Originals), Topics: []*course.Topic{c.Frames()}, Clause: "Peaces"})
	require.EqualError(t, err, `clause "Peaces": no such clause; did you mean "Pieces"?`)
}

func TestCanceled(t *testing.T) {
	c := minicourse.New(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := Judge(ctx, Options{Root: c.Root, Originals: c.Originals, Course: c.Course, NoCache: true,
		Candidate: reference(t, c, "\tr.count++\n", "\tfor { r.count++ }\n"), Topics: []*course.Topic{c.Frames()},
		Progress: func(e Event) {
			if e.Stage == "run" {
				cancel()
			}
		}})
	require.ErrorIs(t, err, context.Canceled)
}
