package runner

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/gotool"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// NoDataRace is the name of the hidden clause that a topic with race: true
// has besides those of its suites: every clause of both suites passes once
// more under the race detector, without a report from it.
const NoDataRace = "NoDataRace"

// A raceCase is the clause NoDataRace of one topic.
type raceCase struct {
	clauses     []course.Clause
	program     *program
	unsupported string // why there is no race detector here
	runs        []raceRun
}

// A raceRun is one clause under the race detector.
type raceRun struct {
	clause result.Clause
	report string
}

// raceLog is the race detector's log_path in the evidence directory; the
// detector adds the process's id. A report there cannot be hidden by output.
const raceLog = "race"

func raceReport(dir string) string {
	files, _ := filepath.Glob(filepath.Join(dir, raceLog+".*"))
	var all []string
	for _, f := range files {
		if data, err := readPlain(f, maxOutput); err == nil {
			all = append(all, string(data))
		}
	}
	return strings.Join(all, "\n")
}

// buildRace compiles the wanted topics once more, with the race detector.
func (b *builder) buildRace(ctx context.Context, cases []*topicCase) error {
	var wanted []*topicCase
	for _, c := range cases {
		if c.race != nil && c.program != nil {
			wanted = append(wanted, c)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	why, err := raceMissing(ctx, b.root)
	if err != nil {
		return err
	}
	if why != "" {
		for _, c := range wanted {
			c.race.unsupported = why
		}
		return nil
	}
	return b.build(ctx, wanted, true)
}

// raceMissing says why the race detector cannot be used here, or returns "".
func raceMissing(ctx context.Context, root string) (string, error) {
	out, err := gotool.Output(ctx, root, "env", "CGO_ENABLED", "CC", "GOOS", "GOARCH")
	if err != nil {
		return "", err
	}
	lines := strings.Split(string(out), "\n")
	if len(lines) < 4 {
		return "", errors.New("go env: unexpected output")
	}
	cgo, cc, system := lines[0], strings.Fields(lines[1]), lines[2]+"/"+lines[3]
	switch {
	case !raceSystems[system]:
		return "there is no race detector for " + system, nil
	case lines[2] == "darwin":
		return "", nil // needs no C compiler
	case cgo != "1":
		return "the race detector needs cgo; install a C compiler and set CGO_ENABLED=1", nil
	case len(cc) == 0:
		return "the race detector needs a C compiler", nil
	}
	if _, err := exec.LookPath(cc[0]); err != nil {
		return fmt.Sprintf("the race detector needs a C compiler, and %s is not there; install one", cc[0]), nil
	}
	return "", nil
}

var raceSystems = map[string]bool{
	"linux/amd64": true, "linux/arm64": true, "linux/ppc64le": true, "linux/s390x": true, "linux/loong64": true, "linux/riscv64": true,
	"freebsd/amd64": true, "netbsd/amd64": true, "darwin/amd64": true, "darwin/arm64": true, "windows/amd64": true,
}

// outcome is the verdict of the clause NoDataRace: its first report, or the
// first clause that did not get far enough to show that it has none.
func (r *raceCase) outcome() result.Clause {
	c := result.Clause{
		Suite: result.Assessment, Name: NoDataRace,
		Text: "No data race in any clause of either suite.", Ref: "The Go Memory Model",
		Verdict: result.Pass,
	}
	if r.unsupported != "" {
		c.Verdict, c.Reason = result.Unsupported, r.unsupported
		return c
	}
	for _, run := range r.runs {
		if run.report == "" {
			continue
		}
		c.Verdict, c.By, c.Seed = result.Fail, result.ByAssertion, run.clause.Seed
		c.Reason = fmt.Sprintf("data race in %s%s", short(run.clause.Name), racePlace(run.report))
		c.Output = foreign.Text(strings.TrimSpace(run.report))
		return c
	}
	passed := 0
	for _, run := range r.runs {
		switch run.clause.Verdict {
		case result.Pass:
			passed++
			continue
		case result.Unsupported:
			continue
		case result.Error:
			c.Verdict = result.Error
		default:
			c.Verdict, c.By = result.Fail, run.clause.By
		}
		c.Seed, c.Output, c.Transcript = run.clause.Seed, run.clause.Output, run.clause.Transcript
		c.Reason = fmt.Sprintf("under the race detector %s does not pass: %s", short(run.clause.Name), run.clause.Reason)
		return c
	}
	if passed == 0 {
		c.Verdict, c.Reason = result.Unsupported, "no clause can be run here"
	}
	return c
}

var raceFrame = regexp.MustCompile(`[/\\](exercises[/\\]\w+[/\\]\w+[/\\]\w+\.go:\d+)`)

// racePlace returns ": exercises/s/t/x.go:12", the candidate's first line in
// the report, or "".
func racePlace(report string) string {
	for _, m := range raceFrame.FindAllStringSubmatch(report, -1) {
		if !strings.Contains(m[1], "_test.go:") {
			return ": " + strings.ReplaceAll(m[1], `\`, "/")
		}
	}
	return ""
}
