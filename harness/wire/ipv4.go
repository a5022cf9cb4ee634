package wire

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// IPv4 describes the IPv4 packet in pkt in one line, with what is wrong with
// it:
//
//	IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28
//
// An ICMP message is described too, and of an error the packet that it is
// about.
func IPv4(pkt []byte) string {
	return describeIPv4(pkt, false)
}

// describeIPv4 describes a packet, or the start of one that an ICMP error
// quotes.
func describeIPv4(pkt []byte, quoted bool) string {
	if len(pkt) < 20 {
		return fmt.Sprintf("no IPv4 packet: %d octets: % x", len(pkt), pkt)
	}
	if v := pkt[0] >> 4; v != 4 {
		return fmt.Sprintf("no IPv4 packet: version %d, %d octets", v, len(pkt))
	}
	hlen, total := int(pkt[0]&0x0f)*4, int(binary.BigEndian.Uint16(pkt[2:]))
	flags := binary.BigEndian.Uint16(pkt[6:])
	var b strings.Builder
	fmt.Fprintf(&b, "IPv4 %s → %s", netip.AddrFrom4([4]byte(pkt[12:])), netip.AddrFrom4([4]byte(pkt[16:])))
	if tos := pkt[1]; tos != 0 {
		fmt.Fprintf(&b, " tos %02x", tos)
	}
	fmt.Fprintf(&b, " id %d", binary.BigEndian.Uint16(pkt[4:]))
	for i, name := range []string{"reserved", "DF", "MF"} {
		if flags&(0x8000>>i) != 0 {
			b.WriteString(" " + name)
		}
	}
	offset := int(flags&0x1fff) * 8
	fmt.Fprintf(&b, " off %d ttl %d proto %d len %d", offset, pkt[8], pkt[9], total)
	if hlen < 20 || hlen > len(pkt) || hlen > total {
		fmt.Fprintf(&b, " (IHL %d)", hlen/4)
		return b.String()
	}
	if hlen > 20 {
		fmt.Fprintf(&b, " options %x", pkt[20:hlen])
	}
	if want := checksum(pkt[:hlen], 10); want != binary.BigEndian.Uint16(pkt[10:]) {
		fmt.Fprintf(&b, " (checksum %04x, should be %04x)", pkt[10:12], want)
	}
	switch {
	case quoted:
		fmt.Fprintf(&b, " (%d octets of it)", len(pkt))
	case total > len(pkt):
		fmt.Fprintf(&b, " (only %d octets are there)", len(pkt))
	case total < len(pkt):
		fmt.Fprintf(&b, " (%d more octets behind it)", len(pkt)-total)
	}
	if pkt[9] == 1 && offset == 0 && !quoted {
		b.WriteString(": " + describeICMP(pkt[hlen:min(total, len(pkt))], flags&0x2000 != 0))
	}
	return b.String()
}

// ICMP describes the ICMP message in m in one line, with what is wrong with
// it, and of an error the packet that it is about:
//
//	ICMP 3/4 fragmentation needed, mtu 1000, about IPv4 10.0.0.1 → ...
func ICMP(m []byte) string {
	return describeICMP(m, false)
}

// describeICMP describes a message, or the part of one that its first fragment
// has, without the rest of which the checksum says nothing.
func describeICMP(m []byte, part bool) string {
	if len(m) < 8 {
		return fmt.Sprintf("no ICMP message: %d octets: % x", len(m), m)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "ICMP %d/%d", m[0], m[1])
	if name := icmpName(m[0], m[1]); name != "" {
		b.WriteString(" " + name)
	}
	if m[0] == 3 && m[1] == 4 {
		fmt.Fprintf(&b, ", mtu %d", binary.BigEndian.Uint16(m[6:]))
	}
	if want := checksum(m, 2); want != binary.BigEndian.Uint16(m[2:]) && !part {
		fmt.Fprintf(&b, " (checksum %04x, should be %04x)", m[2:4], want)
	}
	switch m[0] {
	case 3, 4, 5, 11, 12:
		b.WriteString(", about " + describeIPv4(m[8:], true))
	case 0, 8:
		fmt.Fprintf(&b, ", id %d seq %d, %d octets", binary.BigEndian.Uint16(m[4:]), binary.BigEndian.Uint16(m[6:]), len(m)-8)
	default:
		fmt.Fprintf(&b, ", %d octets", len(m)-8)
	}
	return b.String()
}

// icmpName names the types of RFC 792 and the codes that routers use.
func icmpName(t, code uint8) string {
	switch t {
	case 0:
		return "echo reply"
	case 3:
		unreachable := []string{"net unreachable", "host unreachable", "protocol unreachable", "port unreachable",
			"fragmentation needed", "source route failed"}
		if int(code) < len(unreachable) {
			return unreachable[code]
		}
		return "unreachable"
	case 4:
		return "source quench"
	case 5:
		return "redirect"
	case 8:
		return "echo request"
	case 11:
		return []string{"time to live exceeded", "reassembly time exceeded"}[min(code, 1)]
	case 12:
		return "parameter problem"
	case 13:
		return "timestamp request"
	case 14:
		return "timestamp reply"
	}
	return ""
}

// checksum is the Internet checksum of b with the field at octet field taken
// as zero.
func checksum(b []byte, field int) uint16 {
	var sum uint32
	for i := range b {
		if i == field || i == field+1 {
			continue
		}
		if i%2 == 0 {
			sum += uint32(b[i]) << 8
		} else {
			sum += uint32(b[i])
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
