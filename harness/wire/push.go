package wire

import (
	"encoding/binary"
	"fmt"
)

// Push is the protocol of patterns/push: from the server frames with a header
// of five octets (length of the payload 32 bits, kind 8), from the client
// anything. Frames are rendered as
//
//	EVENT "42"
//	PRESENT ["ann","bob"]
//	JOIN "bob"
//	LEAVE "bob"
//	LEAVE, 3 of 5 octets
func Push() (client, server Describer) { return Text{}, &pushed{} }

type pushed struct{ buf []byte }

const pushHeader = 5

var pushKinds = []string{"EVENT", "PRESENT", "JOIN", "LEAVE"}

// Describe implements [Describer].
func (d *pushed) Describe(b []byte) []string {
	d.buf = append(d.buf, b...)
	var lines []string
	for len(d.buf) >= pushHeader {
		length := uint64(binary.BigEndian.Uint32(d.buf))
		if uint64(len(d.buf)-pushHeader) < length {
			break
		}
		lines = append(lines, pushFrame(d.buf[4], d.buf[pushHeader:pushHeader+length]))
		d.buf = d.buf[pushHeader+length:]
	}
	return lines
}

// End implements [Ender]: a frame that breaks off.
func (d *pushed) End() []string {
	switch n := len(d.buf); {
	case n == 0:
		return nil
	case n < pushHeader:
		return []string{fmt.Sprintf("a frame, %d of %d octets of its header", n, pushHeader)}
	default:
		return []string{fmt.Sprintf("%s, %d of %d octets", pushKind(d.buf[4]), n-pushHeader, binary.BigEndian.Uint32(d.buf))}
	}
}

func pushFrame(kind byte, payload []byte) string {
	line := pushKind(kind)
	switch {
	case len(payload) == 0:
	case kind == 0 || int(kind) >= len(pushKinds):
		line += " " + Text{}.Describe(payload)[0]
	default: // JSON, quoted as it is
		line += fmt.Sprintf(" %.48s", payload)
	}
	return line
}

func pushKind(kind byte) string {
	if int(kind) >= len(pushKinds) {
		return fmt.Sprintf("KIND %d", kind)
	}
	return pushKinds[kind]
}
