package gosource

import (
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExcerpt(t *testing.T) {
	sources := map[string][]byte{
		"a.go": []byte(`package x

import (
	_ "embed"
	"fmt"
	s "strings"
	"math/rand/v2"
)

//go:embed testdata/vectors
var vectors string

// One is wanted.
func One() { s := used[string]{}; helper(len(s.v)) }

// Two is not.
func Two() {
	fmt.Println(s.ToUpper(vectors), rand.N(2))
}

func init() { seen = true }
`),
		"b.go": []byte(`package x

import "fmt"

type used[T any] struct{ v T }

func (u *used[T]) method() { fmt.Println(u.v, limit) }

func (u *used[T]) Read([]byte) (int, error) { return 0, nil }

func (u *used[T]) idle() {}

type unused struct{}

func (unused) Method() {}

const (
	limit = iota
	other
)

var seen bool

func helper(n int) { (&used[int]{n}).method() }
`),
	}
	got, err := Excerpt(sources, []string{"One"})
	require.NoError(t, err)
	require.Equal(t, `package x

import (
	_ "embed"
	_ "fmt"
	_ "strings"
	_ "math/rand/v2"
)




// One is wanted.
func One() { s := used[string]{}; helper(len(s.v)) }






func init() { seen = true }
`, string(got["a.go"]))
	require.NotContains(t, string(got["b.go"]), "unused")
	require.Equal(t, strings.NewReplacer("type unused struct{}", "", "func (unused) Method() {}", "",
		"func (u *used[T]) idle() {}", "").Replace(string(sources["b.go"])), string(got["b.go"]))
	for name, src := range got {
		_, err := parser.ParseFile(token.NewFileSet(), name, src, 0)
		require.NoError(t, err)
		require.Equal(t, strings.Count(string(sources[name]), "\n"), strings.Count(string(src), "\n"), "lines move in %s", name)
	}
}

// Where a name is not told by its import, nothing is taken away.
func TestExcerptLeavesWhatItCannotRead(t *testing.T) {
	for _, line := range []string{`import . "fmt"`, `import "example.com/odd-name"`} {
		sources := map[string][]byte{"a.go": []byte("package x\n\n" + line + "\n\nfunc One() {}\n\nfunc Two() { odd.Name(); Println() }\n")}
		got, err := Excerpt(sources, []string{"One"})
		require.NoError(t, err)
		require.Equal(t, sources, got)
	}
}
