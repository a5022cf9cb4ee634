package course

import (
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

const small = `title: small
weights: {assignment: 20, assessment: 80}
pass: 70
policy:
  imports: [io]
sections:
  - id: start
    title: Start
    topics:
      - {id: echo, title: Echo, minutes: 10}
      - {id: frames, title: Frames, minutes: 20, needs: [echo], race: true}
`

func load(t *testing.T, yaml string) (*Course, error) {
	t.Helper()
	return Load(fstest.MapFS{
		"checker/contracts/course.yaml":                   {Data: []byte(yaml)},
		"checker/contracts/start/echo/assessment_test.go": {Data: []byte("package echo_test")},
	})
}

func TestLoadSetsSectionAndBuilt(t *testing.T) {
	c, err := load(t, small)
	require.NoError(t, err)
	topics := c.Topics()
	require.Len(t, topics, 2)
	require.Equal(t, "start/echo", topics[0].ID())
	require.True(t, topics[0].Built)
	require.False(t, topics[1].Built)
	require.True(t, topics[1].Race)
	require.Equal(t, []*Topic{topics[0]}, c.Built())
}

func TestLoadRefusesContradictionsByLine(t *testing.T) {
	for _, tc := range []struct{ name, old, new, want string }{
		{"unknown key", "pass: 70", "pas: 70", `unknown field "pas"`},
		{"duplicate key", "pass: 70", "pass: 70\npass: 71", "3:1"},
		{"duplicate topic", "id: frames", "id: echo", `course.yaml:11: topic "echo" is named twice`},
		{"topic named as its section", "id: frames", "id: start", `course.yaml:11: topic "start" is named twice`},
		{"unknown need", "needs: [echo]", "needs: [ecco]", `course.yaml:11: topic "frames" needs "ecco"`},
		{"no package name", "id: frames", "id: fra-mes", `course.yaml:11: topic "fra-mes" is no package name`},
		{"keyword", "id: frames", "id: select", `topic "select" is no package name`},
		{"pass mark", "pass: 70", "pass: 170", "course.yaml:3: pass is a percentage"},
		{"weights", "20, assessment: 80", "0, assessment: 0", "course.yaml:2: weights"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, strings.Replace(small, tc.old, tc.new, 1))
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestLoadReadsTheCourse(t *testing.T) {
	c, err := Load(os.DirFS("../../.."))
	require.NoError(t, err)
	require.Greater(t, len(c.Topics()), 40)
}

func TestSelect(t *testing.T) {
	c, err := load(t, small)
	require.NoError(t, err)

	got, err := c.Select([]string{"frames", "start/echo", "echo"})
	require.NoError(t, err)
	require.Equal(t, c.Topics(), got, "the course's order, each once")

	_, err = c.Select([]string{"frame"})
	require.ErrorContains(t, err, `topic "frame": no such topic; did you mean "frames"?`)
	_, err = c.Select([]string{"kubernetes"})
	require.EqualError(t, err, `topic "kubernetes": no such topic`)
	_, err = c.Select(nil)
	require.Error(t, err)
}

func suites(assignment, assessment string) fs.FS {
	return fstest.MapFS{
		"checker/contracts/start/echo/assignment_test.go": {Data: []byte("package echo_test\n" + assignment)},
		"checker/contracts/start/echo/assessment_test.go": {Data: []byte("package echo_test\n" + assessment)},
	}
}

func TestClausesInOrder(t *testing.T) {
	clauses, err := Clauses(suites(`
// A line comes back
// as it was sent. README
func TestEcho(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }
func Testable() {}
`, `
// A close is answered, e.g. by 1000. RFC 6455 §5.5.1 MUST
func TestClose(t *testing.T) {
	if !ok() {
		contract.Unsupported(t, "no IPv6")
	}
	contract.Real(t, func(t *testing.T) { step(t) })
}
`), &Topic{Section: "start", Name: "echo"})
	require.NoError(t, err)
	require.Equal(t, []Clause{
		{Suite: "assignment", Name: "TestEcho", Text: "A line comes back as it was sent.", Ref: "README", Mode: "virtual", Line: 5},
		{Suite: "assessment", Name: "TestClose", Text: "A close is answered, e.g. by 1000.", Ref: "RFC 6455 §5.5.1 MUST", Mode: "real", Line: 4},
	}, clauses)
}

func TestClausesRefuseOtherForms(t *testing.T) {
	const good = "// A line comes back. README\n"
	for _, tc := range []struct{ name, src, want string }{
		{"no doc", `func TestA(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }`, "assignment_test.go:2: clause TestA has no doc comment"},
		{"no reference", "// Echoes.\nfunc TestA(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }", "names no reference"},
		{"TestMain", `func TestMain(m *testing.M) {}`, "TestMain is not allowed"},
		{"other body", good + `func TestA(t *testing.T) { t.Log() }`, "assignment_test.go:3: clause TestA must be one call"},
		{"two statements", good + `func TestA(t *testing.T) { x(); contract.Virtual(t, func(t *testing.T) {}) }`, "must be one call"},
		{"named function", good + `func TestA(t *testing.T) { contract.Virtual(t, run) }`, "must be one call"},
		{"other signature", good + `func TestA(tt *testing.T) { contract.Virtual(tt, run) }`, "must be declared as"},
		{"no body", good + `func TestA(t *testing.T)`, "assignment_test.go:3: clause TestA has no body"},
		{"t.Run", good + `func TestA(t *testing.T) { contract.Real(t, func(t *testing.T) { t.Run("x", nil) }) }`, "calls t.Run"},
		{"syntax", `func TestA(`, "assignment_test.go:2"},
		{"twice", good + `func TestB(t *testing.T) { contract.Real(t, func(t *testing.T) {}) }`, "declared twice"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Clauses(suites(tc.src, good+"func TestB(t *testing.T) { contract.Real(t, func(t *testing.T) {}) }"), &Topic{Section: "start", Name: "echo"})
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestReference(t *testing.T) {
	for _, tc := range []struct{ doc, text, ref string }{
		{"It closes. RFC 9293 §3.10.7.4 SHOULD.", "It closes.", "RFC 9293 §3.10.7.4 SHOULD"},
		{"It ends (see below). WHATWG HTML §9.2", "It ends (see below).", "WHATWG HTML §9.2"},
		{"It ends. draft-ietf-httpapi-idempotency-key §2", "It ends.", "draft-ietf-httpapi-idempotency-key §2"},
		{"One acceptor wakes. epoll(7)", "One acceptor wakes.", "epoll(7)"},
	} {
		m := reference.FindStringSubmatch(tc.doc)
		require.NotNil(t, m, tc.doc)
		require.Equal(t, []string{tc.text, tc.ref}, m[1:])
	}
}
