package transcript

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func clauses(suite result.Suite, verdicts ...result.Verdict) []result.Clause {
	var all []result.Clause
	for i, v := range verdicts {
		all = append(all, result.Clause{Suite: suite, Name: "Test" + string(rune('A'+i)), Text: "A rule.", Verdict: v})
	}
	return all
}

func judged(id string, visible, hidden []result.Clause) result.Topic {
	return result.Topic{ID: id, Title: "Title of " + id, Clauses: append(visible, hidden...)}
}

// view is the outcome of a course with two sections and a warm-up: masks has
// all, frames half of the hidden suite and a clause that cannot be judged.
func view(t *testing.T) (*course.Course, report.GradeView) {
	t.Helper()
	c := &course.Course{Title: "wirekata", Pass: 70, Weights: result.Weights{Assignment: 20, Assessment: 80}, Sections: []course.Section{
		{ID: "start", Title: "Start here", Topics: []course.Topic{{Name: "welcome", Section: "start", Warmup: true, Built: true}}},
		{ID: "patterns", Title: "Patterns", Topics: []course.Topic{{Name: "masks", Section: "patterns", Built: true}, {Name: "push", Section: "patterns"}}},
		{ID: "protocols", Title: "Protocols", Topics: []course.Topic{{Name: "frames", Section: "protocols", Built: true}, {Name: "dns", Section: "protocols"}}},
	}}
	pass, fail := result.Pass, result.Fail
	frames := judged("protocols/frames", clauses(result.Assignment, pass), clauses(result.Assessment, pass, fail))
	frames.Clauses = append(frames.Clauses, result.Clause{Suite: result.Assessment, Name: runner.NoDataRace, Text: "No clause meets a data race.", Verdict: result.Unsupported})
	welcome := judged("start/welcome", clauses(result.Assignment, fail), clauses(result.Assessment, fail))
	welcome.Warmup = true
	v := report.GradeView{
		Topics:  []result.Topic{welcome, judged("patterns/masks", clauses(result.Assignment, pass), clauses(result.Assessment, pass)), frames},
		Weights: c.Weights, Pass: c.Pass, Sandbox: "off",
	}
	v.Marks = result.Compute(v.Topics, v.Weights)
	return c, v
}

func origin() Origin {
	return Origin{
		ID: "urn:uuid:2", Credential: "urn:uuid:1", Learner: "Ada", Issuer: "did:key:z6Mk", SelfIssued: true,
		Issued:  time.Date(2026, 11, 21, 10, 30, 0, 5, time.UTC),
		Judging: Judging{Suites: "sha256:0123456789abcdef", Go: "go1.26.8", OS: "linux", Arch: "amd64", Sandbox: "off"},
	}
}

func TestWhatIsInNoMarkIsNamed(t *testing.T) {
	c, v := view(t)
	tr := New(c, v, origin())
	require.Equal(t, Marks{"80.0", "100.0", "75.0", 2}, tr.Marks)
	require.Equal(t, []string{"patterns/push", "protocols/dns"}, tr.Announced)
	require.Equal(t, []Clause{{"protocols/frames", "NoDataRace", "No clause meets a data race."}}, tr.Unsupported)
	require.Equal(t, "not available", tr.Judging.RaceDetector)
	require.True(t, tr.Sections[0].Topics[0].Warmup)
	require.Equal(t, 0, tr.Sections[0].Marks.Topics)
	require.Equal(t, Marks{"100.0", "100.0", "100.0", 1}, tr.Sections[1].Marks)
	require.Equal(t, Marks{"60.0", "100.0", "50.0", 1}, tr.Sections[2].Marks)
	require.Equal(t, "2 of 4 topics", tr.Extent())
	require.Equal(t, "The marks are over 2 judged topics. 2 topics are announced, not judged and in no mark.", tr.Covers())
	for _, part := range []string{
		"Self-issued and unproctored.", "Judged: patterns/masks, protocols/frames.", "cannot judge: protocols/frames NoDataRace.",
		"Suites 0123456789ab, harness not known", "go1.26.8, linux/amd64, sandbox off, race detector: not available.",
	} {
		require.Contains(t, tr.Narrative(), part)
	}
}

func TestTopicThatCannotBeJudgedIsNamed(t *testing.T) {
	c, v := view(t)
	v.Topics[1].Clauses[1].Verdict = result.Unsupported
	v.Marks = result.Compute(v.Topics, v.Weights)
	tr := New(c, v, origin())
	require.Equal(t, []string{"patterns/masks"}, tr.Left)
	require.Equal(t, "1 of 4 topics", tr.Extent())
	require.Contains(t, tr.Covers(), "On this system could not be judged: patterns/masks.")
	require.Len(t, tr.Unsupported, 2)
}

func TestSectionAlone(t *testing.T) {
	c, v := view(t)
	v.Topics = v.Topics[1:2]
	v.Marks = result.Compute(v.Topics, v.Weights)
	o := origin()
	o.Section, o.SelfIssued = "patterns", false
	tr := New(c, v, o)
	require.Equal(t, "wirekata: Patterns", tr.Title)
	require.Equal(t, "patterns", tr.Scope)
	require.Len(t, tr.Sections, 1)
	require.Equal(t, []string{"patterns/push"}, tr.Announced)
	require.Equal(t, "no topic asks for it", tr.Judging.RaceDetector)
	require.NotContains(t, tr.Narrative(), "Self-issued")
	require.Contains(t, tr.Narrative(), "The issuer ran the checker")
}

// The document has no null, and no field that a reader has to guess.
func TestJSON(t *testing.T) {
	c, v := view(t)
	var b bytes.Buffer
	require.NoError(t, New(c, v, origin()).WriteJSON(&b))
	require.NotContains(t, b.String(), "null")
	var back Transcript
	d := json.NewDecoder(&b)
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&back))
	require.Equal(t, *New(c, v, origin()), back)
}

// The page loads nothing, and shows a name as text.
func TestPage(t *testing.T) {
	c, v := view(t)
	o := origin()
	o.Learner = `Ada <img src=x onerror=alert(1)> & "Co"`
	var b bytes.Buffer
	require.NoError(t, New(c, v, o).WritePage(&b))
	page := b.String()
	require.Contains(t, page, `<b>Ada &lt;img src=x onerror=alert(1)&gt; &amp; &#34;Co&#34;</b>`)
	require.NotContains(t, page, "<img")
	require.NotRegexp(t, regexp.MustCompile(`(?i)\b(src|href)\s*=|<script|<link|url\(|@import`), strings.ReplaceAll(page, "src=x onerror", ""))
	for _, part := range []string{"<b>80.0</b> of 100, passed (70 needed)", "patterns/push", "Self-issued and unproctored", "NoDataRace", "not available", "21 November 2026", "(warm-up, not in the marks)"} {
		require.Contains(t, page, part)
	}
}

// A digest changes with what judges, and with nothing else.
func TestDigests(t *testing.T) {
	base := fstest.MapFS{
		"checker/contracts/course.yaml":                 {Data: []byte("pass: 70")},
		"checker/contracts/p/t/assignment_test.go":      {Data: []byte("package t_test")},
		"checker/contracts/p/t/MATRIX.md":               {Data: []byte("a")},
		"checker/contracts/p/t/faults/one_read.txtar":   {Data: []byte("a")},
		"checker/contracts/p/t/variants/faultless.yaml": {Data: []byte("a")},
	}
	of := func(change func(fstest.MapFS)) string {
		fsys := fstest.MapFS{}
		for name, f := range base {
			fsys[name] = &fstest.MapFile{Data: f.Data}
		}
		change(fsys)
		return digest(fsys, suite, "checker/contracts")
	}
	before := of(func(fstest.MapFS) {})
	require.Regexp(t, "^sha256:[0-9a-f]{64}$", before)
	for name := range base {
		judges := strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "course.yaml")
		after := of(func(fsys fstest.MapFS) { fsys[name].Data = []byte("b") })
		require.Equal(t, judges, after != before, name)
	}
	require.NotEqual(t, before, of(func(fsys fstest.MapFS) { fsys["checker/contracts/new.go"] = &fstest.MapFile{} }))
	require.Empty(t, digest(fstest.MapFS{}, suite, "checker/contracts"))
}

func TestInspect(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module x\n", "go.sum": "", "harness/a.go": "package a", "checker/contracts/course.yaml": "x"} {
		file := filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
	}
	j := Inspect(t.Context(), root, os.DirFS(root))
	require.NotEmpty(t, j.Suites)
	require.NotEmpty(t, j.Harness)
	require.Empty(t, j.Checker, "there are no sources of it here")
	require.Empty(t, j.Revision, "there is no repository here")
	require.Regexp(t, "^go1|^devel", j.Go)
	require.Equal(t, "not known", Short(j.Checker))
}
