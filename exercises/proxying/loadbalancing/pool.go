// Package loadbalancing spreads work over backends at layer 4, where the unit
// is a connection, and at layer 7, where it is a request.
//
// An [L4] reads no octet of what it forwards. All that it knows of a client is
// its address, which a [Table] turns into a backend (Maglev, NSDI'16 §3.4) and
// a PROXY header hands on:
//
//	v1  "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443\r\n"
//	v2  signature 12 octets | version 4 bits, command 4 bits |
//	    family 4 bits, protocol 4 bits | length 16 bits |
//	    source, destination (4 or 16 octets each) | ports 16 bits each | TLVs
//
// An [L7] reads requests, so it can give each to the backend that has the
// least to do, see which backends fail, and try again where that is safe.
//
// # Limitations
//
// Backends have equal weights. Health is learnt from the traffic alone. TLVs
// are skipped, and so are the addresses of UDP and UNIX sockets.
package loadbalancing

import "errors"

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// TODO: what does a balancer need to know about its backends, at layer 4 and
// at layer 7, to drain one of them?
