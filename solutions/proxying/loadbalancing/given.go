package loadbalancing

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	// TableSize is the size of the table that L4 uses: a prime.
	TableSize = 65537

	// DialTimeout is how long L4 gives one Dial.
	DialTimeout = 3 * time.Second
	// ProxyTimeout is how long after accepting a connection L4 waits for a
	// PROXY header to be complete.
	ProxyTimeout = 5 * time.Second

	// DefaultFailures and DefaultEjectFor are what zero means in an L7.
	DefaultFailures = 3
	DefaultEjectFor = 10 * time.Second

	// SignatureV2 begins every PROXY header of version 2.
	SignatureV2 = "\r\n\r\n\x00\r\nQUIT\n"
)

// What follows the signature of version 2 (PROXY 2.2).
const (
	CommandLocal = 0x20 // with the version in the high bits
	CommandProxy = 0x21
	FamilyTCP4   = 0x11
	FamilyTCP6   = 0x21
	LengthTCP4   = 2*4 + 2*2
	LengthTCP6   = 2*16 + 2*2
)

// ErrUnknownBackend is returned by Drain for an address that is none of the
// backends.
var ErrUnknownBackend = errors.New("no such backend")

// Hash is the hash function of the table. Functions with different seeds are
// independent of each other.
func Hash(seed uint64, s string) uint64 {
	// FNV-1a, and the finalizer of MurmurHash3 to spread short names.
	h := 14695981039346656037 ^ seed*0x9e3779b97f4a7c15
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	h = (h ^ h>>33) * 0xff51afd7ed558ccd
	h = (h ^ h>>33) * 0xc4ceb9fe1a85ec53
	return h ^ h>>33
}

// AddrKey is the key of a client's address. An IPv4 address and the same one
// in its IPv6 form have the same key.
func AddrKey(a netip.Addr) uint64 {
	b := a.As16()
	return Hash(2, string(b[:]))
}

// AddrPort returns the address of a TCP connection's end, or the zero AddrPort.
func AddrPort(a net.Addr) netip.AddrPort {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.AddrPort{}
	}
	ap := tcp.AddrPort()
	return netip.AddrPortFrom(ap.Addr().Unmap(), ap.Port())
}

// Outgoing returns the request that goes to the backend at addr for r, the
// client's: with the same method, target, host and body, without the fields
// that concern one connection only, and with the client's address in
// X-Forwarded-For. What cancels it is ctx.
func Outgoing(ctx context.Context, r *http.Request, addr string) *http.Request {
	out := r.Clone(ctx)
	out.URL.Scheme, out.URL.Host = "http", addr
	out.RequestURI, out.Close = "", false
	if r.ContentLength == 0 {
		out.Body = http.NoBody
	}
	out.Header = http.Header{}
	CopyHeader(out.Header, r.Header)
	out.Header.Del("X-Forwarded-For") // who but the connection could vouch for it?
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		out.Header.Set("X-Forwarded-For", host)
	}
	if _, named := r.Header["User-Agent"]; !named {
		out.Header.Set("User-Agent", "") // or the transport would make one up
	}
	return out
}

// CopyHeader adds the fields of src to dst, except those that concern one
// connection only (RFC 9110 §7.6.1).
func CopyHeader(dst, src http.Header) {
	hop := map[string]bool{"Connection": true, "Keep-Alive": true, "Proxy-Connection": true, "Te": true,
		"Trailer": true, "Transfer-Encoding": true, "Upgrade": true}
	for _, list := range src["Connection"] {
		for name := range strings.SplitSeq(list, ",") {
			hop[http.CanonicalHeaderKey(strings.TrimSpace(name))] = true
		}
	}
	for name, values := range src {
		if !hop[name] {
			dst[name] = append(dst[name], values...)
		}
	}
}
