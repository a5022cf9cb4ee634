package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// A BenchView is what the benchmarks of a topic measured, in the order in
// which it came.
type BenchView struct {
	Measured []Measured
	// First are who is shown before the others; they are compared with the last
	// of them.
	First []string
}

// Measured is one run of one benchmark.
type Measured struct {
	Name        string // of the benchmark, without who was measured
	By          string // who was measured
	Nanoseconds float64
	Octets      uint64 // allocated
	Allocations uint64
}

// Bench draws a bar for each who was measured, benchmark by benchmark: the
// median time of an operation, its ratio to the base's, and what it allocates.
func Bench(w io.Writer, s Style, v BenchView) error {
	p := &page{Style: s}
	for _, name := range inOrder(v.Measured, func(m Measured) string { return m.Name }) {
		group := slices.DeleteFunc(slices.Clone(v.Measured), func(m Measured) bool { return m.Name != name })
		p.gap()
		p.line(p.paint(bold, clean(strings.TrimPrefix(name, "Benchmark"))))
		p.bars(group, v.First)
	}
	return p.writeTo(w)
}

// barWidth is that of the longest bar, in characters.
const barWidth = 24

func (p *page) bars(group []Measured, first []string) {
	var rows []Measured
	longest, base, names := 0.0, 0.0, 14
	all := inOrder(group, func(m Measured) string { return m.By })
	slices.SortStableFunc(all, func(x, y string) int { return cmp.Compare(rank(x, first), rank(y, first)) })
	for _, by := range all {
		row := median(slices.DeleteFunc(slices.Clone(group), func(m Measured) bool { return m.By != by }))
		rows = append(rows, row)
		longest, names = max(longest, row.Nanoseconds), max(names, utf8.RuneCountInString(clean(by)))
		if rank(by, first) == len(first)-1 {
			base = row.Nanoseconds
		}
	}
	for _, row := range rows {
		p.line(fmt.Sprintf("  %s %9s  %s %6s  %6d allocs %9s", pad(clean(row.By), names), perOp(row.Nanoseconds),
			pad(bar(row.Nanoseconds, longest), barWidth), ratio(row.Nanoseconds, base), row.Allocations, octets(row.Octets)))
	}
}

// ratio has as many digits as have a meaning, and room.
func ratio(n, base float64) string {
	switch r := n / base; {
	case base <= 0:
		return ""
	case r < 100:
		return fmt.Sprintf("%.2f", r)
	default:
		return fmt.Sprintf("%.0f", r)
	}
}

// rank is the place of a name among the first ones, or behind them.
func rank(name string, first []string) int {
	if i := slices.Index(first, name); i >= 0 {
		return i
	}
	return len(first)
}

// median is, figure by figure, the middle of the runs, of which there is one
// at least.
func median(runs []Measured) Measured {
	m := runs[0]
	m.Nanoseconds = middle(runs, func(r Measured) float64 { return r.Nanoseconds })
	m.Octets = middle(runs, func(r Measured) uint64 { return r.Octets })
	m.Allocations = middle(runs, func(r Measured) uint64 { return r.Allocations })
	return m
}

func middle[T cmp.Ordered](runs []Measured, figure func(Measured) T) T {
	var all []T
	for _, r := range runs {
		all = append(all, figure(r))
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// inOrder returns the different keys as they first come.
func inOrder(all []Measured, key func(Measured) string) []string {
	var keys []string
	for _, m := range all {
		if k := key(m); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	return keys
}

// bar is as long, of barWidth, as n is of most; something is always seen.
func bar(n, most float64) string {
	if most <= 0 {
		return ""
	}
	return strings.Repeat("█", max(1, int(math.Round(n/most*barWidth))))
}

func perOp(ns float64) string {
	switch {
	case ns < 10:
		return fmt.Sprintf("%.2f ns", ns)
	case ns < 1e4:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 1e7:
		return fmt.Sprintf("%.1f µs", ns/1e3)
	case ns < 1e10:
		return fmt.Sprintf("%.1f ms", ns/1e6)
	}
	return time.Duration(ns).Round(time.Millisecond).String()
}

func octets(n uint64) string {
	switch {
	case n < 10_000:
		return fmt.Sprintf("%d B", n)
	case n < 10_000_000:
		return fmt.Sprintf("%d kB", n/1000)
	}
	return fmt.Sprintf("%d MB", n/1_000_000)
}
