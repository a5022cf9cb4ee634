package ip

// Fragment cuts the packet in pkt into packets of at most mtu octets, in
// order. One that fits comes back alone. It returns ErrMTU for an mtu below
// 68, ErrDontFragment for a packet that does not fit and must not be cut, and
// what [Parse] returns for one that is none. RFC 791 §3.2
func Fragment(pkt []byte, mtu int) ([][]byte, error) {
	// TODO: cut in units of 8 octets.
	return nil, ErrTODO
}
