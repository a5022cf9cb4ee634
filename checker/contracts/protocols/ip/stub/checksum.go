package ip

// Checksum returns the Internet checksum of b: the complement of the one's
// complement sum of its 16-bit words, an odd last octet being the high half of
// a word. Of octets that include their own checksum it is 0. RFC 1071 §1
func Checksum(b []byte) uint16 {
	// TODO: add up the words, add the carries back in, complement.
	return 0
}

// Update returns what the checksum sum of some octets becomes when one of
// their 16-bit words changes from old to new. RFC 1624 §3
func Update(sum, old, new uint16) uint16 {
	// TODO: one's complement arithmetic, by the right one of the equations.
	return 0
}
