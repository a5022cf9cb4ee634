package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// QUIC is the protocol of QUIC datagrams as whoever has no keys sees them (RFC
// 9000 §17): the kinds and lengths of the packets that a datagram is made of.
//
//	Initial 1200 + 0-RTT 312
//	Handshake 84 + 1-RTT 41
//	Version Negotiation 41
//	Retry 130
//
// Lengths are of whole packets, headers included. 1-RTT is what its header
// form says; whatever is no QUIC packet is shown as octets.
func QUIC() (client, server Describer) { return quicDatagrams{}, quicDatagrams{} }

type quicDatagrams struct{}

// Describe implements [Describer] for one datagram.
func (quicDatagrams) Describe(b []byte) []string {
	var packets []string
	for len(b) > 0 {
		name, n := quicPacket(b)
		if n == 0 {
			packets = append(packets, Text{}.Describe(b)...)
			break
		}
		packets = append(packets, fmt.Sprintf("%s %d", name, n))
		b = b[n:]
	}
	if len(packets) == 0 {
		return nil
	}
	return []string{strings.Join(packets, " + ")}
}

const (
	quicLong, quicFixed = 0x80, 0x40 // of a packet's first octet

	quicVersion1 = 1
	quicVersion2 = 0x6b3343cf // RFC 9369
)

// quicPacket returns the kind and the length of the packet at the start of a
// datagram, or 0 if there is none. Kinds without a length field take all.
func quicPacket(b []byte) (name string, n int) {
	if b[0]&quicLong == 0 {
		if b[0]&quicFixed == 0 {
			return "", 0
		}
		return "1-RTT", len(b)
	}
	if len(b) < 5 {
		return "", 0
	}
	version := binary.BigEndian.Uint32(b[1:])
	r := &quicReader{b: b, at: 5}
	r.skip(uint64(r.octet())) // destination connection ID
	r.skip(uint64(r.octet())) // source connection ID
	kind := b[0] >> 4 & 3
	switch version {
	case 0:
		return "Version Negotiation", r.whole()
	case quicVersion1:
	case quicVersion2:
		kind = (kind + 3) & 3 // RFC 9369 §3.2: Retry comes first
	default:
		return fmt.Sprintf("version %08x", version), r.whole()
	}
	if kind == 3 {
		return "Retry", r.whole()
	}
	if kind == 0 {
		r.skip(r.varint()) // token
	}
	r.skip(r.varint())
	if r.short {
		return "", 0
	}
	return []string{"Initial", "0-RTT", "Handshake"}[kind], r.at
}

// A quicReader reads a header; short is set once it ends too early.
type quicReader struct {
	b     []byte
	at    int
	short bool
}

func (r *quicReader) skip(n uint64) {
	if r.short || n > uint64(len(r.b)-r.at) {
		r.short = true
		return
	}
	r.at += int(n)
}

func (r *quicReader) octet() byte {
	at := r.at
	if r.skip(1); r.short {
		return 0
	}
	return r.b[at]
}

// varint reads a variable-length integer (RFC 9000 §16).
func (r *quicReader) varint() uint64 {
	first := r.octet()
	v := uint64(first & 0x3f)
	for range 1<<(first>>6) - 1 {
		v = v<<8 | uint64(r.octet())
	}
	return v
}

// whole returns the datagram's length, for a packet that is all of it.
func (r *quicReader) whole() int {
	if r.short {
		return 0
	}
	return len(r.b)
}
