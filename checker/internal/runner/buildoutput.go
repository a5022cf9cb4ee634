package runner

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strings"
)

type buildEvent struct {
	ImportPath  string
	Package     string
	Action      string
	Output      string
	FailedBuild string
}

func buildEvents(stdout []byte) []buildEvent {
	var events []buildEvent
	for line := range bytes.Lines(stdout) {
		var e buildEvent
		if json.Unmarshal(line, &e) == nil {
			events = append(events, e)
		}
	}
	return events
}

// buildFailures reads the output of go test -c -json and returns what was
// said of each package that failed, or whose test did, by import path.
func buildFailures(stdout []byte) map[string]string {
	said, failures := map[string]string{}, map[string]string{}
	for _, e := range buildEvents(stdout) {
		switch e.Action {
		case "build-output":
			if !strings.HasPrefix(e.Output, "# ") {
				said[e.ImportPath] += e.Output
			}
		case "build-fail":
			failures[packageUnderTest(e.ImportPath)] += said[e.ImportPath]
		case "fail":
			failures[e.Package] += said[e.FailedBuild]
		}
	}
	return failures
}

// packageUnderTest returns "x" of "x", "x.test", "x_test [x.test]" and
// "x [x.test]".
func packageUnderTest(imported string) string {
	imported, _, _ = strings.Cut(imported, " ")
	return strings.TrimSuffix(strings.TrimSuffix(imported, "_test"), ".test")
}

func plainOutput(stdout []byte) string {
	var b strings.Builder
	for _, e := range buildEvents(stdout) {
		b.WriteString(e.Output)
	}
	return b.String()
}

// diskFull returns the line in which a compiler or the linker says that it has
// no room. A message about the source names a place in it.
func diskFull(stdout []byte) string {
	for line := range strings.Lines(plainOutput(stdout)) {
		line = strings.TrimRight(line, "\n")
		if strings.HasSuffix(line, ": no space left on device") && !atALine.MatchString(line) {
			return line
		}
	}
	return ""
}

var hiddenSuite = regexp.MustCompile(`(?m)^exercises/\w+/\w+/assessment_test\.go:[0-9:]+`)

// asLearnerKnows makes a compiler's message fit for the learner, to whom the
// hidden suite's lines say nothing.
func asLearnerKnows(message string) string {
	return hiddenSuite.ReplaceAllString(strings.TrimSpace(message), "the hidden suite:")
}
