package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

// WebSocket is the protocol of WebSocket streams (RFC 6455), with the opening
// handshake or without. Frames are rendered as
//
//	TEXT fin mask "hi"
//	CONT mask 01 02 03... 4000 octets
//	PING mask "are you there"
//	CLOSE 1002 "reserved bit set"
func WebSocket() (client, server Describer) { return &websocket{}, &websocket{} }

// websocket holds no more of a payload than it shows.
type websocket struct {
	buf    []byte
	framed bool   // the handshake is over, or there was none
	plain  bool   // the handshake failed: the rest is a body
	skip   uint64 // octets of a payload that are not needed any more
}

const (
	wsShown = 32      // octets of a payload that are shown as text
	wsHex   = 12      // and in hex
	wsHeld  = 1 << 16 // a longer frame is shown before its payload is complete
)

// Describe implements [Describer].
func (d *websocket) Describe(b []byte) []string {
	d.buf = append(d.buf, b...)
	var lines []string
	for {
		n := min(d.skip, uint64(len(d.buf)))
		d.buf, d.skip = d.buf[n:], d.skip-n
		line, ok := d.next()
		if !ok {
			return lines
		}
		lines = append(lines, line)
	}
}

func (d *websocket) next() (string, bool) {
	switch {
	case len(d.buf) == 0:
		return "", false
	case d.plain:
		line := Text{}.Describe(d.buf)[0]
		d.buf = nil
		return "  body " + line, true
	case d.framed:
		return d.frame()
	}
	for _, start := range []string{"GET ", "HTTP/1."} {
		if n := min(len(start), len(d.buf)); string(d.buf[:n]) == start[:n] {
			return d.handshake()
		}
	}
	d.framed = true
	return d.frame()
}

func (d *websocket) handshake() (string, bool) {
	head, rest, ok := bytes.Cut(d.buf, []byte("\r\n\r\n"))
	if !ok {
		return "", false
	}
	d.buf = rest
	start, fields, _ := strings.Cut(string(head), "\r\n")
	var note []string
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		switch name = strings.ToLower(name); name {
		case "upgrade", "connection", "origin":
		default:
			if !strings.HasPrefix(name, "sec-websocket-") {
				continue
			}
			name = strings.TrimPrefix(name, "sec-websocket-")
		}
		note = append(note, name+" "+strings.TrimSpace(value))
	}
	if len(note) > 0 {
		start += "  (" + strings.Join(note, "; ") + ")"
	}
	d.framed = !strings.HasPrefix(start, "HTTP/1.") || strings.HasPrefix(start, "HTTP/1.1 101 ")
	d.plain = !d.framed
	return start, true
}

// frame renders the frame at the start of the buffer, once that is there.
func (d *websocket) frame() (string, bool) {
	b := d.buf
	if len(b) < 2 {
		return "", false
	}
	at, length, least := 2, uint64(b[1]&0x7f), uint64(0)
	switch {
	case length == 126 && len(b) >= 4:
		at, length, least = 4, uint64(binary.BigEndian.Uint16(b[2:])), 126
	case length == 127 && len(b) >= 10:
		at, length, least = 10, binary.BigEndian.Uint64(b[2:]), 1<<16
	case length >= 126:
		return "", false
	}
	var key []byte
	if b[1]&0x80 != 0 {
		if len(b) < at+4 {
			return "", false
		}
		key = b[at : at+4]
		at += 4
	}
	rest := uint64(len(b) - at)
	if rest < length && length <= wsHeld {
		return "", false
	}
	note := ""
	if length < least {
		note = fmt.Sprintf("   (length %d in %d octets)", length, 2+6*(least>>16))
	}
	shown := unmasked(b[at:at+int(min(rest, length, wsHeld))], key)
	line := wsWords(b[0], key != nil) + wsPayload(b[0]&0xf, shown, length) + note
	d.buf, d.skip = b[at:], length
	return line, true
}

func wsWords(b0 byte, masked bool) string {
	names := map[byte]string{0: "CONT", 1: "TEXT", 2: "BINARY", 8: "CLOSE", 9: "PING", 10: "PONG"}
	line := names[b0&0xf]
	if line == "" {
		line = fmt.Sprintf("OPCODE %d", b0&0xf)
	}
	switch fin, control := b0&0x80 != 0, b0&0x8 != 0; {
	case fin && !control:
		line += " fin"
	case !fin && control:
		line += " nofin"
	}
	for i, bit := range []byte{0x40, 0x20, 0x10} {
		if b0&bit != 0 {
			line += fmt.Sprintf(" rsv%d", i+1)
		}
	}
	if masked {
		line += " mask"
	}
	return line
}

func wsPayload(opcode byte, shown []byte, length uint64) string {
	code := ""
	if opcode == 8 && len(shown) >= 2 {
		code = fmt.Sprintf(" %d", binary.BigEndian.Uint16(shown))
		if shown, length = shown[2:], length-2; length == 0 {
			return code
		}
	}
	if length == 0 {
		return code + " empty"
	}
	text := shown
	if length > wsShown {
		text = shown[:min(wsShown, len(shown))]
		for len(text) > 0 && text[len(text)-1] >= utf8.RuneSelf && !utf8.Valid(text) {
			text = text[:len(text)-1] // not within a character
		}
	}
	if opcode != 2 && utf8.Valid(text) && (len(text) > 0 || length == 0) {
		return fmt.Sprintf("%s %q%s", code, text, wsMore(len(text), length))
	}
	shown = shown[:min(wsHex, len(shown))]
	return fmt.Sprintf("%s % x%s", code, shown, wsMore(len(shown), length))
}

func wsMore(shown int, length uint64) string {
	if uint64(shown) == length {
		return ""
	}
	return fmt.Sprintf("... %d octets", length)
}

func unmasked(b, key []byte) []byte {
	out := append([]byte(nil), b...)
	for i := range out {
		if key != nil {
			out[i] ^= key[i%4]
		}
	}
	return out
}
