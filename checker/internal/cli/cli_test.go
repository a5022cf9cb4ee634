package cli

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// What needs a terminal or a signal is tested here; everything else is a
// script in checker/testdata.

func TestTerminalHasColourAndAMeter(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	e.Terminals = Terminals{Stdout: true, Stderr: true, Color: true, Width: 80}
	if status := Run(t.Context(), e, []string{"check", "echo"}); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	if !strings.Contains(stdout.String(), "\x1b[32m✓\x1b[0m A line comes back.") {
		t.Errorf("no green mark in\n%s", stdout)
	}
	if got := stderr.String(); !strings.Contains(got, "building the suites") || !strings.HasSuffix(got, "\r\x1b[K") {
		t.Errorf("meter: got %q, want one that ends by clearing its line", got)
	}
}

func TestColourOnlyOnATerminal(t *testing.T) {
	for name, terminals := range map[string]Terminals{
		"a pipe":           {Color: true},
		"NO_COLOR":         {Stdout: true, Stderr: true},
		"stdout to a file": {Stderr: true, Color: true},
	} {
		e, stdout, stderr := testEnv(t)
		e.Terminals = terminals
		if status := Run(t.Context(), e, []string{"check", "echo"}); status != 0 {
			t.Fatalf("%s: exit status %d: %s", name, status, stderr)
		}
		if strings.Contains(stdout.String(), "\x1b") {
			t.Errorf("%s: got escape sequences:\n%q", name, stdout)
		}
	}
}

func TestNoColorIsRespected(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	if !terminals().Color {
		t.Error("an empty NO_COLOR takes the colour")
	}
	t.Setenv("NO_COLOR", "1")
	if terminals().Color {
		t.Error("NO_COLOR is not respected")
	}
}

// With JSON on standard output the table goes to standard error, coloured if
// that is the terminal.
func TestGradeTableFollowsTheTerminal(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	e.Terminals = Terminals{Stderr: true, Color: true}
	if status := Run(t.Context(), e, []string{"grade", "--json", "-"}); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	if !strings.HasPrefix(stdout.String(), "{\n") || strings.Contains(stdout.String(), "\x1b") {
		t.Errorf("stdout: got %q, want JSON alone", stdout)
	}
	if !strings.Contains(stderr.String(), "\x1b[32m✓\x1b[0m start/echo") {
		t.Errorf("stderr: no coloured table in %q", stderr)
	}
}

func TestInterruptIsNoVerdict(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	ctx, cancel := context.WithCancel(t.Context())
	e.Judge = func(context.Context, runner.Options) ([]result.Topic, error) {
		cancel()
		return nil, errors.New("signal: interrupt")
	}
	if status := Run(ctx, e, []string{"grade"}); status != exitCannotJudge {
		t.Errorf("exit status: got %d, want 3", status)
	}
	if got := stderr.String(); got != "checker: interrupted; nothing is remembered of this run\n" || stdout.Len() > 0 {
		t.Errorf("got %q and %q", got, stdout)
	}
}

// An editor may save while a check runs. What is remembered as checked is
// what was judged, so the next check takes the topic again.
func TestSavingWhileJudgingIsAChange(t *testing.T) {
	e, _, stderr := testEnv(t)
	judge, name := e.Judge, filepath.Join(e.Dir, "exercises", "start", "echo", "echo.go")
	e.Judge = func(ctx context.Context, o runner.Options) ([]result.Topic, error) {
		writeTestFile(t, name, "package echo // saved meanwhile\n")
		return judge(ctx, o)
	}
	Run(t.Context(), e, []string{"check", "echo"})
	e.Judge = judge
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"check"}); status != 0 || strings.Contains(stderr.String(), "nothing changed") {
		t.Errorf("exit status %d, %s", status, stderr)
	}
}

// notSound is an error that says its exit status.
type notSound struct{ error }

func (notSound) ExitCode() int { return 1 }

// A command from elsewhere fails with the status that its error says, or with
// 3; it is misunderstood with 2.
func TestAdoptedCommandsFailAlike(t *testing.T) {
	for args, want := range map[string]int{"dev verify": 1, "dev verify --broken": 3, "dev verify --bad": 2, "dev verify --topics echo": 2, "dev verify --ok": 0} {
		e, _, stderr := testEnv(t)
		var ok, broken bool
		verify := &cobra.Command{Use: "verify", RunE: func(*cobra.Command, []string) error {
			switch {
			case ok:
				return nil
			case broken:
				return errors.New("no go command")
			}
			return notSound{errors.New("a fault survived")}
		}}
		verify.Flags().BoolVar(&ok, "ok", false, "")
		verify.Flags().BoolVar(&broken, "broken", false, "")
		dev := &cobra.Command{Use: "dev"}
		dev.AddCommand(verify)
		e.Commands = []*cobra.Command{dev}
		if got := Run(t.Context(), e, strings.Fields(args)); got != want {
			t.Errorf("%s: exit status %d, want %d: %s", args, got, want, stderr)
		}
	}
}

func TestIsCourse(t *testing.T) {
	for gomod, want := range map[string]bool{
		"module github.com/wirekata/wirekata\n":                                 true,
		"// a comment\n\nmodule \"github.com/wirekata/wirekata\" // us\n":       true,
		"module github.com/wirekata/wirekata/x\n":                               false,
		"module example.com/x\n\nrequire github.com/wirekata/wirekata v0.1.0\n": false,
		"": false,
	} {
		if got := isCourse(gomod); got != want {
			t.Errorf("%q: got %v, want %v", gomod, got, want)
		}
	}
}

// testEnv is the environment of a learner of a course of one topic, where
// everything passes.
func testEnv(t *testing.T) (e Env, stdout, stderr *bytes.Buffer) {
	const clause = "package echo_test\n\n// A line comes back. README\nfunc Test%s(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }\n"
	root := t.TempDir()
	writeTestFile(t, filepath.Join(root, "go.mod"), "module "+Module+"\n")
	writeTestFile(t, filepath.Join(root, "exercises", "start", "echo", "echo.go"), "package echo\n")
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	return Env{
		Dir: root, Stdin: strings.NewReader(""), Stdout: stdout, Stderr: stderr, Now: time.Now, Judge: passAll,
		Originals: fstest.MapFS{
			"checker/contracts/course.yaml": {Data: []byte("title: small\nweights: {assignment: 20, assessment: 80}\npass: 70\n" +
				"sections:\n  - {id: start, title: Start, topics: [{id: echo, title: Echo, minutes: 1}]}\n")},
			"checker/contracts/start/echo/assignment_test.go": {Data: []byte(strings.Replace(clause, "%s", "Once", 1))},
			"checker/contracts/start/echo/assessment_test.go": {Data: []byte(strings.Replace(clause, "%s", "Twice", 1))},
			"checker/contracts/start/echo/stub/echo.go":       {Data: []byte("package echo\n")},
		},
	}, stdout, stderr
}

func passAll(_ context.Context, o runner.Options) ([]result.Topic, error) {
	o.Progress(runner.Event{Stage: "build", Total: len(o.Topics)})
	var topics []result.Topic
	for _, t := range o.Topics {
		topics = append(topics, result.Topic{ID: t.ID(), Title: t.Title, Clauses: []result.Clause{
			{Suite: result.Assignment, Name: "TestOnce", Text: "A line comes back.", Ref: "README", Verdict: result.Pass},
			{Suite: result.Assessment, Name: "TestTwice", Text: "A line comes back.", Ref: "README", Verdict: result.Pass},
		}})
	}
	return topics, nil
}

func writeTestFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}
