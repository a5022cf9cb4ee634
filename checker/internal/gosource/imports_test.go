package gosource

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFollowImports(t *testing.T) {
	for _, tc := range []struct{ name, src, want string }{
		{"unused", "package a\n\nimport (\n\t\"io\"\n\t\"os\"\n)\n\nvar x = io.EOF\n", "package a\n\nimport (\n\t\"io\"\n)\n\nvar x = io.EOF\n"},
		{"missing", "package a\n\nimport \"io\"\n\nvar x, y = io.EOF, time.Second\n", "package a\n\nimport (\n\t\"io\"\n\t\"time\"\n)\n\nvar x, y = io.EOF, time.Second\n"},
		{"version", "package a\n\nvar x = rand.Int()\n", "package a\n\nimport \"math/rand/v2\"\n\nvar x = rand.Int()\n"},
		{"not the last element", "package a\n\nimport \"example.com/quic-go\"\n\nvar x = quic.Dial\n", "package a\n\nimport \"example.com/quic-go\"\n\nvar x = quic.Dial\n"},
		{"not the last element, missing", "package a\n\nvar x = sse.New()\n", "package a\n\nimport \"example.com/go-sse\"\n\nvar x = sse.New()\n"},
		{"not the last element, unused", "package a\n\nimport (\n\t\"io\"\n\n\t\"example.com/quic-go\"\n)\n\nvar x = io.EOF\n", "package a\n\nimport (\n\t\"io\"\n)\n\nvar x = io.EOF\n"},
		{"named", "package a\n\nimport q \"io\"\n\nvar x = q.EOF\n", "package a\n\nimport q \"io\"\n\nvar x = q.EOF\n"},
		{"shadowed", "package a\n\nfunc f(time struct{ x int }) int { return time.x }\n", "package a\n\nfunc f(time struct{ x int }) int { return time.x }\n"},
		{"not allowed", "package a\n\nvar x = exec.ErrNotFound\n", "package a\n\nvar x = exec.ErrNotFound\n"},
		{"syntax error", "package a\n\nvar x = = 1\n", "package a\n\nvar x = = 1\n"},
		{"nothing to do", "package a\n\nimport \"io\"\n\nvar  x = io.EOF\n", "package a\n\nimport \"io\"\n\nvar  x = io.EOF\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			require.Equal(t, tc.want, string(FollowImports([]byte(tc.src), []string{"io", "time", "math/rand/v2", "example.com/go-sse"})))
		})
	}
}

func TestReplaceImport(t *testing.T) {
	got, err := ReplaceImport([]byte("package x_test\n\nimport (\n\tf \"a/b\"\n\t\"a/c\"\n)\n"), "a/b", "z/y/x")
	require.NoError(t, err)
	require.Equal(t, "package x_test\n\nimport (\n\tf \"z/y/x\"\n\t\"a/c\"\n)\n", string(got))
}
