package ip

import "net/netip"

// A Router passes packets on between links, which have numbers. Addr and MTU
// are set before its first use.
type Router struct {
	Addr map[int]netip.Addr // the router's own address on a link
	MTU  map[int]int        // what a link carries; a link without one carries 65535
}

// A Packet is something to send.
type Packet struct {
	Link  int
	Bytes []byte
}

// Route sends what is for p out on a link. Bits of p's address beyond its
// length do not count. A second route for the same prefix replaces the first.
func (r *Router) Route(p netip.Prefix, link int) {
	// TODO: remember it.
}

// Forward decides about a packet that came in on a link: what it returns is to
// be sent, the packet itself, its fragments, or an ICMP error back to where it
// came from. It returns nothing for a packet that is to be dropped in silence.
// It does not change pkt. RFC 1812 §5.2.1
func (r *Router) Forward(pkt []byte, in int) (out []Packet) {
	// TODO: silence, an error, or on its way.
	return nil
}
