package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
)

// Proxied is the protocol of streams of another protocol that may begin with
// a PROXY header of version 1 or 2. The header is rendered as
//
//	PROXY v1 TCP4 192.0.2.1:56324 → 198.51.100.7:443
//	PROXY v2 TCP6 [2001:db8::1]:5000 → [2001:db8::2]:443, TLVs 12 octets
//	PROXY v2 LOCAL
//
// and what follows it, or everything if there is none, as inner does; a nil
// inner shows it as [Text].
func Proxied(inner Protocol) Protocol {
	return func() (client, server Describer) {
		client, server = Text{}, Text{}
		if inner != nil {
			client, server = inner()
		}
		return &proxied{inner: client}, server
	}
}

const (
	proxyV1      = "PROXY "
	proxyV2      = "\r\n\r\n\x00\r\nQUIT\n"
	proxyLongest = 107 // line of version 1, CR LF included
	proxyPrefix  = 16  // of version 2, before the addresses
)

type proxied struct {
	inner Describer
	buf   []byte
	past  bool // the header, or the place where it would have been
}

// Describe implements [Describer].
func (d *proxied) Describe(b []byte) []string {
	if d.past {
		return d.inner.Describe(b)
	}
	d.buf = append(d.buf, b...)
	line, n, more := proxyHeader(d.buf)
	if more {
		return nil
	}
	d.past = true
	var lines []string
	if line != "" {
		lines = append(lines, line)
	}
	rest := d.buf[n:]
	d.buf = nil
	if len(rest) > 0 {
		lines = append(lines, d.inner.Describe(rest)...)
	}
	return lines
}

// proxyHeader renders the header at the start of b and returns its length; an
// empty line if there is none; more if that cannot be told yet.
func proxyHeader(b []byte) (line string, n int, more bool) {
	switch {
	case begins(b, proxyV1):
		return proxyLine(b)
	case begins(b, proxyV2):
		return proxyBlock(b)
	}
	return "", 0, false
}

// begins reports whether b begins with prefix, as far as it goes.
func begins(b []byte, prefix string) bool {
	n := min(len(b), len(prefix))
	return string(b[:n]) == prefix[:n]
}

func proxyLine(b []byte) (string, int, bool) {
	line, _, whole := bytes.Cut(b[:min(len(b), proxyLongest)], []byte("\r\n"))
	switch {
	case !whole && len(b) < proxyLongest:
		return "", 0, true
	case !whole:
		return "PROXY v1 without an end of line", 0, false
	}
	n := len(line) + 2
	f := strings.Split(string(line), " ")
	if len(f) == 6 && (f[1] == "TCP4" || f[1] == "TCP6") {
		return fmt.Sprintf("PROXY v1 %s %s → %s", f[1], hostPort(f[2], f[4]), hostPort(f[3], f[5])), n, false
	}
	return "PROXY v1" + strings.TrimPrefix(strings.ToValidUTF8(string(line), "?"), "PROXY"), n, false
}

func hostPort(host, port string) string {
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return host + ":" + port
}

func proxyBlock(b []byte) (string, int, bool) {
	if len(b) < proxyPrefix {
		return "", 0, true
	}
	command, family, length := b[12], b[13], int(binary.BigEndian.Uint16(b[14:]))
	n := proxyPrefix + length
	if len(b) < n {
		return "", 0, true
	}
	block := b[proxyPrefix:n]
	switch {
	case command == 0x20:
		return "PROXY v2 LOCAL" + skipped(length), n, false
	case command != 0x21:
		return fmt.Sprintf("PROXY v%d command %d%s", command>>4, command&0xf, skipped(length)), n, false
	}
	size := map[byte]int{0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216}[family]
	name := map[byte]string{0: "UNSPEC", 0x11: "TCP4", 0x12: "UDP4", 0x21: "TCP6", 0x22: "UDP6", 0x31: "UNIX stream", 0x32: "UNIX datagram"}[family]
	if name == "" {
		name = fmt.Sprintf("family %#02x", family)
	}
	line := "PROXY v2 " + name
	switch {
	case length < size:
		return fmt.Sprintf("%s, %d of %d octets", line, length, size), n, false
	case size == 12 || size == 36:
		line += " " + proxyEnds(block[:size])
	}
	if length > size {
		line += fmt.Sprintf(", TLVs %d octets", length-size)
	}
	return line, n, false
}

func skipped(length int) string {
	if length == 0 {
		return ""
	}
	return fmt.Sprintf(", %d octets skipped", length)
}

// proxyEnds renders source and destination: two addresses, two ports.
func proxyEnds(b []byte) string {
	hosts, ports := b[:len(b)-4], b[len(b)-4:]
	src, _ := netip.AddrFromSlice(hosts[:len(hosts)/2])
	dst, _ := netip.AddrFromSlice(hosts[len(hosts)/2:])
	return fmt.Sprintf("%s → %s", netip.AddrPortFrom(src, binary.BigEndian.Uint16(ports)),
		netip.AddrPortFrom(dst, binary.BigEndian.Uint16(ports[2:])))
}
