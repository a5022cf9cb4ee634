package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
	"github.com/wirekata/wirekata/checker/internal/result"
)

func specimen(t *testing.T, c *minicourse.Course, name, old, new string) *Specimen {
	t.Helper()
	src := c.Read(t, "solutions/start/frames/frames.go")
	require.Contains(t, src, old)
	return &Specimen{Topic: c.Frames(), Name: name, Files: map[string][]byte{"frames.go": []byte(strings.Replace(src, old, new, 1))}}
}

func TestBenchJudgesManyFromOneProgram(t *testing.T) {
	c := minicourse.New(t)
	b, err := OpenBench(Options{Root: c.Root, Originals: c.Originals, Course: c.Course, Timeout: 3 * time.Second})
	require.NoError(t, err)
	defer b.Close()

	reference := specimen(t, c, "reference", "r.count++", "r.count++")
	wrong := specimen(t, c, "wrong", "r.count++", "r.count += 2")
	refused := specimen(t, c, "refused", `"sync"`, `"sync"; "os"`)
	other := specimen(t, c, "other signature", "NewReader(r io.Reader) *Reader", "NewReader(r io.ByteReader) *Reader")
	other.Files["frames.go"] = []byte(strings.Replace(string(other.Files["frames.go"]), "r:", "r: nil}; _ = Reader{r:", 1))
	other.Files["frames.go"] = []byte(strings.Replace(string(other.Files["frames.go"]), "r: nil}; _ = Reader{r: r}", "}", 1))
	all := []*Specimen{reference, wrong, refused, other}

	ctx := context.Background()
	clauses, err := course.Clauses(c.Originals, c.Frames())
	require.NoError(t, err)
	wrong.Clauses = []string{clauses[1].Name}
	require.NoError(t, b.Load(ctx, all))
	require.Empty(t, reference.Refusal)
	require.Contains(t, refused.Refusal, `import "os"`)
	require.Empty(t, other.Refusal, "only the suites can tell")
	require.NoError(t, b.Build(ctx, all, false))
	require.Empty(t, reference.Refusal)
	require.Contains(t, other.Refusal, "checker/contracts/start/frames/assessment_test.go:33:25")

	var trials []*Trial
	for _, s := range all {
		trials = append(trials, &Trial{Specimen: s, Clause: clauses[1], Seed: 1})
	}
	trials = append(trials, &Trial{Specimen: wrong, Clause: clauses[2], Seed: 1})
	n := 0
	require.NoError(t, b.Run(ctx, trials, func(*Trial) { n++ }))
	require.Equal(t, 3, n)
	require.Equal(t, result.Pass, trials[0].Outcome.Verdict, "%+v", trials[0].Outcome)
	require.Equal(t, result.Fail, trials[1].Outcome.Verdict)
	require.Equal(t, result.ByAssertion, trials[1].Outcome.By)
	require.Contains(t, trials[1].Outcome.Reason, "count 6, want 3")
	require.Equal(t, result.Refused, trials[2].Outcome.Verdict)
	require.Equal(t, result.Refused, trials[3].Outcome.Verdict)
	require.Equal(t, result.Error, trials[4].Outcome.Verdict, "a clause that was left out")
}

// A verdict outlives the edit of another specimen, and nothing else.
func TestBenchKeepsVerdictsOfWhatDidNotChange(t *testing.T) {
	c := minicourse.New(t)
	cached := func(specimens ...*Specimen) (list []bool) {
		b, err := OpenBench(Options{Root: c.Root, Originals: c.Originals, Course: c.Course})
		require.NoError(t, err)
		defer b.Close()
		require.NoError(t, b.Load(t.Context(), specimens))
		require.NoError(t, b.Build(t.Context(), specimens, false))
		clauses, err := course.Clauses(c.Originals, c.Frames())
		require.NoError(t, err)
		for _, s := range specimens {
			trial := &Trial{Specimen: s, Clause: clauses[1], Seed: 4711}
			require.NoError(t, b.Run(t.Context(), []*Trial{trial}, nil))
			list = append(list, trial.Outcome.Cached)
		}
		return list
	}
	reference := func() *Specimen { return specimen(t, c, "reference", "", "") }
	wrong := func(by string) *Specimen { return specimen(t, c, "fault wrong", "r.count++", "r.count += "+by) }

	require.Equal(t, []bool{false, false}, cached(reference(), wrong("2")))
	require.Equal(t, []bool{true, true}, cached(reference(), wrong("2")))
	require.Equal(t, []bool{true, false}, cached(reference(), wrong("3")))
	require.Equal(t, []bool{true, false}, cached(wrong("2"), specimen(t, c, "fault before", "r.count++", "r.count--")))

	suite := "checker/contracts/start/frames/assessment_test.go"
	c.Write(t, suite, c.Read(t, suite)+"\n// A comment moves no verdict, but who is to know?\n")
	require.Equal(t, []bool{false, false}, cached(reference(), wrong("2")))
	require.Equal(t, []bool{true, true}, cached(reference(), wrong("2")))
	c.Write(t, "harness/evidence/more.go", "package evidence\n")
	require.Equal(t, []bool{false, false}, cached(reference(), wrong("2")))
}

// A suite may embed data that stands beside it; both ways of building lay it
// into their packages.
func TestSuitesEmbedTheirTestdata(t *testing.T) {
	c := minicourse.New(t)
	suite := c.Read(t, "checker/contracts/start/frames/assessment_test.go")
	suite = strings.Replace(suite, `"bytes"`, "\"bytes\"\n\t_ \"embed\"", 1)
	suite = strings.Replace(suite, "// A payload of 256", "//go:embed testdata/vectors.txt\nvar vectors string\n\n// A payload of 256", 1)
	suite = strings.Replace(suite, "for in, want := range", "if vectors != \"published\" {\n\t\t\tt.Fatal(vectors)\n\t\t}\n\t\tfor in, want := range", 1)
	c.Write(t, "checker/contracts/start/frames/assessment_test.go", suite)
	c.Write(t, "checker/contracts/start/frames/testdata/vectors.txt", "published")
	c.Write(t, "exercises/start/frames/testdata/vectors.txt", "changed")

	topic := judge(t, c, candidate.FS(c.Originals, "solutions"), nil)
	require.Equal(t, allPass, verdicts(topic), topic.Refusal)

	b, err := OpenBench(Options{Root: c.Root, Originals: c.Originals, Course: c.Course})
	require.NoError(t, err)
	defer b.Close()
	s := specimen(t, c, "reference", "", "")
	require.NoError(t, b.Load(t.Context(), []*Specimen{s}))
	require.NoError(t, b.Build(t.Context(), []*Specimen{s}, false))
	require.Empty(t, s.Refusal)
	clauses, err := course.Clauses(c.Originals, c.Frames())
	require.NoError(t, err)
	trial := &Trial{Specimen: s, Clause: clauses[4], Seed: 1}
	require.NoError(t, b.Run(t.Context(), []*Trial{trial}, nil))
	require.Equal(t, result.Pass, trial.Outcome.Verdict, "%+v", trial.Outcome)
}
