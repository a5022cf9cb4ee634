package cli

import (
	"fmt"
	"math/big"

	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// checkStatus is the failure that check's exit status stands for, or nil.
func checkStatus(topics []result.Topic) error {
	if err := unjudged(topics); err != nil {
		return err
	}
	for i := range topics {
		if !topics[i].Finished() {
			return &failure{code: exitNotPassed}
		}
	}
	return nil
}

// unjudged is the failure where a clause could not be judged: its mark is no
// mark.
func unjudged(topics []result.Topic) error {
	n := 0
	for i := range topics {
		n += topics[i].Count(result.Error)
	}
	if n == 0 {
		return nil
	}
	return &failure{
		code:   exitCannotJudge,
		err:    fmt.Errorf("clauses that could not be judged: %d; they are counted as not passed", n),
		remedy: "run it again; if it stays, it is the checker's fault: please report it",
	}
}

// gradeStatus is the failure that grade's exit status stands for, or nil.
func gradeStatus(v report.GradeView, limit *big.Rat) error {
	if err := unjudged(v.Topics); err != nil {
		return err
	}
	if limit == nil || v.Marks.Final.Cmp(limit) >= 0 {
		return nil
	}
	return &failure{
		code: exitNotPassed,
		err:  fmt.Errorf("the final mark %s is under %s", report.Percent(v.Marks.Final), report.Percent(limit)),
	}
}
