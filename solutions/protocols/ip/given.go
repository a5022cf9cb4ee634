package ip

import (
	"encoding/binary"
	"errors"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// What can be wrong with a packet. Errors that are returned match one of
// these with errors.Is.
var (
	ErrTruncated    = errors.New("packet truncated")
	ErrVersion      = errors.New("not version 4")
	ErrHeader       = errors.New("impossible header")
	ErrChecksum     = errors.New("checksum wrong")
	ErrTooLong      = errors.New("packet too long")
	ErrDontFragment = errors.New("fragmentation needed and forbidden")
	ErrMTU          = errors.New("MTU below 68")
	ErrFragment     = errors.New("impossible fragment")
	ErrOverlap      = errors.New("fragments contradict each other")
	ErrICMP         = errors.New("not a usable fragmentation needed message")
)

// Sizes in octets, RFC 791 §3.1 and §3.2, RFC 1812 §4.3.2.3.
const (
	MinHeader = 20
	MaxHeader = 60
	MaxPacket = 65535
	MinMTU    = 68  // every link can carry this much
	MaxError  = 576 // no ICMP error is longer, IP header included
)

// ProtocolICMP is the Protocol of a packet that carries an ICMP message.
const ProtocolICMP = 1

// ICMP types and codes: RFC 792, RFC 1191 §4.
const (
	EchoReply        = 0
	Unreachable      = 3
	SourceQuench     = 4
	Redirect         = 5
	EchoRequest      = 8
	TimeExceeded     = 11
	ParameterProblem = 12

	NetUnreachable      = 0 // code of Unreachable
	FragmentationNeeded = 4 // code of Unreachable
	ExpiredInTransit    = 0 // code of TimeExceeded
)

// Plateaus are the sizes to try when a router does not say which one it could
// have carried. RFC 1191 §7
var Plateaus = [...]int{65535, 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296, 68}

// NextOption splits the first option, with its type and its length octet if it
// has one, from a header's options. It is nil at the end of the list and where
// the rest cannot be read. RFC 791 §3.1
func NextOption(options []byte) (option, rest []byte) {
	switch {
	case len(options) == 0 || options[0] == 0:
		return nil, nil
	case options[0] == 1:
		return options[:1], options[1:]
	case len(options) < 2 || options[1] < 2 || int(options[1]) > len(options):
		return nil, nil
	}
	return options[:options[1]], options[options[1]:]
}

// An ICMP is an ICMP message. RFC 792
//
//	Type      8
//	Code      8
//	Checksum  16   over the whole message
//	Unused    16
//	MTU       16   of the next link, in "fragmentation needed"; else zero
//	Body      ...  in an error the start of the packet that it is about
type ICMP struct {
	Type, Code uint8
	MTU        uint16
	Body       []byte
}

// Append appends the message to b.
func (m ICMP) Append(b []byte) []byte {
	start := len(b)
	b = append(b, m.Type, m.Code, 0, 0, 0, 0)
	b = binary.BigEndian.AppendUint16(b, m.MTU)
	b = append(b, m.Body...)
	binary.BigEndian.PutUint16(b[start+2:], Checksum(b[start:]))
	return b
}

// ParseICMP reads the message in b, which is the whole payload of a packet.
// The message's Body shares b's memory.
func ParseICMP(b []byte) (ICMP, error) {
	if len(b) < 8 {
		return ICMP{}, ErrTruncated
	}
	if Checksum(b) != 0 {
		return ICMP{}, ErrChecksum
	}
	return ICMP{Type: b[0], Code: b[1], MTU: binary.BigEndian.Uint16(b[6:]), Body: b[8:]}, nil
}
