package ip_test

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/protocols/ip"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/vectors"
	"github.com/wirekata/wirekata/harness/wire"
)

// The checksum is right for any length, odd or none, and however many carries
// there are to add back in. RFC 1071 §1 and §2
func TestChecksumOfAnyLength(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, n := range []int{1, 2, 3, 7, 20, 21, 22, 23, 24, 60, 575, 1500, 65535} {
			b := randomOctets(rnd, n)
			contract.Step(t, "%d octets", n)
			wantSum(t, "Checksum", ip.Checksum(b), plainSum(b))
		}
		contract.Step(t, "no octets")
		wantSum(t, "Checksum", ip.Checksum(nil), 0xffff)
		contract.Step(t, "words whose sum is 1ffff: adding in the carry makes another carry")
		wantSum(t, "Checksum", ip.Checksum([]byte{0xff, 0xff, 0xff, 0xff, 0x00, 0x01}), 0xfffe)
		contract.Step(t, "65534 octets of ff")
		full := make([]byte, 65534)
		for i := range full {
			full[i] = 0xff
		}
		wantSum(t, "Checksum", ip.Checksum(full), 0)
	})
}

// An update gives what a recomputation gives, also in the corner where RFC
// 1141's equation gives ffff for 0. RFC 1624 §3 and §4
func TestUpdateIsARecomputation(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		v := vectors.ChecksumUpdate
		contract.Step(t, "the published example: %04x, %04x becomes %04x", v.Before, v.Old, v.New)
		wantSum(t, "Update", ip.Update(v.Before, v.Old, v.New), v.After)
		contract.Step(t, "and back")
		wantSum(t, "Update", ip.Update(v.After, v.New, v.Old), v.Before)
		rnd := contract.Rand(t)
		contract.Step(t, "200 random headers of which one word changes, there and back")
		for range 200 {
			b := randomOctets(rnd, 20)
			old := binary.BigEndian.Uint16(b[6:])
			changed := slices.Clone(b)
			binary.BigEndian.PutUint16(changed[6:], 0)
			// The last one makes the new checksum 0.
			word := []uint16{0, 0xffff, old, uint16(rnd.Uint32()), plainSum(changed)}[rnd.IntN(5)]
			binary.BigEndian.PutUint16(changed[6:], word)
			was, is := plainSum(b), plainSum(changed)
			wantSum(t, fmt.Sprintf("Update(%04x, %04x, %04x)", was, old, word), ip.Update(was, old, word), is)
			wantSum(t, fmt.Sprintf("Update(%04x, %04x, %04x)", is, word, old), ip.Update(is, word, old), was)
		}
		contract.Step(t, "the only word that is not zero: fffe, 0001 becomes ffff")
		wantSum(t, "Update", ip.Update(0xfffe, 0x0001, 0xffff), 0x0000)
	})
}

// The total length says where a packet ends: fewer octets are a packet cut
// short, more are padding of the link. RFC 791 §3.1
func TestTotalLengthEndsThePacket(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		p := randomPacket(rnd, 13)
		p.options = []byte{0x94, 4, 0, 0} // router alert, RFC 2113
		pkt := p.bytes()
		contract.Control(t, "parse %s", wire.IPv4(pkt))
		h, payload, err := ip.Parse(pkt)
		wantNil(t, "Parse", err)
		wantHeader(t, h, p.header())
		contract.Bytes(t, "the payload", payload, p.payload)
		contract.Step(t, "cut short at each octet")
		for n := range pkt {
			_, _, err := ip.Parse(pkt[:n:n])
			wantErr(t, fmt.Sprintf("Parse of the first %d octets", n), err, ip.ErrTruncated)
		}
		padding := randomOctets(rnd, 1+rnd.IntN(26))
		contract.Step(t, "with %d octets of padding behind it", len(padding))
		padded := slices.Concat(pkt, padding)
		h, payload, err = ip.Parse(padded)
		wantNil(t, "Parse", err)
		wantHeader(t, h, p.header())
		contract.Bytes(t, "the payload", payload, p.payload)
		contract.Step(t, "the same into Fragment")
		fragments, err := ip.Fragment(slices.Clone(padded), 1500)
		wantNil(t, "Fragment", err)
		wantPackets(t, "a packet with padding", fragments, pkt)
		contract.Step(t, "the same into Add")
		addWhole(t, &ip.Reassembler{}, padded, pkt)
		contract.Step(t, "the same through the router")
		r := threeLinks()
		r.Route(netip.MustParsePrefix("100.0.0.0/8"), 2)
		p.ttl--
		wantSent(t, forward(t, r, padded, 1), 2, p.bytes())
	})
}

// A header that cannot be is refused, whether it is to be read or to be
// written. RFC 791 §3.1, README
func TestImpossibleHeaderIsRefused(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		p := randomPacket(rnd, 12)
		pkt := p.bytes()
		contract.Control(t, "parse %s", wire.IPv4(pkt))
		_, _, err := ip.Parse(pkt)
		wantNil(t, "Parse", err)
		for _, c := range []struct {
			what   string
			octet  int
			value  byte
			sealed bool
			want   error
		}{
			{"version 6", 0, 0x65, true, ip.ErrVersion},
			{"version 0", 0, 0x05, true, ip.ErrVersion},
			{"IHL 4", 0, 0x44, true, ip.ErrHeader},
			{"total length 19", 3, 19, true, ip.ErrHeader},
			{"total length 0", 3, 0, true, ip.ErrHeader},
			{"another TTL and the old checksum", 8, p.ttl - 1, false, ip.ErrChecksum},
		} {
			contract.Step(t, "parse one with %s", c.what)
			broken := slices.Clone(pkt)
			broken[c.octet] = c.value
			if c.sealed {
				seal(broken)
			}
			_, _, err := ip.Parse(broken)
			wantErr(t, "Parse", err, c.want)
		}
		contract.Step(t, "each bit from the identification on turned over")
		for bit := 32; bit < 160; bit++ {
			broken := slices.Clone(pkt)
			broken[bit/8] ^= 0x80 >> (bit % 8)
			_, _, err := ip.Parse(broken)
			wantErr(t, fmt.Sprintf("Parse with bit %d turned over", bit), err, ip.ErrChecksum)
		}
		contract.Control(t, "append one with 40 octets of options, offset 65528")
		h := p.header()
		h.Options, h.Offset = make([]byte, 40), 65528
		_, err = h.Append(nil, make([]byte, 7))
		wantNil(t, "Append", err)
		for _, c := range []struct {
			what   string
			change func(h *ip.Header)
		}{
			{"44 octets of options", func(h *ip.Header) { h.Options = make([]byte, 44) }},
			{"3 octets of options", func(h *ip.Header) { h.Options = make([]byte, 3) }},
			{"offset 12", func(h *ip.Header) { h.Offset = 12 }},
			{"offset -8", func(h *ip.Header) { h.Offset = -8 }},
			{"offset 65536", func(h *ip.Header) { h.Offset = 65536 }},
			{"no source", func(h *ip.Header) { h.Src = netip.Addr{} }},
			{"an IPv6 destination", func(h *ip.Header) { h.Dst = netip.MustParseAddr("2001:db8::1") }},
		} {
			contract.Step(t, "append one with %s", c.what)
			h := p.header()
			c.change(&h)
			_, err := h.Append(nil, p.payload)
			wantErr(t, "Append", err, ip.ErrHeader)
		}
		contract.Control(t, "append one of 65535 octets")
		long, err := p.header().Append(nil, make([]byte, 65515))
		wantNil(t, "Append", err)
		wantSound(t, "the longest packet", long)
		contract.Step(t, "append one of 65536 octets")
		_, err = p.header().Append(nil, make([]byte, 65516))
		wantErr(t, "Append", err, ip.ErrTooLong)
	})
}

// The first fragment has all of the options, the others those with the copied
// flag. RFC 791 §3.1
func TestOptionsInFragments(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := randomPacket(contract.Rand(t), 300)
		// No operation, record route (not copied), loose source route
		// (copied), security (copied), end of list.
		p.options = []byte{
			1, 7, 7, 4, 1, 2, 3, 4,
			0x83, 7, 4, 9, 8, 7, 6,
			0x82, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9,
			0, 0x99,
		}
		pkt := p.bytes()
		contract.Step(t, "cut %s for 120 octets", wire.IPv4(pkt))
		fragments, err := ip.Fragment(slices.Clone(pkt), 120)
		wantNil(t, "Fragment", err)
		wantCut(t, fragments, 120, pkt)
		contract.Bytes(t, "the first fragment's options", optionsOf(fragments[0]), p.options)
		copied := []byte{0x83, 7, 4, 9, 8, 7, 6, 0x82, 11, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0}
		for i, f := range fragments[1:] {
			contract.Bytes(t, fmt.Sprintf("the options of fragment %d", i+2), optionsOf(f), copied)
		}
		contract.Step(t, "and put together again")
		var r ip.Reassembler
		last := len(fragments) - 1
		for _, f := range fragments[:last] {
			addMore(t, &r, f)
		}
		addWhole(t, &r, fragments[last], pkt)
		contract.Step(t, "and again, the first one last")
		for _, f := range fragments[1:] {
			addMore(t, &r, f)
		}
		addWhole(t, &r, fragments[0], pkt)
	})
}

// A fragment can be cut again: its pieces are pieces of the whole datagram.
// RFC 791 §3.2
func TestFragmentOfAFragment(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		p := randomPacket(rnd, 900+rnd.IntN(40))
		contract.Step(t, "cut a datagram of %d octets in three, and each again for 128", len(p.payload))
		var all [][]byte
		for _, f := range pieces(p, 296, 600) {
			again, err := ip.Fragment(slices.Clone(f), 128)
			wantNil(t, "Fragment", err)
			if len(again) < 2 {
				contract.Mismatch(t, "the fragment was not cut", describe(again), "")
			}
			for i, g := range again {
				wantSound(t, fmt.Sprintf("piece %d of %s", i+1, wire.IPv4(f)), g)
				if len(g) > 128 {
					contract.Mismatch(t, "longer than 128 octets", wire.IPv4(g), "")
				}
			}
			all = append(all, again...)
		}
		contract.Bytes(t, "all of the pieces, put together by gopacket", defragment(t, all), p.payload)
	})
}

// What must not be cut is not cut, and no link carries less than 68 octets.
// RFC 791 §3.1 and §3.2
func TestDontFragment(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		p := randomPacket(rnd, 801)
		contract.Control(t, "cut %s for 68 octets", wire.IPv4(p.bytes()))
		fragments, err := ip.Fragment(p.bytes(), vectors.LeastMTU)
		wantNil(t, "Fragment", err)
		wantCut(t, fragments, vectors.LeastMTU, p.bytes())
		contract.Step(t, "for 67 octets")
		_, err = ip.Fragment(p.bytes(), vectors.LeastMTU-1)
		wantErr(t, "Fragment", err, ip.ErrMTU)
		p.df = true
		contract.Step(t, "with DF, for 820 octets")
		_, err = ip.Fragment(p.bytes(), 820)
		wantErr(t, "Fragment", err, ip.ErrDontFragment)
		contract.Step(t, "with DF, for 821 octets: it fits")
		fragments, err = ip.Fragment(p.bytes(), 821)
		wantNil(t, "Fragment", err)
		wantPackets(t, "a packet that fits", fragments, p.bytes())
		contract.Step(t, "with a wrong checksum")
		broken := p.bytes()
		broken[10] ^= 0x55
		_, err = ip.Fragment(broken, 1500)
		wantErr(t, "Fragment", err, ip.ErrChecksum)
	})
}

// Fragments may come in any order, more than once and by different ways; they
// belong together if source, destination, protocol and identification are the
// same, and only then. RFC 791 §3.2
func TestFragmentsInAnyOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		var r ip.Reassembler
		for round := range 12 {
			contract.Step(t, "six fragments in a random order with duplicates, round %d", round+1)
			p := randomPacket(rnd, 200+rnd.IntN(8))
			fragments := pieces(p, 8, 48, 56, 128, 192)
			for _, f := range fragments[1:] { // the first one's TTL is the datagram's
				f[8] = uint8(1 + rnd.IntN(9))
				seal(f)
			}
			rnd.Shuffle(len(fragments), func(i, j int) { fragments[i], fragments[j] = fragments[j], fragments[i] })
			last := len(fragments) - 1
			for i, f := range fragments[:last] {
				addMore(t, &r, f)
				addMore(t, &r, fragments[rnd.IntN(i+1)]) // once more, what came already
			}
			addWhole(t, &r, fragments[last], p.bytes())
		}
		first := randomPacket(rnd, 120)
		datagrams := []packet{first}
		for _, change := range []func(p *packet){
			func(p *packet) { p.src = p.src.Next() },
			func(p *packet) { p.dst = p.dst.Next() },
			func(p *packet) { p.proto++ },
			func(p *packet) { p.id++ },
		} {
			p := first
			p.payload = randomOctets(rnd, 120)
			change(&p)
			datagrams = append(datagrams, p)
		}
		contract.Step(t, "the second halves of five datagrams that differ in one of the four")
		for _, p := range datagrams {
			addMore(t, &r, part(p, 64, 120))
		}
		contract.Step(t, "the first halves")
		for _, p := range datagrams {
			addWhole(t, &r, part(p, 0, 64), p.bytes())
		}
	})
}

// A fragment that overlaps another, or ends the datagram elsewhere, spoils the
// datagram until its timeout, and no other. README, after RFC 5722 §4
func TestOverlapSpoilsTheDatagram(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, c := range []struct {
			what  string
			wrong func(p packet) []byte
		}{
			{"straddles its end", func(p packet) []byte { return part(p, 64, 136) }},
			{"straddles its start", func(p packet) []byte { return part(p, 24, 72) }},
			{"covers it and more", func(p packet) []byte { return part(p, 24, 136) }},
			{"says something else in the same place", func(p packet) []byte {
				p.payload = randomOctets(rnd, len(p.payload))
				return part(p, 40, 96)
			}},
			{"says something else inside it", func(p packet) []byte {
				p.payload = randomOctets(rnd, len(p.payload))
				return part(p, 48, 64)
			}},
			{"ends the datagram in front of it", func(p packet) []byte {
				p.payload = p.payload[:20]
				return part(p, 8, 20)
			}},
		} {
			var r ip.Reassembler
			p, other := randomPacket(rnd, 200), randomPacket(rnd, 200)
			contract.Control(t, "fragments that do not overlap")
			addMore(t, &r, part(other, 96, 200))
			addWhole(t, &r, part(other, 0, 96), other.bytes())
			contract.Step(t, "a fragment, and one that %s", c.what)
			addMore(t, &r, part(other, 96, 200))
			addMore(t, &r, part(p, 40, 96))
			addErr(t, &r, c.wrong(p), ip.ErrOverlap)
			contract.Step(t, "the rest of the datagram")
			addErr(t, &r, part(p, 0, 40), ip.ErrOverlap)
			addErr(t, &r, part(p, 40, 96), ip.ErrOverlap)
			addErr(t, &r, part(p, 96, 200), ip.ErrOverlap)
			contract.Step(t, "another datagram goes on")
			addWhole(t, &r, part(other, 0, 96), other.bytes())
			contract.Step(t, "after the timeout all is forgotten")
			contract.Pass(31 * time.Second)
			addMore(t, &r, part(p, 96, 200))
			addWhole(t, &r, part(p, 0, 96), p.bytes())
		}
		var r ip.Reassembler
		p := randomPacket(rnd, 200)
		contract.Step(t, "a fragment behind the end")
		addMore(t, &r, part(p, 96, 200))
		beyond := p
		beyond.payload = randomOctets(rnd, 240)
		addErr(t, &r, part(beyond, 200, 232), ip.ErrOverlap)
		addErr(t, &r, part(p, 0, 96), ip.ErrOverlap)
	})
}

// A fragment that can be part of no datagram is refused, and changes nothing.
// RFC 791 §3.2, README
func TestImpossibleFragments(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		var r ip.Reassembler
		p := randomPacket(rnd, 120)
		contract.Control(t, "the second half of a datagram")
		addMore(t, &r, part(p, 64, 120))
		odd := p
		odd.payload, odd.mf = odd.payload[:61], true
		contract.Step(t, "more to come behind 61 octets")
		addErr(t, &r, odd.bytes(), ip.ErrFragment)
		empty := p
		empty.payload, empty.mf, empty.offset = nil, true, 64
		contract.Step(t, "no payload")
		addErr(t, &r, empty.bytes(), ip.ErrFragment)
		contract.Step(t, "no payload, and no more to come")
		empty.mf = false
		addErr(t, &r, empty.bytes(), ip.ErrFragment)
		death := p
		death.payload, death.offset = randomOctets(rnd, 700), 65528-8
		contract.Step(t, "an end behind 65535 octets")
		addErr(t, &r, death.bytes(), ip.ErrFragment)
		contract.Step(t, "a packet with a wrong checksum")
		broken := part(p, 0, 64)
		broken[10] ^= 0x40
		addErr(t, &r, broken, ip.ErrChecksum)
		contract.Step(t, "the datagram is what it was")
		addWhole(t, &r, part(p, 0, 64), p.bytes())
	})
}

// A datagram is forgotten when Timeout is over since its first fragment came;
// later ones do not prolong it. RFC 791 §3.2, README
func TestReassemblyTimeout(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, timeout := range []time.Duration{0, 7 * time.Second} {
			r := ip.Reassembler{Timeout: timeout}
			limit := timeout
			if limit == 0 {
				limit = 30 * time.Second
			}
			p := randomPacket(rnd, 144)
			contract.Control(t, "Timeout %v: the last fragment comes 100 ms before the time is up", timeout)
			addMore(t, &r, part(p, 48, 96))
			contract.Pass(limit / 2)
			addMore(t, &r, part(p, 96, 144))
			contract.Pass(limit/2 - 100*time.Millisecond)
			addWhole(t, &r, part(p, 0, 48), p.bytes())
			contract.Step(t, "it comes 100 ms after that")
			addMore(t, &r, part(p, 48, 96))
			contract.Pass(limit / 2)
			addMore(t, &r, part(p, 96, 144))
			contract.Pass(limit/2 + 100*time.Millisecond)
			addMore(t, &r, part(p, 0, 48))
			contract.Step(t, "and is the first of a new one")
			addMore(t, &r, part(p, 96, 144))
			addWhole(t, &r, part(p, 48, 96), p.bytes())
		}
	})
}

// What is held of incomplete datagrams stays within MaxBytes: the one that
// began first gives way. README
func TestReassemblyMemory(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := ip.Reassembler{MaxBytes: 2500}
		var p [5]packet
		for i := range p {
			p[i] = randomPacket(rnd, 1016)
			p[i].id = uint16(100 + i)
		}
		contract.Control(t, "1000 octets of each of two datagrams are within the limit of 2500")
		addMore(t, &r, part(p[0], 0, 1000))
		contract.Pass(time.Second)
		addMore(t, &r, part(p[1], 0, 1000))
		addWhole(t, &r, part(p[0], 1000, 1016), p[0].bytes())
		contract.Step(t, "what is complete needs no room")
		contract.Pass(time.Second)
		addMore(t, &r, part(p[2], 0, 1000))
		contract.Step(t, "the third makes the first of those that are left give way")
		contract.Pass(time.Second)
		addMore(t, &r, part(p[3], 0, 1000))
		addWhole(t, &r, part(p[2], 1000, 1016), p[2].bytes())
		addWhole(t, &r, part(p[3], 1000, 1016), p[3].bytes())
		contract.Step(t, "that one begins anew")
		addMore(t, &r, part(p[1], 1000, 1016))
		addWhole(t, &r, part(p[1], 0, 1000), p[1].bytes())
		contract.Step(t, "duplicates take no room")
		addMore(t, &r, part(p[0], 0, 1000))
		addMore(t, &r, part(p[4], 0, 1000))
		for range 5 {
			addMore(t, &r, part(p[4], 0, 1000))
		}
		addWhole(t, &r, part(p[0], 1000, 1016), p[0].bytes())
		addWhole(t, &r, part(p[4], 1000, 1016), p[4].bytes())
		contract.Step(t, "what was forgotten makes room again")
		for i := range 20 {
			q := randomPacket(rnd, 1016)
			q.id = uint16(1000 + i)
			addMore(t, &r, part(q, 0, 1000))
		}
		addMore(t, &r, part(p[0], 0, 1000))
		addMore(t, &r, part(p[1], 0, 1000))
		addWhole(t, &r, part(p[0], 1000, 1016), p[0].bytes())
		addWhole(t, &r, part(p[1], 1000, 1016), p[1].bytes())
	})
}

// Packets go the way of the longest prefix that covers their destination.
// RFC 1812 §5.2.4.3
func TestLongestPrefix(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		routes, mtus := map[netip.Prefix]int{}, map[int]int{}
		for link := range 30 {
			mtus[link] = 1500
		}
		for i, s := range []string{"0.0.0.0/0", "100.0.0.0/8", "100.64.0.0/10", "100.64.0.0/16", "100.64.9.0/24", "100.64.9.128/25", "100.64.9.200/32", "172.16.0.0/12"} {
			routes[netip.MustParsePrefix(s)] = 10 + i
		}
		for range 3 {
			prefixes := slices.SortedFunc(keysOf(routes), func(a, b netip.Prefix) int { return a.Addr().Compare(b.Addr())*64 + a.Bits() - b.Bits() })
			rnd.Shuffle(len(prefixes), func(i, j int) { prefixes[i], prefixes[j] = prefixes[j], prefixes[i] })
			r := &ip.Router{MTU: mtus}
			contract.Step(t, "routes set in the order %v", prefixes)
			for _, p := range prefixes {
				r.Route(p, routes[p])
			}
			for _, c := range []struct {
				dst  string
				link int
			}{
				{"100.64.9.200", 16}, {"100.64.9.201", 15}, {"100.64.9.127", 14}, {"100.64.10.1", 13}, {"100.65.0.1", 12},
				{"100.128.0.1", 11}, {"172.31.255.255", 17}, {"172.32.0.1", 10}, {"9.9.9.9", 10},
			} {
				wantWay(t, r, rnd, c.dst, c.link)
			}
		}
		r := &ip.Router{MTU: mtus}
		contract.Step(t, "bits beyond the prefix's length do not count, and the same prefix again replaces the route")
		r.Route(netip.MustParsePrefix("100.64.9.7/16"), 21)
		wantWay(t, r, rnd, "100.64.200.1", 21)
		r.Route(netip.MustParsePrefix("100.64.0.0/16"), 22)
		wantWay(t, r, rnd, "100.64.200.1", 22)
		contract.Step(t, "back out of the link that it came in by")
		r.Route(netip.MustParsePrefix("100.64.0.0/16"), 1)
		wantWay(t, r, rnd, "100.64.200.1", 1)
	})
}

// A packet that is too long for its link is cut, or reported with the link's
// MTU if it must not be. RFC 1812 §5.2.6, RFC 1191 §4
func TestTooLongForTheLink(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := threeLinks()
		p := randomPacket(rnd, 986)
		p.dst, p.df = netip.MustParseAddr("203.0.113.77"), true
		contract.Control(t, "1006 octets with DF for a link of 1006")
		aged := p
		aged.ttl--
		wantSent(t, forward(t, r, p.bytes(), 2), 3, aged.bytes())
		p.payload = randomOctets(rnd, 987)
		contract.Step(t, "1007 octets with DF")
		wantReport(t, forward(t, r, p.bytes(), 2), r, 2, report{ip.Unreachable, ip.FragmentationNeeded, 1006, p.bytes()})
		p.df = false
		aged = p
		aged.ttl--
		contract.Step(t, "1007 octets without DF")
		out := forward(t, r, p.bytes(), 2)
		var fragments [][]byte
		for _, o := range out {
			if o.Link != 3 {
				contract.Mismatch(t, "sent on another link", describeOut(out), "link 3")
			}
			fragments = append(fragments, o.Bytes)
		}
		wantCut(t, fragments, 1006, aged.bytes())
		contract.Step(t, "a link without an entry in MTU carries anything")
		r.Route(netip.MustParsePrefix("192.0.2.0/24"), 9)
		p.dst, p.df, p.payload = netip.MustParseAddr("192.0.2.7"), true, randomOctets(rnd, 30_000)
		aged = p
		aged.ttl--
		wantSent(t, forward(t, r, p.bytes(), 2), 9, aged.bytes())
	})
}

// A report quotes the packet as it came, as much of it as 576 octets have room
// for, and comes from the router's address on the link that it goes out by.
// RFC 1812 §4.3.2.3 and §4.3.2.4, RFC 792
func TestReportQuotesThePacket(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := threeLinks()
		for in := 1; in <= 3; in++ {
			for _, size := range []int{1, 528, 529, 1200} {
				p := randomPacket(rnd, size)
				contract.Step(t, "%d octets for %s, which no route covers, from %s", 20+size, p.dst, linkName(in))
				quote := wantReport(t, forward(t, r, p.bytes(), in), r, in, report{ip.Unreachable, ip.NetUnreachable, 0, p.bytes()})
				wantQuoted(t, quote, p)
			}
		}
		p := randomPacket(rnd, 700)
		p.options = []byte{0x94, 4, 0, 0}
		contract.Step(t, "one with options")
		quote := wantReport(t, forward(t, r, p.bytes(), 2), r, 2, report{ip.Unreachable, ip.NetUnreachable, 0, p.bytes()})
		wantQuoted(t, quote, p)
	})
}

// No error is sent about an ICMP error or about a fragment other than the
// first, nor where the router has no address. RFC 1812 §4.3.2.7 MUST NOT
func TestNoErrorsAboutErrors(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := threeLinks()
		for _, typ := range []byte{8, 0, 13, 3, 4, 5, 11, 12} {
			p := randomPacket(rnd, 40)
			p.proto = 1
			p.payload = sealICMP(append([]byte{typ, 0, 0, 0, 0, 0, 0, 0}, randomPacket(rnd, 20).bytes()...))
			if typ == 8 || typ == 0 || typ == 13 {
				contract.Control(t, "ICMP type %d for nowhere is no error", typ)
				wantReport(t, forward(t, r, p.bytes(), 2), r, 2, report{ip.Unreachable, ip.NetUnreachable, 0, p.bytes()})
				continue
			}
			contract.Step(t, "ICMP type %d for nowhere", typ)
			wantNothing(t, forward(t, r, p.bytes(), 2))
			contract.Step(t, "with 1 to live")
			p.dst, p.ttl = netip.MustParseAddr("198.51.100.7"), 1
			wantNothing(t, forward(t, r, p.bytes(), 2))
			contract.Control(t, "it is passed on like any other")
			p.ttl = 9
			aged := p
			aged.ttl = 8
			wantSent(t, forward(t, r, p.bytes(), 1), 2, aged.bytes())
		}
		p := randomPacket(rnd, 300)
		p.proto, p.payload[0] = 17, 3 // UDP, whose first octet is not a type
		first := part(p, 0, 104)
		contract.Control(t, "the first fragment of a datagram for nowhere")
		wantReport(t, forward(t, r, first, 3), r, 3, report{ip.Unreachable, ip.NetUnreachable, 0, first})
		contract.Step(t, "the second and the last")
		wantNothing(t, forward(t, r, part(p, 104, 208), 3))
		wantNothing(t, forward(t, r, part(p, 208, 300), 3))
		contract.Step(t, "from a link on which the router has no address")
		wantNothing(t, forward(t, r, first, 4))
	})
}

// Packets that are broken, that are from or for no single host, or that are
// for the router itself are dropped without a word. RFC 1812 §5.2.2 and §5.3.7
func TestRouterIsSilent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		r := threeLinks()
		r.Route(netip.MustParsePrefix("0.0.0.0/0"), 2)
		p := randomPacket(rnd, 50)
		control := func() {
			contract.Control(t, "a good packet is passed on")
			aged := p
			aged.ttl--
			wantSent(t, forward(t, r, p.bytes(), 1), 2, aged.bytes())
		}
		control()
		contract.Step(t, "one with a wrong checksum, one cut short, one of version 6, none at all")
		broken := p.bytes()
		broken[11] ^= 0x10
		wantNothing(t, forward(t, r, broken, 1))
		wantNothing(t, forward(t, r, p.bytes()[:60], 1))
		broken = p.bytes()
		broken[0] = 0x65
		wantNothing(t, forward(t, r, seal(broken), 1))
		wantNothing(t, forward(t, r, nil, 1))
		for _, a := range []string{"0.0.0.0", "0.1.2.3", "127.0.0.1", "127.200.1.9", "224.0.0.5", "239.255.255.250", "240.0.0.1", "255.255.255.255"} {
			for _, ttl := range []uint8{7, 1} {
				contract.Step(t, "from and for %s, with %d to live", a, ttl)
				q := p
				q.ttl, q.src = ttl, netip.MustParseAddr(a)
				wantNothing(t, forward(t, r, q.bytes(), 1))
				q.src, q.dst = p.src, netip.MustParseAddr(a)
				wantNothing(t, forward(t, r, q.bytes(), 1))
			}
		}
		for _, a := range []string{"10.0.0.254", "198.51.100.254"} {
			contract.Step(t, "for the router's own %s", a)
			q := p
			q.dst = netip.MustParseAddr(a)
			wantNothing(t, forward(t, r, q.bytes(), 1))
		}
		for _, a := range []string{"1.0.0.1", "126.255.255.255", "128.0.0.1", "223.255.255.254"} {
			contract.Control(t, "%s is a host", a)
			q := p
			q.dst = netip.MustParseAddr(a)
			aged := q
			aged.ttl--
			wantSent(t, forward(t, r, q.bytes(), 1), 2, aged.bytes())
		}
		control()
	})
}

// What a function is given stays as it was. README
func TestPacketsStayAsTheyWere(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		p := randomPacket(rnd, 700)
		p.dst, p.options = netip.MustParseAddr("203.0.113.7"), []byte{7, 7, 4, 1, 2, 3, 4, 1}
		r := threeLinks()
		r.MTU[3] = 300
		fragment := pieces(p, 304)[0]
		for _, c := range []struct {
			what string
			pkt  []byte
			act  func(pkt []byte) error
		}{
			{"Parse", p.bytes(), func(b []byte) error { _, _, err := ip.Parse(b); return err }},
			{"Fragment", p.bytes(), func(b []byte) error {
				f, err := ip.Fragment(b, 300)
				return cmp.Or(err, atLeast(3, len(f), "pieces"))
			}},
			{"Add", fragment, func(b []byte) error { _, err := (&ip.Reassembler{}).Add(b); return err }},
			{"Forward", p.bytes(), func(b []byte) error { return atLeast(3, len(r.Forward(b, 1)), "packets sent") }},
			{"Learn", tooLong(p, 500), func(b []byte) error {
				var m ip.PathMTU
				return cmp.Or(m.Learn(b), atLeast(500, m.For(p.dst), "octets as estimate"))
			}},
		} {
			contract.Step(t, "%s", c.what)
			lent := append(slices.Clone(c.pkt), 0xa5, 0x5a)
			wantNil(t, c.what, c.act(lent[:len(c.pkt)]))
			contract.Bytes(t, c.what+" changed what it was given", lent, append(slices.Clone(c.pkt), 0xa5, 0x5a))
		}
		small := p
		small.payload = p.payload[:100]
		for _, ttl := range []uint8{9, 1} {
			small.ttl = ttl
			pkt := small.bytes()
			contract.Step(t, "Forward of one that fits, with %d to live", ttl)
			wantNil(t, "Forward", atLeast(1, len(r.Forward(pkt, 1)), "packets sent"))
			contract.Bytes(t, "Forward changed what it was given", pkt, small.bytes())
		}
	})
}

// An estimate is never raised by a message, and is forgotten when it is as old
// as Age. RFC 1191 §3 MUST NOT, §6.3
func TestEstimateNeverRisesAndAges(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for _, age := range []time.Duration{0, 90 * time.Second} {
			m := ip.PathMTU{Age: age}
			limit := age
			if limit == 0 {
				limit = 10 * time.Minute
			}
			p, other := randomPacket(rnd, 1480), randomPacket(rnd, 1480)
			contract.Control(t, "two estimates, Age %v", age)
			learn(t, &m, p, 1300)
			learn(t, &m, other, 1234)
			wantEstimate(t, &m, p.dst, 1300)
			contract.Step(t, "a larger one changes nothing, a smaller one does")
			learn(t, &m, p, 1400)
			wantEstimate(t, &m, p.dst, 1300)
			contract.Pass(limit / 2)
			learn(t, &m, p, 1200)
			wantEstimate(t, &m, p.dst, 1200)
			contract.Step(t, "the older one is forgotten first")
			contract.Pass(limit/2 + 100*time.Millisecond)
			wantEstimate(t, &m, other.dst, 0)
			wantEstimate(t, &m, p.dst, 1200)
			contract.Step(t, "a larger one does not make it younger")
			learn(t, &m, p, 1350)
			contract.Pass(limit / 2)
			wantEstimate(t, &m, p.dst, 0)
			contract.Step(t, "what is forgotten does not count any more")
			learn(t, &m, p, 1420)
			wantEstimate(t, &m, p.dst, 1420)
		}
	})
}

// A router that names no MTU makes the estimate a plateau below the packet's
// size; no estimate is below 68; and nothing else teaches anything. RFC 1191
// §3, §5 and §7, README
func TestWhatTeachesAnMTU(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		contract.Step(t, "no MTU, about packets of every plateau's size and of one octet more")
		for i, plateau := range vectors.MTUPlateaus[1:] {
			for _, size := range []int{plateau + 1, vectors.MTUPlateaus[i]} {
				var m ip.PathMTU
				p := randomPacket(rnd, size-20)
				learn(t, &m, p, 0)
				wantEstimate(t, &m, p.dst, plateau)
			}
		}
		var m ip.PathMTU
		p := randomPacket(rnd, 1480)
		contract.Step(t, "67 counts as 68")
		learn(t, &m, p, 67)
		wantEstimate(t, &m, p.dst, 68)
		p = randomPacket(rnd, 1480)
		withOptions := p
		withOptions.options = make([]byte, 40)
		for _, c := range []struct {
			what    string
			message []byte
		}{
			{"port unreachable", alter(tooLong(p, 1200), func(b []byte) { b[1] = 3 })},
			{"time exceeded", alter(tooLong(p, 1200), func(b []byte) { b[0] = 11 })},
			{"an MTU as large as the packet", tooLong(p, 1500)},
			{"an MTU larger than the packet", tooLong(p, 4000)},
			{"19 octets of the packet", alter(tooLong(p, 1200)[:8+19], func([]byte) {})},
			{"28 octets of a packet with a header of 60", tooLong(withOptions, 1200)},
			{"no IPv4 packet", alter(tooLong(p, 1200), func(b []byte) { b[8] = 0x65 })},
			{"a wrong checksum", append(tooLong(p, 1200), 7)},
			{"six octets", tooLong(p, 1200)[:6]},
			{"nothing", nil},
		} {
			contract.Step(t, "%s teaches nothing", c.what)
			wantErr(t, "Learn", m.Learn(c.message), ip.ErrICMP)
			wantEstimate(t, &m, p.dst, 0)
		}
		contract.Control(t, "this one does")
		learn(t, &m, p, 1200)
		wantEstimate(t, &m, p.dst, 1200)
	})
}

// optionsOf returns the options of a sound packet.
func optionsOf(pkt []byte) []byte { return pkt[20 : int(pkt[0]&15)*4] }

func keysOf(m map[netip.Prefix]int) func(yield func(netip.Prefix) bool) {
	return func(yield func(netip.Prefix) bool) {
		for k := range m {
			if !yield(k) {
				return
			}
		}
	}
}

// wantWay checks on which link a packet for dst leaves.
func wantWay(t *testing.T, r *ip.Router, rnd *rand.Rand, dst string, link int) {
	t.Helper()
	p := randomPacket(rnd, 20)
	p.dst = netip.MustParseAddr(dst)
	out := forward(t, r, p.bytes(), 1)
	p.ttl--
	wantSent(t, out, link, p.bytes())
}

func wantNothing(t *testing.T, out []ip.Packet) {
	t.Helper()
	if len(out) > 0 {
		contract.Mismatch(t, "this should be dropped in silence", describeOut(out), "(nothing was sent)")
	}
}

func atLeast(want, got int, what string) error {
	if got < want {
		return fmt.Errorf("%d %s, want %d or more", got, what, want)
	}
	return nil
}

// wantQuoted checks how much of p was quoted.
func wantQuoted(t *testing.T, quote []byte, p packet) {
	t.Helper()
	if got, want := len(quote), min(len(p.bytes()), vectors.LeastReassembly-20-8); got != want {
		contract.Mismatch(t, "the report quotes another part of the packet", fmt.Sprintf("its first %d octets", got), fmt.Sprintf("its first %d octets", want))
	}
}

// alter changes a message and makes its checksum right again.
func alter(message []byte, change func(b []byte)) []byte {
	change(message)
	return sealICMP(message)
}
