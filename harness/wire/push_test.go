package wire_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

func TestPushFrames(t *testing.T) {
	stream := "\x00\x00\x00\x07\x01[\"ann\"]" +
		"\x00\x00\x00\x05\x02\"bob\"" +
		"\x00\x00\x00\x02\x0042" +
		"\x00\x00\x00\x00\x00" +
		"\x00\x00\x00\x02\x00\xff\xfe" +
		"\x00\x00\x00\x01\x09x" +
		"\x00\x00\x00\x05\x03\"bob\""
	want := []string{`PRESENT ["ann"]`, `JOIN "bob"`, `EVENT "42"`, "EVENT", "EVENT ff fe", `KIND 9 "x"`, `LEAVE "bob"`}
	_, whole := wire.Push()
	require.Equal(t, want, whole.Describe([]byte(stream)))
	require.Empty(t, whole.(wire.Ender).End())
	_, bytewise := wire.Push()
	var got []string
	for _, b := range []byte(stream) {
		got = append(got, bytewise.Describe([]byte{b})...)
	}
	require.Equal(t, want, got)

	for cut, says := range map[string]string{
		"\x00\x00\x00":             "a frame, 3 of 5 octets of its header",
		"\x00\x00\x00\x05\x03\"bo": "LEAVE, 3 of 5 octets",
		"\xff\xff\xff\xff\x00":     "EVENT, 0 of 4294967295 octets",
	} {
		_, d := wire.Push()
		require.Empty(t, d.Describe([]byte(cut)))
		require.Equal(t, []string{says}, d.(wire.Ender).End())
	}
}
