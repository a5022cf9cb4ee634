package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// What takes too long to compile is refused by itself; the others go on.
func TestSlowPackageCostsNobodyElse(t *testing.T) {
	var runs [][]string
	b := &builder{timeout: time.Minute, run: func(_ context.Context, args []string) ([]byte, error) {
		runs = append(runs, args[1:])
		if slices.Contains(args, modulePath+"exercises/x/slow") {
			return nil, errSlow
		}
		return nil, nil
	}}
	var failed failures
	quick, slow := modulePath+"exercises/x/quick", modulePath+"exercises/x/slow"
	require.NoError(t, b.attempt(t.Context(), []string{"build"}, []string{slow, quick}, &failed))
	require.Equal(t, [][]string{{slow, quick}, {slow}, {quick}}, runs)
	require.Equal(t, map[string]string{slow: "exercises/x/slow: compiling takes more than 1m0s; write it in a way that is simpler to compile"}, failed.messages)
	require.True(t, failed.slow[slow])
}

// A go command that goes on is ended with all that it has started.
func TestGoCommandIsEndedInTime(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no shell")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\nsleep 7342 &\nwait\n"), 0o755))
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	b := newBuilder(Options{Root: dir, BuildTimeout: time.Millisecond}, nil)
	_, err := b.goTool(t.Context(), nil)
	require.ErrorIs(t, err, errSlow)
}

// judgePlain judges the reference with one file more.
func judgePlain(t *testing.T, file string) result.Topic {
	t.Helper()
	c := minicourse.New(t)
	files := map[string][]byte{"frames.go": []byte(c.Read(t, "solutions/start/frames/frames.go")), "animal.go": []byte(file)}
	return judge(t, c, candidate.Files(files), func(o *Options) { o.BuildTimeout = 2 * time.Second })
}

// A million instances of a function take minutes to compile.
func TestSourceThatIsSlowToCompile(t *testing.T) {
	var b strings.Builder
	b.WriteString("package frames\n")
	const depth = 24
	for i := range depth {
		fmt.Fprintf(&b, "func f%d[T any](x T) int { return f%d([2]T{}) + f%d([]T{}) }\n", i, i+1, i+1)
	}
	fmt.Fprintf(&b, "func f%d[T any](x T) int { return 1 }\nvar n = f0(1)\n", depth)
	topic := judgePlain(t, b.String())
	require.Equal(t, "exercises/start/frames: compiling takes more than 2s; write it in a way that is simpler to compile", topic.Refusal)
}

// A type whose comparison takes for ever to look at, and a constant that takes
// all memory, would hold up the rules that need types, in our own process.
func TestSourceThatIsSlowToTypeCheck(t *testing.T) {
	for name, parts := range map[string][3]string{
		"type":     {"type t0 struct{ a, b int }", "type t%d struct{ a, b t%d }", "var x t35\nvar same = x == x"},
		"constant": {`const t0 = "0123456789abcdef"`, "const t%d = t%[2]d + t%[2]d", "var n = len(t35)"},
	} {
		t.Run(name, func(t *testing.T) {
			var b strings.Builder
			fmt.Fprintf(&b, "package frames\n\n%s\n", parts[0])
			for i := 1; i < 36; i++ {
				fmt.Fprintf(&b, parts[1]+"\n", i, i-1)
			}
			fmt.Fprintln(&b, parts[2])
			topic := judgePlain(t, b.String())
			require.Contains(t, topic.Refusal, "exercises/start/frames")
			require.Equal(t, len(topic.Clauses), topic.Count(result.Refused))
			t.Log(topic.Refusal)
		})
	}
}

// Where a compiler has no room no candidate is refused.
func TestFullDiskIsNobodysFault(t *testing.T) {
	b := &builder{run: func(context.Context, []string) ([]byte, error) {
		return []byte(`{"ImportPath":"x/a.test","Action":"build-output","Output":"# x/a.test\n"}
{"ImportPath":"x/a.test","Action":"build-output","Output":"/go/link: mapping output file failed: no space left on device\n"}
{"ImportPath":"x/a.test","Action":"build-fail"}
`), errors.New("exit status 1")
	}}
	var failed failures
	err := b.attempt(t.Context(), []string{"test"}, []string{"x/a"}, &failed)
	require.ErrorContains(t, err, "go test: the disk is full: /go/link: mapping output file failed: no space left on device\nmake room")
	require.Empty(t, failed.messages)
	require.Empty(t, diskFull([]byte(`{"Action":"build-output","Output":"exercises/x/a/a.go:3:9: undefined: no space left on device\n"}`)))
}
