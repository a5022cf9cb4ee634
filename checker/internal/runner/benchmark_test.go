package runner

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

func TestMeasurementNamesWhoWasMeasured(t *testing.T) {
	for _, tc := range []struct {
		line  string
		procs int
		name  string
		by    string
		shown string
	}{
		{"BenchmarkRead/size=20/by=reference-2", 2, "BenchmarkRead/size=20", "yours", "BenchmarkRead/size=20/by=yours-2"},
		{"BenchmarkRead/by=go-sse/size=20-2", 2, "BenchmarkRead/size=20", "go-sse", "BenchmarkRead/by=go-sse/size=20-2"},
		{"BenchmarkRead/by=http3.Transport", 1, "BenchmarkRead", "http3.Transport", "BenchmarkRead/by=http3.Transport"},
		{"BenchmarkRead-16", 16, "BenchmarkRead", "yours", "BenchmarkRead/by=yours-16"},
		{"BenchmarkRead", 1, "BenchmarkRead", "yours", "BenchmarkRead/by=yours"},
		{"BenchmarkRead/done-100/by=reference-2", 2, "BenchmarkRead/done-100", "yours", "BenchmarkRead/done-100/by=yours-2"},
		{"BenchmarkRead/by=go-18/done-100", 1, "BenchmarkRead/done-100", "go-18", "BenchmarkRead/by=go-18/done-100"},
		{"BenchmarkRead/done-100", 1, "BenchmarkRead/done-100", "yours", "BenchmarkRead/done-100/by=yours"},
	} {
		const figures = "     644\t     34673 ns/op\t1381.17 MB/s\t    4152 B/op\t       3 allocs/op\t 2.0 writes/op"
		m, ok := measurement(tc.line+"\t"+figures, Yours, tc.procs)
		require.True(t, ok, tc.line)
		require.Equal(t, tc.name, m.Name)
		require.Equal(t, tc.by, m.By)
		require.Equal(t, tc.shown+"\t"+figures, m.Line)
		require.Equal(t, 34673.0, m.NsPerOp)
		require.EqualValues(t, 3, m.AllocsPerOp)
		require.EqualValues(t, 4152, m.AllocedBytesPerOp)
	}
	for _, line := range []string{"", "goos: linux", "PASS", "BenchmarkRead", "BenchmarkRead\tmuch", "ok  \tx\t1s"} {
		_, ok := measurement(line, Yours, 1)
		require.False(t, ok, line)
	}
}

const framesBenchmark = `package frames_test

import (
	"bytes"
	"testing"

	"github.com/wirekata/wirekata/solutions/start/frames"
)

func BenchmarkAppend(b *testing.B) {
	b.Run("by=reference", func(b *testing.B) {
		for b.Loop() {
			if got, _ := frames.Append(nil, []byte("x")); !bytes.Equal(got, []byte("\x01x")) {
				b.Fatal(got)
			}
		}
	})
	b.Run("by=copy", func(b *testing.B) {
		for b.Loop() {
			bytes.Clone([]byte("x"))
		}
	})
}
`

func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a course")
	}
	c := minicourse.New(t)
	c.Write(t, "solutions/start/frames/"+BenchmarkFile, framesBenchmark)
	c = minicourse.Open(t, c.Root)
	measure := func(files map[string][]byte) (by []string, err error) {
		o := Options{Root: c.Root, Originals: c.Originals, Course: c.Course, Candidate: candidate.Files(files)}
		m := Benchmark{Topic: c.Frames(), Time: time.Microsecond, Count: 2}
		err = Measure(context.Background(), o, m, func(m Measurement) { by = append(by, m.By) })
		return by, err
	}
	reference, err := candidate.FS(c.Originals, "solutions").Files(c.Frames())
	require.NoError(t, err)

	by, err := measure(reference)
	require.NoError(t, err)
	require.Equal(t, "yours copy reference copy yours copy reference copy", strings.Join(by, " "))

	wrong := map[string][]byte{}
	for name, data := range reference {
		wrong[name] = []byte(strings.Replace(string(data), "func Append(", "func Append([]byte, []byte) ([]byte, error) { return nil, nil }\nfunc other(", 1))
	}
	by, err = measure(wrong)
	require.ErrorIs(t, err, ErrYours)
	require.ErrorContains(t, err, "--- FAIL: BenchmarkAppend/by=reference")
	require.NotContains(t, by, Reference)
}
