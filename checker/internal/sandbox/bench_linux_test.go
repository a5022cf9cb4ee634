package sandbox

import (
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkStart is what a process costs from its start to its end at each
// level; off is the one to compare with. -benchtime 200x is enough.
func BenchmarkStart(b *testing.B) {
	for _, level := range levels {
		b.Run(level.String(), func(b *testing.B) {
			box, err := At(level)
			if err != nil {
				b.Skip(err)
			}
			w := newWard(b)
			var times []time.Duration
			for b.Loop() {
				cmd := exec.Command(w.program, hostile, "{}")
				cmd.Dir, cmd.Env = w.dir, []string{}
				began := time.Now()
				confined, err := box.Start(cmd, w.dir)
				require.NoError(b, err)
				require.NoError(b, cmd.Wait())
				times = append(times, time.Since(began))
				require.NoError(b, confined())
			}
			slices.Sort(times)
			b.ReportMetric(float64(times[len(times)/2].Microseconds())/1000, "median-ms")
		})
	}
}
