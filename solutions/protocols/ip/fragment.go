package ip

import "fmt"

// Fragment cuts the packet in pkt into packets of at most mtu octets, in
// order. One that fits comes back alone. It returns ErrMTU for an mtu below
// 68, ErrDontFragment for a packet that does not fit and must not be cut, and
// what [Parse] returns for one that is none. RFC 791 §3.2
func Fragment(pkt []byte, mtu int) ([][]byte, error) {
	if mtu < MinMTU {
		return nil, fmt.Errorf("%w: %d", ErrMTU, mtu)
	}
	h, payload, err := Parse(pkt)
	if err != nil {
		return nil, err
	}
	if size := MinHeader + len(h.Options) + len(payload); size <= mtu {
		return [][]byte{pkt[:size:size]}, nil
	}
	if h.DF {
		return nil, ErrDontFragment
	}
	// A fragment may itself be cut: only the very last piece of the datagram
	// has no more fragments behind it.
	last := !h.MF
	var fragments [][]byte
	for len(payload) > 0 {
		n := len(payload)
		if room := mtu - MinHeader - len(h.Options); n > room {
			n = room / 8 * 8
		}
		h.MF = n < len(payload) || !last
		fragment, err := h.Append(nil, payload[:n])
		if err != nil {
			return nil, err
		}
		fragments = append(fragments, fragment)
		payload = payload[n:]
		h.Offset += n
		if len(fragments) == 1 {
			h.Options = copied(h.Options)
		}
	}
	return fragments, nil
}

// copied returns the options that belong into every fragment: those with the
// highest bit of their type set. RFC 791 §3.1
func copied(options []byte) []byte {
	var kept []byte
	for option, rest := NextOption(options); option != nil; option, rest = NextOption(rest) {
		if option[0]&0x80 != 0 {
			kept = append(kept, option...)
		}
	}
	for len(kept)%4 != 0 {
		kept = append(kept, 0)
	}
	return kept
}
