package ip_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/ip4defrag"
	"github.com/gopacket/gopacket/layers"

	"github.com/wirekata/wirekata/exercises/protocols/ip"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/vectors"
	"github.com/wirekata/wirekata/harness/wire"
)

// The checksum is the complement of the one's complement sum of the 16-bit
// words, and 0 over octets that include it. RFC 1071 §1 and §3
func TestChecksumOfThePublishedExample(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, v := range vectors.InternetChecksum {
			contract.Step(t, "the checksum of % x", v.Data)
			wantSum(t, "Checksum", ip.Checksum(v.Data), ^v.Sum)
			contract.Step(t, "and of the same with the checksum behind it")
			wantSum(t, "Checksum", ip.Checksum(binary.BigEndian.AppendUint16(v.Data, ^v.Sum)), 0)
		}
	})
}

// A header is written as RFC 791 lays it out, with both lengths and the
// checksum, behind what is in the buffer already. RFC 791 §3.1
func TestHeaderIsWritten(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, flags := range []string{"", "DF", "MF"} {
			p := randomPacket(rnd, 40)
			p.df, p.mf = flags == "DF", flags == "MF"
			if p.mf {
				p.offset = 8 * (1 + rnd.IntN(8000))
			}
			want := gopacketBytes(t, p)
			before := randomOctets(rnd, 5)
			contract.Step(t, "append to %d octets: %s", len(before), wire.IPv4(want))
			got, err := p.header().Append(slices.Clone(before), p.payload)
			wantNil(t, "Append", err)
			if !bytes.HasPrefix(got, before) {
				contract.Failf(t, "Append did not leave alone what was in the buffer: % x became % x", before, got[:min(len(got), len(before))])
			}
			wantPacket(t, "the packet that Append made", got[len(before):], want)
		}
	})
}

// A header is read into its fields, and the payload is what follows it. RFC
// 791 §3.1
func TestHeaderIsRead(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, flags := range []string{"", "DF", "MF"} {
			p := randomPacket(rnd, 40)
			p.df, p.mf = flags == "DF", flags == "MF"
			if p.mf {
				p.offset = 8 * (1 + rnd.IntN(8000))
			}
			pkt := gopacketBytes(t, p)
			contract.Step(t, "parse %s", wire.IPv4(pkt))
			h, payload, err := ip.Parse(pkt)
			wantNil(t, "Parse", err)
			wantHeader(t, h, p.header())
			contract.Bytes(t, "the payload", payload, p.payload)
		}
	})
}

// A packet that is longer than the MTU becomes packets that fit, and that make
// the same datagram again. RFC 791 §3.2 and Appendix A, example 2
func TestFragmentsFitAndMakeTheWhole(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		v := vectors.Fragmentation
		p := randomPacket(contract.Rand(t), v.TotalLength-v.HeaderLength)
		p.id, p.ttl, p.proto = uint16(v.Identification), uint8(v.TTL), uint8(v.Protocol)
		pkt := p.bytes()
		contract.Step(t, "%s, cut for %d octets", wire.IPv4(pkt), v.MTU)
		fragments, err := ip.Fragment(slices.Clone(pkt), v.MTU)
		wantNil(t, "Fragment", err)
		wantCut(t, fragments, v.MTU, pkt)
		if len(fragments) < len(v.Fragments) {
			contract.Failf(t, "%d fragments: the octets cannot all be there", len(fragments))
		}
		contract.Step(t, "cut for %d octets: nothing to do", len(pkt))
		fragments, err = ip.Fragment(slices.Clone(pkt), len(pkt))
		wantNil(t, "Fragment", err)
		wantPackets(t, "a packet that fits", fragments, pkt)
	})
}

// The last fragment to come completes the datagram, which has the first
// fragment's header; until then there is nothing. RFC 791 §3.2
func TestFragmentsBecomeTheWhole(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var r ip.Reassembler
		rnd := contract.Rand(t)
		for _, cuts := range [][]int{{64}, {8, 16, 96}} {
			p := randomPacket(rnd, 100+rnd.IntN(8))
			fragments := pieces(p, cuts...)
			contract.Step(t, "add %s in %d fragments", wire.IPv4(p.bytes()), len(fragments))
			for _, f := range fragments[:len(fragments)-1] {
				addMore(t, &r, f)
			}
			addWhole(t, &r, fragments[len(fragments)-1], p.bytes())
		}
		p := randomPacket(rnd, 30)
		contract.Step(t, "add a packet that is no fragment")
		addWhole(t, &r, p.bytes(), p.bytes())
	})
}

// A router sends a packet out on the link of its route, with one less to live
// and otherwise as it came. RFC 1812 §5.3.1
func TestRouterPassesOn(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := threeLinks()
		for i, dst := range []string{"198.51.100.7", "203.0.113.9"} {
			p := randomPacket(rnd, 1+rnd.IntN(900))
			p.dst, p.df = netip.MustParseAddr(dst), true
			contract.Step(t, "a packet for %s", dst)
			out := forward(t, r, p.bytes(), 1)
			p.ttl--
			wantSent(t, out, 2+i, p.bytes())
		}
	})
}

// A packet whose time to live would be over is not passed on: its source is
// told so. RFC 792, RFC 1812 §5.3.1
func TestExpiredPacketIsReported(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		r := threeLinks()
		p := randomPacket(contract.Rand(t), 60)
		p.dst, p.ttl = netip.MustParseAddr("198.51.100.7"), 2
		contract.Control(t, "a packet with 2 to live")
		out := forward(t, r, p.bytes(), 1)
		old := p
		old.ttl = 1
		wantSent(t, out, 2, old.bytes())
		for _, ttl := range []uint8{1, 0} {
			contract.Step(t, "a packet with %d to live", ttl)
			p.ttl = ttl
			wantReport(t, forward(t, r, p.bytes(), 1), r, 1, report{ip.TimeExceeded, ip.ExpiredInTransit, 0, p.bytes()})
		}
	})
}

// "Fragmentation needed" tells how large packets may be on the way to the
// destination of the packet that it quotes, and to no other. RFC 1191 §3
func TestPathMTUIsLearnt(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		var m ip.PathMTU
		near, far := randomPacket(rnd, 1480), randomPacket(rnd, 1480)
		contract.Step(t, "1402 for %s", far.dst)
		learn(t, &m, far, 1402)
		wantEstimate(t, &m, far.dst, 1402)
		contract.Step(t, "1310 for %s", near.dst)
		learn(t, &m, near, 1310)
		wantEstimate(t, &m, near.dst, 1310)
		wantEstimate(t, &m, far.dst, 1402)
		contract.Step(t, "nothing about the source %s", far.src)
		wantEstimate(t, &m, far.src, 0)
	})
}

// A packet is what the suite says about one, apart from the candidate's words
// for it.
type packet struct {
	tos, ttl, proto uint8
	id              uint16
	df, mf          bool
	offset          int
	src, dst        netip.Addr
	options         []byte
	payload         []byte
}

// randomPacket returns one without flags and options, between two hosts that
// no other packet knows.
func randomPacket(rnd *rand.Rand, size int) packet {
	host := func(net byte) netip.Addr {
		return netip.AddrFrom4([4]byte{net, byte(1 + rnd.IntN(254)), byte(1 + rnd.IntN(254)), byte(1 + rnd.IntN(254))})
	}
	return packet{
		tos: uint8(1 + rnd.IntN(255)), ttl: uint8(10 + rnd.IntN(200)), proto: uint8(17 + rnd.IntN(200)),
		id: uint16(1 + rnd.IntN(65534)), src: host(10), dst: host(100), payload: randomOctets(rnd, size),
	}
}

func randomOctets(rnd *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(1 + rnd.IntN(255))
	}
	return b
}

// bytes builds the packet.
func (p packet) bytes() []byte {
	flags := uint16(p.offset / 8)
	if p.df {
		flags |= 0x4000
	}
	if p.mf {
		flags |= 0x2000
	}
	src, dst := p.src.As4(), p.dst.As4()
	hlen := 20 + len(p.options)
	b := []byte{0x40 | byte(hlen/4), p.tos, byte((hlen + len(p.payload)) >> 8), byte(hlen + len(p.payload)),
		byte(p.id >> 8), byte(p.id), byte(flags >> 8), byte(flags), p.ttl, p.proto, 0, 0}
	b = slices.Concat(b, src[:], dst[:], p.options, p.payload)
	return seal(b)
}

// header is the packet in the candidate's words.
func (p packet) header() ip.Header {
	return ip.Header{TOS: p.tos, ID: p.id, DF: p.df, MF: p.mf, Offset: p.offset, TTL: p.ttl, Protocol: p.proto,
		Src: p.src, Dst: p.dst, Options: p.options}
}

// pieces cuts the packet's payload at the given offsets.
func pieces(p packet, cuts ...int) [][]byte {
	var fragments [][]byte
	start := 0
	for _, end := range append(slices.Clone(cuts), len(p.payload)) {
		fragments = append(fragments, part(p, start, end))
		start = end
	}
	return fragments
}

// part is the fragment of p with its payload's octets from start to end.
func part(p packet, start, end int) []byte {
	f := p
	f.offset, f.mf, f.payload = p.offset+start, p.mf || end < len(p.payload), p.payload[start:end]
	return f.bytes()
}

// seal puts the right checksum into the header of b, whose length is what its
// IHL says.
func seal(b []byte) []byte {
	b[10], b[11] = 0, 0
	binary.BigEndian.PutUint16(b[10:], plainSum(b[:min(len(b), int(b[0]&15)*4)]))
	return b
}

// plainSum is the Internet checksum, octet by octet.
func plainSum(b []byte) uint16 {
	sum := 0
	for i, c := range b {
		sum += int(c) << (8 * (1 - i%2))
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

// gopacketBytes has gopacket write the packet.
func gopacketBytes(t *testing.T, p packet) []byte {
	t.Helper()
	l := layers.IPv4{Version: 4, TOS: p.tos, Id: p.id, FragOffset: uint16(p.offset / 8), TTL: p.ttl,
		Protocol: layers.IPProtocol(p.proto), SrcIP: p.src.AsSlice(), DstIP: p.dst.AsSlice()}
	if p.df {
		l.Flags |= layers.IPv4DontFragment
	}
	if p.mf {
		l.Flags |= layers.IPv4MoreFragments
	}
	buf := gopacket.NewSerializeBuffer()
	err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, &l, gopacket.Payload(p.payload))
	if err != nil {
		contract.Failf(t, "BUG: gopacket: %v", err)
	}
	return buf.Bytes()
}

// defragment has gopacket put fragments together and returns the payload.
func defragment(t *testing.T, fragments [][]byte) []byte {
	t.Helper()
	d := ip4defrag.NewIPv4Defragmenter()
	for i, f := range fragments {
		var l layers.IPv4
		if err := l.DecodeFromBytes(f, gopacket.NilDecodeFeedback); err != nil {
			contract.Mismatch(t, fmt.Sprintf("gopacket cannot read fragment %d: %v", i+1, err), describe(fragments), "")
		}
		whole, err := d.DefragIPv4(&l)
		switch {
		case err != nil:
			contract.Mismatch(t, fmt.Sprintf("gopacket does not take fragment %d: %v", i+1, err), describe(fragments), "")
		case whole != nil && i < len(fragments)-1:
			contract.Mismatch(t, fmt.Sprintf("the datagram is complete with fragment %d, and there are more", i+1), describe(fragments), "")
		case whole != nil:
			return whole.Payload
		}
	}
	contract.Mismatch(t, "the fragments do not make a whole datagram", describe(fragments), "")
	return nil
}

// wantCut checks that fragments are a legal way to cut pkt.
func wantCut(t *testing.T, fragments [][]byte, mtu int, pkt []byte) {
	t.Helper()
	if len(fragments) < 2 {
		contract.Mismatch(t, "the packet was not cut", describe(fragments), fmt.Sprintf("at least 2 packets of at most %d octets", mtu))
	}
	offset := -1
	for i, f := range fragments {
		wantSound(t, fmt.Sprintf("fragment %d", i+1), f)
		at := int(binary.BigEndian.Uint16(f[6:])&0x1fff) * 8
		switch {
		case len(f) > mtu:
			contract.Mismatch(t, fmt.Sprintf("fragment %d is longer than %d octets", i+1, mtu), describe(fragments), "")
		case at <= offset:
			contract.Mismatch(t, fmt.Sprintf("fragment %d is not in order", i+1), describe(fragments), "")
		case len(f) == int(f[0]&15)*4:
			contract.Mismatch(t, fmt.Sprintf("fragment %d has no payload", i+1), describe(fragments), "")
		case !bytes.Equal(f[4:6], pkt[4:6]) || f[1] != pkt[1] || !bytes.Equal(f[8:10], pkt[8:10]) || !bytes.Equal(f[12:20], pkt[12:20]):
			contract.Mismatch(t, fmt.Sprintf("fragment %d has not the packet's fields", i+1), wire.IPv4(f), wire.IPv4(pkt))
		}
		offset = at
	}
	contract.Bytes(t, "the fragments' payload, put together by gopacket", defragment(t, fragments), pkt[int(pkt[0]&15)*4:])
}

// wantSound checks that pkt is one packet with a right checksum.
func wantSound(t *testing.T, what string, pkt []byte) {
	t.Helper()
	if len(pkt) < 20 || pkt[0]>>4 != 4 || pkt[0]&15 < 5 || len(pkt) < int(pkt[0]&15)*4 ||
		int(binary.BigEndian.Uint16(pkt[2:])) != len(pkt) || plainSum(pkt[:int(pkt[0]&15)*4]) != 0 {
		contract.Mismatch(t, what+" is no sound packet", wire.IPv4(pkt), fmt.Sprintf("one of %d octets, with a right checksum", len(pkt)))
	}
}

// wantPacket checks that got is want.
func wantPacket(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if g, w := wire.IPv4(got), wire.IPv4(want); g != w {
		contract.Mismatch(t, what, g, w)
	}
	contract.Bytes(t, what, got, want)
}

// wantPackets checks that got is one packet, which is want.
func wantPackets(t *testing.T, what string, got [][]byte, want []byte) {
	t.Helper()
	if len(got) != 1 {
		contract.Mismatch(t, what+" became another number of packets", describe(got), wire.IPv4(want))
	}
	wantPacket(t, what, got[0], want)
}

func describe(packets [][]byte) string {
	var b strings.Builder
	for _, p := range packets {
		fmt.Fprintln(&b, wire.IPv4(p))
	}
	if b.Len() == 0 {
		return "(no packet)"
	}
	return b.String()
}

func wantSum(t *testing.T, what string, got, want uint16) {
	t.Helper()
	if got != want {
		contract.Mismatch(t, what, fmt.Sprintf("%04x", got), fmt.Sprintf("%04x", want))
	}
}

func wantNil(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		contract.Failf(t, "%s returned the error %q, want none", what, err)
	}
}

func wantErr(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		contract.Mismatch(t, what+" returned another error", fmt.Sprint(got), fmt.Sprint(want))
	}
}

func wantHeader(t *testing.T, got, want ip.Header) {
	t.Helper()
	if len(got.Options) == 0 && len(want.Options) == 0 {
		got.Options, want.Options = nil, nil
	}
	if g, w := fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", want); g != w {
		contract.Mismatch(t, "the header was not read right", g, w)
	}
}

// addMore adds a fragment that does not complete its datagram. The candidate
// gets a copy, which is overwritten afterwards: it was told not to keep it.
func addMore(t *testing.T, r *ip.Reassembler, fragment []byte) {
	t.Helper()
	whole, err := add(t, r, fragment)
	if err != nil || whole != nil {
		contract.Mismatch(t, "a fragment with more to come", addResult(whole, err), "nothing, and no error")
	}
}

// addWhole adds a packet that completes want.
func addWhole(t *testing.T, r *ip.Reassembler, fragment, want []byte) {
	t.Helper()
	whole, err := add(t, r, fragment)
	if err != nil || whole == nil {
		contract.Mismatch(t, "the datagram should be complete", addResult(whole, err), wire.IPv4(want))
	}
	wantPacket(t, "the datagram that Add put together", whole, want)
}

// addErr adds a fragment that is refused.
func addErr(t *testing.T, r *ip.Reassembler, fragment []byte, want error) {
	t.Helper()
	whole, err := add(t, r, fragment)
	if whole != nil || !errors.Is(err, want) {
		contract.Mismatch(t, "a fragment that is to be refused", addResult(whole, err), fmt.Sprintf("the error %q", want))
	}
}

func add(t *testing.T, r *ip.Reassembler, fragment []byte) ([]byte, error) {
	contract.Message(t, "network", "Add", wire.IPv4(fragment), fragment, false)
	lent := slices.Clone(fragment)
	whole, err := r.Add(lent)
	whole = slices.Clone(whole)
	clear(lent)
	return whole, err
}

func addResult(whole []byte, err error) string {
	switch {
	case err != nil:
		return fmt.Sprintf("the error %q", err)
	case whole == nil:
		return "nothing, and no error"
	}
	return wire.IPv4(whole)
}

// threeLinks is a router between three networks, without a default route.
func threeLinks() *ip.Router {
	r := &ip.Router{
		Addr: map[int]netip.Addr{1: netip.MustParseAddr("10.0.0.254"), 2: netip.MustParseAddr("198.51.100.254"), 3: netip.MustParseAddr("203.0.113.254")},
		MTU:  map[int]int{1: 1500, 2: 1500, 3: 1006},
	}
	r.Route(netip.MustParsePrefix("10.0.0.0/8"), 1)
	r.Route(netip.MustParsePrefix("198.51.100.0/24"), 2)
	r.Route(netip.MustParsePrefix("203.0.113.0/24"), 3)
	return r
}

// forward has the router decide, and records what went in and came out.
func forward(t *testing.T, r *ip.Router, pkt []byte, in int) []ip.Packet {
	contract.Message(t, linkName(in), "router", wire.IPv4(pkt), pkt, false)
	out := r.Forward(slices.Clone(pkt), in)
	for _, p := range out {
		contract.Message(t, "router", linkName(p.Link), wire.IPv4(p.Bytes), p.Bytes, false)
	}
	return out
}

func linkName(n int) string { return fmt.Sprintf("link %d", n) }

func describeOut(out []ip.Packet) string {
	var b strings.Builder
	for _, p := range out {
		fmt.Fprintf(&b, "%s: %s\n", linkName(p.Link), wire.IPv4(p.Bytes))
	}
	if b.Len() == 0 {
		return "(nothing was sent)"
	}
	return b.String()
}

// wantSent checks that one packet was sent, want, on that link.
func wantSent(t *testing.T, out []ip.Packet, link int, want []byte) {
	t.Helper()
	if len(out) != 1 || out[0].Link != link {
		contract.Mismatch(t, "not sent as it should be", describeOut(out), linkName(link)+": "+wire.IPv4(want))
	}
	wantPacket(t, "the packet that was passed on", out[0].Bytes, want)
}

// A report is an ICMP error: its type and code, the MTU that it names, and the
// packet that it is about.
type report struct {
	typ, code uint8
	mtu       int
	about     []byte
}

// wantReport checks that one packet was sent, back on the link in, which is
// the given ICMP error and quotes at least the header and 8 octets. How much
// more, one clause judges.
func wantReport(t *testing.T, out []ip.Packet, r *ip.Router, in int, want report) (quote []byte) {
	t.Helper()
	from, to := r.Addr[in], netip.AddrFrom4([4]byte(want.about[12:16]))
	least := want.about[:min(len(want.about), int(want.about[0]&15)*4+8)]
	message := func(quote []byte) []byte {
		return sealICMP(append([]byte{want.typ, want.code, 0, 0, 0, 0, byte(want.mtu >> 8), byte(want.mtu)}, quote...))
	}
	rendered := fmt.Sprintf("%s: IPv4 %s → %s proto 1: %s", linkName(in), from, to, wire.ICMP(message(least)))
	if len(out) != 1 || out[0].Link != in {
		contract.Mismatch(t, "not reported as it should be", describeOut(out), rendered)
	}
	pkt := out[0].Bytes
	wantSound(t, "the report", pkt)
	if pkt[9] != ip.ProtocolICMP || netip.AddrFrom4([4]byte(pkt[12:])) != from || netip.AddrFrom4([4]byte(pkt[16:])) != to ||
		pkt[8] == 0 || binary.BigEndian.Uint16(pkt[6:])&0x3fff != 0 {
		contract.Mismatch(t, "the report is not an ICMP packet to the source", describeOut(out), rendered)
	}
	got := pkt[int(pkt[0]&15)*4:]
	if len(got) < 8+len(least) || len(got) > 8+len(want.about) {
		contract.Mismatch(t, "the report does not quote the packet", wire.ICMP(got), wire.ICMP(message(least)))
	}
	whole := message(want.about[:len(got)-8])
	if g, w := wire.ICMP(got), wire.ICMP(whole); g != w {
		contract.Mismatch(t, "another ICMP message", g, w)
	}
	contract.Bytes(t, "the ICMP message", got, whole)
	return got[8:]
}

// sealICMP puts the right checksum into an ICMP message.
func sealICMP(m []byte) []byte {
	m[2], m[3] = 0, 0
	binary.BigEndian.PutUint16(m[2:], plainSum(m))
	return m
}

// tooLong is the "fragmentation needed" that names mtu and quotes p's start.
func tooLong(p packet, mtu int) []byte {
	return sealICMP(append([]byte{3, 4, 0, 0, 0, 0, byte(mtu >> 8), byte(mtu)}, p.bytes()[:28]...))
}

// learn tells m of an MTU on the way of p.
func learn(t *testing.T, m *ip.PathMTU, p packet, mtu int) {
	t.Helper()
	message := tooLong(p, mtu)
	contract.Message(t, "router", "Learn", wire.ICMP(message), message, false)
	wantNil(t, "Learn", m.Learn(message))
}

func wantEstimate(t *testing.T, m *ip.PathMTU, dst netip.Addr, want int) {
	t.Helper()
	if got := m.For(dst); got != want {
		contract.Mismatch(t, "the estimate for "+dst.String(), fmt.Sprint(got), fmt.Sprint(want))
	}
}
