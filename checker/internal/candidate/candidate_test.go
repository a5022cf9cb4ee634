package candidate

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/course"
)

var (
	echo   = &course.Topic{Section: "start", Name: "echo"}
	policy = course.Policy{
		Imports: []string{"bufio", "encoding/base64", "encoding/binary", "errors", "fmt", "io", "net", "net/http", "os", "time"},
		Forbid:  map[string]string{"net/rpc": "it is what this exercise builds"},
		Selectors: map[string][]string{
			"net": {"Conn", "ErrClosed"}, "os": {"ErrNotExist"},
			"net/http": {"Client", "DefaultClient", "NoBody", "ErrNotSupported", "Header", "Status*"},
		},
		Values: []string{"encoding/binary.BigEndian", "encoding/base64.StdEncoding", "net/http.NoBody", "net/http.DefaultClient", "time.UTC"},
	}
	originals = fstest.MapFS{
		"checker/contracts/start/echo/stub/echo.go": {Data: []byte("//go:build !plan9\n\npackage echo\n\n" +
			"type Conn struct{}\nfunc (c *Conn) Close() error { return nil }\nfunc Echo() {}\nconst Max = 1\n")},
		"checker/contracts/start/echo/stub/given.go": {Data: []byte("package echo\n\nimport \"os/exec\"\n\nvar _ = exec.ErrNotFound\n")},
	}
)

// whole is a candidate that has everything; body replaces its last line.
func whole(imports, body string) map[string][]byte {
	return map[string][]byte{"echo.go": []byte("package echo\n\n" + imports + "\n\n" +
		"type Conn struct{}\nfunc (c *Conn) Close() error { return nil }\nfunc Echo() {}\nconst Max = 1\n" + body + "\n")}
}

func check(t *testing.T, files map[string][]byte) error {
	t.Helper()
	c, err := Load(Files(files), originals, echo, policy)
	if err != nil {
		return err
	}
	k, err := NewChecker(context.Background(), "../../..", []*Candidate{c})
	require.NoError(t, err)
	return k.Check(c, policy)
}

func TestLoadTakesGivenFromTheOriginals(t *testing.T) {
	files := whole("", "")
	files["given.go"] = []byte("package echo\nimport \"os/exec\"\nfunc init() { exec.Command(\"x\").Run() }\n")
	c, err := Load(Files(files), originals, echo, policy)
	require.NoError(t, err)
	require.Equal(t, originals["checker/contracts/start/echo/stub/given.go"].Data, c.Files["given.go"])
	require.NoError(t, check(t, files))
}

// What is tried at large is in the runner's zoo; here are the rules' finer
// points.
func TestLoadRefusals(t *testing.T) {
	with := func(name, src string) map[string][]byte {
		files := whole("", "")
		files[name] = []byte(src)
		return files
	}
	for _, tc := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"nothing but ours", map[string][]byte{"given.go": nil}, "exercises/start/echo: no Go file to judge"},
		{"forbidden with a reason", whole(`import "net/rpc"`, ""), `import "net/rpc": it is what this exercise builds`},
		{"build constraint", with("other.go", "//go:build linux\n\npackage echo\n"), "other.go:1: a build constraint"},
		{"old build constraint", with("other.go", "// +build linux\n\npackage echo\n"), "other.go:1: a build constraint"},
		{"constraint by name", with("other_windows.go", "package echo\n"), "ending _windows"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := Load(Files(tc.files), originals, echo, policy)
			var r *Refusal
			require.ErrorAs(t, err, &r)
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestLoadAllowsTheStubsBuildLine(t *testing.T) {
	files := whole("", "")
	files["echo.go"] = append([]byte("//go:build !plan9\n\n"), files["echo.go"]...)
	_, err := Load(Files(files), originals, echo, policy)
	require.NoError(t, err)
}

func TestCheckAllows(t *testing.T) {
	for name, files := range map[string]map[string][]byte{
		"error values":       whole(`import "io"`, "func f(err error) bool { x := io.EOF; return x == err || err == io.ErrUnexpectedEOF }"),
		"listed values":      whole(`import "encoding/binary"`, "func f(b []byte) { binary.BigEndian.PutUint16(b, 1) }"),
		"pointer value":      whole(`import "encoding/base64"`, `var s = base64.StdEncoding.EncodeToString(nil)`),
		"own variables":      whole(`import "io"`, "var n int\nvar r struct{ io.Reader }\nfunc f() { n++; p := &n; *p = 2; r.Reader = nil }"),
		"listed selector":    whole(`import "net"`, "func f(c net.Conn) error { return c.Close() }"),
		"selector's pattern": whole(`import "net/http"`, "const gone = http.StatusGone"),
		"store of one's own": whole(`import "net/http"`, "func f(r *http.Header, n *int) { *n = 1; *r = nil; _ = http.NoBody }"),
		"composite address":  whole(`import "net/http"`, "var c = &http.Client{}"),
		"promoted method":    {"echo.go": []byte("package echo\nimport \"io\"\ntype Conn struct{ io.Closer }\nfunc Echo() {}\nconst Max = 1\n")},
		"value receiver":     {"echo.go": []byte("package echo\ntype Conn struct{}\nfunc (Conn) Close() error { return nil }\nfunc Echo() {}\nvar Max = 1\n")},
	} {
		t.Run(name, func(t *testing.T) { require.NoError(t, check(t, files)) })
	}
}

func TestCheckRefuses(t *testing.T) {
	const touched = "is a variable of package"
	for _, tc := range []struct {
		name  string
		files map[string][]byte
		want  string
	}{
		{"in a tuple", whole(`import "io"`, "func f() { var x error; x, io.EOF = nil, nil; _ = x }"), touched},
		{"parenthesised", whole(`import "io"`, "func f() { (io.EOF) = nil }"), touched},
		{"address in an initialiser", whole(`import "io"`, "var p = []*error{&io.EOF}"), touched},
		{"range", whole(`import "io"`, "func f() { for _, io.EOF = range []error{nil} {} }"), touched},
		{"receive", whole(`import "io"`, "func f(c chan error) { select { case io.EOF = <-c: } }"), touched},
		{"field of a listed value", whole(`import "net/http"`, "func f() { http.DefaultClient.Timeout = 1 }"), touched},
		{"through a star", whole(`import "net/http"`, "func f() { *http.DefaultClient = http.Client{} }"), touched},
		{"store through a copied pointer", whole(`import "encoding/base64"`, "func f() { e := base64.StdEncoding; (*e) = *e }"), "echo.go:9: storing a whole encoding/base64.Encoding through a pointer"},
		{"unlisted variable", whole(`import "os"`, "func f() { print(os.Stdout) }"), "os.Stdout is a variable of package os that this exercise may not use"},
		{"pointer that is an error", whole(`import "net/http"`, "var e error = http.ErrNotSupported"), "may not use"},
		{"selector", whole(`import "os"`, "func f() { os.Exit(0) }"), `os.Exit is not for this exercise; of "os" it may use ErrNotExist`},
		{"selector as a value", whole(`import "net"`, "var dial = net.Dial"), "net.Dial is not for this exercise"},
		{"beside a pattern", whole(`import "net/http"`, "const get = http.MethodGet"), "http.MethodGet is not for this exercise"},
		{"type error", whole("", "func f() int { return \"x\" }"), `echo.go:9: cannot use "x"`},
		{"unused import", whole(`import "io"`, ""), `echo.go:3: "io" imported and not used`},
		{"missing function", map[string][]byte{"echo.go": []byte("package echo\ntype Conn struct{}\nfunc (c *Conn) Close() error { return nil }\nconst Max = 1\n")},
			"exercises/start/echo/echo.go: exported function Echo is missing"},
		{"missing method", map[string][]byte{"echo.go": []byte("package echo\ntype Conn struct{}\nfunc Echo() {}\nconst Max = 1\n")},
			"exported method (*Conn).Close is missing"},
		{"missing type and constant", map[string][]byte{"echo.go": []byte("package echo\nfunc Echo() {}\n")}, "exported constant Max is missing; the suites use it\n" +
			"exercises/start/echo/echo.go: exported method (*Conn).Close is missing; the suites use it\nexercises/start/echo/echo.go: exported type Conn is missing"},
	} {
		t.Run(tc.name, func(t *testing.T) { require.ErrorContains(t, check(t, tc.files), tc.want) })
	}
}

func TestDir(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "start", "echo")
	require.NoError(t, os.MkdirAll(filepath.Join(folder, "sub"), 0o755))
	write := func(name, data string) {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(data), 0o644))
	}
	write("echo.go", "package echo")
	write("echo_test.go", "package echo")
	write("_old.go", "package echo")
	write("README.md", "# Echo")
	write("sub/sub.go", "package sub")

	files, err := Dir(root).Files(echo)
	require.NoError(t, err)
	require.Equal(t, map[string][]byte{"echo.go": []byte("package echo")}, files)

	_, err = Dir(root).Files(&course.Topic{Section: "start", Name: "absent"})
	require.ErrorIs(t, err, fs.ErrNotExist)

	write("asm_amd64.s", "")
	write("go.mod", "module x")
	_, err = Dir(root).Files(echo)
	require.ErrorContains(t, err, "exercises/start/echo/asm_amd64.s: only Go is compiled")
	require.ErrorContains(t, err, "exercises/start/echo/go.mod: the course is one module")
}

func TestDirFollowsNoLink(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "start", "echo")
	require.NoError(t, os.MkdirAll(folder, 0o755))
	if err := os.Symlink("/etc/passwd", filepath.Join(folder, "echo.go")); err != nil {
		t.Skip("symbolic links:", err)
	}
	_, err := Dir(root).Files(echo)
	require.ErrorContains(t, err, "echo.go: a symbolic link is not followed")

	require.NoError(t, os.Symlink(folder, filepath.Join(root, "start", "linked")))
	_, err = Dir(root).Files(&course.Topic{Section: "start", Name: "linked"})
	require.ErrorIs(t, err, fs.ErrNotExist)
}
