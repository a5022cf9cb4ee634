package report

import (
	"fmt"
	"math/big"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// Percent returns an exact mark in percent with one decimal, rounded down:
// 69.96 is no 70.0.
func Percent(mark *big.Rat) string {
	tenths := new(big.Int).Mul(mark.Num(), big.NewInt(10))
	tenths.Quo(tenths, mark.Denom()) // marks are not negative
	whole, tenth := new(big.Int).QuoRem(tenths, big.NewInt(10), new(big.Int))
	return fmt.Sprintf("%d.%d", whole, tenth)
}

// fraction returns "11/14", or "n/a" where nothing could be judged.
func fraction(m result.Mark) string {
	if m.Total == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%d/%d", m.Passed, m.Total)
}
