package wire_test

import (
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

// A datagram, an echo request with an option, and the answer
// "fragmentation needed" to the datagram, after RFC 791, 792 and 1191.
const (
	datagram = "4500001c 00074000 401126c8 0a000001 0a000002 a1b2 0035 0008 0000"
	needed   = "45000038 00000000 400166c2 0a000003 0a000001" + "03045724 000003e8" + datagram
	echo     = "4600002c 00090000 4001d1c1 0a000001 0a000002 94040000" + "0800918b 00070001" + "6162636465666768 696a6b6c"
)

func unhex(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	require.NoError(t, err)
	return b
}

func TestIPv4(t *testing.T) {
	change := func(s string, octet int, value byte) []byte {
		b := unhex(t, s)
		b[octet] = value
		return b
	}
	for _, c := range []struct {
		pkt  []byte
		want string
	}{
		{unhex(t, datagram), "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28"},
		{change(datagram, 8, 63), "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 63 proto 17 len 28 (checksum 26c8, should be 27c8)"},
		{change(datagram, 6, 0xa0), "IPv4 10.0.0.1 → 10.0.0.2 id 7 reserved MF off 0 ttl 64 proto 17 len 28 (checksum 26c8, should be c6c7)"},
		{change(datagram, 1, 0x2e), "IPv4 10.0.0.1 → 10.0.0.2 tos 2e id 7 DF off 0 ttl 64 proto 17 len 28 (checksum 26c8, should be 269a)"},
		{unhex(t, datagram)[:22], "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28 (only 22 octets are there)"},
		{append(unhex(t, datagram), 0, 0), "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28 (2 more octets behind it)"},
		{change(datagram, 0, 0x4f), "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28 (IHL 15)"},
		{change(datagram, 0, 0x44), "IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28 (IHL 4)"},
		{change(datagram, 0, 0x65), "no IPv4 packet: version 6, 28 octets"},
		{unhex(t, datagram)[:3], "no IPv4 packet: 3 octets: 45 00 00"},
		{nil, "no IPv4 packet: 0 octets: "},
		{unhex(t, needed), "IPv4 10.0.0.3 → 10.0.0.1 id 0 off 0 ttl 64 proto 1 len 56: ICMP 3/4 fragmentation needed, mtu 1000, about " +
			"IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28 (28 octets of it)"},
		{change(echo, 6, 0x20)[:36], "IPv4 10.0.0.1 → 10.0.0.2 id 9 MF off 0 ttl 64 proto 1 len 44 options 94040000 (checksum d1c1, should be b1c1) " +
			"(only 36 octets are there): ICMP 8/0 echo request, id 7 seq 1, 4 octets"},
		{unhex(t, echo), "IPv4 10.0.0.1 → 10.0.0.2 id 9 off 0 ttl 64 proto 1 len 44 options 94040000: ICMP 8/0 echo request, id 7 seq 1, 12 octets"},
	} {
		require.Equal(t, c.want, wire.IPv4(c.pkt))
	}
}

func TestICMP(t *testing.T) {
	require.Equal(t, "no ICMP message: 0 octets: ", wire.ICMP(nil))
	require.Equal(t, "ICMP 11/1 reassembly time exceeded (checksum 0000, should be f4fe), about no IPv4 packet: 0 octets: ",
		wire.ICMP([]byte{11, 1, 0, 0, 0, 0, 0, 0}))
	require.Equal(t, "ICMP 42/0, 1 octets", wire.ICMP([]byte{42, 0, 0xd4, 0xff, 0, 0, 0, 0, 1}))
	require.Contains(t, wire.ICMP([]byte{3, 9, 0, 0, 0, 0, 0, 0}), "ICMP 3/9 unreachable (checksum")
}

// Whatever the octets are, there is one line about them.
func FuzzIPv4(f *testing.F) {
	for _, s := range []string{datagram, needed, echo} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, pkt []byte) {
		if s := wire.IPv4(pkt); s == "" || strings.Contains(s, "\n") {
			t.Errorf("%x: %q", pkt, s)
		}
	})
}

func ExampleIPv4() {
	fmt.Println(wire.IPv4([]byte{
		0x45, 0, 0, 28, 0, 7, 0x40, 0, 64, 17, 0x26, 0xc8, 10, 0, 0, 1, 10, 0, 0, 2,
		0xa1, 0xb2, 0, 53, 0, 8, 0, 0,
	}))
	// Output: IPv4 10.0.0.1 → 10.0.0.2 id 7 DF off 0 ttl 64 proto 17 len 28
}

func ExampleICMP() {
	fmt.Println(wire.ICMP([]byte{8, 0, 0xf7, 0xf7, 0, 7, 0, 1}))
	// Output: ICMP 8/0 echo request, id 7 seq 1, 0 octets
}
