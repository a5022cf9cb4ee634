package candidate

import (
	"bytes"
	"errors"
	"go/ast"
	"go/build/constraint"
	"go/parser"
	"go/scanner"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// parsed is one file of a candidate.
type parsed struct {
	name string
	fset *token.FileSet
	file *ast.File
}

func (p *parsed) line(at token.Pos) int { return p.fset.PositionFor(at, false).Line }

// parse parses the candidate and the stub and applies the rules that concern
// a file by itself.
func (c *Candidate) parse(stub map[string][]byte, r *Refusal) {
	fset := token.NewFileSet()
	for _, name := range c.Names() {
		if !legalName(name) {
			r.add(name, 0, "the go command takes no file of that name; choose another")
			continue
		}
		if why := badText(c.Files[name]); why != "" {
			r.add(name, 0, "%s", why)
			continue
		}
		file, err := parser.ParseFile(fset, name, c.Files[name], parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			addSyntaxErrors(r, name, err)
			continue
		}
		p := &parsed{name, fset, file}
		c.parsed = append(c.parsed, p)
		if got, want := file.Name.Name, c.Topic.Name; got != want {
			r.add(name, p.line(file.Package), "package is named %s; name it %s", got, want)
		}
		if !c.given[name] {
			p.checkName(stub, r)
			p.checkComments(buildLine(stub[name]), r)
		}
	}
	for name, src := range stub {
		if file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution); err == nil {
			c.stub = append(c.stub, &parsed{name, fset, file})
		}
	}
}

// legalName reports whether the go command, and a person, can take the name:
// it cannot be mistaken for a flag, and all of it is seen.
func legalName(name string) bool {
	first, _ := utf8.DecodeRuneInString(name)
	return (first == '_' || unicode.IsLetter(first) || unicode.IsDigit(first)) && !strings.ContainsFunc(name, func(r rune) bool {
		return !unicode.IsPrint(r) || r == utf8.RuneError
	})
}

func badText(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\ufeff")):
		return "the file begins with a byte order mark; save it as plain UTF-8"
	case bytes.IndexByte(data, 0) >= 0:
		return "the file holds a NUL byte; save it as plain UTF-8"
	case !utf8.Valid(data):
		return "the file is not UTF-8; save it as plain UTF-8"
	}
	return ""
}

func addSyntaxErrors(r *Refusal, name string, err error) {
	var list scanner.ErrorList
	if !errors.As(err, &list) {
		r.add(name, 0, "%v", err)
	}
	for _, e := range list[:min(len(list), 10)] {
		r.add(name, e.Pos.Line, "syntax error: %s", e.Msg)
	}
}

// checkName refuses a name by which the go command would leave the file out
// on some systems, unless the stub has the same file.
func (p *parsed) checkName(stub map[string][]byte, r *Refusal) {
	if _, ok := stub[p.name]; ok {
		return
	}
	parts := strings.Split(strings.TrimSuffix(p.name, ".go"), "_")
	for _, part := range parts[1:] {
		if slices.Contains(systems, part) {
			r.add(p.name, 0, "the name's ending _%s is a build constraint; choose another name", part)
		}
	}
}

// systems are the values of GOOS and GOARCH that constrain a file by its
// name, also those of the past.
var systems = strings.Fields(`aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9
	solaris wasip1 windows zos 386 amd64 amd64p32 arm armbe arm64 arm64be loong64 mips mipsle mips64 mips64le
	mips64p32 mips64p32le ppc ppc64 ppc64le riscv riscv64 s390 s390x sparc sparc64 wasm`)

// checkComments refuses comments that steer the compiler. A build constraint
// is legal where the stub's file of that name has the same.
func (p *parsed) checkComments(legal string, r *Refusal) {
	for _, group := range p.file.Comments {
		for _, comment := range group.List {
			line, text := p.line(comment.Pos()), comment.Text
			switch {
			case constraint.IsGoBuild(text) && text == legal:
			case constraint.IsGoBuild(text), constraint.IsPlusBuild(text):
				r.add(p.name, line, "a build constraint would hide the file on some systems; remove it")
			case strings.HasPrefix(text, "//go:"):
				directive, _, _ := strings.Cut(text, " ")
				r.add(p.name, line, "compiler directive %s is not allowed; write plain Go", directive)
			case strings.HasPrefix(text, "//line "), strings.HasPrefix(text, "/*line "):
				r.add(p.name, line, "a line directive would misplace every message; remove it")
			}
		}
	}
}

// buildLine returns the build constraint of a source, or "".
func buildLine(src []byte) string {
	for line := range strings.Lines(string(src)) {
		line = strings.TrimRight(line, "\r\n")
		if constraint.IsGoBuild(line) {
			return line
		}
		if strings.HasPrefix(line, "package ") {
			break
		}
	}
	return ""
}

// checkImports applies the list of imports. Files that are ours are exempt.
func (c *Candidate) checkImports(p course.Policy, r *Refusal) {
	for _, f := range c.parsed {
		if c.given[f.name] {
			continue
		}
		for _, spec := range f.file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				continue // a syntax error already
			}
			line := f.line(spec.Pos())
			if why := refuseImport(imported, p); why != "" {
				r.add(f.name, line, "import %q: %s", imported, why)
			}
			if spec.Name != nil && spec.Name.Name == "." {
				r.add(f.name, line, "import %q: a dot import hides where a name comes from; name the package", imported)
			}
		}
	}
}

func refuseImport(imported string, p course.Policy) string {
	if why, ok := p.Forbid[imported]; ok {
		return why
	}
	switch {
	case slices.Contains(p.Imports, imported):
		return ""
	case imported == "C":
		return "only Go is compiled"
	case imported == "unsafe" || imported == "reflect":
		return "the exercise is to be written in plain, typed Go"
	case strings.HasPrefix(imported, "github.com/wirekata/wirekata/"):
		return "an exercise stands by itself; what it needs of " + path.Base(imported) + " is in given.go"
	}
	return "not among the packages of this exercise, which are " + strings.Join(p.Imports, ", ")
}
