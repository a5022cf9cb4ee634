package runner

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

func TestJudge(t *testing.T) {
	begin := evidence.Record{Kind: evidence.Begin, Clause: "TestX"}
	end := evidence.Record{Kind: evidence.End, Checks: 1}
	failedEnd := evidence.Record{Kind: evidence.End, Failed: true}
	for _, tc := range []struct {
		name string
		p    process
		want verdict
	}{
		{"pass", process{records: []evidence.Record{begin, end}}, verdict{result.Pass, "", ""}},
		{"pass of another clause", process{records: []evidence.Record{{Kind: evidence.Begin, Clause: "TestY"}, end}},
			verdict{result.Error, `the evidence is of clause "TestY"`, ""}},
		{"failure", process{exit: 1, records: []evidence.Record{begin, {Kind: evidence.Fail, Text: "no answer\x1b[0m"}, failedEnd}},
			verdict{result.Fail, `no answer\x1b[0m`, result.ByAssertion}},
		{"failure, then a panic", process{exit: 2, output: "panic: x", records: []evidence.Record{begin, {Kind: evidence.Fail, Text: "no answer"}}},
			verdict{result.Fail, "no answer", result.ByAssertion}},
		{"stuck", process{exit: 2, records: []evidence.Record{begin, {Kind: evidence.Stuck, Text: "awaited CLOSE"}}},
			verdict{result.Fail, "awaited CLOSE", result.ByHang}},
		{"testify", process{exit: 1, output: "=== RUN TestX\n    a_test.go:3: \n        \tError Trace:\tx\n        \tError:      \tNot equal: \n", records: []evidence.Record{begin, failedEnd}},
			verdict{result.Fail, "Not equal:", result.ByAssertion}},
		{"unsupported", process{records: []evidence.Record{{Kind: evidence.Unsupported, Text: "no IPv6"}}}, verdict{result.Unsupported, "no IPv6", ""}},
		{"unsupported after all", process{output: "--- SKIP: TestX", records: []evidence.Record{begin, {Kind: evidence.Unsupported, Text: "no"}}},
			verdict{result.Error, "the clause was skipped", ""}},
		{"skip", process{output: "=== RUN\n--- SKIP: TestX (0.00s)\nPASS\n"}, verdict{result.Error, "the clause was skipped", ""}},
		{"no such clause", process{output: "testing: warning: no tests to run\nPASS\n"}, verdict{result.Error, "the program has no such clause", ""}},
		{"early exit", process{records: []evidence.Record{begin}}, verdict{result.Fail, "the process ended before the clause did (os.Exit?)", result.ByPanic}},
		{"exit in init", process{}, verdict{result.Fail, "the process ended before the clause began (os.Exit in an init function?)", result.ByPanic}},
		{"forged pass", process{output: "--- PASS: TestX (0.00s)\nPASS\n"}, verdict{result.Fail, "the process ended before the clause began (os.Exit in an init function?)", result.ByPanic}},
		{"panic after the end", process{exit: 2, output: "panic: late\n", records: []evidence.Record{begin, end}}, verdict{result.Fail, "panic: late", result.ByPanic}},
		{"panic", process{exit: 2, output: "--- FAIL: TestX (0.00s)\npanic: boom [recovered, repanicked]\n\ngoroutine 7 [running]:\nframes.x()\n\t/home/x/course/exercises/start/frames/frames.go:53 +0x1\n", records: []evidence.Record{begin}},
			verdict{result.Fail, "panic: boom (exercises/start/frames/frames.go:53)", result.ByPanic}},
		{"test time-out", process{exit: 2, output: "panic: test timed out after 2m0s\n", records: []evidence.Record{begin}},
			verdict{result.Fail, "stuck: the clause did not end in time", result.ByHang}},
		{"wall clock", process{exit: -1, timedOut: true, records: []evidence.Record{begin}},
			verdict{result.Fail, "stuck: the clause did not end in time", result.ByHang}},
		{"memory", process{exit: -1, tooLarge: 1 << 30, records: []evidence.Record{begin}},
			verdict{result.Fail, "the process took more than 1024 MiB of memory", result.ByPanic}},
		{"signal", process{exit: -1, state: "signal: segmentation fault", records: []evidence.Record{begin}},
			verdict{result.Fail, "the process ended with signal: segmentation fault", result.ByPanic}},
		{"damaged", process{records: []evidence.Record{begin}, damaged: evidence.ErrDamaged}, verdict{result.Error, "evidence damaged", ""}},
		{"nothing checked", process{records: []evidence.Record{begin, {Kind: evidence.End}}}, verdict{result.Error, "the clause checked nothing", ""}},
		{"disk full", process{exit: evidence.ExitUnrecorded, records: []evidence.Record{begin}}, verdict{result.Error, "the evidence could not be written; is the disk full?", ""}},
		{"disk full after a failure", process{exit: evidence.ExitUnrecorded, records: []evidence.Record{begin, {Kind: evidence.Fail, Text: "no answer"}}},
			verdict{result.Fail, "no answer", result.ByAssertion}},
		{"unsupported by damaged evidence", process{records: []evidence.Record{{Kind: evidence.Unsupported, Text: "no"}}, damaged: evidence.ErrDamaged},
			verdict{result.Error, "evidence damaged", ""}},
		{"failed with status 0", process{records: []evidence.Record{begin, failedEnd}},
			verdict{result.Error, "the evidence ends with a failure, but the process with status 0", ""}},
	} {
		t.Run(tc.name, func(t *testing.T) { require.Equal(t, tc.want, tc.p.judge("TestX")) })
	}
}

// However the records of a pass are mistreated, what is left is no pass,
// unless it says the same.
func TestMistreatedEvidenceIsNoPass(t *testing.T) {
	begin := evidence.Record{Kind: evidence.Begin, Clause: "TestX"}
	step := evidence.Record{Kind: evidence.Step, Number: 1}
	wire := evidence.Record{Kind: evidence.Wire, Number: 1}
	end := evidence.Record{Kind: evidence.End, Checks: 1}
	good := []evidence.Record{begin, step, wire, end}
	passes := func(records []evidence.Record) bool {
		p := process{records: records}
		return p.judge("TestX").verdict == result.Pass
	}
	require.True(t, passes(good))
	require.True(t, passes([]evidence.Record{begin, step, end, wire}), "what is closed at the end may still be seen on the wire")

	for n := range good {
		require.False(t, passes(good[:n]), "truncated to %d", n)
		without := slices.Delete(slices.Clone(good), n, n+1)
		require.Equal(t, good[n].Kind == evidence.Step || good[n].Kind == evidence.Wire, passes(without), "without record %d", n)
		twice := slices.Insert(slices.Clone(good), n, good[n])
		require.Equal(t, good[n].Kind == evidence.Step || good[n].Kind == evidence.Wire, passes(twice), "record %d twice", n)
	}
	for name, records := range map[string][]evidence.Record{
		"nothing":           nil,
		"backwards":         {end, wire, step, begin},
		"end first":         {end, begin, step, wire},
		"begin delayed":     {step, begin, wire, end},
		"step delayed":      {begin, wire, end, step},
		"failure delayed":   {begin, step, end, {Kind: evidence.Fail, Text: "late"}},
		"stuck delayed":     {begin, step, end, {Kind: evidence.Stuck, Text: "late"}},
		"two clauses":       {begin, step, end, {Kind: evidence.Begin, Clause: "TestY"}, end},
		"unsupported first": {{Kind: evidence.Unsupported}, begin, end},
	} {
		require.False(t, passes(records), name)
	}
}

func TestClauseThatNeverRanIsAnError(t *testing.T) {
	topics := results([]*topicCase{{
		topic: &course.Topic{Section: "start", Name: "frames"}, program: &program{},
		outcome: []result.Clause{{Name: "TestA", Verdict: result.Pass}, {Name: "TestB"}},
	}})
	require.Equal(t, "A pass\nB error\n", verdicts(topics[0]))
	require.Equal(t, "the clause was never run", topics[0].Clauses[1].Reason)
}
