package report

import (
	"fmt"
	"strconv"
	"time"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

// costs writes what the clauses spent that pass for both. The suite's own part
// in it is the same on both sides, so a difference is the candidate's.
func (p *page) costs(yours, reference *result.Topic) {
	mine, theirs, clauses := together(yours, reference)
	if clauses == 0 {
		return
	}
	p.gap()
	p.line(p.paint(bold, "what "+count(clauses, "clause")+" cost, the suites' own part included"))
	p.line(p.paint(dim, pad("", 16)+padLeft("yours", 16)+padLeft("reference", 16)))
	for _, row := range []struct {
		name         string
		mine, theirs int
		text         func(int) string
	}{
		{"connections", mine.Connections, theirs.Connections, strconv.Itoa},
		{"writes", mine.Writes, theirs.Writes, strconv.Itoa},
		{"segments", mine.Segments, theirs.Segments, strconv.Itoa},
		{"datagrams", mine.Datagrams, theirs.Datagrams, strconv.Itoa},
		{"octets", mine.Octets, theirs.Octets, strconv.Itoa},
		{"round trips", mine.Flights, theirs.Flights, roundTrips},
		{"allocations", mine.Allocations, theirs.Allocations, strconv.Itoa},
		{"virtual time", int(mine.Time), int(theirs.Time), func(d int) string { return time.Duration(d).Round(time.Millisecond).String() }},
	} {
		if row.mine == 0 && row.theirs == 0 {
			continue
		}
		p.line(pad("  "+row.name, 16), padLeft(row.text(row.mine), 16), padLeft(row.text(row.theirs), 16))
	}
}

// together adds up what was spent by the clauses that pass in both outcomes.
func together(yours, reference *result.Topic) (mine, theirs evidence.Cost, clauses int) {
	passed := map[string]evidence.Cost{}
	for i := range reference.Clauses {
		if c := &reference.Clauses[i]; c.Verdict == result.Pass && c.Spent != (evidence.Cost{}) {
			passed[c.Name] = c.Spent
		}
	}
	for i := range yours.Clauses {
		c := &yours.Clauses[i]
		spent, ok := passed[c.Name]
		if c.Verdict != result.Pass || !ok {
			continue
		}
		mine.Add(c.Spent)
		theirs.Add(spent)
		clauses++
	}
	return mine, theirs, clauses
}

// roundTrips is half the flights: one there and one back.
func roundTrips(flights int) string { return fmt.Sprintf("%.1f", float64(flights)/2) }
