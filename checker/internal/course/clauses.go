package course

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strings"
	"unicode"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// Clauses returns the clauses of the topic's two suites in their order,
// assignment first. They are read from the source, so what must be judged
// does not depend on what a candidate's process says. Every place where a
// suite breaks the form of a clause is in the error, as file:line.
//
// A clause is a top-level test of this form; the reference ends the comment:
//
//	// A client frame that is not masked closes the connection with 1002.
//	// RFC 6455 §5.1 MUST
//	func TestUnmaskedFrame(t *testing.T) {
//		contract.Virtual(t, func(t *testing.T) { ... })
//	}
//
// The call may be contract.Real, and one if that ends in a call of
// contract.Unsupported may stand before it.
func Clauses(originals fs.FS, t *Topic) ([]Clause, error) {
	var clauses []Clause
	var errs []error
	seen := map[string]bool{}
	for _, suite := range []result.Suite{result.Assignment, result.Assessment} {
		name := path.Join(t.Contract(), string(suite)+"_test.go")
		src, err := fs.ReadFile(originals, name)
		if err != nil {
			return nil, fmt.Errorf("suite: %w", err)
		}
		s := suiteReader{suite: suite, fset: token.NewFileSet()}
		s.read(name, src)
		errs = append(errs, s.errs...)
		for _, c := range s.clauses {
			if seen[c.Name] {
				errs = append(errs, fmt.Errorf("%s:%d: clause %s is declared twice; the two suites are one package", name, c.Line, c.Name))
			}
			seen[c.Name] = true
		}
		clauses = append(clauses, s.clauses...)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return clauses, nil
}

type suiteReader struct {
	suite   result.Suite
	fset    *token.FileSet
	clauses []Clause
	errs    []error
}

func (s *suiteReader) bad(at token.Pos, format string, args ...any) {
	p := s.fset.Position(at)
	s.errs = append(s.errs, fmt.Errorf("%s:%d: %s", p.Filename, p.Line, fmt.Sprintf(format, args...)))
}

func (s *suiteReader) read(name string, src []byte) {
	file, err := parser.ParseFile(s.fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		s.errs = append(s.errs, err)
		return
	}
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Recv != nil || !isTestName(f.Name.Name) {
			continue
		}
		if f.Name.Name == "TestMain" {
			s.bad(f.Pos(), "TestMain is not allowed; the checker runs each clause by itself")
			continue
		}
		s.clause(f)
	}
}

func (s *suiteReader) clause(f *ast.FuncDecl) {
	c := Clause{Suite: s.suite, Name: f.Name.Name, Line: s.fset.Position(f.Pos()).Line}
	before := len(s.errs)
	c.Text, c.Ref = s.sentence(f)
	c.Mode = s.body(f)
	if len(s.errs) == before {
		s.clauses = append(s.clauses, c)
	}
}

// reference finds where the comment's reference begins: after the end of a
// sentence, with a standard's name or a manual page.
var reference = regexp.MustCompile(`^(.*[.!?:)"])\s+((?:[A-Z][A-Z0-9]+\b|draft-|gRPC |[a-z_0-9]+\([1-9]\)).*?)\.?$`)

func (s *suiteReader) sentence(f *ast.FuncDecl) (text, ref string) {
	doc := strings.Join(strings.Fields(f.Doc.Text()), " ")
	if doc == "" {
		s.bad(f.Pos(), "clause %s has no doc comment; say its sentence and its reference", f.Name.Name)
		return "", ""
	}
	m := reference.FindStringSubmatch(doc)
	if m == nil {
		s.bad(f.Doc.Pos(), "clause %s names no reference; end its doc comment like \". RFC 6455 §5.1 MUST\" or \". README\"", f.Name.Name)
		return doc, ""
	}
	return m[1], m[2]
}

const form = "contract.Virtual(t, func(t *testing.T) {...}) or contract.Real likewise"

// body checks the form of a clause's body and returns its mode.
func (s *suiteReader) body(f *ast.FuncDecl) string {
	if !takesT(f.Type) {
		s.bad(f.Pos(), "clause %s must be declared as func %s(t *testing.T)", f.Name.Name, f.Name.Name)
		return ""
	}
	if f.Body == nil {
		s.bad(f.Pos(), "clause %s has no body", f.Name.Name)
		return ""
	}
	list := f.Body.List
	if len(list) == 2 && isUnsupported(list[0]) {
		list = list[1:]
	}
	if len(list) != 1 {
		s.bad(f.Pos(), "clause %s must be one call of %s", f.Name.Name, form)
		return ""
	}
	entry, body := entryCall(list[0])
	if entry == "" {
		s.bad(list[0].Pos(), "clause %s must be one call of %s", f.Name.Name, form)
		return ""
	}
	ast.Inspect(body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && isSelector(call.Fun, "t", "Run") {
			s.bad(call.Pos(), "clause %s calls t.Run; name the cases of a loop with contract steps instead", f.Name.Name)
		}
		return true
	})
	return entry
}

// entryCall returns "virtual" or "real" and the function's body where stmt is
// the call of the entry point.
func entryCall(stmt ast.Stmt) (string, *ast.BlockStmt) {
	call := callOf(stmt)
	if call == nil || len(call.Args) != 2 || !isIdent(call.Args[0], "t") {
		return "", nil
	}
	lit, ok := call.Args[1].(*ast.FuncLit)
	if !ok || !takesT(lit.Type) {
		return "", nil
	}
	switch {
	case isSelector(call.Fun, "contract", "Virtual"):
		return "virtual", lit.Body
	case isSelector(call.Fun, "contract", "Real"):
		return "real", lit.Body
	}
	return "", nil
}

// isUnsupported reports whether stmt is an if whose block is one call of
// contract.Unsupported.
func isUnsupported(stmt ast.Stmt) bool {
	s, ok := stmt.(*ast.IfStmt)
	if !ok || s.Else != nil || len(s.Body.List) != 1 {
		return false
	}
	call := callOf(s.Body.List[0])
	return call != nil && isSelector(call.Fun, "contract", "Unsupported")
}

func callOf(stmt ast.Stmt) *ast.CallExpr {
	if e, ok := stmt.(*ast.ExprStmt); ok {
		call, _ := e.X.(*ast.CallExpr)
		return call
	}
	return nil
}

func isSelector(e ast.Expr, x, sel string) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == sel && isIdent(s.X, x)
}

func isIdent(e ast.Expr, name string) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == name
}

// takesT reports whether f is func(t *testing.T).
func takesT(f *ast.FuncType) bool {
	if f.Results != nil || f.TypeParams != nil || len(f.Params.List) != 1 {
		return false
	}
	p := f.Params.List[0]
	star, ok := p.Type.(*ast.StarExpr)
	return ok && len(p.Names) == 1 && p.Names[0].Name == "t" && isSelector(star.X, "testing", "T")
}

// isTestName reports whether go test would run a function of that name.
func isTestName(name string) bool {
	rest, ok := strings.CutPrefix(name, "Test")
	if !ok {
		return false
	}
	for _, r := range rest {
		return !unicode.IsLower(r)
	}
	return true
}
