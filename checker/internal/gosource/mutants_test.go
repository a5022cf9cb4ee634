package gosource

import (
	"fmt"
	"go/parser"
	"go/token"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMutants(t *testing.T) {
	const src = `package p

const limit = 3 // no function's

func f(a, b int, c chan int) int {
	n := 0
	if a < b && b != 1 {
		n += a + b
	}
	select {
	case c <- n:
		defer g()
	default:
		go g()
	}
	return n
}

func g() {}
`
	mutants, err := Mutants("p.go", []byte(src))
	require.NoError(t, err)
	var got []string
	for _, m := range mutants {
		got = append(got, fmt.Sprint(m.Line, ": ", m.Change))
		_, err := parser.ParseFile(token.NewFileSet(), "p.go", m.Source, 0)
		require.NoError(t, err, "%s", m.Source)
		require.NotEqual(t, src, string(m.Source))
	}
	require.Equal(t, []string{
		"6: 0 becomes 1",
		"7: a < b && b != 1 becomes (a < b && b != 1) && false",
		"7: a < b && b != 1 becomes (a < b && b != 1) || true",
		"7: a < b && b != 1 becomes a < b || b != 1",
		"7: a < b && b != 1 becomes (a < b || true) && b != 1",
		"7: a < b && b != 1 becomes a < b && (b != 1 || true)",
		"7: a < b becomes a <= b",
		"7: b != 1 becomes b == 1",
		"7: 1 becomes 2",
		"8: n += a + b is left out",
		"8: a + b becomes a - b",
		"12: defer g() is left out",
		"14: go g() is left out",
	}, got)
	require.Contains(t, string(mutants[6].Source), "if a <= b && b != 1 {")

	_, err = Mutants("p.go", []byte("package"))
	require.Error(t, err)
}
