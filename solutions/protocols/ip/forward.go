package ip

import (
	"cmp"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
)

// A Router passes packets on between links, which have numbers. Addr and MTU
// are set before its first use.
type Router struct {
	Addr map[int]netip.Addr // the router's own address on a link
	MTU  map[int]int        // what a link carries; a link without one carries 65535

	routes []route
}

// A Packet is something to send.
type Packet struct {
	Link  int
	Bytes []byte
}

type route struct {
	prefix netip.Prefix
	link   int
}

// Route sends what is for p out on a link. Bits of p's address beyond its
// length do not count. A second route for the same prefix replaces the first.
func (r *Router) Route(p netip.Prefix, link int) {
	p = p.Masked()
	r.routes = slices.DeleteFunc(r.routes, func(old route) bool { return old.prefix == p })
	r.routes = append(r.routes, route{p, link})
}

// lookup finds the longest prefix that covers dst. RFC 1812 §5.2.4.3
func (r *Router) lookup(dst netip.Addr) (link int, ok bool) {
	best := -1
	for _, route := range r.routes {
		if route.prefix.Bits() > best && route.prefix.Contains(dst) {
			best, link = route.prefix.Bits(), route.link
		}
	}
	return link, best >= 0
}

// Forward decides about a packet that came in on a link: what it returns is to
// be sent, the packet itself, its fragments, or an ICMP error back to where it
// came from. It returns nothing for a packet that is to be dropped in silence.
// It does not change pkt. RFC 1812 §5.2.1
func (r *Router) Forward(pkt []byte, in int) (out []Packet) {
	h, payload, err := Parse(pkt)
	if err != nil || !singleHost(h.Src) || !singleHost(h.Dst) || r.owns(h.Dst) {
		return nil
	}
	pkt = pkt[:MinHeader+len(h.Options)+len(payload)]
	link, ok := r.lookup(h.Dst)
	if !ok {
		return r.report(pkt, in, ICMP{Type: Unreachable, Code: NetUnreachable})
	}
	if h.TTL <= 1 {
		return r.report(pkt, in, ICMP{Type: TimeExceeded, Code: ExpiredInTransit})
	}
	mtu := cmp.Or(r.MTU[link], MaxPacket)
	fragments, err := Fragment(age(pkt), mtu)
	if errors.Is(err, ErrDontFragment) {
		return r.report(pkt, in, ICMP{Type: Unreachable, Code: FragmentationNeeded, MTU: uint16(mtu)})
	}
	for _, f := range fragments {
		out = append(out, Packet{link, f})
	}
	return out
}

// age returns a copy of pkt with one less to live. RFC 1812 §5.3.1
func age(pkt []byte) []byte {
	pkt = slices.Clone(pkt)
	old := binary.BigEndian.Uint16(pkt[8:]) // TTL and protocol
	pkt[8]--
	sum := Update(binary.BigEndian.Uint16(pkt[10:]), old, binary.BigEndian.Uint16(pkt[8:]))
	binary.BigEndian.PutUint16(pkt[10:], sum)
	return pkt
}

// report returns the ICMP error m about pkt, as far as one may be sent.
func (r *Router) report(pkt []byte, in int, m ICMP) []Packet {
	h, payload, err := Parse(pkt)
	if err != nil || !reportable(h, payload) || !r.Addr[in].Is4() {
		return nil
	}
	m.Body = pkt[:min(len(pkt), MaxError-MinHeader-8)]
	back := Header{TTL: 64, Protocol: ProtocolICMP, Src: r.Addr[in], Dst: h.Src}
	b, err := back.Append(nil, m.Append(nil))
	if err != nil {
		return nil
	}
	return []Packet{{in, b}}
}

// reportable says whether an error about a packet may be sent. Its addresses
// are already known to be single hosts. RFC 1812 §4.3.2.7
func reportable(h Header, payload []byte) bool {
	if h.Offset != 0 {
		return false
	}
	if h.Protocol != ProtocolICMP || len(payload) == 0 {
		return true
	}
	switch payload[0] {
	case Unreachable, SourceQuench, Redirect, TimeExceeded, ParameterProblem:
		return false // an error about an error could go on for ever
	}
	return true
}

// singleHost says whether an address can stand for one host in a packet that
// is passed on. RFC 1812 §5.3.7
func singleHost(a netip.Addr) bool {
	first := a.As4()[0]
	return first != 0 && first != 127 && first < 224 // multicast, class E and broadcast are above
}

func (r *Router) owns(a netip.Addr) bool {
	for _, own := range r.Addr {
		if own == a {
			return true
		}
	}
	return false
}
