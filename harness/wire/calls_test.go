package wire_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

func TestCallsFrames(t *testing.T) {
	stream := "" +
		"\x00\x00\x00\x02\x00\x00\x00\x01\x00\x01\x00\x07hi" +
		"\x00\x00\x00\x03\x00\x00\x01\x01\x00\x02\x00\x00\x00\x01\xff" +
		"\x00\x00\x00\x00\x00\x00\x00\x01\x00\x02\x00\x04" +
		"\x00\x00\x00\x40\x00\x00\x00\x01\x00\x02\x01\x00" + strings.Repeat("wirekata", 8) +
		"\x00\x00\x00\x00\x00\x00\x00\x01\x00\x03\x00\x00" +
		"\x00\x00\x00\x01\x00\x00\x00\x01\x00\x03\x00\x02x" +
		"\x00\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x01" +
		"\xff\xff\xff\xff\x00\x00\x00\x02\x00\x01\x00\x00" + strings.Repeat("x", 40)
	want := []string{
		`REQUEST 1 kind 7 "hi"`, "RESPONSE 257 OK 00 01 ff", "RESPONSE 1 Busy",
		`RESPONSE 1 code 256 "wirekatawirekatawirekatawirekata"... 64 octets`,
		"CANCEL 1", `CANCEL 1 kind 2 "x"`, "TYPE 0 id 9 kind 1",
		`REQUEST 2 kind 0 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"... 4294967295 octets`,
	}
	client, server := wire.Calls()
	require.Equal(t, want, client.Describe([]byte(stream)))
	var got []string
	for _, b := range []byte(stream) { // one octet at a time
		got = append(got, server.Describe([]byte{b})...)
	}
	require.Equal(t, want, got)
	require.Equal(t, []string{"(4294967255 octets of the body are missing)"}, client.(wire.Ender).End())
}

func TestCallsEndWithinAFrame(t *testing.T) {
	for stream, want := range map[string][]string{
		"":             nil,
		"\x00\x00\x01": {"00 00 01 (3 octets of a header)"},
		"\x00\x00\x00\x05\x00\x00\x00\x01\x00\x02\x00\x00hi": {`RESPONSE 1 OK "hi" (3 octets of the body are missing)`},
		"\x00\x00\x00\x05\x00\x00\x00\x01\x00\x02\x00\x00":   {`RESPONSE 1 OK (5 octets of the body are missing)`},
	} {
		_, server := wire.Calls()
		require.Empty(t, server.Describe([]byte(stream)))
		require.Equal(t, want, server.(wire.Ender).End())
	}
}
