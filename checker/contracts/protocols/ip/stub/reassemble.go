package ip

import "time"

// A Reassembler puts fragments together. Its zero value is ready. It is not
// for concurrent use, starts nothing and needs no closing.
type Reassembler struct {
	// Timeout is how long a datagram may take, from the arrival of whichever
	// fragment was first; 0 is 30 s.
	Timeout time.Duration
	// MaxBytes bounds the payload octets that are held of all incomplete
	// datagrams together; 0 is 1 MiB.
	MaxBytes int
}

// Add takes a packet. It returns the whole datagram if pkt completes it or is
// no fragment, and nil if more is to come. It does not keep pkt.
//
// It returns ErrFragment for a fragment that cannot be part of any datagram,
// which changes nothing; ErrOverlap for one that contradicts what came before,
// which spoils the datagram; and what [Parse] returns for a packet that is
// none.
func (r *Reassembler) Add(pkt []byte) (whole []byte, err error) {
	// TODO: keep what comes until it is whole, contradicts itself, or has waited too long.
	return nil, ErrTODO
}
