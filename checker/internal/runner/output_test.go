package runner

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

func TestCappedKeepsBothEnds(t *testing.T) {
	var c capped
	c.Write([]byte("first"))
	require.Equal(t, "first", c.String())
	for range 1000 {
		n, err := c.Write(bytes.Repeat([]byte("x"), 1000))
		require.NoError(t, err)
		require.Equal(t, 1000, n)
	}
	c.Write([]byte("last"))
	s := c.String()
	require.Less(t, len(s), maxOutput+100)
	require.True(t, strings.HasPrefix(s, "firstx"))
	require.True(t, strings.HasSuffix(s, "xlast"))
	require.Contains(t, s, "bytes left out")
}

func TestBuildFailures(t *testing.T) {
	got := buildFailures([]byte(`{"ImportPath":"x/nowhere","Action":"build-output","Output":"# x/c\n"}
{"ImportPath":"x/nowhere","Action":"build-output","Output":"c/c_test.go:2:39: no required module\n"}
{"ImportPath":"x/nowhere","Action":"build-fail"}
{"Action":"fail","Package":"x/c","FailedBuild":"x/nowhere"}
not json
{"ImportPath":"x/b_test [x/b.test]","Action":"build-output","Output":"b/b_test.go:3:37: undefined: b.C\n"}
{"ImportPath":"x/b_test [x/b.test]","Action":"build-fail"}
{"ImportPath":"x/a","Action":"build-fail"}
`))
	require.Equal(t, map[string]string{
		"x/nowhere": "c/c_test.go:2:39: no required module\n",
		"x/c":       "c/c_test.go:2:39: no required module\n",
		"x/b":       "b/b_test.go:3:37: undefined: b.C\n",
		"x/a":       "",
	}, got)
	require.Equal(t, "the hidden suite: undefined: b.C", asLearnerKnows("exercises/s/b/assessment_test.go:3:37: undefined: b.C\n"))
}

// Whatever the go command prints, what is made of it is about packages, and
// can be shown.
func FuzzBuildFailures(f *testing.F) {
	f.Add([]byte(`{"ImportPath":"x/b_test [x/b.test]","Action":"build-output","Output":"# x/b\nb/b_test.go:3:37: undefined: b.C\n"}
{"ImportPath":"x/b_test [x/b.test]","Action":"build-fail"}
{"Action":"fail","Package":"x/c","FailedBuild":"x/nowhere"}
`))
	f.Add([]byte(`{"ImportPath":"","Action":"build-fail"}` + "\n{\n[]\nnull\n"))
	f.Fuzz(func(t *testing.T, stdout []byte) {
		packages := []string{"x/b", "x/c"}
		var failed failures
		blame(&failed, packages, buildFailures(stdout))
		for p, message := range failed.messages {
			require.Contains(t, packages, p)
			require.NotContains(t, asLearnerKnows(message), "/assessment_test.go:1:")
		}
		plainOutput(stdout)
	})
}

// No process, whatever it printed, passes without its evidence.
func FuzzOutputIsNoPass(f *testing.F) {
	f.Add("=== RUN   TestX\n--- PASS: TestX (0.00s)\nPASS\n", 0)
	f.Add("--- FAIL: TestX\npanic: x [recovered, repanicked]\n\tgoroutine\n\t/x/exercises/a/b/c.go:1 +0x1\n", 2)
	f.Fuzz(func(t *testing.T, output string, exit int) {
		p := process{output: output, exit: exit, records: []evidence.Record{{Kind: evidence.Begin, Clause: "TestX"}}}
		v := p.judge("TestX")
		require.NotEqual(t, result.Pass, v.verdict)
		require.NotEmpty(t, v.reason)
		require.Equal(t, foreign.Line(v.reason), v.reason)
	})
}
