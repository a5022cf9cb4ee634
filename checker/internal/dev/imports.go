package dev

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"

	"golang.org/x/tools/go/ast/astutil"
)

// followImports returns the source with its imports brought in line with what
// it uses, so that a fault's text is about its belief alone: imports that are
// no longer used go, and packages of allowed that are used without an import
// get one. What does not parse is returned as it is; the compiler says why.
func followImports(src []byte, allowed []string) []byte {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments)
	if err != nil {
		return src
	}
	changed := false
	for _, spec := range append([]*ast.ImportSpec(nil), file.Imports...) {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err == nil && !astutil.UsesImport(file, imported) {
			name := ""
			if spec.Name != nil {
				name = spec.Name.Name
			}
			changed = astutil.DeleteNamedImport(fset, file, name, imported) || changed
		}
	}
	for _, name := range slices.Sorted(maps.Keys(usedPackages(file))) {
		for _, imported := range allowed {
			if packageName(imported) == name {
				changed = astutil.AddImport(fset, file, imported) || changed
				break
			}
		}
	}
	if !changed {
		return src
	}
	var out bytes.Buffer
	if err := format.Node(&out, fset, file); err != nil {
		panic(fmt.Sprintf("BUG: %v", err))
	}
	return out.Bytes()
}

// usedPackages returns the names that the file qualifies others with and that
// neither it declares nor an import of it.
func usedPackages(file *ast.File) map[string]bool {
	unresolved := map[*ast.Ident]bool{}
	for _, id := range file.Unresolved {
		unresolved[id] = true
	}
	imports := map[string]bool{}
	for _, spec := range file.Imports {
		if imported, err := strconv.Unquote(spec.Path.Value); err == nil && spec.Name == nil {
			imports[packageName(imported)] = true
		} else if spec.Name != nil {
			imports[spec.Name.Name] = true
		}
	}
	used := map[string]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && unresolved[id] && !imports[id.Name] {
				used[id.Name] = true
			}
		}
		return true
	})
	return used
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// packageName is the name that a package most likely has.
func packageName(imported string) string {
	if base := path.Base(imported); !majorVersion.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(imported))
}
