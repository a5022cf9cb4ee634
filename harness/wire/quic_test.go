package wire_test

import (
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// long returns a packet with a long header, version 1, an 8-octet destination
// connection ID and no source connection ID, with what follows them.
func long(t *testing.T, first byte, version, rest string, payload int) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(version+" 08 8394c8f03e515708 00"+rest, " ", ""))
	require.NoError(t, err)
	return append(append([]byte{first}, b...), make([]byte, payload)...)
}

func TestQUICDatagrams(t *testing.T) {
	const v1, v2 = "00000001", "6b3343cf"
	// RFC 9001 A.2: the client's Initial has a length of 1182 octets, in two,
	// behind an empty token: 1200 octets in all.
	initial := long(t, 0xc0, v1, "00 449e", 1182)
	zeroRTT := long(t, 0xd0, v1, "4020", 32)
	handshake := long(t, 0xe0, v1, "10", 16)
	retry := long(t, 0xf0, v1, "", 30)
	for _, test := range []struct {
		name  string
		bytes []byte
		want  string
	}{
		{"one packet", initial, "Initial 1200"},
		{"coalesced", join(initial, zeroRTT), "Initial 1200 + 0-RTT 49"},
		{"with a short header at the end", join(handshake, []byte{0x40, 1, 2, 3}), "Handshake 32 + 1-RTT 4"},
		{"Initial with a token", long(t, 0xc0, v1, "03 616263 05", 5), "Initial 25"},
		{"Retry takes all", retry, "Retry 45"},
		{"Version Negotiation", long(t, 0x80, "00000000", "", 8), "Version Negotiation 23"},
		{"another version", long(t, 0xc0, "ff00001d", "", 8), "version ff00001d 23"},
		{"version 2", join(long(t, 0xd0, v2, "00 02", 2), long(t, 0xe0, v2, "02", 2), long(t, 0xf0, v2, "02", 2)), "Initial 19 + 0-RTT 18 + Handshake 18"},
		{"version 2's Retry", long(t, 0xc0, v2, "", 8), "Retry 23"},
		{"cut off", initial[:100], "c0 00 00 00 01 08 83 94 c8 f0 3e 51 57 08 00 00 44 9e 00 00 00 00 00 00... 100 octets"},
		{"octets behind", join(handshake, []byte{0, 0}), "Handshake 32 + \"\\x00\\x00\""},
		{"no QUIC", []byte("hello"), "1-RTT 5"}, // no more can be said of it
		{"no QUIC at all", []byte{0x80, 1}, "80 01"},
	} {
		client, _ := wire.QUIC()
		require.Equal(t, []string{test.want}, client.Describe(test.bytes), test.name)
	}
	client, _ := wire.QUIC()
	require.Empty(t, client.Describe(nil))
}

func FuzzQUICDatagrams(f *testing.F) {
	f.Add([]byte{0xc0, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0x44, 0x9e})
	f.Add([]byte{0xc0, 0, 0, 0, 1, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		client, _ := wire.QUIC()
		require.LessOrEqual(t, len(client.Describe(b)), 1)
	})
}

// Datagrams are described by the port to which the first of them went, in both
// directions.
func TestRecordDescribesDatagrams(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		var got []string
		record := func() (wire.Describer, wire.Describer) { return noting{&got, "client"}, noting{&got, "server"} }
		wire.Record(t, n, map[uint16]wire.Protocol{443: record})
		server, err := n.ListenPacket("server:443")
		require.NoError(t, err)
		defer server.Close()
		client, err := n.ListenPacket("client:0")
		require.NoError(t, err)
		defer client.Close()
		client.WriteTo([]byte("question"), server.LocalAddr())
		server.WriteTo([]byte("answer"), client.LocalAddr())
		client.WriteTo([]byte("thanks"), server.LocalAddr())
		contract.Pass(time.Second)
		require.Equal(t, []string{"client question", "server answer", "client thanks"}, got)
	})
}

type noting struct {
	to   *[]string
	name string
}

func (n noting) Describe(b []byte) []string {
	*n.to = append(*n.to, n.name+" "+string(b))
	return []string{string(b)}
}

func join(packets ...[]byte) []byte {
	var b []byte
	for _, p := range packets {
		b = append(b, p...)
	}
	return b
}
