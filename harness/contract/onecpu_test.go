package contract_test

import (
	"runtime"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
)

func TestOneCPU(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	t.Run("clause", func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			contract.OneCPU(t)
			require.Equal(t, 1, runtime.GOMAXPROCS(0))
			const others = 100
			var ran atomic.Int64
			for range others {
				go ran.Add(1)
			}
			for range 10 * others {
				runtime.Gosched()
			}
			require.EqualValues(t, others, ran.Load())
		})
	})
	require.Equal(t, before, runtime.GOMAXPROCS(0))
}
