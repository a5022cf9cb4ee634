package report

import (
	"slices"

	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// shown returns the topics as every view may show them: whatever a candidate
// can have chosen is made fit. Views begin with it, so that none forgets.
func shown(topics []result.Topic) []result.Topic {
	topics = slices.Clone(topics)
	for i := range topics {
		t := &topics[i]
		t.Refusal = foreign.Text(t.Refusal)
		t.Clauses = slices.Clone(t.Clauses)
		for j := range t.Clauses {
			c := &t.Clauses[j]
			c.Reason = foreign.Text(c.Reason)
			c.Output = foreign.Text(c.Output)
			c.Capture = foreign.Line(c.Capture)
			c.Records = slices.Clone(c.Records)
			for k := range c.Records {
				r := &c.Records[k]
				for _, s := range []*string{&r.Text, &r.From, &r.To, &r.Got, &r.Want, &r.Stack} {
					*s = foreign.Text(*s)
				}
			}
			c.Transcript = slices.Clone(c.Transcript)
			for k := range c.Transcript {
				c.Transcript[k] = foreign.Text(c.Transcript[k])
			}
		}
	}
	return topics
}
