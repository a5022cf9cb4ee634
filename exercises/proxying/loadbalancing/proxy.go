package loadbalancing

import (
	"bufio"
	"errors"
	"net/netip"
)

// ErrProxyHeader is returned by [ReadProxy] for a stream that does not begin
// with a valid PROXY header.
var ErrProxyHeader = errors.New("no valid PROXY header")

// A ProxyHeader says between which ends the connection was made that a proxy
// passes on. Of a header without addresses (UNKNOWN, LOCAL, a family that is
// not read) it is the zero value: the real connection's own ends count.
type ProxyHeader struct {
	Source, Destination netip.AddrPort
}

// AppendProxyV2 appends h to b as a header of version 2: TCP over IPv4 if both
// addresses are IPv4, else TCP over IPv6; LOCAL if one of them is missing.
func AppendProxyV2(b []byte, h ProxyHeader) []byte {
	// TODO
	return b
}

// ReadProxy reads a header of version 1 or 2 from r and nothing after it. It
// never waits for more octets than the header has.
func ReadProxy(r *bufio.Reader) (ProxyHeader, error) {
	// TODO
	return ProxyHeader{}, ErrTODO
}
