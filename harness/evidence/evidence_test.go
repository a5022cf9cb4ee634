package evidence_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
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
	got, err := evidence.ReadDir(sink.Dir(), nil)
	require.NoError(t, err)
	require.Equal(t, records, got)
}

func TestNoDirectoryIsNoSink(t *testing.T) {
	t.Setenv(evidence.DirEnv, "")
	sink, err := evidence.Open()
	require.NoError(t, err)
	require.NoError(t, sink.Put(evidence.Record{Kind: evidence.Begin}))
	require.Empty(t, sink.Dir())
	got, err := evidence.ReadDir(t.TempDir(), nil)
	require.NoError(t, err)
	require.Empty(t, got)
}

// written returns the lines of records that the harness wrote without a key.
func written(t testing.TB, records ...evidence.Record) []string {
	t.Helper()
	t.Setenv(evidence.DirEnv, t.TempDir())
	sink, err := evidence.Open()
	require.NoError(t, err)
	for _, r := range records {
		require.NoError(t, sink.Put(r))
	}
	text, err := os.ReadFile(filepath.Join(sink.Dir(), evidence.File))
	require.NoError(t, err)
	return slices.Collect(strings.Lines(string(text)))
}

var (
	begin = evidence.Record{Kind: evidence.Begin, Clause: "TestX"}
	step  = evidence.Record{Kind: evidence.Step, Number: 1, Text: "→ hi"}
	end   = evidence.Record{Kind: evidence.End, Checks: 1}
)

func TestDamage(t *testing.T) {
	good := written(t, begin, step, end)
	foreign := `{"kind":"end","at":0}` + "\n"
	unknown := func(line string) string {
		return evidence.SealForTest(strings.Replace(line[33:len(line)-1], `"at"`, `"mark":100,"at"`, 1))
	}
	for name, c := range map[string]struct {
		text    string
		records int
		damaged bool
	}{
		"nothing wrong":        {strings.Join(good, ""), 3, false},
		"torn last line":       {good[0] + good[1][:20], 1, false},
		"last line dropped":    {good[0] + good[1], 2, false},
		"first line dropped":   {good[1] + good[2], 0, true},
		"middle line dropped":  {good[0] + good[2], 1, true},
		"line repeated":        {good[0] + good[1] + good[1] + good[2], 2, true},
		"lines changed places": {good[0] + good[2] + good[1], 1, true},
		"another clause first": {good[0] + strings.Join(good, ""), 1, true},
		"unsealed":             {good[0] + foreign + good[2], 1, true},
		"another's seal":       {good[0] + good[1][:33] + foreign, 1, true},
		"changed":              {good[0] + strings.Replace(good[1], "hi", "ho", 1) + good[2], 1, true},
		"not JSON":             {good[0] + "hello\n" + good[2], 1, true},
		"an empty line":        {good[0] + "\n" + good[1], 1, true},
		"an unknown field":     {unknown(good[0]), 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := evidence.Read(strings.NewReader(c.text), nil)
			require.Len(t, got, c.records)
			require.Equal(t, c.damaged, errors.Is(err, evidence.ErrDamaged), "%v", err)
		})
	}
}

func TestLast(t *testing.T) {
	message := func(text string) evidence.Record { return evidence.Record{Kind: evidence.Wire, Text: text} }
	records := []evidence.Record{begin, message("1"), step, message("2"), message("3"), end}
	require.Equal(t, records, evidence.Last(records, 3))
	require.Equal(t, []evidence.Record{begin, step, message("3"), end}, evidence.Last(records, 1))
	require.Equal(t, []evidence.Record{begin, step, end}, evidence.Last(records, 0))
}

func TestAnotherKey(t *testing.T) {
	text := strings.Join(written(t, begin, end), "")
	got, err := evidence.Read(strings.NewReader(text), []byte("key"))
	require.Empty(t, got)
	require.ErrorIs(t, err, evidence.ErrDamaged)
}

func TestTooMuch(t *testing.T) {
	many := written(t, slices.Repeat([]evidence.Record{begin}, evidence.MaxRecords+1)...)
	got, err := evidence.Read(strings.NewReader(strings.Join(many, "")), nil)
	require.Len(t, got, evidence.MaxRecords)
	require.ErrorContains(t, err, "more than 20000 records")

	long := step
	long.Text = strings.Repeat("x", 1<<20)
	large := written(t, slices.Repeat([]evidence.Record{long}, 9)...)
	_, err = evidence.Read(strings.NewReader(strings.Join(large, "")), nil)
	require.ErrorContains(t, err, "more than 8388608 bytes")
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(strings.Join(written(f, begin, step, end), "")))
	f.Add([]byte(strings.Join(written(f, evidence.Record{Kind: evidence.Fail, Text: "a\nb", Got: "x", Want: "y"}), "")))
	f.Add([]byte(`{"kind":"begin","at":0}` + "\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, err := evidence.Read(bytes.NewReader(b), nil)
		require.True(t, err == nil || errors.Is(err, evidence.ErrDamaged))
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
	records, err := evidence.ReadDir(dir, nil)
	require.ErrorIs(t, err, evidence.ErrDamaged)
	require.Empty(t, records)
}

func TestTranscriptTellsWhenTimePasses(t *testing.T) {
	message := func(at time.Duration, text string) evidence.Record {
		return evidence.Record{Kind: evidence.Wire, At: at, Number: 1, From: "a", To: "b", Text: text}
	}
	got := evidence.Transcript([]evidence.Record{
		{Kind: evidence.Step, Number: 1, Text: "ask"},
		message(0, "one"), message(20*time.Millisecond, "two"), message(20*time.Millisecond, "three"),
	}, true)
	require.Equal(t, []string{
		" 1 ✓ ask                                                            +0 ms",
		"       a → b  one",
		"       a → b  two                                                   +20 ms",
		"       a → b  three",
	}, got)
}
