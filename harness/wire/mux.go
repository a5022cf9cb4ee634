package wire

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Mux is the protocol of patterns/multiplexing: frames with a header of eight
// octets (length 16 bits, type 8, flags 8, stream 32). Frames are rendered as
//
//	OPEN 1
//	DATA 1 "hi"
//	DATA 3 end 01 02 03... 4000 octets
//	WINDOW 1 +512
//	RESET 3 code 7 (refused)
func Mux() (client, server Describer) { return &mux{}, &mux{} }

// mux holds no more of a payload than it shows.
type mux struct {
	buf  []byte
	skip int // octets of a payload that are not needed any more
}

const muxHeader, muxShown = 8, 32

var (
	muxTypes = []string{"OPEN", "DATA", "WINDOW", "RESET"}
	muxCodes = map[uint32]string{0: "none", 1: "protocol", 3: "flow control", 5: "stream closed", 7: "refused", 8: "cancel"}
)

// Describe implements [Describer].
func (d *mux) Describe(b []byte) []string {
	d.buf = append(d.buf, b...)
	var lines []string
	for {
		n := min(d.skip, len(d.buf))
		d.buf, d.skip = d.buf[n:], d.skip-n
		if d.skip > 0 || len(d.buf) < muxHeader {
			return lines
		}
		length := int(binary.BigEndian.Uint16(d.buf))
		if len(d.buf) < muxHeader+min(length, muxShown) {
			return lines
		}
		lines = append(lines, muxFrame(d.buf[:muxHeader], d.buf[muxHeader:muxHeader+min(length, muxShown)], length))
		d.buf, d.skip = d.buf[muxHeader:], length
	}
}

func muxFrame(h, shown []byte, length int) string {
	kind, flags, stream := h[2], h[3], binary.BigEndian.Uint32(h[4:])
	if int(kind) >= len(muxTypes) {
		return fmt.Sprintf("TYPE %d flags %02x stream %d, %d octets", kind, flags, stream, length)
	}
	var line strings.Builder
	fmt.Fprintf(&line, "%s %d", muxTypes[kind], stream)
	if kind == 1 && flags&1 != 0 {
		line.WriteString(" end")
		flags &^= 1
	}
	if flags != 0 {
		fmt.Fprintf(&line, " flags %02x", flags)
	}
	switch {
	case kind == 1 && length > 0:
		line.WriteString(muxOctets(shown, length))
	case kind == 2 && length == 4:
		fmt.Fprintf(&line, " +%d", binary.BigEndian.Uint32(shown))
	case kind == 3 && length == 4:
		code := binary.BigEndian.Uint32(shown)
		fmt.Fprintf(&line, " code %d", code)
		if name := muxCodes[code]; name != "" {
			fmt.Fprintf(&line, " (%s)", name)
		}
	case kind != 1 && length > 0:
		fmt.Fprintf(&line, " (%d octets of payload)", length)
	}
	return line.String()
}

func muxOctets(shown []byte, length int) string {
	switch {
	case !utf8.Valid(shown) || strings.ContainsRune(string(shown), 0):
		shown = shown[:min(len(shown), 12)]
		if len(shown) == length {
			return fmt.Sprintf(" % x", shown)
		}
		return fmt.Sprintf(" % x... %d octets", shown, length)
	case len(shown) == length:
		return fmt.Sprintf(" %q", shown)
	}
	return fmt.Sprintf(" %q... %d octets", shown, length)
}
