// Package ip is the Internet Protocol, version 4: the header, fragmentation
// and reassembly, a router's forwarding step, and path MTU discovery. It is
// all octets in, octets out: no sockets, no goroutines.
//
//	Version         4
//	IHL             4    header length in 32-bit words
//	Type of service 8
//	Total length    16   header and payload, in octets
//	Identification  16
//	Flags           3    reserved, don't fragment, more fragments
//	Fragment offset 13   in units of 8 octets
//	Time to live    8
//	Protocol        8
//	Header checksum 16
//	Source          32
//	Destination     32
//	Options         0 to 320, in 32-bit words
//	Payload         ...
//
// RFC 791, RFC 792, RFC 1071, RFC 1191, RFC 1624, RFC 1812 §5.
//
// # Limitations
//
// Options are carried, not obeyed. A router answers with errors only: it has
// no host side, no redirects, no link-layer addresses and no rate limit.
package ip

import "net/netip"

// A Header is what an IPv4 header says. The header's length, the packet's and
// the checksum are not in it: they follow from the rest.
type Header struct {
	TOS      uint8
	ID       uint16
	DF, MF   bool // don't fragment, more fragments
	Offset   int  // of the payload in the whole datagram's, in octets
	TTL      uint8
	Protocol uint8
	Src, Dst netip.Addr
	Options  []byte // padded to 32-bit words
}

// Parse reads the packet at the start of pkt. The payload that it returns ends
// where the total length says; what follows is padding of the link. Options
// and payload share pkt's memory.
//
// It returns ErrTruncated if pkt ends before the packet does, ErrVersion if it
// is not version 4, ErrHeader if the lengths in it cannot be, and ErrChecksum.
func Parse(pkt []byte) (h Header, payload []byte, err error) {
	// TODO: read the fields, and refuse what cannot be.
	return Header{}, nil, ErrTODO
}

// Append appends the packet of h and payload to b. It returns ErrHeader if a
// field cannot be written (addresses that are not IPv4, options of more than
// 40 octets or not in whole words, an offset that is no multiple of 8 or
// beyond 65528) and ErrTooLong if the packet has more than 65535 octets.
func (h Header) Append(b, payload []byte) ([]byte, error) {
	// TODO: refuse what cannot be written, and write the rest.
	return nil, ErrTODO
}
