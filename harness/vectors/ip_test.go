package vectors_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/vectors"
)

// sum is the one's complement sum of words.
func sum(words ...uint16) uint16 {
	total := 0
	for _, w := range words {
		total += int(w)
	}
	for total > 0xffff {
		total = total>>16 + total&0xffff
	}
	return uint16(total)
}

// What was typed off the standards agrees with itself.
func TestIPVectorsAgreeWithThemselves(t *testing.T) {
	for _, v := range vectors.InternetChecksum {
		var words []uint16
		for b := v.Data; len(b) > 0; b = b[2:] {
			words = append(words, binary.BigEndian.Uint16(b))
		}
		require.Equal(t, v.Sum, sum(words...), v.Name)
	}
	u := vectors.ChecksumUpdate
	require.Equal(t, u.Before, ^sum(u.Rest, u.Old))
	require.Equal(t, u.After, ^sum(u.Rest, u.New))
	require.Equal(t, u.Eqn2, sum(u.Before, u.Old, ^u.New))

	f := vectors.Fragmentation
	octets := f.TotalLength - f.HeaderLength
	for i, piece := range f.Fragments {
		require.LessOrEqual(t, piece.TotalLength, f.MTU)
		require.Zero(t, piece.Offset%8)
		octets -= piece.TotalLength - f.HeaderLength
		require.Equal(t, i < len(f.Fragments)-1, piece.More)
	}
	require.Zero(t, octets)
	require.IsDecreasing(t, vectors.MTUPlateaus)
	require.Equal(t, vectors.LeastMTU, vectors.MTUPlateaus[len(vectors.MTUPlateaus)-1])
}

func ExampleInternetChecksum() {
	v := vectors.InternetChecksum[0]
	fmt.Printf("the checksum of % x is %04x\n", v.Data, ^v.Sum)
	// Output: the checksum of 00 01 f2 03 f4 f5 f6 f7 is 220d
}
