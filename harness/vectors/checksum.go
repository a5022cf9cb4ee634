package vectors

// InternetChecksum is RFC 1071 §3's worked example. Sum is the one's complement
// sum, whose complement is the checksum.
var InternetChecksum = []struct {
	Name string
	Data []byte
	Sum  uint16
}{
	{"four words", []byte{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7}, 0xddf2},
}

// ChecksumUpdate is RFC 1624 §4's example: the field Old of a header becomes
// New, while the one's complement sum of the other octets is Rest. Before is
// the header's checksum, After the new one. Eqn2 is what RFC 1141's equation
// gives instead, which no recomputation does.
var ChecksumUpdate = struct{ Rest, Old, New, Before, After, Eqn2 uint16 }{
	Rest: 0xcd7a, Old: 0x5555, New: 0x3285, Before: 0xdd2f, After: 0x0000, Eqn2: 0xffff,
}
