package runner

import (
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A bundle is a program with many candidates of one topic. Each stands in a
// package of its own that only the overlay knows, with both suites beside it
// as ordinary packages that import it in the exercise's place:
//
//	bundle/<topic>/<name>/<topic>   the candidate
//	bundle/<topic>/<name>/suite     both suites
//	bundle/<topic>                  a TestMain that runs the suites of one
type bundle struct {
	topic     *course.Topic
	clauses   []course.Clause
	specimens []*Specimen
	failed    bool
	message   string // what the compiler said
}

const bundleDir = "bundle"

func (u *bundle) folder() string     { return path.Join(bundleDir, u.topic.Name) }
func (u *bundle) importPath() string { return modulePath + u.folder() }

func (u *bundle) candidateFolder(s *Specimen) string {
	return path.Join(u.folder(), s.folder(), u.topic.Name)
}

func (u *bundle) suiteFolder(s *Specimen) string { return path.Join(u.folder(), s.folder(), "suite") }

// folder is the specimen's name as an element of an import path. It does not
// change when others come and go, so what was compiled stays compiled.
func (s *Specimen) folder() string { return strings.ReplaceAll(s.Name, " ", "_") }

// lay lays the bundle's packages over the repository.
func (u *bundle) lay(over *overlay, originals fs.FS) error {
	for _, s := range u.specimens {
		for name, data := range s.candidate.Files {
			if err := over.put(path.Join(u.candidateFolder(s), name), data); err != nil {
				return err
			}
		}
		if err := over.sealFirst(u.candidateFolder(s), u.topic.Name); err != nil {
			return err
		}
		if err := u.laySuites(over, originals, s); err != nil {
			return err
		}
	}
	var main bytes.Buffer
	if err := bundleMain.Execute(&main, u.mainData()); err != nil {
		return err
	}
	return over.put(path.Join(u.folder(), "bundle_test.go"), main.Bytes())
}

// sum stands for what the specimen alone brings into the program: the files
// in its folder. Everything else there is the same for all specimens of all
// topics (see sourcesOf), so a verdict outlives an edit of another specimen.
func (u *bundle) sum(over *overlay, s *Specimen) string {
	return over.sum(path.Join(u.folder(), s.folder()))
}

func (u *bundle) laySuites(over *overlay, originals fs.FS, s *Specimen) error {
	for _, suite := range []result.Suite{result.Assignment, result.Assessment} {
		src, err := readSuite(originals, u.topic, suite)
		if err != nil {
			return err
		}
		src, err = replaceImport(src, modulePath+u.topic.Exercise(), modulePath+u.candidateFolder(s))
		if err != nil {
			return err
		}
		if err := over.put(path.Join(u.suiteFolder(s), string(suite)+".go"), src); err != nil {
			return err
		}
	}
	return over.putTree(originals, path.Join(u.topic.Contract(), "testdata"), path.Join(u.suiteFolder(s), "testdata"))
}

// replaceImport returns the Go source with one import path in the place of
// another.
func replaceImport(src []byte, old, new string) ([]byte, error) {
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

type mainData struct {
	Env     string
	Suites  []suiteData
	Clauses []course.Clause
}

type suiteData struct{ Name, Path string }

func (u *bundle) mainData() mainData {
	d := mainData{Env: candidateEnv, Clauses: u.clauses}
	for _, s := range u.specimens {
		d.Suites = append(d.Suites, suiteData{s.folder(), modulePath + u.suiteFolder(s)})
	}
	return d
}

var bundleMain = template.Must(template.New("bundle").Parse(`package bundle

import (
	"os"
	"regexp"
	"testing"
{{range $i, $s := .Suites}}
	s{{$i}} {{printf "%q" $s.Path}}{{end}}
)

func TestMain(*testing.M) {
	suites := map[string][]testing.InternalTest{ {{range $i, $s := .Suites}}
		{{printf "%q" $s.Name}}: { {{range $.Clauses}}
			{Name: "{{.Name}}", F: s{{$i}}.{{.Name}} },{{end}}
		},{{end}}
	}
	testing.Main(regexp.MatchString, suites[os.Getenv("{{.Env}}")], nil, nil)
}
`))

// drop gives the specimens whose packages failed to compile their refusal,
// and reports whether the others still have to be built. Where the message
// names none of them, all are refused: the suites themselves do not compile.
func (u *bundle) drop() bool {
	if !u.failed {
		return false
	}
	named := false
	for _, s := range u.specimens {
		if lines := u.linesOf(s); lines != "" {
			s.Refusal, named = lines, true
		}
	}
	for _, s := range u.specimens {
		if !named {
			s.Refusal = u.message
		}
	}
	return len(u.left()) > 0
}

// left returns the specimens without a refusal.
func (u *bundle) left() []*Specimen {
	return slices.DeleteFunc(slices.Clone(u.specimens), func(s *Specimen) bool { return s.Refusal != "" })
}

// linesOf returns the message's lines about one specimen, its files named as
// in the exercise.
func (u *bundle) linesOf(s *Specimen) string {
	var lines []string
	for line := range strings.Lines(u.message) {
		line = strings.TrimRight(line, "\n")
		if rest, ok := strings.CutPrefix(line, u.candidateFolder(s)+"/"); ok {
			lines = append(lines, u.topic.Exercise()+"/"+rest)
		}
		if rest, ok := strings.CutPrefix(line, u.suiteFolder(s)+"/"); ok {
			lines = append(lines, u.topic.Contract()+"/"+strings.Replace(rest, ".go:", "_test.go:", 1))
		}
	}
	return strings.Join(lines, "\n")
}
