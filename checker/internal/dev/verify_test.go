package dev

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wirekata-cache-")
	if err != nil {
		panic(err)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		panic(err)
	}
	if os.Getenv("GOCACHE") == "" {
		os.Setenv("GOCACHE", filepath.Join(user, "go-build"))
	}
	os.Setenv("XDG_CACHE_HOME", dir)
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

func verify(t *testing.T, c *minicourse.Course) Report {
	t.Helper()
	g, err := Open(c.Root)
	require.NoError(t, err)
	topics, err := g.Select([]string{"frames"})
	require.NoError(t, err)
	reports, err := g.Verify(context.Background(), topics)
	require.NoError(t, err)
	require.Len(t, reports, 1)
	return reports[0]
}

func TestVerifyAcceptsTheMiniatureCourse(t *testing.T) {
	r := verify(t, minicourse.New(t))
	require.Empty(t, r.Findings)
	require.Empty(t, r.Missing)
	require.Equal(t, 8, r.Clauses)
}

// texts joins the findings as people read them.
func texts(r Report) string {
	var b strings.Builder
	for _, f := range r.Findings {
		b.WriteString(f.Text + " => " + f.Remedy + "\n")
	}
	return b.String()
}
