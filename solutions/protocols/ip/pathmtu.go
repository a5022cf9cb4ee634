package ip

import (
	"cmp"
	"fmt"
	"net/netip"
	"time"
)

// A PathMTU remembers how large packets may be on the way to a host. Its zero
// value is ready. It is not for concurrent use. RFC 1191
type PathMTU struct {
	// Age is how long an estimate holds; 0 is 10 minutes. RFC 1191 §6.3
	Age time.Duration

	paths map[netip.Addr]estimate
}

type estimate struct {
	mtu     int
	expires time.Time
}

// Learn takes an ICMP message, the payload of a packet, that says that
// fragmentation was needed. It returns ErrICMP, and learns nothing, if the
// message is anything else, is damaged, quotes no whole IP header, or claims
// an MTU for which the packet that it quotes was not too long.
func (m *PathMTU) Learn(icmp []byte) error {
	msg, err := ParseICMP(icmp)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrICMP, err)
	}
	if msg.Type != Unreachable || msg.Code != FragmentationNeeded {
		return fmt.Errorf("%w: type %d code %d", ErrICMP, msg.Type, msg.Code)
	}
	var quoted Header
	_, total, err := quoted.read(msg.Body)
	if err != nil {
		return fmt.Errorf("%w: quoted packet: %w", ErrICMP, err)
	}
	mtu := int(msg.MTU)
	if mtu == 0 {
		mtu = plateauBelow(total)
	}
	if mtu >= total {
		return fmt.Errorf("%w: MTU %d, packet %d", ErrICMP, mtu, total)
	}
	m.reduce(quoted.Dst, max(mtu, MinMTU))
	return nil
}

// plateauBelow guesses for a router that does not tell. RFC 1191 §5, §7
func plateauBelow(size int) int {
	for _, plateau := range Plateaus {
		if plateau < size {
			return plateau
		}
	}
	return MinMTU
}

// reduce lowers an estimate. No message raises one: it may be late, or false.
// RFC 1191 §3
func (m *PathMTU) reduce(dst netip.Addr, mtu int) {
	if old := m.For(dst); old != 0 && old <= mtu {
		return
	}
	if m.paths == nil {
		m.paths = map[netip.Addr]estimate{}
	}
	m.paths[dst] = estimate{mtu, time.Now().Add(cmp.Or(m.Age, 10*time.Minute))}
}

// For returns how large packets to dst may be, or 0 if nothing is known, or
// nothing any more: then the first link's MTU is the one to try.
func (m *PathMTU) For(dst netip.Addr) int {
	e, ok := m.paths[dst]
	if !ok || !time.Now().Before(e.expires) {
		delete(m.paths, dst)
		return 0
	}
	return e.mtu
}
