package evidence_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/evidence"
)

func TestRecordsComeBack(t *testing.T) {
	t.Setenv(evidence.DirEnv, t.TempDir())
	sink, err := evidence.Open()
	require.NoError(t, err)
	records := []evidence.Record{
		{Kind: evidence.Begin, Clause: "TestX", Mode: "virtual", Seed: 1<<64 - 1},
		{Kind: evidence.Step, Number: 1, Text: "a\nb", Control: true, At: time.Second},
		{Kind: evidence.Wire, Number: 1, From: "client", To: "server", Text: "x", Bytes: []byte{0, 255}, Lost: true},
		{Kind: evidence.End},
	}
	for _, r := range records {
		require.NoError(t, sink.Put(r))
	}
	got, err := evidence.ReadDir(sink.Dir())
	require.NoError(t, err)
	require.Equal(t, records, got)
}

func TestNoDirectoryIsNoSink(t *testing.T) {
	t.Setenv(evidence.DirEnv, "")
	sink, err := evidence.Open()
	require.NoError(t, err)
	require.NoError(t, sink.Put(evidence.Record{Kind: evidence.Begin}))
	require.Empty(t, sink.Dir())
	got, err := evidence.ReadDir(t.TempDir())
	require.NoError(t, err)
	require.Empty(t, got)
}

func TestDamage(t *testing.T) {
	const begin, end = `{"kind":"begin","at":0}` + "\n", `{"kind":"end","at":0}` + "\n"
	for name, c := range map[string]struct {
		text    string
		records int
		damaged bool
	}{
		"torn last line":    {begin + `{"kind":"en`, 1, false},
		"not JSON":          {begin + "hello\n" + end, 1, true},
		"an unknown field":  {`{"kind":"begin","at":0,"mark":100}` + "\n", 0, true},
		"an empty line":     {begin + "\n" + end, 1, true},
		"more than anybody": {strings.Repeat(begin, evidence.MaxRecords+1), evidence.MaxRecords, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := evidence.Read(strings.NewReader(c.text))
			require.Len(t, got, c.records)
			require.Equal(t, c.damaged, err != nil)
		})
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"kind":"begin","at":0}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, _ := evidence.Read(bytes.NewReader(b))
		evidence.Transcript(records, true)
		evidence.Reason(records)
	})
}

// A process may put something else in the place of its records.
func TestReadDirFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	elsewhere := filepath.Join(t.TempDir(), "records")
	require.NoError(t, os.WriteFile(elsewhere, []byte(`{"kind":"begin","at":0}`+"\n"), 0o600))
	if err := os.Symlink(elsewhere, filepath.Join(dir, evidence.File)); err != nil {
		t.Skip(err)
	}
	records, err := evidence.ReadDir(dir)
	require.ErrorIs(t, err, evidence.ErrDamaged)
	require.Empty(t, records)
}
