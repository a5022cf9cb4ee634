package runner

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/gosource"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// A bundle is a program with many candidates of one topic. Each stands in a
// package of its own that only the overlay knows, with both suites beside it
// as an ordinary package that imports it in the exercise's place:
//
//	bundle/<topic>/<name>/<topic>   the candidate
//	bundle/<topic>/<name>/suite     both suites, cut down to its Clauses
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
	suites := map[string][]byte{}
	for _, suite := range []result.Suite{result.Assignment, result.Assessment} {
		src, err := readSuite(originals, u.topic, suite)
		if err != nil {
			return err
		}
		suites[string(suite)+".go"], err = gosource.ReplaceImport(src, modulePath+u.topic.Exercise(), modulePath+u.candidateFolder(s))
		if err != nil {
			return err
		}
	}
	if len(s.Clauses) > 0 {
		var err error
		if suites, err = gosource.Excerpt(suites, s.Clauses); err != nil {
			return err
		}
	}
	for name, src := range suites {
		if err := over.put(path.Join(u.suiteFolder(s), name), src); err != nil {
			return err
		}
	}
	return over.putTree(originals, path.Join(u.topic.Contract(), "testdata"), path.Join(u.suiteFolder(s), "testdata"))
}

type mainData struct {
	Env    string
	Suites []suiteData
}

type suiteData struct {
	Name, Path string
	Clauses    []string
}

func (u *bundle) mainData() mainData {
	var all []string
	for _, c := range u.clauses {
		all = append(all, c.Name)
	}
	d := mainData{Env: candidateEnv}
	for _, s := range u.specimens {
		clauses := s.Clauses
		if len(clauses) == 0 {
			clauses = all
		}
		d.Suites = append(d.Suites, suiteData{s.folder(), modulePath + u.suiteFolder(s), clauses})
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
		{{printf "%q" $s.Name}}: { {{range .Clauses}}
			{Name: "{{.}}", F: s{{$i}}.{{.}} },{{end}}
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
