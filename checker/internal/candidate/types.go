package candidate

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// A Checker applies the rules that need types.
type Checker struct {
	version string
	exports map[string]string // import path: file with the package's export data
	mu      sync.Mutex        // over the importer
	imports types.Importer
}

// NewChecker compiles what the candidates import, with one go command.
func NewChecker(ctx context.Context, root string, candidates []*Candidate) (*Checker, error) {
	k := &Checker{version: moduleVersion(root), exports: map[string]string{}}
	k.imports = importer.ForCompiler(token.NewFileSet(), "gc", k.lookup)
	wanted := map[string]bool{}
	for _, c := range candidates {
		for _, f := range slices.Concat(c.parsed, c.stub) {
			for _, spec := range f.file.Imports {
				if imported, err := strconv.Unquote(spec.Path.Value); err == nil && imported != "unsafe" {
					wanted[imported] = true
				}
			}
		}
	}
	if len(wanted) == 0 {
		return k, nil
	}
	args := []string{"list", "-e", "-export", "-f", "{{.ImportPath}}\t{{.Export}}", "--"}
	out, err := gotool.Output(ctx, root, append(args, slices.Sorted(maps.Keys(wanted))...)...)
	if err != nil {
		return nil, err
	}
	for line := range strings.Lines(string(out)) {
		imported, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		k.exports[imported] = file
	}
	return k, nil
}

// moduleVersion returns the language version that go.mod asks for, or "",
// which is the newest.
func moduleVersion(root string) string {
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return ""
	}
	for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "go "); ok {
			return "go" + strings.TrimSpace(v)
		}
	}
	return ""
}

func (k *Checker) lookup(imported string) (io.ReadCloser, error) {
	file := k.exports[imported]
	if file == "" {
		return nil, fmt.Errorf("package %s cannot be compiled here", imported)
	}
	return os.Open(file)
}

// Check type-checks the candidate as the compiler will, looks for every
// exported name of the stub, and then holds each use of another package to
// the policy. The error is a [*Refusal].
func (k *Checker) Check(c *Candidate, p course.Policy) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	r := &Refusal{Topic: c.Topic}
	info := &types.Info{
		Uses:       map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{},
		Types:      map[ast.Expr]types.TypeAndValue{},
	}
	files := c.built()
	pkg := k.check(files, info, func(name string, line int, text string) { r.add(name, line, "%s", text) })
	if !r.empty() {
		return r
	}
	checkAPI(c, pkg, r)
	c.Differs = k.differences(c, pkg)
	for _, f := range files {
		if !c.given[f.name] {
			checkUses(f, p, info, r)
			checkStores(f, sharedTypes(info), info, r)
		}
	}
	if !r.empty() {
		return r
	}
	return nil
}

// candidatePath is the path of the package that is being checked.
const candidatePath = "candidate"

// check type-checks one package and reports at most ten errors.
func (k *Checker) check(files []*parsed, info *types.Info, report func(name string, line int, text string)) *types.Package {
	n := 0
	config := types.Config{
		Importer:  k.imports,
		GoVersion: k.version,
		Sizes:     types.SizesFor("gc", runtime.GOARCH),
		Error: func(err error) {
			var e types.Error
			if !errors.As(err, &e) || strings.HasPrefix(e.Msg, "\t") {
				return // a tab begins what only explains the error before it
			}
			if n++; n <= 10 {
				p := e.Fset.PositionFor(e.Pos, false)
				report(p.Filename, p.Line, e.Msg)
			}
		},
	}
	var list []*ast.File
	fset := token.NewFileSet()
	for _, f := range files {
		list, fset = append(list, f.file), f.fset
	}
	pkg, _ := config.Check(candidatePath, fset, list, info)
	return pkg
}

// built returns the files that the go command would compile on this system.
func (c *Candidate) built() []*parsed {
	ctxt := build.Default
	ctxt.OpenFile = func(name string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(c.Files[filepath.Base(name)])), nil
	}
	return slices.DeleteFunc(slices.Clone(c.parsed), func(f *parsed) bool {
		ok, err := ctxt.MatchFile(".", f.name)
		return err == nil && !ok
	})
}
