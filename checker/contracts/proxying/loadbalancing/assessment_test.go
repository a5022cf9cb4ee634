package loadbalancing_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"

	"github.com/wirekata/wirekata/exercises/proxying/loadbalancing"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
)

// Offset and skip come from the two given hashes of a name, and the backends
// take turns at their preferences. NSDI'16 §3.4, README
func TestTableFollowsTheFormulas(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ names, size int }{{1, 7}, {2, 2}, {3, 7}, {7, 7}, {5, 1009}, {12, 4099}} {
			names := someNames(t, c.names)
			contract.Step(t, "%d names, %d entries", c.names, c.size)
			table, want := newTable(t, names, c.size), oracle(names, c.size)
			for i, name := range want {
				wantPick(t, table, uint64(i), name)
			}
			for range 50 {
				key := contract.Rand(t).Uint64() | 1<<63
				wantPick(t, table, key, want[key%uint64(c.size)])
			}
		}
	})
}

// The same names in another order make the same table. README
func TestOrderOfNamesDoesNotMatter(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		names := someNames(t, 9)
		slices.Sort(names)
		reversed := slices.Clone(names)
		slices.Reverse(reversed)
		passed := slices.Clone(reversed)
		contract.Step(t, "9 names, sorted and the other way round, 1009 entries")
		a, b := newTable(t, names, 1009), newTable(t, passed, 1009)
		serve := map[string]bool{}
		for key := range uint64(1009) {
			wantPick(t, b, key, a.Pick(key))
			serve[a.Pick(key)] = true
		}
		wantServing(t, serve, names)
		if !slices.Equal(passed, reversed) {
			contract.Mismatch(t, "the names that were passed, afterwards", fmt.Sprint(passed), fmt.Sprint(reversed))
		}
	})
}

// The shares of any two backends differ by one entry at most. NSDI'16 §3.4
func TestSharesAreEqual(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ names, size int }{{3, 307}, {10, 1009}, {97, 65537}} {
			contract.Step(t, "%d names, %d entries", c.names, c.size)
			names := someNames(t, c.names)
			table, share := newTable(t, names, c.size), map[string]int{}
			for key := range uint64(c.size) {
				share[table.Pick(key)]++
			}
			for _, name := range names {
				if n := share[name]; n != c.size/c.names && n != c.size/c.names+1 {
					contract.Failf(t, "%s has %d entries of %d, want %d or one more", name, n, c.size, c.size/c.names)
				}
			}
		}
	})
}

// When a backend leaves, its entries change hands and few others do: at most
// 5 % of them. NSDI'16 §3.4, README
func TestFewEntriesChangeHands(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const size = 65537
		for _, n := range []int{30, 100} {
			names := someNames(t, n)
			leaves := names[contract.Rand(t).IntN(n)]
			contract.Step(t, "%s, one of %d, leaves a table of %d", leaves, n, size)
			before := newTable(t, names, size)
			after := newTable(t, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == leaves }), size)
			others, changed, serve := 0, 0, map[string]bool{}
			for key := range uint64(size) {
				was, is := before.Pick(key), after.Pick(key)
				serve[was] = true
				if is == leaves || !slices.Contains(names, is) {
					contract.Failf(t, "entry %d is %q afterwards", key, is)
				}
				if was != leaves {
					others++
					if is != was {
						changed++
					}
				}
			}
			wantServing(t, serve, names)
			if changed*20 > others {
				contract.Failf(t, "%d of the %d entries of others have changed hands, want at most %d", changed, others, others/20)
			}
		}
	})
}

// No names, or one twice, and a size that is no prime or too small are
// refused, each with its error. README
func TestTableRefusals(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		three := []string{"b1", "b2", "b3"}
		for _, c := range []struct {
			names []string
			size  int
			want  error
		}{
			{nil, 7, loadbalancing.ErrNames}, {[]string{"b1", "b2", "b1"}, 7, loadbalancing.ErrNames},
			{[]string{"b1", "b1"}, 65537, loadbalancing.ErrNames},
			{three, 2, loadbalancing.ErrTableSize}, {three, 1, loadbalancing.ErrTableSize}, {three, 0, loadbalancing.ErrTableSize},
			{three, -7, loadbalancing.ErrTableSize}, {three[:1], 1, loadbalancing.ErrTableSize}, {coprime(4), 4, loadbalancing.ErrTableSize},
			{coprime(9), 9, loadbalancing.ErrTableSize}, {coprime(341), 341, loadbalancing.ErrTableSize}, {coprime(561), 561, loadbalancing.ErrTableSize},
			{coprime(65535), 65535, loadbalancing.ErrTableSize}, {coprime(65536), 65536, loadbalancing.ErrTableSize}, {coprime(251 * 257), 251 * 257, loadbalancing.ErrTableSize},
		} {
			contract.Control(t, "%q, 7 entries", three)
			newTable(t, three, 7)
			contract.Step(t, "%q, %d entries", c.names, c.size)
			err := contract.Call(t, "NewTable to return", func() error {
				_, err := loadbalancing.NewTable(c.names, c.size)
				return err
			})
			if !errors.Is(err, c.want) {
				contract.Mismatch(t, "the error of NewTable", fmt.Sprint(err), c.want.Error())
			}
		}
	})
}

// Pick goes on from the key's entry, through the end of the table, to a name
// that is not passed over. README
func TestPickPassesOver(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		names := someNames(t, 4)
		table, entries := newTable(t, names, 23), oracle(names, 23)
		for _, not := range [][]string{names[:1], names[1:3], names[:3], {"another"}, names} {
			contract.Step(t, "not %q", not)
			for key := range uint64(60) {
				wantPick(t, table, key, next(entries, key, not...), not...)
			}
		}
	})
}

// What does not exactly match version 1 is refused. PROXY 2.1
func TestVersion1Refusals(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, line := range []string{
			"PROXY  TCP4 192.0.2.1 198.51.100.7 56324 443", "PROXY TCP4  192.0.2.1 198.51.100.7 56324 443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324  443",
			"PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 ", " PROXY TCP4 192.0.2.1 198.51.100.7 56324 443", "PROXY\tTCP4\t192.0.2.1\t198.51.100.7\t56324\t443",
			"PROXY TCP4 192.0.2.1 198.51.100.7 56324", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 443 80", "PROXY TCP4", "PROXY", "PROXY ",
			"PROXY tcp4 192.0.2.1 198.51.100.7 56324 443", "proxy TCP4 192.0.2.1 198.51.100.7 56324 443", "PROXYTCP4 192.0.2.1 198.51.100.7 56324 443",
			"PROXY UDP4 192.0.2.1 198.51.100.7 56324 443", "PROXY TCP 192.0.2.1 198.51.100.7 56324 443", "PROXY unknown", "PROXX TCP4 192.0.2.1 198.51.100.7 56324 443",
			"PROXY TCP4 192.0.2.1 198.51.100.7 56324 65536", "PROXY TCP4 192.0.2.1 198.51.100.7 65536 443", "PROXY TCP4 192.0.2.1 198.51.100.7 -1 443",
			"PROXY TCP4 192.0.2.1 198.51.100.7 +56324 443", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 0443", "PROXY TCP4 192.0.2.1 198.51.100.7 00 443",
			"PROXY TCP4 192.0.2.1 198.51.100.7 56324 0x1b", "PROXY TCP4 192.0.2.1 198.51.100.7 56324 https", "PROXY TCP4 192.0.2.1 198.51.100.7  443",
			"PROXY TCP4 192.0.2.01 198.51.100.7 56324 443", "PROXY TCP4 192.0.2 198.51.100.7 56324 443", "PROXY TCP4 192.0.2.1 198.51.100.256 56324 443",
			"PROXY TCP4 192.0.2.1.5 198.51.100.7 56324 443", "PROXY TCP4 localhost 198.51.100.7 56324 443", "PROXY TCP4 192.0.2.1:1 198.51.100.7 56324 443",
			"PROXY TCP4 2001:db8::1 2001:db8::2 56324 443", "PROXY TCP6 192.0.2.1 198.51.100.7 56324 443", "PROXY TCP4 192.0.2.1 2001:db8::2 56324 443",
			"PROXY TCP6 2001:db8::1 198.51.100.7 56324 443", "PROXY TCP6 fe80::1%eth0 fe80::2 56324 443", "PROXY TCP6 2001::db8::1 2001:db8::2 56324 443",
			"PROXY TCP6 [2001:db8::1] [2001:db8::2] 56324 443", "PROXY TCP6 1:2:3:4:5:6:7:8:9 2001:db8::2 56324 443", "PROXY TCP6 2001:db8::12345 2001:db8::2 56324 443",
			"GET / HTTP/1.1", "", "HELO example.org",
		} {
			contract.Control(t, "the specification's example")
			wantRead(t, "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n", "192.168.0.1:56324", "192.168.0.11:443")
			contract.Step(t, "%q", line)
			wantRefused(t, []byte(line+"\r\n"+strings.Repeat("payload\r\n", 30)))
		}
		for _, ended := range []string{"\n", "\r", "\r ", "\n\r", "\r\r"} {
			contract.Step(t, "the example ended by %q", ended)
			wantRefused(t, []byte("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443"+ended+strings.Repeat("payload ", 3)+"\r\n"+strings.Repeat("payload ", 30)))
		}
	})
}

// The longest line of version 1 has 107 octets. One that is not at its end by
// then is refused, without waiting for more. PROXY 2.1
func TestVersion1LongestLine(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		full := "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"
		ends := []string{"[" + full + "]:65535", "[" + full + "]:65535"}
		contract.Control(t, "the longest of TCP6, 104 octets")
		wantRead(t, "PROXY TCP6 "+full+" "+full+" 65535 65535\r\n", ends...)
		contract.Control(t, "the longest of all, 107 octets")
		wantRead(t, "PROXY UNKNOWN "+full+" "+full+" 65535 65535\r\n")
		for _, line := range []string{
			"PROXY UNKNOWN " + full + " " + full + " 65535 65535 \r\n", "PROXY UNKNOWN " + strings.Repeat("x", 92) + "\r\n",
			"PROXY UNKNOWN " + strings.Repeat("x", 5000) + "\r\n", "PROXY TCP4 " + strings.Repeat("0", 200) + "1 192.0.2.1 1 2\r\n",
		} {
			contract.Step(t, "%d octets: %.40q", len(line), line)
			wantRefused(t, []byte(line+strings.Repeat("payload\r\n", 30)))
			contract.Step(t, "the first 107 of them, and then silence")
			silent := make(chan struct{})
			err := contract.Call(t, "ReadProxy to refuse a line of 107 octets", func() error {
				_, err := loadbalancing.ReadProxy(bufio.NewReader(&pieces{[][]byte{[]byte(line[:107])}, silent}))
				return err
			})
			close(silent)
			if !errors.Is(err, loadbalancing.ErrProxyHeader) {
				contract.Mismatch(t, "the error of ReadProxy", fmt.Sprint(err), loadbalancing.ErrProxyHeader.Error())
			}
		}
	})
}

// UNKNOWN, LOCAL and the families that are not read have no addresses, and are
// skipped to their end. PROXY 2.1, 2.2 MUST
func TestHeadersWithoutAddresses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		tcp4 := "\xc0\x00\x02\x01\xc6\x33\x64\x07\x13\x88\x01\xbb"
		for _, head := range []string{
			"PROXY UNKNOWN\r\n", "PROXY UNKNOWN 192.0.2.1 198.51.100.7 56324 443\r\n", "PROXY UNKNOWN one two\r\n", "PROXY UNKNOWN ffff::ffff ffff::ffff 65535 65535\r\n",
			signature + "\x20\x00\x00\x00", signature + "\x20\x11\x00\x0c" + tcp4, signature + "\x20\x00\x00\x05local", signature + "\x20\x21\x00\x00", signature + "\x20\x11\x00\x03abc",
			signature + "\x21\x00\x00\x00", signature + "\x21\x00\x00\x0c" + tcp4, signature + "\x21\x12\x00\x0c" + tcp4,
			signature + "\x21\x22\x00\x24" + ip6(1) + ip6(2) + "\x13\x88\x01\xbb",
			signature + "\x21\x31\x00\xd8" + strings.Repeat("/", 216), signature + "\x21\x32\x00\xe0" + strings.Repeat("/", 224),
		} {
			contract.Control(t, "TCP4")
			wantRead(t, signature+"\x21\x11\x00\x0c"+tcp4, "192.0.2.1:5000", "198.51.100.7:443")
			wantRead(t, head)
		}
	})
}

// Another version, command, family or protocol, another signature and a
// length that the addresses do not fit in are refused. PROXY 2.2 MUST
func TestVersion2Refusals(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ends := strings.Repeat("\x0a", 12)
		for _, head := range []string{
			signature + "\x11\x11\x00\x0c" + ends, signature + "\x31\x11\x00\x0c" + ends, signature + "\x01\x11\x00\x0c" + ends, signature + "\x10\x00\x00\x00",
			signature + "\x22\x11\x00\x0c" + ends, signature + "\x2f\x11\x00\x0c" + ends, signature + "\x23\x00\x00\x00",
			signature + "\x21\x41\x00\x0c" + ends, signature + "\x21\xf1\x00\x0c" + ends, signature + "\x21\x13\x00\x0c" + ends, signature + "\x21\x2f\x00\x0c" + ends,
			signature + "\x21\x11\x00\x0b" + ends, signature + "\x21\x11\x00\x00" + ends, signature + "\x21\x21\x00\x0c" + ends, signature + "\x21\x21\x00\x23" + ends + ends + ends,
			"\r\n\r\n\x00\r\nQUIT\r" + "\x21\x11\x00\x0c" + ends, "\r\n\r\n\x00\r\nquit\n" + "\x21\x11\x00\x0c" + ends, "\r\n\r\nGET / HTTP/1.1\r\n\r\n",
			"\x00" + signature + "\x21\x11\x00\x0c" + ends,
		} {
			contract.Control(t, "TCP4")
			wantRead(t, signature+"\x21\x11\x00\x0c"+ends, "10.10.10.10:2570", "10.10.10.10:2570")
			contract.Step(t, "%.60q", head)
			wantRefused(t, []byte(head+strings.Repeat("payload\r\n", 60)))
		}
	})
}

// What follows the addresses in a header of version 2 is skipped, however long
// it is. PROXY 2.2 MUST
func TestTLVsAreSkipped(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ends := "\xc0\x00\x02\x01\xc6\x33\x64\x07\x13\x88\x01\xbb"
		for _, n := range []int{3, 4, 255, 500, 4080, 4096, 9000, 65535 - 12} {
			length := n + 12
			wantRead(t, signature+"\x21\x11"+string([]byte{byte(length >> 8), byte(length)})+ends+strings.Repeat("\x04", n), "192.0.2.1:5000", "198.51.100.7:443")
		}
		contract.Step(t, "LOCAL with 65,535 octets")
		wantRead(t, signature+"\x20\x00\xff\xff"+strings.Repeat("\x04", 65535))
	})
}

// A header is read however the stream is cut; one that the stream's end cuts
// off is an error. PROXY 2, 2.2 MUST
func TestAnyCutOfAHeader(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, head := range []string{
			"PROXY TCP4 192.0.2.1 198.51.100.7 5000 443\r\n", signature + "\x21\x11\x00\x10\xc0\x00\x02\x01\xc6\x33\x64\x07\x13\x88\x01\xbb\x04\x00\x01x",
		} {
			payload := "PROXY TCP4 again\r\n" + head
			for _, cut := range contract.Cuts(t, []byte(head+payload)) {
				contract.Step(t, "%.20q... %s", head, cut.Name)
				wantReading(t, read(t, cut.Chunks...), payload, "192.0.2.1:5000", "198.51.100.7:443")
			}
			contract.Step(t, "%.20q... ended too early", head)
			for n := range len(head) {
				if got := read(t, []byte(head[:n])); got.err == nil {
					contract.Failf(t, "a stream that ends after %d of the %d octets is no error: %v → %v", n, len(head), got.header.Source, got.header.Destination)
				}
			}
		}
	})
}

// A header is read when its last octet is there: the client's next one may
// come only after the server has spoken. README
func TestWaitsForNothingBehindTheHeader(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for head, source := range map[string]string{
			"PROXY UNKNOWN\r\n": "", "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n": "1.1.1.1:1", "PROXY TCP6 ::1 ::2 1 2\r\n": "[::1]:1",
			signature + "\x20\x00\x00\x00": "", signature + "\x21\x00\x00\x03abc": "",
			signature + "\x21\x11\x00\x0c\x01\x01\x01\x01\x02\x02\x02\x02\x00\x01\x00\x02": "1.1.1.1:1",
		} {
			var want netip.AddrPort
			if source != "" {
				want = netip.MustParseAddrPort(source)
			}
			for _, cut := range contract.Cuts(t, []byte(head)) {
				contract.Step(t, "%q %s, and then silence", head, cut.Name)
				silent := make(chan struct{})
				err := contract.Call(t, "ReadProxy to return", func() error {
					h, err := loadbalancing.ReadProxy(bufio.NewReader(&pieces{slices.Clone(cut.Chunks), silent}))
					if err == nil && h.Source != want {
						err = fmt.Errorf("source is %v, want %v", h.Source, want)
					}
					return err
				})
				close(silent)
				wantErr(t, err, nil)
			}
		}
	})
}

// What a second implementation writes is read, in both versions. PROXY 2.1, 2.2
func TestReadsAPeersHeaders(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for range 40 {
			for _, v6 := range []bool{false, true} {
				src, dst := someAddrPort(t, v6), someAddrPort(t, v6)
				for _, version := range []byte{1, 2} {
					contract.Step(t, "version %d, %s → %s", version, src, dst)
					h := proxyproto.HeaderProxyFromAddrs(version, net.TCPAddrFromAddrPort(src), net.TCPAddrFromAddrPort(dst))
					wantReading(t, read(t, format(t, h), []byte("payload")), "payload", src.String(), dst.String())
					if version == 1 {
						continue
					}
					if err := h.SetTLVs([]proxyproto.TLV{{Type: proxyproto.PP2_TYPE_AUTHORITY, Value: []byte("example.org")}, {Type: proxyproto.PP2_TYPE_NOOP, Value: make([]byte, 300)}}); err != nil {
						contract.Failf(t, "BUG: %v", err)
					}
					contract.Step(t, "the same with TLVs")
					wantReading(t, read(t, format(t, h), []byte("payload")), "payload", src.String(), dst.String())
				}
			}
		}
		for _, version := range []byte{1, 2} {
			contract.Step(t, "version %d, LOCAL", version)
			wantReading(t, read(t, format(t, &proxyproto.Header{Version: version, Command: proxyproto.LOCAL}), []byte("payload")), "payload")
		}
		contract.Step(t, "UDP and UNIX")
		udp := net.UDPAddrFromAddrPort(someAddrPort(t, false))
		wantReading(t, read(t, format(t, proxyproto.HeaderProxyFromAddrs(2, udp, udp)), []byte("payload")), "payload")
		unix := &net.UnixAddr{Net: "unix", Name: "/run/app.sock"}
		wantReading(t, read(t, format(t, proxyproto.HeaderProxyFromAddrs(2, unix, unix)), []byte("payload")), "payload")
	})
}

// What is written is what a second implementation writes, octet for octet, and
// what it reads. PROXY 2.2
func TestAPeerReadsHeaders(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for i := range 40 {
			src, dst := someAddrPort(t, i%2 == 1), someAddrPort(t, i%2 == 1)
			contract.Step(t, "%s → %s", src, dst)
			got := appended(t, header(src.String(), dst.String()))
			contract.Bytes(t, "the header", got, format(t, proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(src), net.TCPAddrFromAddrPort(dst))))
			wantPeerReads(t, got, src.String(), dst.String())
		}
		contract.Step(t, "IPv4 → IPv6")
		got := appended(t, header("192.0.2.1:5000", "[2001:db8::2]:443"))
		contract.Bytes(t, "the header", got, []byte(signature+"\x21\x21\x00\x24"+strings.Repeat("\x00", 10)+"\xff\xff\xc0\x00\x02\x01"+ip6(2)+"\x13\x88\x01\xbb"))
		for _, h := range []loadbalancing.ProxyHeader{{}, {Source: netip.MustParseAddrPort("192.0.2.1:5000")}, {Destination: netip.MustParseAddrPort("[2001:db8::2]:443")}} {
			contract.Step(t, "%v → %v", h.Source, h.Destination)
			contract.Bytes(t, "the header", appended(t, h), []byte(signature+"\x20\x00\x00\x00"))
		}
	})
}

// A client's backend follows from its address alone, so that all of its
// connections meet there, and every balancer with these backends agrees.
// README
func TestL4ByClientAddress(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{})
		defer s.stop()
		entries := oracle(s.names, loadbalancing.TableSize)
		for i := range 24 {
			from := fmt.Sprintf("198.51.100.%d", i+1)
			want := backendOf(entries, from)
			contract.Step(t, "two connections from %s", from)
			for range 2 {
				s.dial(from).says("hello from " + from)
				s.arrivalAt(want).hears("hello from " + from)
			}
		}
	})
}

// The end of one direction is passed on, and the other goes on. README
func TestL4HalfClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{})
		defer s.stop()
		contract.Step(t, "a client that ends its question, and the answer a minute later")
		client := s.dial("192.0.2.1")
		_, backend := s.arrival()
		client.says("question")
		client.finishes()
		backend.hears("question")
		backend.hearsEnd()
		contract.Pass(time.Minute)
		backend.says("answer")
		client.hears("answer")
		contract.Step(t, "the answer ends too")
		backend.finishes()
		client.hearsEnd()
		contract.Step(t, "a backend that ends first")
		client = s.dial("192.0.2.1")
		_, backend = s.arrival()
		backend.says("greeting")
		backend.finishes()
		client.hears("greeting")
		client.hearsEnd()
		contract.Pass(time.Minute)
		client.says("still here")
		backend.hears("still here")
		client.finishes()
		backend.hearsEnd()
	})
}

// When one side fails, the other is closed. README
func TestL4FailureEndsBothSides(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{})
		defer s.stop()
		for _, fails := range []string{"backend", "client"} {
			contract.Control(t, "a connection")
			client := s.dial("192.0.2.1")
			_, backend := s.arrival()
			client.says("question")
			backend.hears("question")
			backend.says("answer")
			client.hears("answer")
			contract.Step(t, "the %s resets it", fails)
			if fails == "backend" {
				memnet.ResetConn(backend.Conn)
				client.hearsEnd()
			} else {
				memnet.ResetConn(client.Conn)
				backend.hearsEnd()
			}
		}
	})
}

// The backend may be the one to speak first; its connection is there as soon
// as the client's, and begins with the header if there is to be one. README
func TestL4BackendSpeaksFirst(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, sends := range []bool{false, true} {
			s := serveL4(t, &loadbalancing.L4{SendProxy: sends})
			contract.Step(t, "a client that says nothing, SendProxy %v", sends)
			client := s.dial("192.0.2.1")
			_, backend := s.arrival()
			if sends {
				backend.hears(s.headerOf("192.0.2.1", client))
			}
			backend.says("220 ready\r\n")
			client.hears("220 ready\r\n")
			client.says("HELO\r\n")
			backend.hears("HELO\r\n")
			s.stop()
		}
	})
}

// Where clients are not trusted, a PROXY header of theirs is payload: it is
// forwarded, behind the true one, and changes nothing. README
func TestL4SpoofedHeaderIsPayload(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, sends := range []bool{false, true} {
			s := serveL4(t, &loadbalancing.L4{SendProxy: sends})
			entries := oracle(s.names, loadbalancing.TableSize)
			from, spoofed := "192.0.2.1", elsewhere(entries, "192.0.2.1")
			for _, head := range []string{
				"PROXY TCP4 " + spoofed + " 198.51.100.7 5000 443\r\n", "PROXY UNKNOWN\r\n", "PROXY TCP4 nonsense\r\n",
				string(format(t, proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(spoofed+":5000")), net.TCPAddrFromAddrPort(netip.MustParseAddrPort("198.51.100.7:443"))))),
			} {
				contract.Step(t, "a client that says %q; SendProxy %v", head, sends)
				client := s.dial(from)
				client.says(head + "GET / HTTP/1.1\r\n\r\n")
				backend := s.arrivalAt(backendOf(entries, from))
				if sends {
					backend.hears(s.headerOf(from, client))
				}
				backend.hears(head + "GET / HTTP/1.1\r\n\r\n")
			}
			s.stop()
		}
	})
}

// Where clients are trusted, a header is read, believed and not forwarded; one
// without addresses leaves the connection's own. README
func TestL4TrustedHeader(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{TrustProxy: true})
		defer s.stop()
		entries := oracle(s.names, loadbalancing.TableSize)
		from := "192.0.2.1"
		told := elsewhere(entries, from)
		for _, c := range []struct{ head, source string }{
			{"PROXY TCP4 " + told + " 198.51.100.7 5000 443\r\n", told},
			{string(appended(t, header(told+":5000", "198.51.100.7:443"))), told},
			{"PROXY UNKNOWN " + told + " 198.51.100.7 5000 443\r\n", from},
			{signature + "\x20\x00\x00\x00", from},
		} {
			contract.Step(t, "%.60q with payload in the same segment", c.head)
			client := s.dial(from)
			client.says(c.head + "PROXY UNKNOWN\r\nquestion")
			backend := s.arrivalAt(backendOf(entries, c.source))
			backend.hears("PROXY UNKNOWN\r\nquestion")
			backend.says("answer")
			client.hears("answer")
			client.finishes()
			backend.hearsEnd()
		}
	})
}

// Where clients are trusted there is no guessing: without a valid header the
// connection is closed and no backend is dialled. PROXY 2 MUST
func TestL4HeaderIsRequired(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{TrustProxy: true})
		defer s.stop()
		for _, start := range []string{"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n", "PROXY TCP4 192.0.2.1 198.51.100.7 5000 65536\r\n", "\r\n\r\nno signature at all",
			signature + "\x31\x11\x00\x0c192.0.2.1...", "PROXY " + strings.Repeat("x", 200)} {
			contract.Control(t, "a client with a header")
			client := s.dial("192.0.2.1")
			client.says("PROXY UNKNOWN\r\nquestion")
			_, backend := s.arrival()
			backend.hears("question")
			s.tried()
			contract.Step(t, "a client that begins with %.40q", start)
			client = s.dial("192.0.2.1")
			client.says(start)
			client.hearsEnd()
			s.wantTried()
		}
		contract.Step(t, "a client that ends within its header")
		client := s.dial("192.0.2.1")
		client.says("PROXY TCP4 192.0.2.1 ")
		client.finishes()
		client.hearsEnd()
		s.wantTried()
	})
}

// A header has to be complete within ProxyTimeout. Until then others are
// served; once it is, the connection may be as silent as it likes. README
func TestL4HeaderTimeout(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{TrustProxy: true})
		defer s.stop()
		contract.Step(t, "a client that says nothing, one that stops within its header, one that is slow")
		silent, stops, slow := s.dial("192.0.2.1"), s.dial("192.0.2.2"), s.dial("192.0.2.3")
		stops.says("PROXY TCP4 192.0.2.2 ")
		slow.says("PROXY TCP4 203.0.113.9 ")
		contract.Pass(time.Second)
		contract.Control(t, "one that has a header is served meanwhile")
		quick := s.dial("192.0.2.4")
		quick.says("PROXY UNKNOWN\r\nquick")
		_, backend := s.arrival()
		backend.hears("quick")
		s.tried()
		contract.Step(t, "the slow one's header is complete after 4 s")
		contract.Pass(3 * time.Second)
		slow.says("198.51.100.7 5000 443\r\nslow")
		_, backend = s.arrival()
		backend.hears("slow")
		s.tried()
		contract.Step(t, "the others are closed after 5 s")
		start := time.Now()
		silent.hearsEnd()
		stops.hearsEnd()
		if took := time.Since(start); took < 500*time.Millisecond || took > 2*time.Second {
			contract.Mismatch(t, "the time from the fourth second to the end", took.String(), "1s")
		}
		s.wantTried()
		contract.Step(t, "an hour later the slow one goes on")
		contract.Pass(time.Hour)
		slow.says("anyone there?")
		backend.hears("anyone there?")
		backend.says("yes")
		slow.hears("yes")
	})
}

// The header that is sent has the client's address: the one that was believed,
// else the connection's own ends. It is the first write's beginning. README,
// PROXY 2.2
func TestL4SendsTheClientsAddress(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, trusts := range []bool{false, true} {
			s := serveL4(t, &loadbalancing.L4{SendProxy: true, TrustProxy: trusts})
			first := map[int][]byte{} // of each stream to a backend
			s.net.Tap(func(e memnet.Event) {
				if e.Kind == memnet.Sent && strings.HasPrefix(e.ToName, "b") && e.ToName != "balancer" && first[e.Stream] == nil {
					first[e.Stream] = bytes.Clone(e.Bytes)
				}
			})
			for _, c := range []struct{ head, source, destination string }{
				{"PROXY TCP4 203.0.113.9 198.51.100.7 5000 443\r\n", "203.0.113.9:5000", "198.51.100.7:443"},
				{"PROXY TCP6 2001:db8::1 2001:db8::2 5000 443\r\n", "[2001:db8::1]:5000", "[2001:db8::2]:443"},
				{"PROXY UNKNOWN\r\n", "", ""},
			} {
				clear(first)
				from := "192.0.2.77"
				client := s.dial(from)
				want := s.headerOf(from, client)
				if trusts {
					contract.Step(t, "a client that is believed and says %q", c.head)
					client.says(c.head)
					if c.source != "" {
						want = string(format(t, proxyproto.HeaderProxyFromAddrs(2, net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.source)), net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.destination)))))
					}
				} else {
					contract.Step(t, "a client that is not asked")
				}
				client.says("payload")
				_, backend := s.arrival()
				backend.hears(want + "payload")
				if len(first) != 1 {
					contract.Failf(t, "%d connections to backends were written to, want 1", len(first))
				}
				for _, b := range first {
					contract.Bytes(t, "the beginning of the first write", b[:min(len(b), len(want))], []byte(want))
				}
			}
			s.stop()
		}
	})
}

// If a backend cannot be dialled, the next one in the table is, each once;
// nothing of that is remembered. README
func TestL4DialFailure(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t)
		s.names = []string{"b1:80", "b2:80", "b3:80", "b4:80"}
		s.station("b1:80")
		s.station("b3:80")
		s.begin4(&loadbalancing.L4{SendProxy: true})
		defer s.stop()
		entries := oracle(s.names, loadbalancing.TableSize)
		for i := range 16 {
			from := fmt.Sprintf("198.51.100.%d", i+1)
			contract.Step(t, "%s, while b2 and b4 are down", from)
			var want []string
			for len(want) == 0 || want[len(want)-1] == "b2:80" || want[len(want)-1] == "b4:80" {
				want = append(want, next(entries, clientKey(from), want...))
			}
			client := s.dial(from)
			backend := s.arrivalAt(want[len(want)-1])
			s.wantTried(want...)
			backend.hears(s.headerOf(from, client))
			backend.says("hello")
			client.hears("hello")
		}
		contract.Step(t, "b2 is up again")
		s.station("b2:80")
		s.dial(clientOf(entries, "b2:80"))
		s.arrivalAt("b2:80")
	})
}

// If no backend can be dialled, the client's connection is closed; a dial that
// hangs has DialTimeout. README
func TestL4DialsInVain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSite(t)
		s.names = []string{"b1:80", "b2:80", "b3:80"}
		var hanging sync.WaitGroup
		s.begin4(&loadbalancing.L4{Dial: func(ctx context.Context, addr string) (net.Conn, error) {
			if addr == "b1:80" {
				hanging.Add(1)
				defer hanging.Done()
				<-ctx.Done()
				return nil, ctx.Err()
			}
			return s.net.Dial(ctx, "balancer", addr)
		}})
		defer s.stop()
		entries := oracle(s.names, loadbalancing.TableSize)
		from := clientOf(entries, "b1:80")
		contract.Step(t, "b1 hangs, b2 and b3 are down; a client of b1")
		start := time.Now()
		s.dial(from).hearsEnd()
		if took := time.Since(start); took < 3*time.Second || took > 3500*time.Millisecond {
			contract.Mismatch(t, "the time to the end of the client's connection", took.String(), "3s")
		}
		second := next(entries, clientKey(from), "b1:80")
		s.wantTried("b1:80", second, next(entries, clientKey(from), "b1:80", second))
		contract.Control(t, "%s is up", second)
		s.station(second)
		client := s.dial(from)
		client.says("hello")
		s.arrivalAt(second).hears("hello")
		contract.Step(t, "Serve ends while b1 is dialled")
		client = s.dial(from)
		contract.Pass(time.Second)
		start = time.Now()
		s.listener.Close()
		s.serving.Await(t)
		hanging.Wait()
		if took := time.Since(start); took != 0 {
			contract.Mismatch(t, "the time that Serve took to return", took.String(), "0s")
		}
		client.hearsEnd()
	})
}

// A drained backend gets no new connection; Drain returns when those under way
// have ended, or with its context. README
func TestL4Drain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := &loadbalancing.L4{}
		s := serveL4(t, b)
		defer s.stop()
		entries := oracle(s.names, loadbalancing.TableSize)
		from := clientOf(entries, "b2:80")
		contract.Step(t, "a connection of %s at b2", from)
		client := s.dial(from)
		backend := s.arrivalAt("b2:80")
		contract.Step(t, "Drain b2")
		drained := contract.Go("Drain to return", func() error { return b.Drain(context.Background(), "b2:80") })
		contract.Pass(time.Minute)
		if drained.Returned() {
			contract.Failf(t, "Drain returned %v while a connection was under way", drained.Await(t))
		}
		contract.Step(t, "a new connection of the same client goes to the next; the old one goes on")
		s.dial(from)
		s.arrivalAt(next(entries, clientKey(from), "b2:80"))
		client.says("question")
		backend.hears("question")
		client.finishes()
		backend.hearsEnd()
		contract.Pass(time.Minute)
		if drained.Returned() {
			contract.Failf(t, "Drain returned %v while one direction was under way", drained.Await(t))
		}
		backend.says("answer")
		client.hears("answer")
		contract.Step(t, "the old one ends")
		backend.finishes()
		wantErr(t, drained.Await(t), nil)
		client.hearsEnd()
		contract.Step(t, "Drain again: nothing is under way")
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(context.Background(), "b2:80") }), nil)
		contract.Step(t, "Drain with a context of 5 s, while a connection goes on")
		other := next(entries, clientKey(from), "b2:80")
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(ctx, other) }), context.DeadlineExceeded)
		contract.Step(t, "its clients go to the last one")
		s.dial(from)
		last := next(entries, clientKey(from), "b2:80", other)
		s.arrivalAt(last)
		contract.Step(t, "Drain b9, which there is not")
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(context.Background(), "b9:80") }), loadbalancing.ErrUnknownBackend)
		contract.Step(t, "nobody is left: a client is closed, without a dial")
		ended, end := context.WithCancel(context.Background())
		end()
		contract.Call(t, "Drain to return", func() error { return b.Drain(ended, last) })
		s.tried()
		s.dial(from).hearsEnd()
		s.wantTried()
	})
}

// When its listener fails, Serve closes what is under way and returns with the
// listener's error, leaving nothing; without backends it never begins. README
func TestL4ServeEnds(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL4(t, &loadbalancing.L4{TrustProxy: true})
		defer s.stop()
		contract.Step(t, "a connection, one that has half ended, one that waits for a header")
		open, half, waits := s.dial("192.0.2.1"), s.dial("192.0.2.2"), s.dial("192.0.2.3")
		open.says("PROXY UNKNOWN\r\n")
		_, openBackend := s.arrival()
		half.says("PROXY UNKNOWN\r\n")
		_, halfBackend := s.arrival()
		half.finishes()
		halfBackend.hearsEnd()
		contract.Step(t, "the listener is closed")
		start := time.Now()
		s.listener.Close()
		if err := s.serving.Await(t); !errors.Is(err, net.ErrClosed) {
			contract.Mismatch(t, "the error of Serve", fmt.Sprint(err), net.ErrClosed.Error())
		}
		if took := time.Since(start); took != 0 {
			contract.Mismatch(t, "the time that Serve took to return", took.String(), "0s")
		}
		for _, e := range []end{open, openBackend, half, waits} {
			e.hearsEnd()
		}
		for _, c := range []struct {
			backends []string
			want     error
		}{{nil, loadbalancing.ErrNames}, {[]string{"b1:80", "b1:80"}, loadbalancing.ErrNames}} {
			contract.Step(t, "Serve with backends %q", c.backends)
			l := s.listen("another:80")
			err := contract.Call(t, "Serve to return", func() error { return (&loadbalancing.L4{Backends: c.backends}).Serve(l) })
			l.Close()
			wantErr(t, err, c.want)
		}
	})
}

// The backend with the fewest requests under way gets the next one; equals
// take turns. README
func TestLeastRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveHeld(t, &loadbalancing.L7{}, 3)
		defer s.stop()
		contract.Step(t, "five requests, none of which is answered")
		first := s.wantAsked("b1:80")
		s.wantAsked("b2:80")
		s.wantAsked("b3:80")
		fourth := s.wantAsked("b1:80")
		fifth := s.wantAsked("b2:80")
		contract.Step(t, "2, 2 and 1 are under way; the fifth is answered: 2, 1, 1, and b2 was the last")
		fifth.answer(t)
		s.wantAsked("b3:80")
		s.wantAsked("b2:80")
		contract.Step(t, "2, 2, 2: b3 is next, then b1 and b2")
		s.wantAsked("b3:80")
		s.wantAsked("b1:80")
		s.wantAsked("b2:80")
		contract.Step(t, "3, 3, 3: two of b1 are answered, 1, 3, 3")
		first.answer(t)
		fourth.answer(t)
		s.wantAsked("b1:80")
		s.wantAsked("b1:80")
		contract.Step(t, "3, 3, 3, and b1 was the last")
		s.wantAsked("b2:80")
	})
}

// A request is under way until its answer has been forwarded to the end.
// README
func TestUnderWayUntilTheEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveHeld(t, &loadbalancing.L7{}, 2)
		defer s.stop()
		contract.Step(t, "a request whose answer has begun at b1")
		slow := s.wantAsked("b1:80")
		slow.begin <- struct{}{}
		contract.Pass(time.Second)
		contract.Step(t, "b2 gets the next, and the one after that")
		s.wantAsked("b2:80").answer(t)
		s.wantAsked("b2:80").answer(t)
		contract.Step(t, "the answer ends: b1 is next again")
		slow.answer(t)
		s.wantAsked("b1:80").answer(t)
	})
}

// Header and pieces of an answer are forwarded when they come. README
func TestStreamsAnswers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveL7(t, &loadbalancing.L7{}, 1, func(_ string, w http.ResponseWriter, r *http.Request) {
			out := http.NewResponseController(w)
			out.Flush()
			for i := range 3 {
				time.Sleep(time.Minute)
				fmt.Fprintf(w, "piece %d\n", i)
				out.Flush()
			}
			time.Sleep(time.Minute)
		})
		defer s.stop()
		contract.Step(t, "an answer whose pieces are a minute apart")
		start := time.Now()
		resp := contract.Call(t, "the header of the answer", func() *http.Response {
			resp, err := s.client.Get("http://balancer/")
			if err != nil {
				return nil
			}
			return resp
		})
		if resp == nil {
			contract.Failf(t, "no answer")
		}
		defer resp.Body.Close()
		within(t, "the header", start, 0)
		body := end{t, "the client", readerConn{resp.Body}}
		for i := range 3 {
			body.hears(fmt.Sprintf("piece %d\n", i))
			within(t, fmt.Sprint("piece ", i), start, time.Duration(i+1)*time.Minute)
		}
		body.hearsEnd()
		within(t, "the end", start, 4*time.Minute)
	})
}

// Failures in a row take a backend out for EjectFor; then it comes back with a
// clean slate. A success ends the row. README
func TestEjectionAndReentry(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveScripted(t, &loadbalancing.L7{Failures: 2, EjectFor: 20 * time.Second}, 2)
		defer s.stop()
		s.outcome["b1:80"] = 503
		contract.Step(t, "b1 answers 503; POSTs, so that nothing is tried again")
		s.wantPosts("b1:80", "b2:80")
		contract.Pass(time.Hour)
		s.wantPosts("b1:80", "b2:80", "b2:80", "b2:80")
		contract.Step(t, "19 s later it is still out")
		contract.Pass(19 * time.Second)
		s.wantPosts("b2:80", "b2:80")
		contract.Step(t, "2 s later it is back, and one more failure does not take it out")
		contract.Pass(2 * time.Second)
		s.wantPosts("b1:80", "b2:80", "b1:80", "b2:80", "b2:80")
		contract.Pass(21 * time.Second)
		contract.Step(t, "it is back once more: failure, success, failure, success, failure")
		for range 2 {
			s.outcome["b1:80"] = 503
			s.wantPosts("b1:80", "b2:80")
			s.outcome["b1:80"] = 200
			s.wantPosts("b1:80", "b2:80")
		}
		s.outcome["b1:80"] = 503
		s.wantPosts("b1:80", "b2:80", "b1:80", "b2:80", "b2:80", "b2:80")
	})
}

// A failure at a backend that is out neither counts nor keeps it out. README
func TestFailuresWhileEjected(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveHeld(t, &loadbalancing.L7{Failures: 2, EjectFor: 10 * time.Second}, 1)
		defer s.stop()
		var held []*visit
		contract.Step(t, "six requests at b1")
		for range 6 {
			held = append(held, s.wantAsked("b1:80"))
		}
		contract.Step(t, "two fail: it is out. Three more fail, 8 s later")
		held[0].fail(t)
		held[1].fail(t)
		s.ask(http.MethodPost, "/", "").Await(t).WantStatus(t, http.StatusServiceUnavailable)
		contract.Pass(8 * time.Second)
		for _, v := range held[2:5] {
			v.fail(t)
		}
		contract.Step(t, "11 s after it was taken out it is back, and one failure does not take it out")
		contract.Pass(3 * time.Second)
		s.wantAsked("b1:80").fail(t)
		s.wantAsked("b1:80").answer(t)
		held[5].answer(t)
	})
}

// Without figures, three failures take a backend out for ten seconds. README
func TestZeroIsTheDefault(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveScripted(t, &loadbalancing.L7{}, 2)
		defer s.stop()
		s.outcome["b1:80"] = 503
		contract.Step(t, "b1 answers 503")
		s.wantPosts("b1:80", "b2:80", "b1:80", "b2:80", "b1:80", "b2:80", "b2:80", "b2:80")
		contract.Step(t, "9 s later, and 2 s after that")
		contract.Pass(9 * time.Second)
		s.wantPosts("b2:80")
		contract.Pass(2 * time.Second)
		s.wantPosts("b1:80")
	})
}

// A lost connection, 502, 503, 504 and an answer that breaks off are failures,
// each once; any other status is not, nor is a client that goes away. README
func TestWhatCountsAsAFailure(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			outcome  int
			failures bool
		}{{200, false}, {502, true}, {500, false}, {503, true}, {404, false}, {504, true}, {429, false}, {501, false}, {304, false}, {lost, true}, {breaksOff, true}, {505, false}} {
			s := serveScripted(t, &loadbalancing.L7{Failures: 1}, 2)
			s.outcome["b1:80"] = c.outcome
			contract.Step(t, "outcome %s at b1, one failure takes it out: %v", outcomeName(c.outcome), c.failures)
			s.wantPosts("b1:80", "b2:80")
			if c.failures {
				s.wantPosts("b2:80", "b2:80")
			} else {
				s.wantPosts("b1:80", "b2:80")
			}
			s.stop()
		}
		s := serveScripted(t, &loadbalancing.L7{Failures: 2}, 2)
		s.outcome["b1:80"] = breaksOffAt503
		contract.Step(t, "a 503 that breaks off counts once")
		s.wantPosts("b1:80", "b2:80")
		s.outcome["b1:80"] = 200
		s.wantPosts("b1:80", "b2:80")
		s.stop()
	})
}

// A safe request without a body whose attempt fails is tried once more, at
// another backend. RFC 9110 §9.2.1, README
func TestRetriesSafeRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace} {
			for _, outcome := range []int{lost, 502, 503, 504} {
				s := serveScripted(t, &loadbalancing.L7{}, 3)
				s.outcome["b1:80"] = outcome
				contract.Step(t, "%s, outcome %s at b1", method, outcomeName(outcome))
				a := s.ask(method, "/", "").Await(t)
				s.wantTried("b1:80", "b2:80")
				a.WantStatus(t, http.StatusOK)
				if got := a.Header.Get("X-Backend"); got != "b2:80" {
					contract.Mismatch(t, "X-Backend of the answer", got, "b2:80")
				}
				if len(a.Header["X-Backend"]) != 1 {
					contract.Mismatch(t, "the fields X-Backend of the answer", fmt.Sprint(a.Header["X-Backend"]), "[b2:80]")
				}
				s.wantPosts("b3:80")
				s.stop()
			}
		}
	})
}

// A request that is not safe, or has a body, is never tried twice: the client
// gets 502, or the backend's own answer. README
func TestRetriesNothingElse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ method, body string }{
			{http.MethodPost, "pay"}, {http.MethodPost, ""}, {http.MethodPut, "x"}, {http.MethodDelete, ""}, {http.MethodPatch, "x"}, {"PURGE", ""}, {http.MethodGet, "a body"},
		} {
			for _, o := range [][2]int{{lost, 502}, {502, 502}, {503, 503}, {504, 504}} {
				outcome, status := o[0], o[1]
				s := serveScripted(t, &loadbalancing.L7{}, 2)
				contract.Control(t, "GET, outcome %s at b1", outcomeName(outcome))
				s.outcome["b1:80"] = outcome
				s.ask(http.MethodGet, "/", "").Await(t).WantStatus(t, http.StatusOK)
				s.wantTried("b1:80", "b2:80")
				contract.Step(t, "%s with body %q", c.method, c.body)
				s.ask(c.method, "/", c.body).Await(t).WantStatus(t, status)
				s.wantTried("b1:80")
				s.stop()
			}
		}
	})
}

// There is one retry. If it fails too, the client gets the last answer, or 502
// if there is none; what was answered first is thrown away. README
func TestOneRetry(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ first, second, status int }{{lost, lost, 502}, {503, lost, 502}, {lost, 503, 503}, {502, 504, 504}, {504, 404, 404}} {
			s := serveScripted(t, &loadbalancing.L7{}, 3)
			s.outcome["b1:80"], s.outcome["b2:80"] = c.first, c.second
			contract.Step(t, "GET, outcome %s at b1, then %s at b2", outcomeName(c.first), outcomeName(c.second))
			s.ask(http.MethodGet, "/", "").Await(t).WantStatus(t, c.status)
			s.wantTried("b1:80", "b2:80")
			contract.Settle()
			if n := s.bodies.Load(); n != 0 {
				contract.Failf(t, "the bodies of %d answers were not closed", n)
			}
			s.stop()
		}
		s := serveScripted(t, &loadbalancing.L7{}, 1)
		contract.Step(t, "there is no other backend")
		s.outcome["b1:80"] = 503
		s.ask(http.MethodGet, "/", "").Await(t).WantStatus(t, 503)
		s.wantTried("b1:80")
		s.stop()
		s = serveScripted(t, &loadbalancing.L7{Failures: 1}, 2)
		contract.Step(t, "the other one is ejected")
		s.outcome["b1:80"], s.outcome["b2:80"] = 503, lost
		s.wantPosts("b1:80")
		s.ask(http.MethodGet, "/", "").Await(t).WantStatus(t, 502)
		s.wantTried("b2:80")
		s.stop()
	})
}

// An answer that breaks off is not tried again, and does not look whole to the
// client. README
func TestAnswerBreaksOff(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serveScripted(t, &loadbalancing.L7{}, 2)
		defer s.stop()
		s.outcome["b1:80"] = breaksOff
		contract.Step(t, "GET, and half an answer from b1")
		a := s.ask(http.MethodGet, "/", "").Await(t)
		s.wantTried("b1:80")
		if a.Status != http.StatusOK || a.Err == nil || !strings.HasPrefix(scriptedBody, a.Body) {
			contract.Mismatch(t, "what the client got", a.String(), fmt.Sprintf("200, the beginning of %.20q and an error", scriptedBody))
		}
		contract.Control(t, "a whole answer")
		s.ask(http.MethodGet, "/", "").Await(t).Want(t, http.StatusOK, scriptedBody)
		s.wantTried("b2:80")
	})
}

// With nobody in the rotation, drained or ejected, the answer is 503 at once,
// without an attempt. README
func TestNobodyInTheRotation(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := &loadbalancing.L7{Failures: 1, EjectFor: 30 * time.Second}
		s := serveScripted(t, b, 2)
		defer s.stop()
		contract.Control(t, "both are in")
		s.wantPosts("b1:80", "b2:80")
		contract.Step(t, "b1 is drained, b2 fails")
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(context.Background(), "b1:80") }), nil)
		s.outcome["b2:80"] = lost
		s.ask(http.MethodGet, "/", "").Await(t).WantStatus(t, http.StatusBadGateway)
		s.wantTried("b2:80")
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			contract.Step(t, "%s while nobody is in", method)
			start := time.Now()
			s.ask(method, "/", "").Await(t).WantStatus(t, http.StatusServiceUnavailable)
			within(t, "the answer", start, 0)
			s.wantTried()
		}
		contract.Step(t, "31 s later b2 is back")
		contract.Pass(31 * time.Second)
		s.outcome["b2:80"] = 200
		s.wantPosts("b2:80")
	})
}

// A client that goes away ends the attempt at once, and says nothing about the
// backend. README
func TestClientGone(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, begun := range []bool{false, true} {
			s := serveHeld(t, &loadbalancing.L7{Failures: 1}, 2)
			ctx, cancel := context.WithCancel(context.Background())
			contract.Step(t, "a GET at b1, whose answer has begun: %v", begun)
			pending := s.askWith(ctx, http.MethodGet, "/", "")
			v := contract.Await(t, "a request at a backend", s.visits)
			if begun {
				v.begin <- struct{}{}
			}
			contract.Pass(time.Second)
			contract.Step(t, "the client goes away")
			start := time.Now()
			cancel()
			contract.Until(t, "the end of the request at "+v.backend, v.r.Context().Done())
			within(t, "the end of the request at the backend", start, 0)
			pending.Await(t)
			contract.Pass(time.Second)
			s.wantTried("b1:80")
			contract.Control(t, "both backends are still in")
			s.wantAsked("b2:80").answer(t)
			s.wantAsked("b1:80").answer(t)
			s.stop()
		}
	})
}

// A drained backend gets no new request and no retry; Drain returns when those
// under way have been answered, or with its context. README
func TestL7Drain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := &loadbalancing.L7{}
		s := serveHeld(t, b, 3)
		defer s.stop()
		contract.Step(t, "a request at b1, whose answer has begun; Drain b1")
		v := s.wantAsked("b1:80")
		v.begin <- struct{}{}
		contract.Pass(time.Second)
		drained := contract.Go("Drain to return", func() error { return b.Drain(context.Background(), "b1:80") })
		contract.Pass(time.Minute)
		if drained.Returned() {
			contract.Failf(t, "Drain returned %v while a request was under way", drained.Await(t))
		}
		contract.Step(t, "others go elsewhere, though b1 has less to do, retries too")
		var others []*visit
		for range 2 {
			others = append(others, s.wantAsked("b2:80"), s.wantAsked("b3:80"))
		}
		s.tried()
		get := s.ask(http.MethodGet, "/", "")
		contract.Await(t, "a request at a backend", s.visits).lose <- struct{}{}
		retry := contract.Await(t, "the retry at a backend", s.visits)
		s.wantTried("b2:80", "b3:80")
		retry.pending = get
		retry.answer(t)
		for _, o := range others {
			o.answer(t)
		}
		contract.Step(t, "Drain b2 with a context of 5 s, while a request goes on: it stays out")
		others = []*visit{s.wantAsked("b2:80")}
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(ctx, "b2:80") }), context.DeadlineExceeded)
		for range 3 {
			others = append(others, s.wantAsked("b3:80"))
		}
		for _, o := range others {
			o.answer(t)
		}
		contract.Step(t, "the answer at b1 ends")
		if drained.Returned() {
			contract.Failf(t, "Drain returned %v while a request was under way", drained.Await(t))
		}
		v.answer(t)
		wantErr(t, drained.Await(t), nil)
		contract.Step(t, "Drain b9, which there is not")
		wantErr(t, contract.Call(t, "Drain to return", func() error { return b.Drain(context.Background(), "b9:80") }), loadbalancing.ErrUnknownBackend)
	})
}

// Requests, connections and Drain may come at the same time. README
func TestConcurrentUse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		names := []string{"b1:80", "b2:80", "b3:80"}
		contract.Step(t, "48 requests, a third of which fail, and a Drain at once")
		var asked atomic.Int32
		all := make(chan struct{}) // are at their backends
		b7 := &loadbalancing.L7{Backends: names, Failures: 1000, Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			asked.Add(1)
			<-all
			switch r.URL.Path {
			case "/lost":
				return nil, io.ErrUnexpectedEOF
			case "/503":
				return &http.Response{StatusCode: 503, Header: http.Header{}, Body: http.NoBody}, nil
			}
			return &http.Response{StatusCode: 200, Header: http.Header{}, Body: http.NoBody}, nil
		})}
		var calls []*contract.Pending[error]
		for i := range 49 {
			calls = append(calls, contract.Go("a request or Drain to return", func() error {
				if i == 24 {
					return b7.Drain(context.Background(), "b2:80")
				}
				method := []string{http.MethodGet, http.MethodPost}[i%2]
				b7.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(method, "http://balancer/"+[]string{"", "lost", "503"}[i%3], nil))
				return nil
			}))
		}
		contract.Settle()
		close(all)
		for _, c := range calls {
			wantErr(t, c.Await(t), nil)
		}
		if n := asked.Load(); n < 48 {
			contract.Failf(t, "%d requests came to the backends, want 48 or more", n)
		}
		contract.Step(t, "nothing is under way any more")
		for _, name := range names {
			wantErr(t, contract.Call(t, "Drain "+name+" to return", func() error { return b7.Drain(context.Background(), name) }), nil)
		}
		contract.Step(t, "a Drain; then 48 connections, many of whose dials fail, and another at once")
		b4 := &loadbalancing.L4{Backends: names, Dial: func(_ context.Context, addr string) (net.Conn, error) {
			if addr == "b3:80" {
				return nil, io.ErrUnexpectedEOF
			}
			return emptyConn{}, nil
		}}
		conns := make(queue, 48)
		for i := range 48 {
			conns <- emptyConn{byte(i)}
		}
		close(conns)
		wantErr(t, contract.Call(t, "Drain to return before Serve", func() error { return b4.Drain(context.Background(), "b1:80") }), nil)
		drained := contract.Go("Drain to return", func() error { return b4.Drain(context.Background(), "b2:80") })
		wantErr(t, contract.Call(t, "Serve to return", func() error { return b4.Serve(conns) }), io.EOF)
		wantErr(t, drained.Await(t), nil)
		contract.Step(t, "nothing is under way any more")
		for _, name := range names {
			wantErr(t, contract.Call(t, "Drain "+name+" to return", func() error { return b4.Drain(context.Background(), name) }), nil)
		}
	})
}

// A queue is a listener whose connections are there already.
type queue chan emptyConn

func (q queue) Accept() (net.Conn, error) {
	c, ok := <-q
	if !ok {
		return nil, io.EOF
	}
	return c, nil
}
func (q queue) Close() error   { return nil }
func (q queue) Addr() net.Addr { return nil }

// An emptyConn is at its end and takes everything, without a lock.
type emptyConn struct{ n byte }

func (emptyConn) Read([]byte) (int, error)    { return 0, io.EOF }
func (emptyConn) Write(b []byte) (int, error) { return len(b), nil }
func (emptyConn) Close() error                { return nil }
func (emptyConn) CloseWrite() error           { return nil }
func (emptyConn) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 80} }
func (c emptyConn) RemoteAddr() net.Addr {
	return &net.TCPAddr{IP: net.IPv4(192, 0, 2, c.n+1), Port: 5000}
}
func (emptyConn) SetDeadline(time.Time) error      { return nil }
func (emptyConn) SetReadDeadline(time.Time) error  { return nil }
func (emptyConn) SetWriteDeadline(time.Time) error { return nil }

// readerConn lets an end read a body.
type readerConn struct{ io.ReadCloser }

func (readerConn) Write([]byte) (int, error)        { return 0, io.ErrClosedPipe }
func (readerConn) LocalAddr() net.Addr              { return nil }
func (readerConn) RemoteAddr() net.Addr             { return nil }
func (readerConn) SetDeadline(time.Time) error      { return nil }
func (readerConn) SetReadDeadline(time.Time) error  { return nil }
func (readerConn) SetWriteDeadline(time.Time) error { return nil }

// The table, independently: whole permutations, as the paper draws them.

func oracle(names []string, size int) []string {
	names = slices.Sorted(slices.Values(names))
	permutations := make([][]int, len(names))
	for i, name := range names {
		offset, skip := loadbalancing.Hash(0, name)%uint64(size), loadbalancing.Hash(1, name)%uint64(size-1)+1
		for j := range uint64(size) {
			permutations[i] = append(permutations[i], int((offset+j*skip)%uint64(size)))
		}
	}
	entries := make([]string, size)
	for filled := 0; filled < size; {
		for i, name := range names {
			for entries[permutations[i][0]] != "" {
				permutations[i] = permutations[i][1:]
			}
			entries[permutations[i][0]] = name
			if filled++; filled == size {
				break
			}
		}
	}
	return entries
}

// next is the name that Pick is to return.
func next(entries []string, key uint64, not ...string) string {
	at := int(key % uint64(len(entries)))
	for _, name := range slices.Concat(entries[at:], entries[:at]) {
		if !slices.Contains(not, name) {
			return name
		}
	}
	return ""
}

func clientKey(addr string) uint64 { return loadbalancing.AddrKey(netip.MustParseAddr(addr)) }

func backendOf(entries []string, addr string) string { return next(entries, clientKey(addr)) }

// clientOf returns a client of this backend.
func clientOf(entries []string, backend string) string {
	for i := 1; ; i++ {
		if addr := fmt.Sprintf("203.0.113.%d", i); backendOf(entries, addr) == backend {
			return addr
		}
	}
}

// elsewhere returns a client of another backend than addr's.
func elsewhere(entries []string, addr string) string {
	for i := 1; ; i++ {
		if other := fmt.Sprintf("203.0.113.%d", i); backendOf(entries, other) != backendOf(entries, addr) {
			return other
		}
	}
}

// coprime returns three names whose skips reach all entries even of a table
// whose size is no prime, so that whoever accepts it comes to an end.
func coprime(size int) []string {
	var names []string
	for i := 1; len(names) < 3; i++ {
		name := fmt.Sprint("b", i)
		skip := loadbalancing.Hash(1, name)%uint64(size-1) + 1
		if gcd(int(skip), size) == 1 {
			names = append(names, name)
		}
	}
	return names
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func someNames(t *testing.T, n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("10.%d.%d.%d:%d", 1+contract.Rand(t).IntN(250), i/250+1, i%250+1, 1024+contract.Rand(t).IntN(60000))
	}
	return names
}

func newTable(t *testing.T, names []string, size int) *loadbalancing.Table {
	t.Helper()
	type result struct {
		table *loadbalancing.Table
		err   error
	}
	got := contract.Call(t, "NewTable to return", func() result {
		table, err := loadbalancing.NewTable(names, size)
		return result{table, err}
	})
	if got.err != nil {
		contract.Failf(t, "NewTable refused %d names and %d entries: %v", len(names), size, got.err)
	}
	return got.table
}

// wantServing checks that each of the names is somebody's.
func wantServing(t *testing.T, serve map[string]bool, names []string) {
	t.Helper()
	for _, name := range names {
		if !serve[name] {
			contract.Failf(t, "%s has no entry", name)
		}
	}
}

func wantPick(t *testing.T, table *loadbalancing.Table, key uint64, want string, not ...string) {
	t.Helper()
	if got := table.Pick(key, not...); got != want {
		contract.Mismatch(t, fmt.Sprintf("Pick(%d, %q...)", key, not), got, want)
	}
}

// Headers.

func wantRefused(t *testing.T, stream []byte) {
	t.Helper()
	if got := read(t, stream); !errors.Is(got.err, loadbalancing.ErrProxyHeader) {
		contract.Mismatch(t, "what ReadProxy returned", fmt.Sprintf("%v → %v, error %v", got.header.Source, got.header.Destination, got.err), loadbalancing.ErrProxyHeader.Error())
	}
}

func someAddrPort(t *testing.T, v6 bool) netip.AddrPort {
	r := contract.Rand(t)
	port := uint16(1 + r.IntN(65535))
	if !v6 {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte{byte(1 + r.IntN(223)), byte(r.Uint32()), byte(r.Uint32()), byte(1 + r.IntN(254))}), port)
	}
	a := [16]byte{0: 0x20, 1: 0x01}
	for i := 2; i < 16; i++ {
		a[i] = byte(r.Uint32()) * byte(r.IntN(2)) // runs of zeros too
	}
	return netip.AddrPortFrom(netip.AddrFrom16(a), port)
}

func format(t *testing.T, h *proxyproto.Header) []byte {
	t.Helper()
	b, err := h.Format()
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	return b
}

// appended is what AppendProxyV2 appends; what was there must stay.
func appended(t *testing.T, h loadbalancing.ProxyHeader) []byte {
	t.Helper()
	const before = "before"
	got := loadbalancing.AppendProxyV2([]byte(before), h)
	contract.Bytes(t, "what was there before", got[:min(len(got), len(before))], []byte(before))
	return got[len(before):]
}

func wantPeerReads(t *testing.T, head []byte, source, destination string) {
	t.Helper()
	h, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(head)))
	if err != nil {
		contract.Failf(t, "the peer refuses the header: %v", err)
	}
	if got := fmt.Sprint(h.SourceAddr, " ", h.DestinationAddr); got != source+" "+destination {
		contract.Mismatch(t, "what the peer read", got, source+" "+destination)
	}
}

// headerOf is the header for a client's connection that is not asked for one.
func (s *site) headerOf(from string, client end) string {
	port := client.LocalAddr().(*net.TCPAddr).Port
	balancer := s.listener.Addr().(*net.TCPAddr)
	return string(format(s.t, proxyproto.HeaderProxyFromAddrs(2, &net.TCPAddr{IP: net.ParseIP(from), Port: port}, balancer)))
}

func wantErr(t *testing.T, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		contract.Mismatch(t, "the error", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// within checks that something happened when it was due, give or take what the
// links take.
func within(t *testing.T, what string, start time.Time, due time.Duration) {
	t.Helper()
	if took := time.Since(start); took < due || took > due+time.Second {
		contract.Mismatch(t, "when "+what+" came", took.String(), due.String())
	}
}

// What the visible suite has no need of.

// tried returns which backends were dialled, or asked, since it was called
// last.
func (s *site) tried() []string {
	s.mux.Lock()
	defer s.mux.Unlock()
	list := s.dialled
	s.dialled = nil
	return list
}

func (s *site) wantTried(want ...string) {
	s.t.Helper()
	if got := s.tried(); fmt.Sprint(got) != fmt.Sprint(want) {
		contract.Mismatch(s.t, "the backends that were tried", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// arrivalAt awaits it at this one.
func (s *site) arrivalAt(want string) end {
	s.t.Helper()
	name, backend := s.arrival()
	if name != want {
		contract.Mismatch(s.t, "the backend that got the connection", name, want)
	}
	return backend
}

// hearsEnd checks that nothing more comes but the end, in whatever form.
func (e end) hearsEnd() {
	e.t.Helper()
	rest := contract.Call(e.t, "the end of the stream at "+e.name, func() []byte {
		rest, _ := io.ReadAll(e.Conn)
		return rest
	})
	contract.Bytes(e.t, "what "+e.name+" got before the end", rest, nil)
}

// finishes ends what this end has to say.
func (e end) finishes() { e.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// Backends that do as they are told.

// Outcomes beside statuses.
const (
	lost           = -1 // the connection, before an answer
	breaksOff      = -2 // 200, and half of the body
	breaksOffAt503 = -3
)

func outcomeName(outcome int) string {
	switch outcome {
	case lost:
		return "connection lost"
	case breaksOff:
		return "answer breaks off"
	}
	return fmt.Sprint(outcome)
}

var scriptedBody = strings.Repeat("the whole answer, ", 500)

type scripted struct {
	*site
	outcome map[string]int // of each backend; 0 is 200. One request at a time
}

func serveScripted(t *testing.T, b *loadbalancing.L7, n int) *scripted {
	s := &scripted{outcome: map[string]int{}}
	s.site = serveL7(t, b, n, func(name string, w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Backend", name)
		switch outcome := s.outcome[name]; outcome {
		case lost:
			panic(http.ErrAbortHandler)
		case breaksOff, breaksOffAt503:
			w.Header().Set("Content-Length", fmt.Sprint(len(scriptedBody)))
			if outcome == breaksOffAt503 {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			io.WriteString(w, scriptedBody[:len(scriptedBody)/2])
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		case http.StatusNotModified:
			w.WriteHeader(outcome)
		default:
			w.WriteHeader(max(outcome, 200))
			if r.Method != http.MethodHead {
				io.WriteString(w, scriptedBody)
			}
		}
	})
	return s
}

// wantPosts makes POST requests, one after the other, and checks where they go.
func (s *scripted) wantPosts(want ...string) {
	s.t.Helper()
	s.tried()
	for range want {
		s.ask(http.MethodPost, "/", "").Await(s.t)
	}
	s.wantTried(want...)
}

// A held site's requests are answered when the clause says so.
type held struct {
	*site
	visits chan *visit
}

// A visit is a request at a backend.
type visit struct {
	backend           string
	r                 *http.Request
	begin, whole, bad chan struct{}
	lose              chan struct{}
	pending           *contract.Pending[exchange.Answer]
}

func serveHeld(t *testing.T, b *loadbalancing.L7, n int) *held {
	s := &held{visits: make(chan *visit, 100)}
	s.site = serveL7(t, b, n, func(name string, w http.ResponseWriter, r *http.Request) {
		v := &visit{backend: name, r: r, begin: make(chan struct{}, 1), whole: make(chan struct{}, 1), bad: make(chan struct{}, 1), lose: make(chan struct{}, 1)}
		s.visits <- v
		for {
			select {
			case <-v.begin:
				io.WriteString(w, "begun ")
				http.NewResponseController(w).Flush()
				continue
			case <-v.bad:
				w.WriteHeader(http.StatusServiceUnavailable)
			case <-v.lose:
				panic(http.ErrAbortHandler)
			case <-v.whole:
			case <-r.Context().Done():
			}
			return
		}
	})
	s.client.Transport.(*http.Transport).MaxIdleConnsPerHost = 100
	return s
}

// wantAsked sends a POST and checks which backend gets it.
func (s *held) wantAsked(want string) *visit {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	pending := s.askWith(ctx, http.MethodPost, "/", "")
	s.cleanup = append([]func(){cancel, func() { pending.Await(s.t) }}, s.cleanup...)
	v := contract.Await(s.t, "a request at a backend", s.visits)
	if v.backend != want {
		contract.Mismatch(s.t, "the backend that got the request", v.backend, want)
	}
	v.pending = pending
	contract.Settle()
	return v
}

// answer ends the request with 200.
func (v *visit) answer(t *testing.T) {
	t.Helper()
	v.whole <- struct{}{}
	v.pending.Await(t).WantStatus(t, http.StatusOK)
}

// fail ends it with 503.
func (v *visit) fail(t *testing.T) {
	t.Helper()
	v.bad <- struct{}{}
	v.pending.Await(t).WantStatus(t, http.StatusServiceUnavailable)
}
