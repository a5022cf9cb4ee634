package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// A Segment is a TCP segment as far as a line about it goes (RFC 9293 §3.1).
// A suite that simulates a sender fills in what there is.
type Segment struct {
	Seq, Ack uint32
	Flags    Flags
	Len      int // octets of data
}

// Flags are the control bits of a segment, in the octet in which it has them.
type Flags uint8

const (
	FIN Flags = 1 << iota
	SYN
	RST
	PSH
	ACK
	URG
	ECE
	CWR
)

// String renders the segment: its sequence numbers, the second one the next
// to be sent, the octets of data, the flags and, with ACK, what it
// acknowledges:
//
//	seq 1:537 len 536 PSH ACK 1
func (s Segment) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seq %d", s.Seq)
	if s.Len > 0 {
		fmt.Fprintf(&b, ":%d", s.Seq+uint32(s.Len))
	}
	fmt.Fprintf(&b, " len %d", s.Len)
	for i, name := range []string{"FIN", "SYN", "RST", "PSH", "", "URG", "ECE", "CWR"} {
		if name != "" && s.Flags&(1<<i) != 0 {
			b.WriteString(" " + name)
		}
	}
	if s.Flags&ACK != 0 {
		fmt.Fprintf(&b, " ACK %d", s.Ack)
	}
	return b.String()
}

// TCP describes the TCP segment in b in one line. Its checksum covers
// addresses that are not in it and is not looked at:
//
//	TCP 51234 → 80 seq 0 len 0 SYN win 64240 mss 1460 sack-permitted ws 7
func TCP(b []byte) string {
	if len(b) < 20 {
		return fmt.Sprintf("no TCP segment: %d octets: % x", len(b), b)
	}
	header := int(b[12]>>4) * 4
	s := Segment{Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]), Flags: Flags(b[13])}
	s.Len = max(0, len(b)-max(20, header))
	line := fmt.Sprintf("TCP %d → %d %s win %d", binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:]), s, binary.BigEndian.Uint16(b[14:]))
	if s.Flags&URG != 0 {
		line += fmt.Sprintf(" urgent %d", binary.BigEndian.Uint16(b[18:]))
	}
	if header < 20 || header > len(b) {
		return fmt.Sprintf("%s (data offset %d)", line, b[12]>>4)
	}
	return line + tcpOptions(b[20:header])
}

// tcpOptions names the options of RFC 9293 §3.2, 7323 and 2018.
func tcpOptions(b []byte) string {
	var line strings.Builder
	for len(b) > 0 && b[0] != 0 { // 0 ends the list
		if b[0] == 1 { // no operation
			b = b[1:]
			continue
		}
		if len(b) < 2 || b[1] < 2 || int(b[1]) > len(b) {
			fmt.Fprintf(&line, " (broken option % x)", b)
			break
		}
		line.WriteString(" " + tcpOption(b[0], b[2:b[1]]))
		b = b[b[1]:]
	}
	return line.String()
}

func tcpOption(kind uint8, value []byte) string {
	word := func(i int) uint32 { return binary.BigEndian.Uint32(value[4*i:]) }
	switch {
	case kind == 2 && len(value) == 2:
		return fmt.Sprintf("mss %d", binary.BigEndian.Uint16(value))
	case kind == 3 && len(value) == 1:
		return fmt.Sprintf("ws %d", value[0])
	case kind == 4 && len(value) == 0:
		return "sack-permitted"
	case kind == 5 && len(value) > 0 && len(value)%8 == 0:
		line := "sack"
		for i := range len(value) / 8 {
			line += fmt.Sprintf(" %d:%d", word(2*i), word(2*i+1))
		}
		return line
	case kind == 8 && len(value) == 8:
		return fmt.Sprintf("ts %d ecr %d", word(0), word(1))
	}
	return fmt.Sprintf("option %d [% x]", kind, value)
}

// Segments is the protocol of datagrams each of which is a TCP segment.
func Segments() (client, server Describer) { return segments{}, segments{} }

type segments struct{}

// Describe implements [Describer].
func (segments) Describe(b []byte) []string { return []string{TCP(b)} }
