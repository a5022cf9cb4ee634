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

import (
	"encoding/binary"
	"fmt"
	"net/netip"
)

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

// The flags beside the fragment offset.
const (
	flagDF = 0x4000
	flagMF = 0x2000
)

// Parse reads the packet at the start of pkt. The payload that it returns ends
// where the total length says; what follows is padding of the link. Options
// and payload share pkt's memory.
//
// It returns ErrTruncated if pkt ends before the packet does, ErrVersion if it
// is not version 4, ErrHeader if the lengths in it cannot be, and ErrChecksum.
func Parse(pkt []byte) (h Header, payload []byte, err error) {
	hlen, total, err := h.read(pkt)
	switch {
	case err != nil:
		return Header{}, nil, err
	case len(pkt) < total:
		return Header{}, nil, fmt.Errorf("%w: %d of %d octets", ErrTruncated, len(pkt), total)
	case Checksum(pkt[:hlen]) != 0:
		return Header{}, nil, ErrChecksum
	}
	return h, pkt[hlen:total:total], nil
}

// read reads the header at the start of b, behind which the payload may be
// missing: the packet that an ICMP error quotes is cut short. It returns the
// header's length and the packet's.
func (h *Header) read(b []byte) (hlen, total int, err error) {
	if len(b) < MinHeader {
		return 0, 0, fmt.Errorf("%w: %d octets", ErrTruncated, len(b))
	}
	hlen, total = int(b[0]&0x0f)*4, int(binary.BigEndian.Uint16(b[2:]))
	switch {
	case b[0]>>4 != 4:
		return 0, 0, ErrVersion
	case hlen < MinHeader || total < hlen:
		return 0, 0, fmt.Errorf("%w: header length %d, total length %d", ErrHeader, hlen, total)
	case len(b) < hlen:
		return 0, 0, fmt.Errorf("%w: %d octets of a header of %d", ErrTruncated, len(b), hlen)
	}
	flags := binary.BigEndian.Uint16(b[6:])
	h.TOS = b[1]
	h.ID = binary.BigEndian.Uint16(b[4:])
	h.DF, h.MF = flags&flagDF != 0, flags&flagMF != 0
	h.Offset = int(flags&0x1fff) * 8
	h.TTL, h.Protocol = b[8], b[9]
	h.Src = netip.AddrFrom4([4]byte(b[12:16]))
	h.Dst = netip.AddrFrom4([4]byte(b[16:20]))
	if hlen > MinHeader {
		h.Options = b[MinHeader:hlen:hlen]
	}
	return hlen, total, nil
}

// Append appends the packet of h and payload to b. It returns ErrHeader if a
// field cannot be written (addresses that are not IPv4, options of more than
// 40 octets or not in whole words, an offset that is no multiple of 8 or
// beyond 65528) and ErrTooLong if the packet has more than 65535 octets.
func (h Header) Append(b, payload []byte) ([]byte, error) {
	hlen := MinHeader + len(h.Options)
	switch {
	case !h.Src.Is4() || !h.Dst.Is4():
		return nil, fmt.Errorf("%w: from %s to %s", ErrHeader, h.Src, h.Dst)
	case hlen > MaxHeader || hlen%4 != 0:
		return nil, fmt.Errorf("%w: %d octets of options", ErrHeader, len(h.Options))
	case h.Offset < 0 || h.Offset%8 != 0 || h.Offset > 0x1fff*8:
		return nil, fmt.Errorf("%w: offset %d", ErrHeader, h.Offset)
	case hlen+len(payload) > MaxPacket:
		return nil, fmt.Errorf("%w: %d octets", ErrTooLong, hlen+len(payload))
	}
	flags := uint16(h.Offset / 8)
	if h.DF {
		flags |= flagDF
	}
	if h.MF {
		flags |= flagMF
	}
	start, src, dst := len(b), h.Src.As4(), h.Dst.As4()
	b = append(b, 4<<4|byte(hlen/4), h.TOS)
	b = binary.BigEndian.AppendUint16(b, uint16(hlen+len(payload)))
	b = binary.BigEndian.AppendUint16(b, h.ID)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, h.TTL, h.Protocol, 0, 0)
	b = append(b, src[:]...)
	b = append(b, dst[:]...)
	b = append(b, h.Options...)
	binary.BigEndian.PutUint16(b[start+10:], Checksum(b[start:]))
	return append(b, payload...), nil
}
