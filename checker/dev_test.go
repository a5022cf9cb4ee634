package main

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

// runDev runs a dev command in the repository at root, and returns what it
// printed and its exit status.
func runDev(t *testing.T, root string, args ...string) (string, int) {
	t.Helper()
	t.Chdir(root)
	var out bytes.Buffer
	cmd := devCommand()
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.SetOut(&out)
	cmd.SetErr(&out)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(t.Context())
	var coded interface{ ExitCode() int }
	switch {
	case err == nil:
		return out.String(), 0
	case errors.As(err, &coded):
		return out.String() + err.Error() + "\n", coded.ExitCode()
	}
	return out.String() + err.Error() + "\n", -1
}

func TestDevVerify(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles suites")
	}
	c := minicourse.New(t)
	out, status := runDev(t, c.Root, "verify")
	require.Zero(t, status, out)
	require.Contains(t, out, "✓ start/frames")
	require.Contains(t, out, "1 topic, 0 unfinished, 0 findings\n")

	c.Write(t, "exercises/start/frames/notes.txt", "")
	c.Write(t, "solutions/start/frame/frame.go", "package frame\n")
	out, status = runDev(t, c.Root, "verify")
	require.Equal(t, 1, status)
	require.Contains(t, out, "✗ start/frames")
	require.Contains(t, out, "    exercises/start/frames/notes.txt has no place here\n      → remove it")
	require.Contains(t, out, "solutions/start/frame is no topic of the syllabus")
	require.Contains(t, out, "dev verify: 2 findings\n")

	out, status = runDev(t, c.Root, "verify", "later")
	require.Equal(t, 2, status)
	require.Contains(t, out, "topic start/later: no contract yet; begin it with: go tool checker dev new start/later")
}

func TestDevNewThenStrict(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles suites")
	}
	c := minicourse.New(t)
	out, status := runDev(t, c.Root, "new", "start/later")
	require.Zero(t, status, out)
	require.Contains(t, out, "checker/contracts/start/later/assessment_test.go\n")
	out, status = runDev(t, c.Root, "verify", "later")
	require.Zero(t, status, out)
	require.Contains(t, out, "○ start/later")
	require.Contains(t, out, "    unfinished: 2 of 10 faults\n")
	out, status = runDev(t, c.Root, "verify", "--strict", "later")
	require.Equal(t, 1, status, out)
}

func TestDevSync(t *testing.T) {
	c := minicourse.New(t)
	out, status := runDev(t, c.Root, "sync")
	require.Zero(t, status, out)
	require.Empty(t, out)
	c.Write(t, "exercises/start/frames/frames.go", "package frames\n")
	out, status = runDev(t, c.Root, "sync")
	require.Equal(t, 1, status)
	require.Contains(t, out, "it may be a solution in progress")
	out, status = runDev(t, c.Root, "sync", "--force")
	require.Zero(t, status)
	require.Equal(t, "exercises/start/frames/frames.go\n", out)
}

func TestDevOutsideTheRepository(t *testing.T) {
	out, status := runDev(t, t.TempDir(), "verify")
	require.Equal(t, -1, status)
	require.Contains(t, out, "is not inside the course's repository")
}
