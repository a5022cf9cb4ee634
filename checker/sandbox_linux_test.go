package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata"
	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/minicourse"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
)

// A verdict does not depend on the sandbox: references have full marks at every
// level that this machine offers, and at the strongest also with the race
// detector. These topics ask the most of a sandbox, and the least of the clock;
// continuous integration grades all references at the strongest level.
func TestReferencesInEverySandbox(t *testing.T) {
	if testing.Short() {
		t.Skip("judges whole topics")
	}
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	c, err := course.Load(wirekata.Originals)
	require.NoError(t, err)
	topics, err := c.Select([]string{"start/welcome", "execution/socketsharding", "execution/nagle"})
	require.NoError(t, err)
	for _, level := range []sandbox.Level{sandbox.Limits, sandbox.Landlock, sandbox.Namespaces} {
		t.Run(level.String(), func(t *testing.T) {
			box, err := sandbox.At(level)
			if err != nil {
				t.Skipf("this machine has no such level: %v", err)
			}
			judged, err := runner.Judge(t.Context(), runner.Options{
				Root: root, Originals: wirekata.Originals, Course: c, Candidate: candidate.FS(wirekata.Originals, "solutions"),
				Topics: topics, Race: level == sandbox.Namespaces, NoCache: true, Sandbox: box,
			})
			require.NoError(t, err)
			for _, topic := range judged {
				require.Empty(t, topic.Refusal)
				for _, k := range topic.Clauses {
					if k.Verdict != result.Pass && k.Verdict != result.Unsupported {
						t.Errorf("%s %s: %s: %s", topic.ID, k.Name, k.Verdict, k.Reason)
					}
				}
			}
		})
	}
}

// However the checker ends, nothing that it started stays, no file is written
// in half, and the next run is right.
func TestTheCheckerIsEndedWhileItGrades(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles suites")
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGKILL} {
		for _, level := range []string{"best", "off"} {
			t.Run(signal.String()+" "+level, func(t *testing.T) {
				g := newGrading(t)
				g.endlessly(t)
				cmd := g.command("--candidate", "endless", "--sandbox", level, "--json", "out.json")
				require.NoError(t, cmd.Start())
				require.Eventually(t, func() bool { return len(g.suites()) > 0 }, 5*time.Minute, 5*time.Millisecond, "no clause began")
				require.NoError(t, cmd.Process.Signal(signal))
				err := cmd.Wait()
				require.Error(t, err)
				if signal == syscall.SIGINT {
					require.Equal(t, 3, cmd.ProcessState.ExitCode(), "%s", cmd.Stderr)
					require.Contains(t, cmd.Stderr.(*bytes.Buffer).String(), "interrupted")
				}
				require.Eventually(t, func() bool { return len(g.suites()) == 0 }, time.Minute, 5*time.Millisecond, "a clause stays")
				require.NoFileExists(t, filepath.Join(g.Root, "out.json"))

				cmd = g.command("--candidate", "solutions", "--sandbox", level, "--json", "out.json")
				require.NoError(t, cmd.Run(), "%s", cmd.Stderr)
				var doc struct{ Final float64 }
				data, err := os.ReadFile(filepath.Join(g.Root, "out.json"))
				require.NoError(t, err)
				require.NoError(t, json.Unmarshal(data, &doc))
				require.Equal(t, 100.0, doc.Final)
			})
		}
	}
}

// A grading is the miniature course, to be graded by a checker of its own
// process, with caches that no other has.
type grading struct {
	*minicourse.Course
	cache string
}

func newGrading(t *testing.T) *grading {
	t.Helper()
	g := &grading{Course: minicourse.New(t), cache: t.TempDir()}
	syllabus := g.Read(t, "checker/contracts/course.yaml")
	g.Write(t, "checker/contracts/course.yaml", strings.Replace(syllabus, "warmup: true, ", "", 1))
	return g
}

// endlessly makes a candidate whose clauses never end.
func (g *grading) endlessly(t *testing.T) {
	t.Helper()
	source := g.Read(t, "solutions/start/frames/frames.go")
	g.Write(t, "endless/start/frames/frames.go", strings.Replace(source, "\tr.count++\n", "\tfor { r.count++ }\n", 1))
}

func (g *grading) command(args ...string) *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", append([]string{"grade", "--no-race"}, args...)...)
	cmd.Args[0] = "checker" // see TestMain
	cmd.Dir = g.Root
	goCache, _ := exec.Command("go", "env", "GOCACHE").Output()
	cmd.Env = append(os.Environ(), "COURSE="+g.Root, "JUDGED=1", "XDG_CACHE_HOME="+g.cache, "GOCACHE="+strings.TrimSpace(string(goCache)), "GORACE="+noExitSleep)
	cmd.Stdout, cmd.Stderr = new(bytes.Buffer), new(bytes.Buffer)
	return cmd
}

// suites are the processes of clauses: those of a program in the cache.
func (g *grading) suites() []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && bytes.HasPrefix(line, []byte(g.cache)) {
			found = append(found, name)
		}
	}
	return found
}
