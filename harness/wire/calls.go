package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// Calls is the protocol of patterns/requestresponse: frames with a header of
// twelve octets (length 32 bits, id 32, type 16, kind or code 16). Frames are
// rendered as
//
//	REQUEST 1 kind 7 "hi"
//	RESPONSE 1 OK 01 02 03... 4000 octets
//	CANCEL 1
//
// A body of which only a part is ever sent is shown once its first 32 octets
// are there, or at the end of the stream.
func Calls() (client, server Describer) { return &calls{}, &calls{} }

// calls holds no more of a body than it shows.
type calls struct {
	buf  []byte
	skip uint64 // octets of a body that are not needed any more
}

const callsHeader = 12

var (
	callTypes = []string{1: "REQUEST", 2: "RESPONSE", 3: "CANCEL"}
	callCodes = []string{"OK", "HandlerFailed", "UnknownKind", "TooLarge", "Busy", "ShuttingDown"}
)

// Describe implements [Describer].
func (d *calls) Describe(b []byte) []string {
	d.buf = append(d.buf, b...)
	var lines []string
	for {
		n := min(d.skip, uint64(len(d.buf)))
		d.buf, d.skip = d.buf[n:], d.skip-n
		if d.skip > 0 || len(d.buf) < callsHeader {
			return lines
		}
		length := binary.BigEndian.Uint32(d.buf)
		shown := int(min(length, muxShown))
		if len(d.buf) < callsHeader+shown {
			return lines
		}
		lines = append(lines, callsFrame(d.buf[:callsHeader], d.buf[callsHeader:callsHeader+shown], length))
		d.buf, d.skip = d.buf[callsHeader:], uint64(length)
	}
}

// End implements [Ender].
func (d *calls) End() []string {
	switch {
	case d.skip > 0:
		return []string{fmt.Sprintf("(%d octets of the body are missing)", d.skip)}
	case len(d.buf) >= callsHeader:
		h, body := d.buf[:callsHeader], d.buf[callsHeader:]
		return []string{fmt.Sprintf("%s (%d octets of the body are missing)",
			callsFrame(h, body, uint32(len(body))), binary.BigEndian.Uint32(h)-uint32(len(body)))}
	case len(d.buf) > 0:
		return []string{fmt.Sprintf("% x (%d octets of a header)", d.buf, len(d.buf))}
	}
	return nil
}

func callsFrame(h, shown []byte, length uint32) string {
	id, typ, kind := binary.BigEndian.Uint32(h[4:]), binary.BigEndian.Uint16(h[8:]), binary.BigEndian.Uint16(h[10:])
	var line strings.Builder
	switch {
	case typ == 0 || int(typ) >= len(callTypes):
		fmt.Fprintf(&line, "TYPE %d id %d kind %d", typ, id, kind)
	case typ == 2 && int(kind) < len(callCodes):
		fmt.Fprintf(&line, "RESPONSE %d %s", id, callCodes[kind])
	case typ == 2:
		fmt.Fprintf(&line, "RESPONSE %d code %d", id, kind)
	case typ == 3 && kind == 0:
		fmt.Fprintf(&line, "CANCEL %d", id)
	default:
		fmt.Fprintf(&line, "%s %d kind %d", callTypes[typ], id, kind)
	}
	if length > 0 {
		line.WriteString(muxOctets(shown, int(length)))
	}
	return line.String()
}
