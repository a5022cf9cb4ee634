package vectors

import (
	"encoding/hex"
	"strings"
)

// The handshake of RFC 6455 §1.3 (and §4.2.2): a key and the accept value
// that belongs to it.
const (
	WebSocketKey    = "dGhlIHNhbXBsZSBub25jZQ=="
	WebSocketAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
)

// A WebSocketMessage is an example of RFC 6455 §5.7.
type WebSocketMessage struct {
	Name    string
	Masked  bool   // so it comes from the client
	Wire    []byte // its frames
	Opcode  byte   // of the first frame
	Payload []byte // of all frames, unmasked
	Frames  int
}

// WebSocketMessages are all examples of RFC 6455 §5.7, in its order. For the
// two binary ones the RFC gives the header and leaves the data open; here
// octet i of the data is i modulo 251.
func WebSocketMessages() []WebSocketMessage {
	hello := []byte("Hello")
	return []WebSocketMessage{
		{"unmasked text", false, unhex("81 05 48 65 6c 6c 6f"), 1, hello, 1},
		{"masked text", true, unhex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), 1, hello, 1},
		{"unmasked text in two fragments", false, unhex("01 03 48 65 6c  80 02 6c 6f"), 1, hello, 2},
		{"unmasked ping", false, unhex("89 05 48 65 6c 6c 6f"), 9, hello, 1},
		{"masked pong", true, unhex("8a 85 37 fa 21 3d 7f 9f 4d 51 58"), 10, hello, 1},
		{"256 octets of unmasked binary", false, append(unhex("82 7e 0100"), pattern(256)...), 2, pattern(256), 1},
		{"64 KiB of unmasked binary", false, append(unhex("82 7f 0000000000010000"), pattern(65536)...), 2, pattern(65536), 1},
	}
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i % 251)
	}
	return b
}

// unhex returns the octets that s gives in hex, with blanks anywhere.
func unhex(s string) []byte {
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return b
}
