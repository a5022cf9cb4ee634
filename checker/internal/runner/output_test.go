package runner

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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

func TestSafe(t *testing.T) {
	require.Equal(t, "a\tb\n→ü", safe("a\tb\n→ü"))
	require.Equal(t, `\x1b[31m\x00\xff\u202e\x7f`, safe("\x1b[31m\x00\xff\u202e\x7f"))
	require.Equal(t, "two lines", safeLine(" two\nlines\n"))
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
