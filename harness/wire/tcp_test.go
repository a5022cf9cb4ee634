package wire_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

// A SYN with the options that hosts send, and a segment with a hole behind it.
const (
	syn  = "c822 0050 00000007 00000000 a002 faf0 0000 0000" + "020405b4 0402 080a 00000064 00000000 01 030307"
	data = "0050 c822 00000001 00000008 8018 01ff 0000 0000" + "0101 050a 00000010 00000020" + "68656c6c6f"
)

func TestTCP(t *testing.T) {
	change := func(s string, octet int, value byte) []byte {
		b := unhex(t, s)
		b[octet] = value
		return b
	}
	for _, c := range []struct {
		segment []byte
		want    string
	}{
		{unhex(t, syn), "TCP 51234 → 80 seq 7 len 0 SYN win 64240 mss 1460 sack-permitted ts 100 ecr 0 ws 7"},
		{unhex(t, data), "TCP 80 → 51234 seq 1:6 len 5 PSH ACK 8 win 511 sack 16:32"},
		{change(data, 13, 0x10), "TCP 80 → 51234 seq 1:6 len 5 ACK 8 win 511 sack 16:32"},
		{change(data, 13, 0xe7), "TCP 80 → 51234 seq 1:6 len 5 FIN SYN RST URG ECE CWR win 511 urgent 0 sack 16:32"},
		{change(data, 20, 0), "TCP 80 → 51234 seq 1:6 len 5 PSH ACK 8 win 511"},
		{change(data, 23, 11), "TCP 80 → 51234 seq 1:6 len 5 PSH ACK 8 win 511 (broken option 05 0b 00 00 00 10 00 00 00 20)"},
		{change(data, 22, 99), "TCP 80 → 51234 seq 1:6 len 5 PSH ACK 8 win 511 option 99 [00 00 00 10 00 00 00 20]"},
		{change(data, 12, 0x40), "TCP 80 → 51234 seq 1:18 len 17 PSH ACK 8 win 511 (data offset 4)"},
		{change(data, 12, 0xf0), "TCP 80 → 51234 seq 1 len 0 PSH ACK 8 win 511 (data offset 15)"},
		{unhex(t, data)[:3], "no TCP segment: 3 octets: 00 50 c8"},
	} {
		require.Equal(t, c.want, wire.TCP(c.segment))
		client, server := wire.Segments()
		require.Equal(t, []string{c.want}, client.Describe(c.segment))
		require.Equal(t, []string{c.want}, server.Describe(c.segment))
	}
}

// What another implementation wrote is described as it was meant.
func TestTCPOfGopacket(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 100 {
		h := layers.TCP{
			SrcPort: layers.TCPPort(1 + rnd.IntN(65535)), DstPort: layers.TCPPort(1 + rnd.IntN(65535)), Seq: rnd.Uint32(), Ack: rnd.Uint32(),
			FIN: rnd.IntN(2) == 0, SYN: rnd.IntN(2) == 0, PSH: rnd.IntN(2) == 0, ACK: rnd.IntN(2) == 0, Window: uint16(rnd.Uint32()),
			Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{0x05, byte(rnd.Uint32())}}},
		}
		payload := make([]byte, rnd.IntN(1460))
		buf := gopacket.NewSerializeBuffer()
		require.NoError(t, gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true}, &h, gopacket.Payload(payload)))
		numbers := fmt.Sprint(h.Seq)
		if len(payload) > 0 {
			numbers = fmt.Sprintf("%d:%d", h.Seq, h.Seq+uint32(len(payload)))
		}
		want := fmt.Sprintf("TCP %d → %d seq %s len %d", h.SrcPort, h.DstPort, numbers, len(payload))
		for _, f := range []struct {
			set  bool
			name string
		}{{h.FIN, "FIN"}, {h.SYN, "SYN"}, {h.PSH, "PSH"}, {h.ACK, fmt.Sprint("ACK ", h.Ack)}} {
			if f.set {
				want += " " + f.name
			}
		}
		want += fmt.Sprintf(" win %d mss %d", h.Window, 0x500+int(h.Options[0].OptionData[1]))
		require.Equal(t, want, wire.TCP(buf.Bytes()))
	}
}

// Whatever the octets are, there is one line about them.
func FuzzTCP(f *testing.F) {
	for _, s := range []string{syn, data} {
		f.Add(unhex(f, s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if s := wire.TCP(b); s == "" || strings.Contains(s, "\n") {
			t.Errorf("%x: %q", b, s)
		}
	})
}

func ExampleSegment() {
	fmt.Println(wire.Segment{Seq: 1, Ack: 1, Flags: wire.PSH | wire.ACK, Len: 536})
	// Output: seq 1:537 len 536 PSH ACK 1
}

func ExampleTCP() {
	fmt.Println(wire.TCP([]byte{0xc8, 0x22, 0, 80, 0, 0, 0, 7, 0, 0, 0, 0, 0x60, 2, 0xfa, 0xf0, 0, 0, 0, 0, 2, 4, 5, 0xb4}))
	// Output: TCP 51234 → 80 seq 7 len 0 SYN win 64240 mss 1460
}

func ExampleSegments() {
	client, _ := wire.Segments()
	fmt.Println(client.Describe([]byte{0, 80, 0xc8, 0x22, 0, 0, 0, 9, 0, 0, 0, 8, 0x50, 0x11, 0, 0, 0, 0, 0, 0})[0])
	// Output: TCP 80 → 51234 seq 9 len 0 FIN ACK 8 win 0
}
