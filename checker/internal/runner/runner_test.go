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
	"github.com/wirekata/wirekata/harness/evidence"
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
	require.Positive(t, topic.Clauses[0].Spent.Allocations)
	topic.Clauses[0].Spent = evidence.Cost{}
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

// A table that became empty must not become a pass.
func TestClauseThatChecksNothingIsAnError(t *testing.T) {
	c := minicourse.New(t)
	const suite = "checker/contracts/start/frames/assignment_test.go"
	c.Write(t, suite, c.Read(t, suite)+`
// Every frame of the table is read. README
func TestTable(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, frame := range []string{} {
			contract.Step(t, "read %q", frame)
		}
	})
}
`)
	topic := judge(t, c, candidate.FS(c.Originals, "solutions"), func(o *Options) { o.Clause = "Table" })
	require.Equal(t, "Table error\n", verdicts(topic))
	require.Equal(t, "the clause checked nothing", topic.Clauses[0].Reason)
}

func TestNoCCompiler(t *testing.T) {
	if runtime.GOOS == "darwin" {
		t.Skip("the race detector needs none here")
	}
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("CC", "no-such-compiler -O2")
	why, err := raceMissing(t.Context(), t.TempDir())
	require.NoError(t, err)
	require.Equal(t, "the race detector needs a C compiler, and no-such-compiler is not there; install one", why)
}

func TestRepositoryPathWithSpaces(t *testing.T) {
	c := minicourse.New(t)
	root := filepath.Join(t.TempDir(), "my course, in ümläuts")
	require.NoError(t, os.Rename(c.Root, root))
	c = minicourse.Open(t, root)
	topic := judge(t, c, candidate.Dir(filepath.Join(root, "solutions")), func(o *Options) { o.Race = true })
	require.Equal(t, allPass+"NoDataRace pass\n", verdicts(topic), "%+v", topic)
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
