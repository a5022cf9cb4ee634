package wholefile

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWriteMakesFoldersAndReplaces(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a", "b", "file")
	for _, text := range []string{"first", "second, which is longer", "3"} {
		require.NoError(t, Write(name, []byte(text)))
		got, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, text, string(got))
	}
	requireAlone(t, name)
}

// The file has the mode of any other new file.
func TestWriteLeavesTheModeToTheUser(t *testing.T) {
	dir := t.TempDir()
	plain, whole := filepath.Join(dir, "plain"), filepath.Join(dir, "whole")
	require.NoError(t, os.WriteFile(plain, nil, 0o666))
	require.NoError(t, Write(whole, nil))
	want, err := os.Stat(plain)
	require.NoError(t, err)
	got, err := os.Stat(whole)
	require.NoError(t, err)
	require.Equal(t, want.Mode(), got.Mode())
}

func TestWriteLeavesNothingWhenItFails(t *testing.T) {
	name := filepath.Join(t.TempDir(), "folder")
	require.NoError(t, os.Mkdir(name, 0o755))
	require.Error(t, Write(name, []byte("x")))
	require.DirExists(t, name)
	requireAlone(t, name)
}

func TestWritersAtOnce(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is being replaced cannot be replaced there")
	}
	name := filepath.Join(t.TempDir(), "file")
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if err := Write(name, []byte(strings.Repeat(string(rune('a'+i)), 1<<16))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	got, err := os.ReadFile(name)
	require.NoError(t, err)
	require.Equal(t, strings.Repeat(string(got[:1]), 1<<16), string(got))
	requireAlone(t, name)
}

func requireAlone(t *testing.T, name string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(name))
	require.NoError(t, err)
	require.Len(t, entries, 1)
}
