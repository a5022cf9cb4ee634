package dev

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

func TestSyncPutsCopiesInPlace(t *testing.T) {
	c := minicourse.New(t)
	g, err := Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select(nil)
	require.NoError(t, err)

	written, err := g.Sync(topics, false)
	require.NoError(t, err)
	require.Empty(t, written)

	for _, name := range []string{"exercises/start/frames/given.go", "exercises/start/frames/assignment_test.go", "solutions/start/frames/given.go"} {
		c.Write(t, name, "package old\n")
	}
	c.Write(t, "exercises/start/frames/frames.go", "package frames // a solution in progress\n")
	written, err = g.Sync(topics, false)
	require.ErrorIs(t, err, ErrChanged)
	require.ErrorContains(t, err, "exercises/start/frames/frames.go: ")
	require.Equal(t, []string{"exercises/start/frames/assignment_test.go", "exercises/start/frames/given.go", "solutions/start/frames/given.go"}, written)

	written, err = g.Sync(topics, true)
	require.NoError(t, err)
	require.Equal(t, []string{"exercises/start/frames/frames.go"}, written)
	require.Equal(t, c.Read(t, "checker/contracts/start/frames/stub/frames.go"), c.Read(t, "exercises/start/frames/frames.go"))

	require.NoError(t, os.RemoveAll(filepath.Join(c.Root, "exercises/start/frames/frames.go")))
	written, err = g.Sync(topics, false)
	require.NoError(t, err)
	require.Len(t, written, 1)
}

// A new topic is sound from its first minute, and says what it lacks.
func TestNewIsSoundButUnfinished(t *testing.T) {
	c := minicourse.New(t)
	g, err := Open(c.Root)
	require.NoError(t, err)
	names, err := g.New("start/later")
	require.NoError(t, err)
	require.Contains(t, names, "checker/contracts/start/later/stub/later.go")
	require.Contains(t, names, "exercises/start/later/assignment_test.go")

	g, err = Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select([]string{"later"})
	require.NoError(t, err)
	reports, err := g.Verify(context.Background(), topics)
	require.NoError(t, err)
	require.Empty(t, texts(reports[0]))
	require.Equal(t, []string{
		"exercises/start/later/README.md has a TODO", "exercises/start/later/HINTS.md has a TODO",
		"1 of 10 hidden clauses", "2 of 10 faults", "1 of 4 variants", "0 of 3 cheats",
	}, reports[0].Missing)

	_, err = g.New("start/later")
	require.ErrorContains(t, err, "is there already")
	_, err = g.New("start/other")
	require.ErrorContains(t, err, "add this line to section start of checker/contracts/course.yaml:\n      - {id: other, title: Other, minutes: 75}")
	_, err = g.New("end/other")
	require.ErrorContains(t, err, "no section end in the syllabus")
	_, err = g.New("other")
	require.ErrorContains(t, err, "want SECTION/TOPIC")
}

func TestCertify(t *testing.T) {
	c := minicourse.New(t)
	require.NoError(t, os.Remove(filepath.Join(c.Root, fault+"double-lock.txtar")))
	g, err := Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select(nil)
	require.NoError(t, err)

	require.NoError(t, g.Matrix(context.Background(), topics))
	matrix := c.Read(t, "checker/contracts/start/frames/MATRIX.md")
	require.Contains(t, matrix, "| fault | Append | Read | TooLong | Pieces | End | Concurrent | Flux | NoDataRace |\n")
	require.Contains(t, matrix, "| eof-in-frame: the end of a stream is always io.EOF | · | · | · | · | **K** | · | - | - |\n")
	require.Contains(t, matrix, "| no-lock: counting the frames needs no lock | · | · | · | · | · | **K** | - | **K** |\n")

	all, err := g.Steady(context.Background(), topics, 3)
	require.NoError(t, err)
	require.Len(t, all, len(Conditions()))
	for _, s := range all {
		require.Empty(t, s.Changes, s.Condition)
		require.Equal(t, 3, s.Runs)
		require.Equal(t, 1, s.OtherRuns)
		require.Equal(t, 1, s.Variants)
	}
}

func TestSurvey(t *testing.T) {
	c := minicourse.New(t)
	g, err := Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select(nil)
	require.NoError(t, err)

	all, err := g.Survey(context.Background(), topics)
	require.NoError(t, err)
	require.Equal(t, []Survey{{
		ID: "start/frames", Mutants: 20, Refused: 1,
		Survivors: []string{
			"frames.go:43: errors.Is(err, io.EOF) becomes (errors.Is(err, io.EOF)) || true",
			"frames.go:55: defer r.mu.Unlock() is left out",
		},
	}}, all)
}
