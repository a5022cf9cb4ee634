package runner

import (
	"bufio"
	"bytes"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/tools/txtar"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// The zoo is testdata/zoo: what hurried, confused and hostile people hand in.
// Each animal is a change of the miniature course's reference, in a topic of
// its own of one course, so that all are judged together, as a hand-in is, and
// whatever one of them does to the others shows.
//
//	tries:   what it is after
//	refused: what the refusal says, where the rules of candidates stop it;
//	         the verdicts are then those that it gets with no rule in its way
//	alone:   why it gets no verdicts once the rules are out of its way
//	pass, assertion, panic, hang, error:
//	         the clauses with that outcome; "others"; "all" where not even
//	         the unsupported clause says that it is; none: it does not compile
//	says:    a part of the reason of the first clause that does not pass, or
//	         of the refusal by the compiler
//	prints:  a part of what its process printed, as it is shown
//	race:    yes, to judge NoDataRace too
//	needs:   linux, where it is so
//	-- frames.go: was --      what stands once in the reference,
//	-- frames.go: is --       and what stands there instead
//	-- name --                a whole file; the name may be in Go's quotes
//	-- name: link --          a symbolic link to what it holds
//	-- name: quoted --        its content is in Go's quotes
//	-- name: times 1000 --    its content that often
//	-- %d.go: files 1000 --   so many files
type animal struct {
	name   string // that of the file
	header map[string]string
	files  []txtar.File
}

// id is the animal's topic.
func (a *animal) id() string { return strings.ReplaceAll(a.name, "-", "") }

func readZoo(t *testing.T) []*animal {
	t.Helper()
	names, err := filepath.Glob("testdata/zoo/*.txtar")
	require.NoError(t, err)
	var zoo []*animal
	for _, name := range names {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		archive := txtar.Parse(data)
		a := &animal{name: strings.TrimSuffix(filepath.Base(name), ".txtar"), header: header(t, name, archive.Comment), files: archive.Files}
		if needs := a.header["needs"]; needs == "" || needs == runtime.GOOS {
			zoo = append(zoo, a)
		}
	}
	return zoo
}

func header(t *testing.T, name string, text []byte) map[string]string {
	t.Helper()
	fields, last := map[string]string{}, ""
	for s := bufio.NewScanner(bytes.NewReader(text)); s.Scan(); {
		if line := s.Text(); strings.HasPrefix(line, " ") {
			fields[last] += "\n" + strings.TrimSpace(line)
		} else if line != "" {
			key, value, ok := strings.Cut(line, ":")
			require.True(t, ok, "%s: %q is no key: value", name, line)
			require.Contains(t, headerKeys, key, name)
			last, fields[key] = key, strings.TrimSpace(value)
		}
	}
	require.NotEmpty(t, fields["tries"], name)
	return fields
}

var (
	headerKeys = []string{"tries", "refused", "alone", "pass", "assertion", "panic", "hang", "error", "says", "prints", "race", "needs"}
	outcomes   = map[string]string{"pass": "pass", "assertion": "fail by assertion", "panic": "fail by panic", "hang": "fail by hang", "error": "error"}
)

// expected renders the verdicts as the function verdicts does.
func (a *animal) expected(clauses []result.Clause) string {
	by, others, flux := map[string]string{}, "pass", "unsupported"
	for key, outcome := range outcomes {
		for name := range strings.FieldsSeq(a.header[key]) {
			if name == "all" || name == "others" {
				others = outcome
			}
			if name == "all" {
				flux = outcome
			}
			by[name] = outcome
		}
	}
	var b strings.Builder
	for _, c := range clauses {
		outcome, ok := by[short(c.Name)]
		if !ok {
			outcome = others
		}
		if c.Name == "TestFlux" {
			outcome = flux
		}
		fmt.Fprintln(&b, short(c.Name), outcome)
	}
	return b.String()
}

// overWire is one clause more, that hands over a connection.
const overWire = `
// A frame may come over a connection. README
func TestWire(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		client, server := memnet.New(t).Pipe("client", "server")
		defer client.Close()
		defer server.Close()
		contract.Step(t, "→ %q", "hi")
		client.Write([]byte("\x02hi"))
		got, err := frames.NewReader(server).Next()
		contract.Require(t).NoError(err)
		contract.Require(t).Equal("hi", string(got))
	})
}
`

// A menagerie is the course of all the animals.
type menagerie struct {
	*minicourse.Course
	box   *sandbox.Box
	files map[string]map[string][]byte // by topic, those that come without rules
}

// zooLevel is the level of the sandbox that the zoo is judged in.
var zooLevel = flag.String("zoo.sandbox", sandbox.Off.String(), "judge the zoo in a sandbox of this level")

func zooBox(t *testing.T) *sandbox.Box {
	t.Helper()
	level, ok := sandbox.ParseLevel(*zooLevel)
	require.True(t, ok, "-zoo.sandbox %s", *zooLevel)
	box, err := sandbox.At(level)
	require.NoError(t, err)
	return box
}

const keeper = "keeper" // the topic of the reference among the animals

func newMenagerie(t *testing.T, zoo []*animal) *menagerie {
	m := &menagerie{Course: minicourse.New(t), box: zooBox(t), files: map[string]map[string][]byte{}}
	topics := []string{"  - {id: frames, title: Frames, minutes: 10}", "  - {id: " + keeper + ", title: The keeper, minutes: 10}"}
	for _, a := range zoo {
		topics = append(topics, fmt.Sprintf("  - {id: %s, title: %s, minutes: 10, race: %t}", a.id(), a.name, a.header["race"] != ""))
	}
	syllabus, _, _ := strings.Cut(m.Read(t, "checker/contracts/course.yaml"), "sections:")
	m.Write(t, "checker/contracts/course.yaml", syllabus+"sections:\n- id: start\n  title: Zoo\n  topics:\n"+strings.Join(topics, "\n")+"\n")
	m.settle(t, &animal{name: keeper})
	for _, a := range zoo {
		m.settle(t, a)
	}
	m.Course = minicourse.Open(t, m.Root)
	return m
}

// settle makes the animal's topic: the suites and the stub of frames under
// another name, and what the animal has changed as its exercise.
func (m *menagerie) settle(t *testing.T, a *animal) {
	t.Helper()
	from, to := m.Frames().Contract(), path.Join("checker/contracts/start", a.id())
	for _, name := range []string{"assignment_test.go", "assessment_test.go", "stub/frames.go", "stub/given.go"} {
		text := m.Read(t, path.Join(from, name))
		if name == "assessment_test.go" {
			text = strings.Replace(text, "harness/contract\"\n", "harness/contract\"\n\t\"github.com/wirekata/wirekata/harness/memnet\"\n", 1) + overWire
		}
		text = strings.Replace(text, `"github.com/wirekata/wirekata/exercises/start/frames"`, `frames "github.com/wirekata/wirekata/exercises/start/`+a.id()+`"`, 1)
		m.Write(t, path.Join(to, name), rename(rename(text, "frames", a.id()), "frames_test", a.id()+"_test"))
	}
	files := m.changed(t, a)
	exercise := filepath.Join(m.Root, "exercises/start", a.id())
	for name, data := range files {
		file := filepath.Join(exercise, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		if target, ok := bytes.CutPrefix(data, []byte(linkTo)); ok {
			require.NoError(t, os.Symlink(string(target), file))
			delete(files, name)
			continue
		}
		require.NoError(t, os.WriteFile(file, data, 0o644))
	}
	files["given.go"] = []byte(m.Read(t, path.Join(to, "stub/given.go")))
	m.files[a.id()] = files
}

// rename gives the package of a source another name.
func rename(text, from, to string) string {
	return regexp.MustCompile(`(?m)^(\x{feff}?)package `+from+`\b`).ReplaceAllString(text, "${1}package "+to)
}

// changed returns the reference with the animal's changes.
func (m *menagerie) changed(t *testing.T, a *animal) map[string][]byte {
	t.Helper()
	files := map[string][]byte{"frames.go": []byte(m.Read(t, "solutions/start/frames/frames.go"))}
	for i, f := range a.files {
		switch name, kind, _ := strings.Cut(f.Name, ": "); kind {
		case "was":
			was, is := bytes.TrimSuffix(f.Data, []byte("\n")), bytes.TrimSuffix(a.files[i+1].Data, []byte("\n"))
			require.Equal(t, 1, bytes.Count(files[name], was), "%s: %q", a.name, was)
			files[name] = bytes.Replace(files[name], was, is, 1)
		case "is":
		default:
			maps.Copy(files, brought(t, name, kind, f.Data))
		}
	}
	for name, data := range files {
		files[name] = []byte(rename(string(data), "frames", a.id()))
	}
	return files
}

// brought returns what one part of an animal's file stands for.
func brought(t *testing.T, name, kind string, data []byte) map[string][]byte {
	t.Helper()
	if strings.HasPrefix(name, `"`) {
		name = unquoted(t, name)
	}
	verb, number, _ := strings.Cut(kind, " ")
	n, _ := strconv.Atoi(number)
	switch verb {
	case "link":
		data = append([]byte(linkTo), bytes.TrimSpace(data)...)
	case "quoted":
		data = []byte(unquoted(t, string(bytes.TrimSpace(data))))
	case "times":
		data = slices.Concat([]byte("package frames\n"), bytes.Repeat(data, n))
	case "files":
		files := map[string][]byte{}
		for i := range n {
			files[fmt.Sprintf(name, i)] = data
		}
		return files
	}
	return map[string][]byte{name: data}
}

// linkTo begins the content of a file that is to be a symbolic link.
const linkTo = "link to "

func unquoted(t *testing.T, s string) string {
	t.Helper()
	s, err := strconv.Unquote(s)
	require.NoError(t, err)
	return s
}

// options are how the zoo is judged: with the rules and limits of a hand-in.
func (m *menagerie) options(topics []*course.Topic) Options {
	return Options{
		Sandbox: m.box,
		Root:    m.Root, Originals: m.Originals, Course: m.Course.Course, Topics: topics,
		Candidate: candidate.Dir(filepath.Join(m.Root, "exercises")), Race: true, NoCache: true, MaxMemory: 1 << 30,
	}.withDefaults()
}

// topics are those of the animals that are wanted, and the keeper's.
func (m *menagerie) topics(zoo []*animal, wanted func(*animal) bool) []*course.Topic {
	topics := []*course.Topic{m.Topic(keeper)}
	for _, a := range zoo {
		if wanted(a) {
			topics = append(topics, m.Topic(a.id()))
		}
	}
	return topics
}

// impatience is the limit for animals that never end. The others have that of
// a hand-in, so that a busy machine does not judge them.
const impatience = 2 * time.Second

// judge judges the zoo as a hand-in, but waits less for those that never end.
func (m *menagerie) judge(t *testing.T, zoo []*animal) map[string]result.Topic {
	t.Helper()
	all := map[string]result.Topic{}
	for _, endless := range []bool{false, true} {
		o := m.options(m.topics(zoo, func(a *animal) bool { return (a.header["hang"] != "") == endless }))
		if endless {
			o.Timeout = impatience
		}
		topics, err := Judge(t.Context(), o)
		require.NoError(t, err)
		collect(t, all, topics)
	}
	return all
}

// judgeUnguarded judges as judge does, but holds nobody to any rule: what a
// candidate gets that has come past them.
func (m *menagerie) judgeUnguarded(t *testing.T, zoo []*animal) map[string]result.Topic {
	t.Helper()
	o := m.options(m.topics(zoo, m.solitary))
	room, err := openKept(o.Root)
	require.NoError(t, err)
	defer room.close()
	cases, err := o.cases()
	require.NoError(t, err)
	for _, c := range cases {
		c.candidate = &candidate.Candidate{Topic: c.topic, Files: m.files[c.topic.Name]}
	}
	require.NoError(t, newBuilder(o, room).buildAll(t.Context(), cases))
	require.NoError(t, o.run(t.Context(), cases))
	all := map[string]result.Topic{}
	collect(t, all, results(cases))
	collect(t, all, m.judgeCrowd(t, o, m.topics(zoo, func(a *animal) bool { return !m.solitary(a) })[1:]))
	return all
}

// solitary reports whether the animal cannot be linked into one program with
// others: it does not compile, or does something before the program chooses
// one of them.
func (m *menagerie) solitary(a *animal) bool {
	compiles := slices.ContainsFunc(slices.Collect(maps.Keys(outcomes)), func(key string) bool { return a.header[key] != "" })
	if !compiles || a.header["race"] != "" {
		return true
	}
	for _, data := range m.files[a.id()] {
		for _, early := range []string{"func init()", "//go:", "_ \"", "#cgo"} {
			if bytes.Contains(data, []byte(early)) {
				return true
			}
		}
	}
	return false
}

// judgeCrowd judges the topics' animals in one program, which is linked once.
func (m *menagerie) judgeCrowd(t *testing.T, o Options, topics []*course.Topic) []result.Topic {
	t.Helper()
	b, err := OpenBench(o)
	require.NoError(t, err)
	defer b.Close()
	var crowd []*Specimen
	for _, topic := range topics {
		files := map[string][]byte{}
		for name, data := range m.files[topic.Name] {
			files[name] = []byte(rename(string(data), topic.Name, keeper))
		}
		crowd = append(crowd, &Specimen{Topic: m.Topic(keeper), Name: topic.Name, candidate: &candidate.Candidate{Topic: m.Topic(keeper), Files: files}})
	}
	require.NoError(t, b.Build(t.Context(), crowd, false))
	clauses, err := course.Clauses(m.Originals, m.Topic(keeper))
	require.NoError(t, err)
	var trials []*Trial
	for _, s := range crowd {
		for _, k := range clauses {
			trials = append(trials, &Trial{Specimen: s, Clause: k, Seed: 1})
		}
	}
	require.NoError(t, b.Run(t.Context(), trials, nil))
	judged := make([]result.Topic, len(crowd))
	for i, s := range crowd {
		judged[i] = result.Topic{ID: topics[i].ID(), Refusal: s.Refusal}
		for _, trial := range trials[i*len(clauses):][:len(clauses)] {
			judged[i].Clauses = append(judged[i].Clauses, trial.Outcome)
		}
	}
	return judged
}

// collect adds the topics by id, and looks at the reference among them.
func collect(t *testing.T, all map[string]result.Topic, topics []result.Topic) {
	t.Helper()
	for _, topic := range topics {
		if topic.ID == "start/"+keeper {
			require.Equal(t, (&animal{}).expected(topic.Clauses), verdicts(topic), "the reference among them: %s", reasons(topic))
		}
		all[topic.ID] = topic
	}
}

// Whatever a candidate is, it gets the verdicts that its header says, with the
// rules and without, costs nobody else anything, and leaves nothing behind.
func TestZoo(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a course")
	}
	zoo := readZoo(t)
	m := newMenagerie(t, zoo)
	t.Setenv("TMPDIR", ownTemporary(t))
	before := snapshot(t, m.Root)
	guarded := m.judge(t, zoo)
	require.Equal(t, before, snapshot(t, m.Root), "the tree has changed")
	unguarded := m.judgeUnguarded(t, slices.DeleteFunc(slices.Clone(zoo), func(a *animal) bool {
		return a.header["refused"] == "" || a.header["alone"] != ""
	}))
	require.Equal(t, before, snapshot(t, m.Root), "the tree has changed behind the rules")
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "*"))
	require.NoError(t, err)
	require.Empty(t, left, "temporary files are left behind")

	for _, a := range zoo {
		t.Run(a.name, func(t *testing.T) {
			topic := guarded["start/"+a.id()]
			if a.header["refused"] != "" {
				a.requireRefusal(t, topic)
				topic = unguarded["start/"+a.id()]
			}
			if a.header["alone"] == "" {
				a.requireVerdicts(t, topic)
			}
		})
	}
}

// ownTemporary returns a folder for temporary files, which nobody, whom root's
// sandboxes run as, may go through; those of the testing package are closed.
func ownTemporary(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wirekata-zoo-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o755))
	return dir
}

func (a *animal) requireRefusal(t *testing.T, topic result.Topic) {
	t.Helper()
	for part := range strings.SplitSeq(a.header["refused"], "\n") {
		require.Contains(t, topic.Refusal, part)
	}
	require.Equal(t, len(topic.Clauses), topic.Count(result.Refused))
}

func (a *animal) requireVerdicts(t *testing.T, topic result.Topic) {
	t.Helper()
	if topic.Refusal != "" {
		require.NotEmpty(t, a.header["says"], topic.Refusal)
		require.Contains(t, topic.Refusal, a.header["says"])
		require.Empty(t, a.header["pass"])
		return
	}
	require.Equal(t, a.expected(topic.Clauses), verdicts(topic), reasons(topic))
	for _, c := range topic.Clauses {
		if c.Verdict == result.Fail || c.Verdict == result.Error {
			require.NotEmpty(t, a.header["says"], reasons(topic))
			require.Contains(t, c.Reason, a.header["says"], "%s", c.Output)
			require.Contains(t, c.Output, a.header["prints"])
			break
		}
	}
}

func reasons(t result.Topic) string {
	var b strings.Builder
	for _, c := range t.Clauses {
		fmt.Fprintf(&b, "%s: %s\n", c.Name, c.Reason)
	}
	return b.String()
}

// snapshot names every file below root, but for what the checker keeps there,
// with its size and its time.
func snapshot(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(root, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil {
			files[name] = fmt.Sprint(info.Mode(), info.Size(), info.ModTime().UnixNano())
		}
		return err
	}))
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.Contains(name, ".wirekata") || name == root })
	return files
}
