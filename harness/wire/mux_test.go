package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

func TestMuxFrames(t *testing.T) {
	stream := "" +
		"\x00\x00\x00\x00\x00\x00\x00\x01" +
		"\x00\x02\x01\x00\x00\x00\x00\x01hi" +
		"\x00\x00\x01\x01\x00\x00\x00\x01" +
		"\x00\x03\x01\x01\x00\x00\x00\x03\x00\x01\xff" +
		"\x00\x40\x01\x02\x00\x00\x00\x05" + strings.Repeat("wirekata", 8) +
		"\x00\x20\x01\x00\x00\x00\x00\x05" + strings.Repeat("\xff", 32) +
		"\x00\x04\x02\x00\x00\x00\x00\x01\x00\x00\x02\x00" +
		"\x00\x04\x03\x00\x00\x00\x01\x01\x00\x00\x00\x07" +
		"\x00\x04\x03\x00\x00\x00\x01\x01\x00\x00\x10\x00" +
		"\x00\x01\x02\x00\x00\x00\x00\x01\x09" +
		"\x00\x03\x09\x80\x00\x00\x00\x00abc" +
		"\x00\x00"
	want := []string{
		"OPEN 1", `DATA 1 "hi"`, "DATA 1 end", "DATA 3 end 00 01 ff",
		`DATA 5 flags 02 "wirekatawirekatawirekatawirekata"... 64 octets`,
		"DATA 5 ff ff ff ff ff ff ff ff ff ff ff ff... 32 octets",
		"WINDOW 1 +512", "RESET 257 code 7 (refused)", "RESET 257 code 4096",
		"WINDOW 1 (1 octets of payload)", "TYPE 9 flags 80 stream 0, 3 octets",
	}
	client, server := wire.Mux()
	require.Equal(t, want, client.Describe([]byte(stream)))
	var got []string
	for _, b := range []byte(stream) { // one octet at a time
		got = append(got, server.Describe([]byte{b})...)
	}
	require.Equal(t, want, got)
}
