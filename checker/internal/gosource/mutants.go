package gosource

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
)

// A Mutant is a file with one small change that nobody had in mind: a slip.
type Mutant struct {
	Line   int
	Change string // "a < b becomes a <= b", in one line
	Source []byte
}

// Mutants returns the slips that can be made in the functions of a file:
// statements left out, conditions that always or never hold, the neighbours of
// operators and of whole numbers. Not all of them compile, and some change
// nothing that can be seen.
func Mutants(name string, src []byte) ([]Mutant, error) {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	m := &mutator{file: fset.File(file.Pos()), src: src}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			ast.Inspect(f.Body, m.visit)
		}
	}
	return m.mutants, nil
}

type mutator struct {
	file    *token.File
	src     []byte
	mutants []Mutant
}

func (m *mutator) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BlockStmt:
		m.leaveOut(n.List)
	case *ast.CaseClause:
		m.leaveOut(n.Body)
	case *ast.CommClause:
		m.leaveOut(n.Body)
	case *ast.IfStmt:
		m.replace(n.Cond, n.Cond, "("+m.text(n.Cond)+") && false")
		m.replace(n.Cond, n.Cond, "("+m.text(n.Cond)+") || true")
	case *ast.BinaryExpr:
		m.operator(n)
	case *ast.BasicLit:
		if i, err := strconv.ParseInt(n.Value, 0, 64); err == nil && n.Kind == token.INT {
			m.replace(n, n, fmt.Sprint(i+1))
		}
	}
	return true
}

func (m *mutator) leaveOut(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				continue
			}
		case *ast.ExprStmt, *ast.IncDecStmt, *ast.SendStmt, *ast.DeferStmt, *ast.GoStmt:
		default:
			continue
		}
		m.replace(s, s, "")
	}
}

// neighbours are the operators that a slip mistakes for each other.
var neighbours = map[token.Token]token.Token{
	token.LSS: token.LEQ, token.LEQ: token.LSS, token.GTR: token.GEQ, token.GEQ: token.GTR, token.EQL: token.NEQ, token.NEQ: token.EQL,
	token.ADD: token.SUB, token.SUB: token.ADD, token.MUL: token.QUO, token.QUO: token.MUL, token.SHL: token.SHR, token.SHR: token.SHL,
	token.AND: token.OR, token.OR: token.AND, token.LAND: token.LOR, token.LOR: token.LAND,
}

func (m *mutator) operator(n *ast.BinaryExpr) {
	if to, ok := neighbours[n.Op]; ok {
		m.splice(n, n.OpPos, n.OpPos+token.Pos(len(n.Op.String())), to.String())
	}
	// One side alone. It is evaluated all the same, so that what it names is
	// used.
	idle := map[token.Token]string{token.LAND: " || true)", token.LOR: " && false)"}[n.Op]
	if idle != "" {
		m.replace(n, n.X, "("+m.text(n.X)+idle)
		m.replace(n, n.Y, "("+m.text(n.Y)+idle)
	}
}

// replace puts text in the place of a node, and shows it within another.
func (m *mutator) replace(shown, n ast.Node, text string) { m.splice(shown, n.Pos(), n.End(), text) }

func (m *mutator) splice(shown ast.Node, from, to token.Pos, text string) {
	start, end := m.file.Offset(from), m.file.Offset(to)
	changed := slices.Concat(m.src[:start], []byte(text), m.src[end:])
	was := m.text(shown)
	after := len(m.src) - m.file.Offset(shown.End())
	is := string(changed[m.file.Offset(shown.Pos()) : len(changed)-after])
	change := short(was) + " becomes " + short(is)
	if is == "" {
		change = short(was) + " is left out"
	}
	m.mutants = append(m.mutants, Mutant{m.file.Line(shown.Pos()), change, changed})
}

func (m *mutator) text(n ast.Node) string {
	return string(m.src[m.file.Offset(n.Pos()):m.file.Offset(n.End())])
}

// short makes one line of source, of at most sixty characters.
func short(src string) string {
	r := []rune(strings.Join(strings.Fields(src), " "))
	if len(r) > 60 {
		return string(r[:57]) + "..."
	}
	return string(r)
}
