package main

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/wirekata/wirekata/checker/internal/cli"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
)

var update = flag.Bool("update", false, "rewrite what the scripts compare with")

// Each script is one behaviour of the command, and its name says which. The
// scripts run the whole command on the small course of testdata/course, and
// only the judging is played (see fake_test.go): every verdict that a script
// does not set in its file "verdicts" is a pass.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		Setup:               smallCourse,
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

// The scripts in testdata/judged run the whole of it: real suites, compiled
// and judged, on the course of package minicourse.
func TestJudgedScripts(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles suites")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/judged",
		Setup:               func(env *testscript.Env) error { return miniCourse(t, env) },
		RequireUniqueNames:  true,
		RequireExplicitExec: true,
		UpdateScripts:       *update,
		Cmds:                map[string]func(*testscript.TestScript, bool, []string){"status": status},
	})
}

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"checker": func() {
			env := cli.System(os.DirFS(os.Getenv("COURSE")))
			if os.Getenv("JUDGED") == "" {
				env.Judge, env.Warm, env.Measure, env.Sandbox = judgeByScript, warmNothing, measureByScript, sandboxByScript
			}
			env.Now = func() time.Time { return time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC) }
			os.Exit(cli.RunProcess(env))
		},
	})
}

// noExitSleep keeps each process of a -race build from waiting a second at
// its end.
const noExitSleep = "atexit_sleep_ms=0"

// status runs a command that has to end with this exit status:
//
//	status 2 checker check nothing
func status(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status n program [args...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	var exit *exec.ExitError
	got := 0
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if want := args[0]; strconv.Itoa(got) != want {
		ts.Fatalf("exit status: got %d, want %s", got, want)
	}
}

// miniCourse begins the script in a learner's copy of the miniature course,
// with the go command's caches but none of old verdicts.
func miniCourse(t *testing.T, env *testscript.Env) error {
	c := minicourse.New(t)
	env.Cd = c.Root
	env.Setenv("COURSE", c.Root)
	env.Setenv("GORACE", noExitSleep)
	env.Setenv("JUDGED", "1")
	env.Setenv("XDG_CACHE_HOME", filepath.Join(env.WorkDir, "cache"))
	if err := configIn(env); err != nil {
		return err
	}
	out, err := exec.Command("go", "env", "GOCACHE", "GOMODCACHE", "GOPATH").Output()
	values := strings.Split(string(out), "\n")
	for i, name := range []string{"GOCACHE", "GOMODCACHE", "GOPATH"} {
		env.Setenv(name, values[i])
	}
	return err
}

// configIn gives the script a configuration folder of its own, where the go
// command writes nothing.
func configIn(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, "config")
	env.Setenv("XDG_CONFIG_HOME", dir)
	return copyAround(dir, fstest.MapFS{"go/telemetry/mode": {Data: []byte("off")}})
}

// smallCourse lays the course out in the script's folder, as a learner has it
// before the first change. Files that the script brings itself stay.
func smallCourse(env *testscript.Env) error {
	if err := configIn(env); err != nil {
		return err
	}
	env.Setenv("COURSE", env.WorkDir)
	env.Setenv("GORACE", noExitSleep)
	if err := copyAround(env.WorkDir, os.DirFS("testdata/course")); err != nil {
		return err
	}
	gomod := fstest.MapFS{"go.mod": {Data: []byte("module " + cli.Module + "\n")}}
	if err := copyAround(env.WorkDir, gomod); err != nil {
		return err
	}
	contracts := filepath.Join(env.WorkDir, "checker", "contracts")
	topics, err := filepath.Glob(filepath.Join(contracts, "*", "*"))
	if err != nil {
		return err
	}
	for _, contract := range topics {
		topic, err := filepath.Rel(contracts, contract)
		if err != nil {
			return err
		}
		if err := beginExercise(contract, filepath.Join(env.WorkDir, "exercises", topic)); err != nil {
			return err
		}
	}
	return nil
}

// beginExercise copies the stub and the visible suite, where the script has
// not brought an exercise of its own.
func beginExercise(contract, exercise string) error {
	if own, err := filepath.Glob(filepath.Join(exercise, "*.go")); err != nil || len(own) > 0 {
		return err
	}
	if err := copyAround(exercise, os.DirFS(filepath.Join(contract, "stub"))); err != nil {
		return err
	}
	suite, err := os.ReadFile(filepath.Join(contract, "assignment_test.go"))
	if err != nil {
		return err
	}
	return copyAround(exercise, fstest.MapFS{"assignment_test.go": {Data: suite}})
}

// copyAround copies the files of fsys that are not in dir yet.
func copyAround(dir string, fsys fs.FS) error {
	return fs.WalkDir(fsys, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		to := filepath.Join(dir, filepath.FromSlash(name))
		if _, err := os.Lstat(to); err == nil {
			return nil
		}
		if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
			return err
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		return os.WriteFile(to, data, 0o666)
	})
}
