package dev

import (
	"bytes"
	"cmp"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/printer"
	"go/token"
	"maps"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
)

// compareStub checks that the stub is the reference with its bodies taken
// out: the same declarations in the same order with the same documentation.
func (s *subject) compareStub() {
	todos := false
	for _, name := range slices.Sorted(maps.Keys(s.stub)) {
		todos = todos || todo(s.stub[name])
		if candidate.IsGiven(name) || s.reference[name] == nil {
			continue
		}
		stub, err1 := readOutline(name, s.stub[name])
		reference, err2 := readOutline(name, s.reference[name])
		if err1 != nil || err2 != nil {
			continue // the compiler says more
		}
		s.compareOutlines(name, stub, reference)
		if todo(s.reference[name]) {
			s.bad("do it, or take the mark away", "reference %s has a TODO", name)
		}
	}
	if len(s.stub) > 0 && !todos {
		s.bad("mark what is to be done with // TODO:", "stub has no TODO")
	}
}

// An outline is what stub and reference have in common.
type outline struct {
	build string
	doc   string // of the package
	decls []declaration
	panic bool // it calls panic somewhere
}

type declaration struct {
	candidate.Declaration
	signature string // of functions and methods
}

func readOutline(name string, src []byte) (outline, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return outline{}, err
	}
	o := outline{build: buildLine(file), doc: file.Doc.Text()}
	signatures := map[string]string{}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok {
			signatures[funcKey(f)] = print(fset, f)
		}
	}
	for _, d := range candidate.Exported(file) {
		o.decls = append(o.decls, declaration{d, signatures[d.Recv+"."+cmp.Or(d.Method, d.Name)]})
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			id, ok := call.Fun.(*ast.Ident)
			o.panic = o.panic || ok && id.Name == "panic"
		}
		return true
	})
	return o, nil
}

func funcKey(f *ast.FuncDecl) string {
	if f.Recv == nil {
		return "." + f.Name.Name
	}
	typ := f.Recv.List[0].Type
	if star, ok := typ.(*ast.StarExpr); ok {
		typ = star.X
	}
	if generic, ok := typ.(*ast.IndexExpr); ok {
		typ = generic.X
	}
	id, _ := typ.(*ast.Ident)
	if id == nil {
		return ""
	}
	return id.Name + "." + f.Name.Name
}

// print renders a function's signature on one line.
func print(fset *token.FileSet, f *ast.FuncDecl) string {
	var b bytes.Buffer
	printer.Fprint(&b, fset, &ast.FuncDecl{Recv: f.Recv, Name: f.Name, Type: f.Type})
	return strings.Join(strings.Fields(b.String()), " ")
}

func buildLine(file *ast.File) string {
	for _, g := range file.Comments {
		for _, c := range g.List {
			if constraint.IsGoBuild(c.Text) && c.Pos() < file.Package {
				return c.Text
			}
		}
	}
	return ""
}

func (s *subject) compareOutlines(name string, stub, reference outline) {
	const remedy = "make stub and reference agree"
	if stub.build != reference.build {
		s.bad(remedy, "%s: build line is %q in the stub and %q in the reference", name, stub.build, reference.build)
	}
	if stub.doc != reference.doc {
		s.bad(remedy, "%s: package comment differs between stub and reference", name)
	}
	if stub.panic {
		s.bad("return zero values and ErrTODO instead", "%s: stub calls panic", name)
	}
	for i := range max(len(stub.decls), len(reference.decls)) {
		if i >= len(stub.decls) || i >= len(reference.decls) || stub.decls[i].Name != reference.decls[i].Name {
			s.bad(remedy, "%s: exported declarations differ: the stub has %s where the reference has %s", name, nameAt(stub.decls, i), nameAt(reference.decls, i))
			return
		}
		a, b := stub.decls[i], reference.decls[i]
		if a.Kind != b.Kind || a.signature != b.signature {
			s.bad(remedy, "%s: %s is %q in the stub and %q in the reference", name, a.Name, a.Kind+" "+a.signature, b.Kind+" "+b.signature)
		}
		if a.Doc != b.Doc {
			s.bad(remedy, "%s: comment of %s differs between stub and reference", name, a.Name)
		}
	}
}

func nameAt(list []declaration, i int) string {
	if i >= len(list) {
		return "nothing more"
	}
	return list[i].Name
}
