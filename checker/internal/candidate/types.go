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
		}
	}
	if !r.empty() {
		return r
	}
	return nil
}

// check type-checks one package and reports at most ten errors. Its path is
// that of the exercise, whichever candidate it is.
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
	pkg, _ := config.Check("candidate", fset, list, info)
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

// checkUses holds each use of another package's names in f to the policy.
func checkUses(f *parsed, p course.Policy, info *types.Info, r *Refusal) {
	touched := places(f.file, info)
	ast.Inspect(f.file, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg := packageOf(sel, info)
		if pkg == nil {
			return true
		}
		use := pkg.Name() + "." + sel.Sel.Name
		if names, narrow := p.Selectors[pkg.Path()]; narrow && !slices.Contains(names, sel.Sel.Name) {
			r.add(f.name, f.line(sel.Pos()), "%s is not for this exercise; of %q it may use %s", use, pkg.Path(), strings.Join(names, ", "))
		}
		v, ok := info.Uses[sel.Sel].(*types.Var)
		if !ok {
			return true
		}
		switch {
		case touched[sel]:
			r.add(f.name, f.line(sel.Pos()), "%s is a variable of package %s; to assign to it or to take its address would change it for everyone", use, pkg.Path())
		case !isErrorType(v.Type()) && !slices.Contains(p.Values, pkg.Path()+"."+sel.Sel.Name):
			r.add(f.name, f.line(sel.Pos()), "%s is a variable of package %s that this exercise may not use", use, pkg.Path())
		}
		return true
	})
}

// packageOf returns the package where sel is a qualified name, else nil.
func packageOf(sel *ast.SelectorExpr, info *types.Info) *types.Package {
	id, ok := sel.X.(*ast.Ident)
	if !ok {
		return nil
	}
	if name, ok := info.Uses[id].(*types.PkgName); ok {
		return name.Imported()
	}
	return nil
}

func isErrorType(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type()) && t == types.Unalias(t)
}

// places returns the qualified names in file that are not only read: they, or
// what they contain, are assigned to or have their address taken.
func places(file *ast.File, info *types.Info) map[*ast.SelectorExpr]bool {
	found := map[*ast.SelectorExpr]bool{}
	mark := func(list ...ast.Expr) {
		for _, e := range list {
			if sel := root(e, info); sel != nil {
				found[sel] = true
			}
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			mark(n.Lhs...)
		case *ast.IncDecStmt:
			mark(n.X)
		case *ast.RangeStmt:
			mark(n.Key, n.Value)
		case *ast.UnaryExpr:
			if n.Op == token.AND {
				mark(n.X)
			}
		case *ast.SliceExpr:
			if _, array := underlying(n.X, info).(*types.Array); array {
				mark(n.X)
			}
		case *ast.SelectorExpr:
			if takesAddress(n, info) {
				mark(n.X)
			}
		}
		return true
	})
	return found
}

func underlying(e ast.Expr, info *types.Info) types.Type {
	if t := info.TypeOf(e); t != nil {
		return t.Underlying()
	}
	return nil
}

// takesAddress reports whether sel is a method with a pointer receiver of an
// operand that is none: the compiler takes the operand's address.
func takesAddress(sel *ast.SelectorExpr, info *types.Info) bool {
	s := info.Selections[sel]
	if s == nil || s.Kind() != types.MethodVal {
		return false
	}
	recv := s.Obj().(*types.Func).Signature().Recv()
	_, wants := recv.Type().(*types.Pointer)
	_, has := underlying(sel.X, info).(*types.Pointer)
	return wants && !has
}

// root returns the qualified name that the place e is part of, or nil.
func root(e ast.Expr, info *types.Info) *ast.SelectorExpr {
	for {
		switch x := e.(type) {
		case *ast.ParenExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.SliceExpr:
			e = x.X
		case *ast.TypeAssertExpr:
			e = x.X
		case *ast.SelectorExpr:
			if packageOf(x, info) != nil {
				return x
			}
			e = x.X
		default:
			return nil
		}
	}
}
