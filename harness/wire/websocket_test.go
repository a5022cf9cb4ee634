package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/vectors"
	"github.com/wirekata/wirekata/harness/wire"
)

func TestWebSocketExamples(t *testing.T) {
	want := []string{
		`TEXT fin "Hello"`, `TEXT fin mask "Hello"`, `TEXT "Hel"|CONT fin "lo"`, `PING "Hello"`, `PONG mask "Hello"`,
		`BINARY fin 00 01 02 03 04 05 06 07 08 09 0a 0b... 256 octets`,
		`BINARY fin 00 01 02 03 04 05 06 07 08 09 0a 0b... 65536 octets`,
	}
	for i, v := range vectors.WebSocketMessages() {
		d, _ := wire.WebSocket()
		got := ""
		for j := range v.Wire { // one octet at a time
			for _, line := range d.Describe(v.Wire[j : j+1]) {
				if got != "" {
					got += "|"
				}
				got += line
			}
		}
		require.Equal(t, want[i], got, v.Name)
	}
}

func TestWebSocketHandshakeAndFrames(t *testing.T) {
	client, server := wire.WebSocket()
	require.Equal(t, []string{
		"GET /chat HTTP/1.1  (upgrade websocket; key dGhlIHNhbXBsZSBub25jZQ==; version 13)",
		`TEXT fin mask "Hello"`,
	}, client.Describe([]byte("GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"+
		"Sec-WebSocket-Version: 13\r\n\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")))
	require.Equal(t, []string{"HTTP/1.1 101 Switching Protocols  (accept s3pPLMBiTxaQ9kYGzzhZRbK+xOo=)", "PING empty"},
		server.Describe([]byte("HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x89\x00")))
	_, server = wire.WebSocket()
	require.Equal(t, []string{"HTTP/1.1 403 Forbidden", `  body "no\n"`}, server.Describe([]byte("HTTP/1.1 403 Forbidden\r\n\r\nno\n")))
}

func TestWebSocketBrokenFrames(t *testing.T) {
	for stream, want := range map[string]string{
		"\x88\x02\x03\xea":    "CLOSE 1002",
		"\x88\x05\x03\xf1abc": `CLOSE 1009 "abc"`,
		"\x88\x00":            "CLOSE empty",
		"\x88\x01\x03":        `CLOSE "\x03"`,
		"\x09\x01a":           `PING nofin "a"`,
		"\xc1\x01a":           `TEXT fin rsv1 "a"`,
		"\xb1\x01a":           `TEXT fin rsv2 rsv3 "a"`,
		"\x83\x00":            "OPCODE 3 fin empty",
		"\x81\x7e\x00\x01a":   `TEXT fin "a"   (length 1 in 2 octets)`,
		"\x81\x7f\x00\x00\x00\x00\x00\x00\x00\x01a":        `TEXT fin "a"   (length 1 in 8 octets)`,
		"\x81\x23" + strings.Repeat("λ", 17) + "z":         `TEXT fin "` + strings.Repeat("λ", 16) + `"... 35 octets`,
		"\x81\x23z" + strings.Repeat("λ", 17):              `TEXT fin "z` + strings.Repeat("λ", 15) + `"... 35 octets`,
		"\x81\x02\xff\xfe":                                 "TEXT fin ff fe",
		"\x82\xff\x00\x00\x01\x00\x00\x00\x00\x00abcdzzzz": "BINARY fin mask 1b 18 19 1e... 1099511627776 octets",
	} {
		d, _ := wire.WebSocket()
		require.Equal(t, []string{want}, d.Describe([]byte(stream)))
	}
}
