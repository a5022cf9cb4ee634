package wire_test

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/pires/go-proxyproto"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

const proxySignature = "\r\n\r\n\x00\r\nQUIT\n"

func ExampleProxied() {
	client, _ := wire.Proxied(wire.HTTP1)()
	for _, line := range client.Describe([]byte("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\nHost: 192.168.0.11\r\n\r\n")) {
		fmt.Println(line)
	}
	// Output:
	// PROXY v1 TCP4 192.168.0.1:56324 → 192.168.0.11:443
	// GET /
}

func TestProxiedHeaders(t *testing.T) {
	v4 := "\xc0\x00\x02\x01\xc6\x33\x64\x07\x13\x88\x01\xbb"
	v6 := "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x02\x13\x88\x01\xbb"
	for header, want := range map[string]string{
		"PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\n": "PROXY v1 TCP6 [2001:db8::1]:5000 → [2001:db8::2]:443",
		"PROXY UNKNOWN\r\n":                                            "PROXY v1 UNKNOWN",
		"PROXY UNKNOWN whatever\r\n":                                   "PROXY v1 UNKNOWN whatever",
		"PROXY TCP4 1.2.3.4\r\n":                                       "PROXY v1 TCP4 1.2.3.4",
		proxySignature + "\x21\x11\x00\x0c" + v4:                       "PROXY v2 TCP4 192.0.2.1:5000 → 198.51.100.7:443",
		proxySignature + "\x21\x12\x00\x0c" + v4:                       "PROXY v2 UDP4 192.0.2.1:5000 → 198.51.100.7:443",
		proxySignature + "\x21\x11\x00\x10" + v4 + "\x04\x00\x01x":     "PROXY v2 TCP4 192.0.2.1:5000 → 198.51.100.7:443, TLVs 4 octets",
		proxySignature + "\x21\x21\x00\x24" + v6:                       "PROXY v2 TCP6 [2001:db8::1]:5000 → [2001:db8::2]:443",
		proxySignature + "\x20\x00\x00\x00":                            "PROXY v2 LOCAL",
		proxySignature + "\x20\x11\x00\x0c" + v4:                       "PROXY v2 LOCAL, 12 octets skipped",
		proxySignature + "\x21\x00\x00\x00":                            "PROXY v2 UNSPEC",
		proxySignature + "\x21\x31\x00\xd8" + strings.Repeat("/", 216): "PROXY v2 UNIX stream",
		proxySignature + "\x21\x11\x00\x03abc":                         "PROXY v2 TCP4, 3 of 12 octets",
		proxySignature + "\x21\x41\x00\x01a":                           "PROXY v2 family 0x41, TLVs 1 octets",
		proxySignature + "\x31\x11\x00\x01a":                           "PROXY v3 command 1, 1 octets skipped",
		"":                                                             "",
	} {
		for _, size := range []int{1, 7, 1000} {
			client, _ := wire.Proxied(wire.WebSocket)()
			var got []string
			for piece := []byte(header + "\x89\x02hi"); len(piece) > 0; piece = piece[min(size, len(piece)):] {
				got = append(got, client.Describe(piece[:min(size, len(piece))])...)
			}
			require.Equal(t, strings.TrimPrefix(want+"|", "|")+`PING "hi"`, strings.Join(got, "|"))
		}
	}
}

func TestProxiedWithoutHeader(t *testing.T) {
	for _, stream := range []string{"GET / HTTP/1.1\r\n\r\n", "PROXIES", "\r\n\r\nhello", "P"} {
		client, server := wire.Proxied(nil)()
		var got []string
		got = append(got, client.Describe([]byte(stream))...)
		got = append(got, client.Describe([]byte("!"))...)
		require.Equal(t, fmt.Sprintf("%q", stream+"!"), strings.ReplaceAll(strings.Join(got, ""), `""`, ""))
		require.Equal(t, []string{`"PROXY UNKNOWN\r\n"`}, server.Describe([]byte("PROXY UNKNOWN\r\n")), "only a client has a header")
	}
	client, _ := wire.Proxied(nil)()
	require.Equal(t, "PROXY v1 without an end of line", client.Describe([]byte("PROXY " + strings.Repeat("x", 200)))[0])
}

// The peer's headers are rendered with the peer's addresses.
func TestProxiedAgreesWithAPeer(t *testing.T) {
	for _, version := range []byte{1, 2} {
		for _, ips := range [][2]string{{"203.0.113.9", "10.1.2.3"}, {"2001:db8::9", "fe80::1"}} {
			src := &net.TCPAddr{IP: net.ParseIP(ips[0]), Port: 4711}
			dst := &net.TCPAddr{IP: net.ParseIP(ips[1]), Port: 80}
			var b bytes.Buffer
			_, err := proxyproto.HeaderProxyFromAddrs(version, src, dst).WriteTo(&b)
			require.NoError(t, err)
			client, _ := wire.Proxied(nil)()
			family := map[bool]string{true: "TCP4", false: "TCP6"}[src.IP.To4() != nil]
			require.Equal(t, []string{fmt.Sprintf("PROXY v%d %s %s → %s", version, family, src, dst)}, client.Describe(b.Bytes()))
		}
	}
}
