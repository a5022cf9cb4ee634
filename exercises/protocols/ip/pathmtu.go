package ip

import (
	"net/netip"
	"time"
)

// A PathMTU remembers how large packets may be on the way to a host. Its zero
// value is ready. It is not for concurrent use. RFC 1191
type PathMTU struct {
	// Age is how long an estimate holds; 0 is 10 minutes. RFC 1191 §6.3
	Age time.Duration
}

// Learn takes an ICMP message, the payload of a packet, that says that
// fragmentation was needed. It returns ErrICMP, and learns nothing, if the
// message is anything else, is damaged, quotes no whole IP header, or claims
// an MTU for which the packet that it quotes was not too long.
func (m *PathMTU) Learn(icmp []byte) error {
	// TODO: check the message, and lower the estimate.
	return ErrTODO
}

// For returns how large packets to dst may be, or 0 if nothing is known, or
// nothing any more: then the first link's MTU is the one to try.
func (m *PathMTU) For(dst netip.Addr) int {
	// TODO: what is known, unless it is too old.
	return 0
}
