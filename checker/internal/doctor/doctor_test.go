package doctor

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEveryFindingSaysWhatToDo(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	subjects := map[string]bool{}
	for _, f := range Examine(context.Background(), t.TempDir()) {
		require.NotEmpty(t, f.Subject)
		require.NotEmpty(t, f.Text, f.Subject)
		require.False(t, subjects[f.Subject], f.Subject)
		subjects[f.Subject] = true
		require.Equal(t, f.State == Good, f.Remedy == "", "%+v", f)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing")
	f := folder("working copy", missing, "make it")
	require.Equal(t, Broken, f.State)
	require.Contains(t, f.Text, missing)
	require.Equal(t, filepath.Dir(missing), existing(missing))
}

func TestNothingIsLeftBehind(t *testing.T) {
	dir := t.TempDir()
	require.Equal(t, Good, folder("working copy", dir, "").State)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, entries)
}

func TestACacheThatCannotBeMadeIsNoReasonToStop(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o644))
	t.Setenv("XDG_CACHE_HOME", file)
	f := cacheFolder()
	require.Equal(t, Lacking, f.State)
	require.NotEqual(t, Broken, space().State)
}

func TestUDPBuffers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "rmem_max")
	require.Equal(t, Good, udpBuffers(file).State, "another system")
	for text, want := range map[string]State{"212992\n": Lacking, "7500000\n": Good, "many\n": Good} {
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		require.Equal(t, want, udpBuffers(file).State, text)
	}
}

func TestAnUnknownProgram(t *testing.T) {
	require.Equal(t, Lacking, program("no-such-program-anywhere", "install it").State)
}
