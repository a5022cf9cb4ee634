package contract_test

import (
	"runtime"
	"testing"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
)

func TestReachable(t *testing.T) {
	const all, kept = 64, 8
	values := make([]*[1 << 10]byte, all)
	pointers := make([]weak.Pointer[[1 << 10]byte], all)
	for i := range values {
		values[i] = new([1 << 10]byte)
		pointers[i] = weak.Make(values[i])
	}
	require.Equal(t, all, contract.Reachable(pointers))
	clear(values[kept:])
	n := contract.Reachable(pointers)
	require.GreaterOrEqual(t, n, kept)
	require.Less(t, n, all/2)
	runtime.KeepAlive(values)
}
