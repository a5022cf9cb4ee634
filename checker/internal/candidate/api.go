package candidate

import (
	"go/ast"
	"go/token"
)

// The kinds of declarations.
const (
	kindFunction = "function"
	kindMethod   = "method"
	kindType     = "type"
	kindConstant = "constant"
	kindVariable = "variable"
)

// A Declaration is an exported name of a package.
type Declaration struct {
	Kind string
	Name string // "Accept", "(*Conn).Close"
	Doc  string

	Recv, Method string // of a method: "Conn", "Close"
}

// errTODO marks what is still to be written. It is the stub's affair and no
// part of the API: who has written everything may take it out.
const errTODO = "ErrTODO"

// Exported returns the exported declarations of a file in order, errTODO left
// out. A method counts where its receiver's type is exported.
func Exported(file *ast.File) []Declaration {
	var list []Declaration
	for _, d := range file.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			if f, ok := exportedFunc(d); ok {
				list = append(list, f)
			}
		case *ast.GenDecl:
			list = append(list, exportedSpecs(d)...)
		}
	}
	return list
}

func exportedFunc(d *ast.FuncDecl) (Declaration, bool) {
	if !d.Name.IsExported() {
		return Declaration{}, false
	}
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return Declaration{Kind: kindFunction, Name: d.Name.Name, Doc: d.Doc.Text()}, true
	}
	recv, pointer := receiver(d.Recv.List[0].Type)
	if !ast.IsExported(recv) {
		return Declaration{}, false
	}
	name := recv + "." + d.Name.Name
	if pointer {
		name = "(*" + recv + ")." + d.Name.Name
	}
	return Declaration{Kind: kindMethod, Name: name, Doc: d.Doc.Text(), Recv: recv, Method: d.Name.Name}, true
}

// receiver returns the name of a receiver's type.
func receiver(typ ast.Expr) (name string, pointer bool) {
	if s, ok := typ.(*ast.StarExpr); ok {
		typ, pointer = s.X, true
	}
	switch generic := typ.(type) {
	case *ast.IndexExpr:
		typ = generic.X
	case *ast.IndexListExpr:
		typ = generic.X
	}
	if id, ok := typ.(*ast.Ident); ok {
		name = id.Name
	}
	return name, pointer
}

func exportedSpecs(d *ast.GenDecl) []Declaration {
	var list []Declaration
	add := func(kind string, id *ast.Ident, doc *ast.CommentGroup) {
		if !id.IsExported() || id.Name == errTODO {
			return
		}
		if doc == nil && len(d.Specs) == 1 {
			doc = d.Doc
		}
		list = append(list, Declaration{Kind: kind, Name: id.Name, Doc: doc.Text()})
	}
	for _, s := range d.Specs {
		switch s := s.(type) {
		case *ast.TypeSpec:
			add(kindType, s.Name, s.Doc)
		case *ast.ValueSpec:
			kind := kindVariable
			if d.Tok == token.CONST {
				kind = kindConstant
			}
			for _, id := range s.Names {
				add(kind, id, s.Doc)
			}
		}
	}
	return list
}
