package dev

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wirekata-cache-")
	if err != nil {
		panic(err)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		panic(err)
	}
	if os.Getenv("GOCACHE") == "" {
		os.Setenv("GOCACHE", filepath.Join(user, "go-build"))
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func verify(t *testing.T, c *minicourse.Course) Report {
	t.Helper()
	g, err := Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select([]string{"frames"})
	require.NoError(t, err)
	reports, err := g.Verify(context.Background(), topics)
	require.NoError(t, err)
	require.Len(t, reports, 1)
	return reports[0]
}

func TestVerifyAcceptsTheMiniatureCourse(t *testing.T) {
	c := minicourse.New(t)
	c.Write(t, "solutions/start/frames/bench_test.go", "package frames_test\n\nimport \"os\"\n\nvar _ = os.Args // what no candidate may\n")
	r := verify(t, c)
	require.Empty(t, r.Findings)
	require.Empty(t, r.Missing)
	require.Equal(t, 8, r.Clauses)
}

// texts joins the findings as people read them.
func texts(r Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.Text + " => " + f.Remedy + "\n")
	}
	return b.String()
}

const (
	contractDir = "checker/contracts/start/frames/"
	fault       = contractDir + "faults/"
)

// One run with one of everything that only a run can find.
func TestVerifyFindsWhatDoesNotHold(t *testing.T) {
	c := minicourse.New(t)
	require.NoError(t, os.Remove(filepath.Join(c.Root, fault+"double-lock.txtar")))
	c.Write(t, fault+"survives.txtar", "belief: b\nkills: Append, Read\n-- frames.go: was --\nr.count++\n-- frames.go: is --\nr.count += 2\n")
	c.Write(t, fault+"panics.txtar", "belief: b\nkills: Read\n-- frames.go: was --\nr.count++\n-- frames.go: is --\npanic(1)\n")
	c.Write(t, fault+"does-not-compile.txtar", "belief: b\nkills: Read\n-- frames.go: was --\nr.count++\n-- frames.go: is --\nr.cnt++\n")
	c.Write(t, fault+"stale.txtar", "belief: b\nkills: Read\n-- frames.go: was --\nr.counter++\n-- frames.go: is --\n")
	c.Write(t, fault+"forbidden.txtar", "belief: b\nkills: Read\n-- extra.go --\npackage frames\n\nimport _ \"os\"\n")
	c.Write(t, fault+"races-not.txtar", "belief: b\nkills: NoDataRace\n-- frames.go: was --\nr.count++\n-- frames.go: is --\nr.count--\n")
	c.Write(t, contractDir+"variants/wrong.txtar", "idea: b\n-- frames.go: was --\nr.count++\n-- frames.go: is --\nr.count--\n")
	c.Write(t, contractDir+"cheats/counts.txtar", "idea: only the counter is right\n-- frames.go: was --\nr.count++\n-- frames.go: is --\n_, r.count = 0, r.count+1\n")
	stub := strings.Replace(c.Read(t, contractDir+"stub/frames.go"), "\treturn b, ErrTODO\n",
		"\tb = append(b, byte(len(payload)))\n\treturn append(b, payload...), nil\n", 1)
	c.Write(t, contractDir+"stub/frames.go", stub)
	c.Write(t, "exercises/start/frames/frames.go", stub)

	got := texts(verify(t, c))
	for _, want := range []string{
		"fault survives: clause Append lets it pass on seed 1 => sharpen the clause",
		"fault panics: clause Read rejects it by panic on seed 1: panic: 1",
		"fault does-not-compile is refused:\nexercises/start/frames/frames.go:48: r.cnt undefined",
		`fault stale: frames.go: "r.counter++" stands in it 0 times, not once => bring`,
		`fault forbidden is refused:` + "\n" + `exercises/start/frames/extra.go:3: import "os"`,
		"fault races-not: no clause shows a data race on seed 1",
		"variant wrong: clause Read says fail on seed 1: count -3, want 3",
		"variant wrong: under the race detector Read does not pass",
		"cheat counts earns 4 of 4 hidden clauses",
		"stub: clause Append lets it pass on seed 1",
	} {
		require.Contains(t, got, want)
	}
	require.NotContains(t, got, "clause Read lets it pass")
	require.NotContains(t, got, "reference: ")
}

func TestVerifyReportsWhatCannotRun(t *testing.T) {
	c := minicourse.New(t)
	require.NoError(t, os.RemoveAll(filepath.Join(c.Root, "solutions/start/frames")))
	require.Contains(t, texts(verify(t, c)), "folder solutions/start/frames is missing")

	c = minicourse.New(t)
	suite := c.Read(t, contractDir+"assessment_test.go")
	c.Write(t, contractDir+"assessment_test.go", suite+"\nvar _ = frames.Unknown\n")
	got := texts(verify(t, c))
	require.Contains(t, got, "reference is refused:\nchecker/contracts/start/frames/assessment_test.go:83:16: undefined: frames.Unknown")
	require.Equal(t, 1, strings.Count(got, "is refused"), got)
}

func TestInspectFindsWhatIsNotInPlace(t *testing.T) {
	const exercise, solution = "exercises/start/frames/", "solutions/start/frames/"
	change := func(file, old, new string) func(*testing.T, *minicourse.Course) {
		return func(t *testing.T, c *minicourse.Course) {
			text := c.Read(t, file)
			require.Contains(t, text, old)
			c.Write(t, file, strings.Replace(text, old, new, 1))
		}
	}
	write := func(file, text string) func(*testing.T, *minicourse.Course) {
		return func(t *testing.T, c *minicourse.Course) { c.Write(t, file, text) }
	}
	remove := func(file string) func(*testing.T, *minicourse.Course) {
		return func(t *testing.T, c *minicourse.Course) {
			require.NoError(t, os.RemoveAll(filepath.Join(c.Root, file)))
		}
	}
	for _, tc := range []struct {
		name   string
		change func(*testing.T, *minicourse.Course)
		want   string
	}{
		{"changed exercise", change(exercise+"frames.go", "TODO", "DONE"), "exercises/start/frames/frames.go differs from the stub's => go tool checker dev sync start/frames --force"},
		{"old visible suite", change(exercise+"assignment_test.go", "hello", "hallo"), "exercises/start/frames/assignment_test.go differs from the original => go tool checker dev sync start/frames\n"},
		{"old given file", change(solution+"given.go", "255", "256"), "solutions/start/frames/given.go differs from the original"},
		{"no reference", remove(solution), "folder solutions/start/frames is missing"},
		{"reference file missing", remove(solution + "frames.go"), "solutions/start/frames/frames.go is missing => add it to the reference"},
		{"reference file too many", write(solution+"extra.go", "package frames\n"), "solutions/start/frames/extra.go is not in the stub"},
		{"test of the reference", write(solution+"own_test.go", "package frames\n"), "solutions/start/frames/own_test.go has no place here"},
		{"no README", remove(exercise + "README.md"), "exercises/start/frames/README.md is missing => add it"},
		{"heading", change(exercise+"README.md", "## Read\n", "## Reading\n"), `lacks the heading "## Read"`},
		{"no hints", write(exercise+"HINTS.md", "# Hints\n"), `HINTS.md has no heading "## "`},
		{"stray file", write(contractDir+"notes.txt", ""), "checker/contracts/start/frames/notes.txt has no place here"},
		{"stray exercise", write(exercise+"own_test.go", "package frames\n"), "exercises/start/frames/own_test.go has no place here"},
		{"stray fault", write(fault+"x.diff", ""), "faults/x.diff has no place here"},
		{"format", change(contractDir+"stub/frames.go", "\treturn &Reader{}", "return &Reader{}"), "stub/frames.go is not gofmt-ed => gofmt -w checker/contracts/start/frames/stub/frames.go"},
		{"comment", change(solution+"frames.go", "// Count returns how many frames were read.", "// Count counts."), "comment of (*Reader).Count differs between stub and reference"},
		{"package comment", change(solution+"frames.go", "// Package frames reads", "// Package frames writes"), "package comment differs"},
		{"signature", change(solution+"frames.go", "NewReader(r io.Reader)", "NewReader(in io.Reader)"), "NewReader is \"function func NewReader(r io.Reader) *Reader\" in the stub and \"function func NewReader(in io.Reader) *Reader\""},
		{"order", change(solution+"frames.go", "// Append appends", "// Max is new.\nconst Max = 1\n\n// Append appends"), "exported declarations differ: the stub has Append where the reference has Max"},
		{"build line", change(solution+"frames.go", "// Package", "//go:build linux\n\n// Package"), `build line is "" in the stub and "//go:build linux" in the reference`},
		{"panicking stub", change(contractDir+"stub/frames.go", "return -1", "panic(-1)"), "stub calls panic"},
		{"unfinished reference", change(solution+"frames.go", "r.count++", "r.count++ // TODO"), "reference frames.go has a TODO"},
		{"form of a clause", change(contractDir+"assessment_test.go", "// A frame may arrive in any number of pieces. README\n", ""), "assessment_test.go:29: clause TestPieces has no doc comment"},
		{"fault's header", change(fault+"one-read.txtar", "belief", "believe"), `faults/one-read.txtar: header key "believe" is unknown`},
		{"unknown clause", change(fault+"one-read.txtar", "Pieces", "Peaces"), `fault one-read: kills: Peaces is no clause; did you mean "Pieces"?`},
		{"clause without a fault", remove(fault + "one-read.txtar"), "clause Pieces rejects no fault => write a fault"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := minicourse.New(t)
			tc.change(t, c)
			g, err := Open(c.Root)
			require.NoError(t, err)
			require.Contains(t, texts(g.inspect(g.Course.Topic("frames")).Report), tc.want)
		})
	}
}

func TestStrays(t *testing.T) {
	c := minicourse.New(t)
	g, err := Open(c.Root)
	require.NoError(t, err)
	require.Empty(t, g.Strays().Findings)
	c.Write(t, "exercises/start/frame/frame.go", "package frame\n")
	c.Write(t, "solutions/begin/frames/frames.go", "package frames\n")
	got := texts(g.Strays())
	require.Contains(t, got, "exercises/start/frame is no topic of the syllabus")
	require.Contains(t, got, "solutions/begin is no section of the syllabus")
}
