package runner

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/result"
)

func TestCacheKeepsOnlyWhatIsCertain(t *testing.T) {
	c := &cache{dir: t.TempDir()}
	j := job{program: &program{sum: "1"}, clause: "TestX", seed: 1}
	_, ok := c.get(j)
	require.False(t, ok)

	c.put(j, cached{Clause: result.Clause{Name: "TestX", Verdict: result.Error}})
	_, ok = c.get(j)
	require.False(t, ok, "an error is not kept")

	c.put(j, cached{Clause: result.Clause{Name: "TestX", Verdict: result.Fail}, Fleeting: true})
	_, ok = c.get(j)
	require.False(t, ok, "a hang may be the machine's")

	c.put(j, cached{Clause: result.Clause{Name: "TestX", Verdict: result.Pass}})
	e, ok := c.get(j)
	require.True(t, ok)
	require.Equal(t, result.Pass, e.Clause.Verdict)

	other := j
	other.race = true
	_, ok = c.get(other)
	require.False(t, ok)

	require.NoError(t, os.WriteFile(c.file(j, ".json"), []byte(`{"Clause":{`), 0o644))
	_, ok = c.get(j)
	require.False(t, ok, "a damaged entry is none")
}

func TestKeptDirectoryHasOneUser(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("nothing is kept where files cannot be locked")
	}
	root := t.TempDir()
	first, err := openKept(root)
	require.NoError(t, err)
	second, err := openKept(root)
	require.NoError(t, err)
	require.NotEqual(t, first.dir, second.dir)
	second.close()
	require.NoDirExists(t, second.dir)
	first.close()
	third, err := openKept(root)
	require.NoError(t, err)
	require.Equal(t, first.dir, third.dir)
	third.close()
}

func TestFoldersOfAKilledCheckerAreRemoved(t *testing.T) {
	temporary := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{clausePrefix + "old": 48 * time.Hour, clausePrefix + "new": time.Hour, "other": 48 * time.Hour} {
		dir := filepath.Join(temporary, name)
		require.NoError(t, os.Mkdir(dir, 0o755))
		require.NoError(t, os.Chtimes(dir, now.Add(-age), now.Add(-age)))
	}
	pruneClauses(temporary, now.Add(-24*time.Hour))
	require.NoDirExists(t, filepath.Join(temporary, clausePrefix+"old"))
	require.DirExists(t, filepath.Join(temporary, clausePrefix+"new"))
	require.DirExists(t, filepath.Join(temporary, "other"))
}

// What a hostile process put in the place of a file is not followed, and not
// waited for.
func TestOnlyPlainFilesAreRead(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "file"), filepath.Join(dir, "race.1")
	require.NoError(t, os.WriteFile(file, []byte("secret"), 0o644))
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	_, err := readPlain(link, 100)
	require.EqualError(t, err, link+": not a regular file")
	require.Empty(t, raceReport(dir))
	data, err := readPlain(file, 3)
	require.NoError(t, err)
	require.Equal(t, "sec", string(data))
}

func TestKeptDirectoriesAreForgotten(t *testing.T) {
	all := t.TempDir()
	now := time.Now()
	for name, age := range map[string]time.Duration{"old": 2 * cacheAge, "new": time.Hour} {
		dir := filepath.Join(all, name)
		require.NoError(t, os.Mkdir(dir, 0o755))
		lock := filepath.Join(dir, "lock")
		require.NoError(t, os.WriteFile(lock, nil, 0o644))
		require.NoError(t, os.Chtimes(lock, now.Add(-age), now.Add(-age)))
	}
	pruneKept(all, now.Add(-cacheAge))
	require.NoDirExists(t, filepath.Join(all, "old"))
	require.DirExists(t, filepath.Join(all, "new"))
}
