package runner

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

// A verdict is what one process says of its clause.
type verdict struct {
	verdict result.Verdict
	reason  string
	by      result.By
}

// judge reads the verdict. To pass, the process must have ended with status
// 0, and its evidence must begin with the wanted clause and end without a
// failure; what it printed is never believed for a pass.
func (p *process) judge(clause string) verdict {
	begin, end := p.find(evidence.Begin), p.find(evidence.End)
	failure := p.failure()
	switch {
	case begin == nil && p.find(evidence.Unsupported) != nil && p.exit == 0 && p.damaged == nil:
		return verdict{result.Unsupported, foreign.Line(p.find(evidence.Unsupported).Text), ""}
	case failure != nil && failure.Kind == evidence.Stuck:
		return failed(result.ByHang, evidence.Reason(p.records))
	case failure != nil:
		return failed(result.ByAssertion, p.failureReason())
	case p.exit == evidence.ExitUnrecorded:
		return verdict{result.Error, "the evidence could not be written; is the disk full?", ""}
	case p.tooLarge > 0:
		return failed(result.ByPanic, fmt.Sprintf("the process took more than %d MiB of memory", p.tooLarge>>20))
	case p.timedOut || p.hung():
		return failed(result.ByHang, p.hangReason())
	case p.exit == 0 && begin != nil && begin.Clause != clause:
		return verdict{result.Error, fmt.Sprintf("the evidence is of clause %q", foreign.Line(begin.Clause)), ""}
	case p.exit == 0 && p.whole() && end.Checks == 0:
		return verdict{result.Error, "the clause checked nothing", ""}
	case p.exit == 0 && p.whole():
		return verdict{verdict: result.Pass}
	case p.exit == 0:
		return p.early(begin != nil, end)
	case end != nil && end.Failed:
		return failed(result.ByAssertion, cmp.Or(p.assertion(), "the clause failed without saying why"))
	}
	return p.crash(begin != nil)
}

// whole reports whether the evidence is that of one clause that ran to its end
// without a failure: it begins once, before anything else, and ends once, with
// no step after that.
func (p *process) whole() bool {
	if p.damaged != nil || len(p.records) == 0 || p.records[0].Kind != evidence.Begin {
		return false
	}
	begins, ends := 0, 0
	for _, r := range p.records {
		switch r.Kind {
		case evidence.Begin:
			begins++
		case evidence.End:
			ends++
			if r.Failed {
				return false
			}
		case evidence.Step:
			if ends > 0 {
				return false
			}
		}
	}
	return begins == 1 && ends == 1
}

func failed(by result.By, reason string) verdict {
	return verdict{result.Fail, foreign.Line(reason), by}
}

func (p *process) find(k evidence.Kind) *evidence.Record {
	for i := range p.records {
		if p.records[i].Kind == k {
			return &p.records[i]
		}
	}
	return nil
}

// failure returns the first record that says why the clause failed.
func (p *process) failure() *evidence.Record {
	for i := range p.records {
		if k := p.records[i].Kind; k == evidence.Fail || k == evidence.Stuck {
			return &p.records[i]
		}
	}
	return nil
}

// failureReason is the failure's text. Where the harness only saw that an
// assertion failed which is not its own, the output says more.
func (p *process) failureReason() string {
	reason := evidence.Reason(p.records)
	if reason != evidence.SeeOutput {
		return reason
	}
	return cmp.Or(p.assertion(), reason)
}

// early is the verdict of a process that ended with status 0 although its
// evidence is not that of a pass.
func (p *process) early(began bool, end *evidence.Record) verdict {
	switch {
	case p.damaged != nil:
		return verdict{result.Error, foreign.Line(p.damaged.Error()), ""}
	case end != nil && end.Failed:
		return verdict{result.Error, "the evidence ends with a failure, but the process with status 0", ""}
	case end != nil:
		return verdict{result.Error, "the evidence is not that of one clause from its begin to its end", ""}
	case skipped.MatchString(p.output):
		return verdict{result.Error, "the clause was skipped", ""}
	case noTests.MatchString(p.output):
		return verdict{result.Error, "the program has no such clause", ""}
	case began:
		return failed(result.ByPanic, "the process ended before the clause did (os.Exit?)")
	}
	return failed(result.ByPanic, "the process ended before the clause began (os.Exit in an init function?)")
}

var (
	skipped  = regexp.MustCompile(`(?m)^--- SKIP: `)
	noTests  = regexp.MustCompile(`(?m)^testing: warning: no tests to run$`)
	timeout  = regexp.MustCompile(`(?m)^panic: test timed out after `)
	deadlock = regexp.MustCompile(`(?m)^(?:fatal error: all goroutines are asleep - deadlock!|(?:panic|fatal error): deadlock: .*)`)
	died     = regexp.MustCompile(`(?m)^(?:panic: |fatal error: |runtime: goroutine stack exceeds|signal: ).*`)
)

func (p *process) hung() bool {
	return timeout.MatchString(p.output) || deadlock.MatchString(p.output)
}

func (p *process) hangReason() string {
	if m := deadlock.FindString(p.output); m != "" {
		return strings.TrimSuffix(m, " [recovered, repanicked]")
	}
	return "stuck: the clause did not end in time" + p.place()
}

// crash is the verdict of a process that ended with another status and left
// no failure in the evidence.
func (p *process) crash(began bool) verdict {
	if m := died.FindString(p.output); m != "" {
		m = strings.TrimSuffix(m, " [recovered, repanicked]")
		return failed(result.ByPanic, m+p.place())
	}
	if began && strings.Contains(p.output, "\n--- FAIL: ") {
		return failed(result.ByAssertion, cmp.Or(p.assertion(), "the clause failed without saying why"))
	}
	return failed(result.ByPanic, "the process ended with "+p.state)
}

var (
	testifyError = regexp.MustCompile(`(?m)^\s+Error:\s+(.*)$`)
	testLog      = regexp.MustCompile(`(?m)^\s+\w+\.go:\d+: (.+)$`)
)

// assertion returns what the test framework printed of a failure that is not
// in the evidence, or "".
func (p *process) assertion() string {
	for _, re := range []*regexp.Regexp{testifyError, testLog} {
		if m := re.FindStringSubmatch(p.output); m != nil {
			return m[1]
		}
	}
	return ""
}

var frame = regexp.MustCompile(`(?m)^\t\S*?[/\\](exercises[/\\]\w+[/\\]\w+[/\\]\w+\.go:\d+)`)

// place returns " (exercises/s/t/x.go:12)", the first place in the
// candidate's files that a goroutine dump names, or "".
func (p *process) place() string {
	for _, m := range frame.FindAllStringSubmatch(p.output, -1) {
		if !strings.Contains(m[1], "_test.go:") {
			return " (" + strings.ReplaceAll(m[1], `\`, "/") + ")"
		}
	}
	return ""
}

// fleeting reports whether the verdict may rest on the state of the machine:
// a limit of real time or memory was met, or a signal came from outside.
func (p *process) fleeting() bool {
	return p.timedOut || p.tooLarge > 0 || p.exit < 0 || p.hung() || p.find(evidence.Stuck) != nil
}

// fill puts the verdict and what explains it into the clause.
func (p *process) fill(c *result.Clause, j job) {
	v := p.judge(j.clause)
	c.Verdict, c.Reason, c.By, c.Seed = v.verdict, v.reason, v.by, j.seed
	if end := p.find(evidence.End); v.verdict == result.Pass && end != nil {
		c.Spent = end.Spent
	}
	if v.verdict == result.Pass && !j.trace {
		return
	}
	if !j.many {
		c.Records = evidence.Last(p.records, result.MaxMessages)
	}
	for _, line := range evidence.Transcript(p.records, j.trace) {
		c.Transcript = append(c.Transcript, foreign.Text(line))
	}
	if v.verdict != result.Pass {
		c.Output = foreign.Text(strings.TrimSpace(p.output))
	}
}
