// Package gosource edits Go source by its syntax alone.
package gosource

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
	"strings"

	"golang.org/x/tools/go/ast/astutil"
)

// FollowImports returns the source with its imports brought in line with what
// it uses, so that a fault's text is about its belief alone: imports that are
// no longer used go, and packages of allowed that are used without an import
// get one. What does not parse is returned as it is; the compiler says why.
func FollowImports(src []byte, allowed []string) []byte {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ParseComments)
	if err != nil {
		return src
	}
	changed := false
	used := qualifiers(file, file)
	for _, spec := range append([]*ast.ImportSpec(nil), file.Imports...) {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		name := packageName(imported)
		given := ""
		if spec.Name != nil {
			name, given = spec.Name.Name, spec.Name.Name
		}
		if !used[name] && name != "_" && name != "." {
			changed = astutil.DeleteNamedImport(fset, file, given, imported) || changed
		}
		delete(used, name)
	}
	for _, name := range slices.Sorted(maps.Keys(used)) {
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

// ReplaceImport returns the Go source with one import path in the place of
// another.
func ReplaceImport(src []byte, old, new string) ([]byte, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", src, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	for _, spec := range file.Imports {
		if spec.Path.Value == strconv.Quote(old) {
			from, to := fset.Position(spec.Path.Pos()).Offset, fset.Position(spec.Path.End()).Offset
			return bytes.Join([][]byte{src[:from], []byte(strconv.Quote(new)), src[to:]}, nil), nil
		}
	}
	return src, nil // a suite may leave the import to the other
}

// qualifiers returns the names that a part of the file qualifies others with
// and that the file does not declare.
func qualifiers(file *ast.File, part ast.Node) map[string]bool {
	unresolved := map[*ast.Ident]bool{}
	for _, id := range file.Unresolved {
		unresolved[id] = true
	}
	used := map[string]bool{}
	ast.Inspect(part, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && unresolved[id] {
				used[id.Name] = true
			}
		}
		return true
	})
	return used
}

var majorVersion = regexp.MustCompile(`^v[0-9]+$`)

// packageName is the name that a package most likely has: quic for
// github.com/quic-go/quic-go, yaml for gopkg.in/yaml.v3.
func packageName(imported string) string {
	base := path.Base(imported)
	if majorVersion.MatchString(base) {
		base = path.Base(path.Dir(imported))
	}
	base, _, _ = strings.Cut(base, ".")
	return strings.TrimPrefix(strings.TrimSuffix(base, "-go"), "go-")
}
