package candidate

import (
	"go/ast"
	"go/token"
	"go/types"
	"path"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
)

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
		if names, narrow := p.Selectors[pkg.Path()]; narrow && !allowed(names, sel.Sel.Name) {
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

// allowed says whether name is one of names, which may be patterns
// ("Status*"), as path.Match reads them.
func allowed(names []string, name string) bool {
	return slices.ContainsFunc(names, func(pattern string) bool {
		ok, err := path.Match(pattern, name)
		return ok && err == nil
	})
}

// sharedTypes returns what the pointers among other packages' variables point
// to, as far as the candidate uses them: *base64.StdEncoding is everyone's.
func sharedTypes(info *types.Info) []types.Type {
	var shared []types.Type
	for _, obj := range info.Uses {
		v, ok := obj.(*types.Var)
		if !ok || v.Pkg() == nil || v.Parent() != v.Pkg().Scope() || v.Pkg().Path() == candidatePath {
			continue
		}
		if p, ok := v.Type().Underlying().(*types.Pointer); ok {
			shared = append(shared, p.Elem())
		}
	}
	return shared
}

// checkStores refuses to store through a pointer to a shared type: it may be
// a copy of the variable's.
func checkStores(f *parsed, shared []types.Type, info *types.Info, r *Refusal) {
	ast.Inspect(f.file, func(n ast.Node) bool {
		assign, ok := n.(*ast.AssignStmt)
		if !ok {
			return true
		}
		for _, e := range assign.Lhs {
			star, ok := ast.Unparen(e).(*ast.StarExpr)
			if !ok {
				continue
			}
			if t := info.TypeOf(star); slices.ContainsFunc(shared, func(s types.Type) bool { return types.Identical(s, t) }) {
				r.add(f.name, f.line(star.Pos()), "storing a whole %s through a pointer could change a variable of its package for everyone; make a new one", t)
			}
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
