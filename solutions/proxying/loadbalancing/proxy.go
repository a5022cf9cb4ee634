package loadbalancing

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"strconv"
	"strings"
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
	b = append(b, SignatureV2...)
	src, dst := h.Source.Addr(), h.Destination.Addr()
	switch {
	case !src.IsValid() || !dst.IsValid():
		return append(b, CommandLocal, 0, 0, 0)
	case src.Is4() && dst.Is4():
		b = append(b, CommandProxy, FamilyTCP4, 0, LengthTCP4)
		b = append(b, src.AsSlice()...)
		b = append(b, dst.AsSlice()...)
	default:
		src, dst := src.As16(), dst.As16()
		b = append(b, CommandProxy, FamilyTCP6, 0, LengthTCP6)
		b = append(b, src[:]...)
		b = append(b, dst[:]...)
	}
	b = binary.BigEndian.AppendUint16(b, h.Source.Port())
	return binary.BigEndian.AppendUint16(b, h.Destination.Port())
}

// ReadProxy reads a header of version 1 or 2 from r and nothing after it. It
// never waits for more octets than the header has.
func ReadProxy(r *bufio.Reader) (ProxyHeader, error) {
	first, err := r.Peek(1)
	switch {
	case err != nil:
		return ProxyHeader{}, err
	case first[0] == 'P':
		return readV1(r)
	case first[0] == SignatureV2[0]:
		return readV2(r)
	}
	return ProxyHeader{}, ErrProxyHeader
}

// maxV1 is the longest line of version 1, CR LF included (PROXY 2.1).
const maxV1 = 107

func readV1(r *bufio.Reader) (ProxyHeader, error) {
	// Octet by octet: the shortest line is shorter than a header of version 2,
	// and behind it may come nothing until the server has spoken.
	var line []byte
	for len(line) < maxV1 && !bytes.HasSuffix(line, []byte("\r\n")) {
		c, err := r.ReadByte()
		if err != nil {
			return ProxyHeader{}, err
		}
		line = append(line, c)
	}
	text, whole := strings.CutSuffix(string(line), "\r\n")
	fields := strings.Split(text, " ")
	switch {
	case !whole || len(fields) < 2 || fields[0] != "PROXY":
		return ProxyHeader{}, ErrProxyHeader
	case fields[1] == "UNKNOWN":
		return ProxyHeader{}, nil // whatever follows it
	case len(fields) != 6:
		return ProxyHeader{}, ErrProxyHeader
	}
	src, srcOK := parseV1(fields[1], fields[2], fields[4])
	dst, dstOK := parseV1(fields[1], fields[3], fields[5])
	if !srcOK || !dstOK {
		return ProxyHeader{}, ErrProxyHeader
	}
	return ProxyHeader{src, dst}, nil
}

// parseV1 reads one end. Where two programs could read a number differently,
// one of them would be fooled: no signs, no leading zeros, no zones.
func parseV1(family, host, port string) (netip.AddrPort, bool) {
	addr, err := netip.ParseAddr(host)
	if err != nil || addr.Zone() != "" {
		return netip.AddrPort{}, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || len(port) > 1 && port[0] == '0' {
		return netip.AddrPort{}, false
	}
	is := map[string]bool{"TCP4": addr.Is4(), "TCP6": addr.Is6()}
	return netip.AddrPortFrom(addr, uint16(n)), is[family]
}

func readV2(r *bufio.Reader) (ProxyHeader, error) {
	var prefix [16]byte
	if _, err := io.ReadFull(r, prefix[:]); err != nil {
		return ProxyHeader{}, err
	}
	command, family, length := prefix[12], prefix[13], int(binary.BigEndian.Uint16(prefix[14:]))
	if !bytes.HasPrefix(prefix[:], []byte(SignatureV2)) || command != CommandLocal && command != CommandProxy {
		return ProxyHeader{}, ErrProxyHeader
	}
	var ends []byte
	switch {
	case command == CommandLocal: // its family and addresses are ignored
	case family == FamilyTCP4:
		ends = make([]byte, LengthTCP4)
	case family == FamilyTCP6:
		ends = make([]byte, LengthTCP6)
	case family>>4 > 3 || family&0xf > 2:
		return ProxyHeader{}, ErrProxyHeader
	}
	if length < len(ends) {
		return ProxyHeader{}, ErrProxyHeader
	}
	if _, err := io.ReadFull(r, ends); err != nil {
		return ProxyHeader{}, err
	}
	if _, err := r.Discard(length - len(ends)); err != nil { // TLVs, or all of it
		return ProxyHeader{}, err
	}
	return parseV2(ends), nil
}

// parseV2 reads source, destination and their ports, or nothing.
func parseV2(ends []byte) ProxyHeader {
	if len(ends) == 0 {
		return ProxyHeader{}
	}
	hosts, ports := ends[:len(ends)-4], ends[len(ends)-4:]
	src, _ := netip.AddrFromSlice(hosts[:len(hosts)/2])
	dst, _ := netip.AddrFromSlice(hosts[len(hosts)/2:])
	return ProxyHeader{
		netip.AddrPortFrom(src, binary.BigEndian.Uint16(ports)),
		netip.AddrPortFrom(dst, binary.BigEndian.Uint16(ports[2:])),
	}
}
