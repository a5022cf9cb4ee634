package dev

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func TestAlways(t *testing.T) {
	trials := func(verdicts ...result.Verdict) []*runner.Trial {
		var list []*runner.Trial
		for i, v := range verdicts {
			list = append(list, &runner.Trial{
				Specimen: &runner.Specimen{Name: "fault x"}, Clause: course.Clause{Name: "TestEnd"}, Seed: uint64(i) + 1,
				Outcome: result.Clause{Verdict: v, Reason: "so it is\nand more"},
			})
		}
		return list
	}
	raced := trials(result.Pass)
	raced[0].Report = "DATA RACE"
	for name, tt := range map[string]struct {
		verdict result.Verdict
		trials  []*runner.Trial
		want    []string
	}{
		"legal":            {result.Pass, trials(result.Pass, result.Unsupported, result.Pass), nil},
		"legal, rejected":  {result.Pass, trials(result.Pass, result.Fail), []string{"fault x: clause End, seed 2: fail instead of pass: so it is"}},
		"legal, with race": {result.Pass, raced, []string{"fault x: clause End, seed 1: a data race"}},
		"fault":            {result.Fail, trials(result.Fail, result.Fail), nil},
		"fault, by luck":   {result.Fail, trials(result.Fail, result.Pass, result.Pass), []string{"fault x: clause End, seed 2: pass instead of fail: so it is", "fault x: clause End, seed 3: pass instead of fail: so it is"}},
		"cheat":            {"", trials(result.Pass, result.Pass), nil},
		"cheat, by luck":   {"", trials(result.Fail, result.Fail, result.Pass), []string{"fault x: clause End, seed 3: pass instead of fail: so it is"}},
	} {
		t.Run(name, func(t *testing.T) {
			s := &subject{}
			always{tt.verdict}.judge(s, tt.trials)
			var got []string
			for _, f := range s.Findings {
				got = append(got, f.Text)
			}
			require.Equal(t, tt.want, got)
		})
	}
}
