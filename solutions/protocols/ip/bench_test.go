package ip_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/net/ipv4"

	"github.com/wirekata/wirekata/solutions/protocols/ip"
)

var header = ip.Header{
	TOS: 0x2e, ID: 4711, DF: true, TTL: 64, Protocol: 17,
	Src: netip.MustParseAddr("192.0.2.1"), Dst: netip.MustParseAddr("198.51.100.7"),
}

var sink struct {
	payload []byte
	sum     uint16
}

func packet(b *testing.B, h ip.Header, size int) []byte {
	pkt, err := h.Append(nil, make([]byte, size))
	if err != nil {
		b.Fatal(err)
	}
	return pkt
}

// BenchmarkParse reads a header into fields and checks the checksum, for which
// gopacket has a function of its own and x/net none.
func BenchmarkParse(b *testing.B) {
	pkt := packet(b, header, 1000)
	b.Run("by=reference", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			h, payload, err := ip.Parse(pkt)
			if err != nil || h.TTL != 64 || len(payload) != 1000 {
				b.Fatal(h, err)
			}
		}
	})
	b.Run("by=gopacket", func(b *testing.B) {
		b.ReportAllocs()
		var l layers.IPv4
		for b.Loop() {
			if err := l.DecodeFromBytes(pkt, gopacket.NilDecodeFeedback); err != nil {
				b.Fatal(err)
			}
			if sink.sum = gopacket.FoldChecksum(gopacket.ComputeChecksum(l.Contents, 0)); sink.sum != 0 {
				b.Fatal(sink.sum)
			}
		}
	})
	b.Run("by=x-net-ipv4", func(b *testing.B) {
		b.ReportAllocs()
		var h ipv4.Header
		for b.Loop() {
			if err := h.Parse(pkt); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkAppend writes a header and 8 octets into memory that is there.
// x/net's Marshal writes a header alone and no checksum.
func BenchmarkAppend(b *testing.B) {
	payload := make([]byte, 8)
	b.Run("by=reference", func(b *testing.B) {
		b.ReportAllocs()
		buf := make([]byte, 0, 64)
		for b.Loop() {
			if _, err := header.Append(buf[:0], payload); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=gopacket", func(b *testing.B) {
		b.ReportAllocs()
		l := layers.IPv4{Version: 4, TOS: 0x2e, Id: 4711, Flags: layers.IPv4DontFragment, TTL: 64, Protocol: 17,
			SrcIP: header.Src.AsSlice(), DstIP: header.Dst.AsSlice()}
		buf := gopacket.NewSerializeBuffer()
		options := gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}
		for b.Loop() {
			if err := gopacket.SerializeLayers(buf, options, &l, gopacket.Payload(payload)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by=x-net-ipv4", func(b *testing.B) {
		b.ReportAllocs()
		h := ipv4.Header{Version: 4, Len: 20, TOS: 0x2e, TotalLen: 28, ID: 4711, Flags: ipv4.DontFragment, TTL: 64, Protocol: 17,
			Src: header.Src.AsSlice(), Dst: header.Dst.AsSlice()}
		for b.Loop() {
			if _, err := h.Marshal(); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkChecksum(b *testing.B) {
	for _, c := range []struct {
		name string
		size int
	}{{"header", 20}, {"packet", 1500}} {
		octets := packet(b, header, 1480)[:c.size]
		b.Run(c.name+"/by=reference", func(b *testing.B) {
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				sink.sum = ip.Checksum(octets)
			}
		})
		b.Run(c.name+"/by=gopacket", func(b *testing.B) {
			b.SetBytes(int64(c.size))
			b.ReportAllocs()
			for b.Loop() {
				sink.sum = gopacket.FoldChecksum(gopacket.ComputeChecksum(octets, 0))
			}
		})
	}
}

// BenchmarkReassemble puts a datagram of 6 fragments together. gopacket keeps
// the packets that it is given, ours copies them.
func BenchmarkReassemble(b *testing.B) {
	h := header
	h.DF = false
	fragments, err := ip.Fragment(packet(b, h, 8000), 1500)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("by=reference", func(b *testing.B) {
		b.ReportAllocs()
		var r ip.Reassembler
		for b.Loop() {
			for _, f := range fragments {
				sink.payload, err = r.Add(f)
			}
			if err != nil || len(sink.payload) != 8020 {
				b.Fatal(len(sink.payload), err)
			}
		}
	})
	b.Run("by=gopacket", func(b *testing.B) {
		b.ReportAllocs()
		d := ip4defrag.NewIPv4Defragmenter()
		now := time.Now()
		for b.Loop() {
			var whole *layers.IPv4
			for _, f := range fragments {
				var l layers.IPv4
				if err := l.DecodeFromBytes(f, gopacket.NilDecodeFeedback); err != nil {
					b.Fatal(err)
				}
				if whole, err = d.DefragIPv4WithTimestamp(&l, now); err != nil {
					b.Fatal(err)
				}
			}
			sink.payload = whole.Payload
			if len(sink.payload) != 8000 {
				b.Fatal(len(sink.payload))
			}
		}
	})
}

// BenchmarkForward passes a packet on among 1000 routes; there is no peer.
func BenchmarkForward(b *testing.B) {
	r := &ip.Router{Addr: map[int]netip.Addr{1: netip.MustParseAddr("10.0.0.1")}, MTU: map[int]int{2: 1500}}
	for i := range 1000 {
		r.Route(netip.PrefixFrom(netip.AddrFrom4([4]byte{100, byte(i >> 8), byte(i), 0}), 24), 3)
	}
	r.Route(netip.MustParsePrefix("198.51.100.0/24"), 2)
	pkt := packet(b, header, 1000)
	b.ReportAllocs()
	for b.Loop() {
		if out := r.Forward(pkt, 1); len(out) != 1 {
			b.Fatal(out)
		}
	}
}
