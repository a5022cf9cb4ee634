package ip

import (
	"encoding/binary"
)

// Checksum returns the Internet checksum of b: the complement of the one's
// complement sum of its 16-bit words, an odd last octet being the high half of
// a word. Of octets that include their own checksum it is 0. RFC 1071 §1
func Checksum(b []byte) uint16 {
	// The sum of 32-bit words folds to the same as that of their halves, and
	// 64 bits have room for four thousand million carries.
	var sum uint64
	for len(b) >= 8 {
		words := binary.BigEndian.Uint64(b)
		sum += words>>32 + words&0xffffffff
		b = b[8:]
	}
	for len(b) >= 2 {
		sum += uint64(binary.BigEndian.Uint16(b))
		b = b[2:]
	}
	if len(b) == 1 {
		sum += uint64(b[0]) << 8
	}
	return ^fold(sum)
}

// Update returns what the checksum sum of some octets becomes when one of
// their 16-bit words changes from old to new. RFC 1624 §3
func Update(sum, old, new uint16) uint16 {
	// Equation 3: HC' = ~(~HC + ~m + m'). Equation 2, without the outer
	// complements, gives 0xffff where a recomputation gives 0.
	return ^fold(uint64(^sum) + uint64(^old) + uint64(new))
}

// fold adds the carries back in until none is left. RFC 1071 §1
func fold(sum uint64) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return uint16(sum)
}
