package vectors

// Fragmentation is RFC 791 Appendix A, example 2: a datagram, and the two
// fragments that may be made of it where at most MTU octets can be sent.
// Lengths and offsets are in octets.
var Fragmentation = struct {
	MTU                           int
	TotalLength, HeaderLength     int
	Identification, TTL, Protocol int
	Fragments                     []FragmentExample
}{
	MTU: 280, TotalLength: 472, HeaderLength: 20, Identification: 111, TTL: 123, Protocol: 6,
	Fragments: []FragmentExample{
		{TotalLength: 276, Offset: 0, More: true},
		{TotalLength: 216, Offset: 256, More: false},
	},
}

// A FragmentExample is what example 2 shows of one fragment.
type FragmentExample struct {
	TotalLength, Offset int
	More                bool
}

// MTUPlateaus is the column of plateaus in RFC 1191 §7, table 7-1: the values
// to try where a router does not say its MTU.
var MTUPlateaus = []int{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

// LeastMTU is the size that every link must carry unfragmented: RFC 791 §3.2.
// LeastReassembly is the size that every host must accept: RFC 791 §3.1.
const LeastMTU, LeastReassembly = 68, 576
