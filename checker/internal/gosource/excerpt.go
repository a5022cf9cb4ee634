package gosource

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// Excerpt returns the files of a package, by their names, without the
// declarations that the named functions do not need. What stays keeps its
// line. What is needed is told by names alone and may be more than that. A
// package with an import whose name its path does not tell is returned as it
// is.
func Excerpt(files map[string][]byte, functions []string) (map[string][]byte, error) {
	read := map[string]*source{}
	declared := map[string][]*declaration{}
	for name, src := range files {
		s, err := readSource(name, src)
		if err != nil {
			return nil, err
		}
		if s.obscure {
			return files, nil
		}
		read[name] = s
		for _, d := range s.declarations {
			for _, n := range d.names {
				declared[n] = append(declared[n], d)
			}
		}
	}
	needed := append(slices.Clone(functions), "init", "_")
	for len(needed) > 0 {
		name := needed[len(needed)-1]
		needed = needed[:len(needed)-1]
		for _, d := range declared[name] {
			if !d.kept {
				d.kept = true
				for n := range d.uses {
					needed = append(needed, n)
				}
			}
		}
	}
	cut := map[string][]byte{}
	for name, s := range read {
		cut[name] = s.excerpt()
	}
	return cut, nil
}

// A source is a file that is cut down.
type source struct {
	text         []byte
	declarations []*declaration
	imports      []imported
	obscure      bool // it has an import whose name cannot be told
}

// A declaration at top level.
type declaration struct {
	from, to   int             // its place, with its doc comment
	names      []string        // any of them needs it
	uses       map[string]bool // every name in it
	qualifiers map[string]bool // the packages among them
	kept       bool
}

// An import whose name matters.
type imported struct {
	name     string
	from, to int // the name's place; nothing where the path tells it
}

func readSource(name string, text []byte) (*source, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	offset := func(p token.Pos) int { return fset.Position(p).Offset }
	s := &source{text: text}
	for _, d := range file.Decls {
		doc, names := declares(d)
		if names == nil {
			continue // imports
		}
		uses := map[string]bool{}
		ast.Inspect(d, func(n ast.Node) bool {
			if id, ok := n.(*ast.Ident); ok {
				uses[id.Name] = true
			}
			return true
		})
		from := offset(d.Pos())
		if doc != nil {
			from = offset(doc.Pos())
		}
		s.declarations = append(s.declarations, &declaration{from: from, to: offset(d.End()), names: names, uses: uses, qualifiers: qualifiers(file, d)})
	}
	used := qualifiers(file, file)
	for _, spec := range file.Imports {
		i := imported{from: offset(spec.Path.Pos()), to: offset(spec.Path.Pos())}
		if spec.Name != nil {
			i.name, i.from = spec.Name.Name, offset(spec.Name.Pos())
		} else if full, err := strconv.Unquote(spec.Path.Value); err == nil {
			i.name = packageName(full)
		}
		if i.name == "_" {
			continue
		}
		s.obscure = s.obscure || !used[i.name]
		s.imports = append(s.imports, i)
	}
	return s, nil
}

// declares returns a declaration's comment and the names that need it; none
// for an import.
func declares(d ast.Decl) (doc *ast.CommentGroup, names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv != nil && d.Name.IsExported() {
			return d.Doc, []string{receiver(d.Recv.List[0].Type)} // others may call it
		}
		return d.Doc, []string{d.Name.Name}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name.Name)
			case *ast.ValueSpec:
				for _, n := range spec.Names {
					names = append(names, n.Name)
				}
			}
		}
		return d.Doc, names
	}
	return nil, nil
}

// receiver is the name of a receiver's type.
func receiver(t ast.Expr) string {
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		case *ast.Ident:
			return e.Name
		default:
			return "_"
		}
	}
}

// excerpt returns the text without the declarations that are not kept; the
// imports that only those used become blank.
func (s *source) excerpt() []byte {
	var out bytes.Buffer
	at := 0
	for _, i := range s.imports {
		if !slices.ContainsFunc(s.declarations, func(d *declaration) bool { return d.kept && d.qualifiers[i.name] }) {
			out.Write(s.text[at:i.from])
			out.WriteString("_ ")
			at = i.to
		}
	}
	for _, d := range s.declarations {
		if !d.kept {
			out.Write(s.text[at:d.from])
			out.WriteString(strings.Repeat("\n", bytes.Count(s.text[d.from:d.to], []byte("\n"))))
			at = d.to
		}
	}
	out.Write(s.text[at:])
	return out.Bytes()
}
