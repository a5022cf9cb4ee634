package websocket_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/protocols/websocket"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

// A server fails the connection on a frame that is not masked, a client on one
// that is. RFC 6455 §5.1 MUST
func TestMaskBit(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			for _, f := range []frame{
				build(t, client, true, 1, []byte("zz")),
				build(t, client, true, 2, noise(t, 200)),
				build(t, client, true, 1, nil),
				build(t, client, true, 9, []byte("zz")),
				build(t, client, true, 8, closeBody(1000, "")),
			} {
				wantRefusal(t, client, nil, breach{code: 1002, frames: []frame{f}})
			}
		}
	})
}

// A client masks every frame with a key of its own that cannot be foretold,
// and leaves the caller's octets as they are. RFC 6455 §5.3 MUST, README
func TestMaskingKeys(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, p := meet(t, true, nil)
		control(t, c, p)
		keys, reached := map[[4]byte]bool{}, [4]byte{}
		frames := 0
		note := func(f frame) {
			if !f.mask {
				contract.Mismatch(t, "the client has to mask", f.String(), "a frame with the mask bit")
			}
			keys[f.key] = true
			for i, o := range f.key {
				reached[i] |= o
			}
			frames++
		}
		contract.Step(t, "48 times Write of the same octets")
		payload := noise(t, 300)
		for range 48 {
			mine := bytes.Clone(payload)
			mustWrite(t, c, websocket.OpBinary, mine)
			contract.Bytes(t, "Write changed the caller's octets", mine, payload)
			clear(mine) // they are the caller's again
			f := p.next(t, "the message")
			note(f)
			f.want(t, frame{fin: true, op: 2, mask: true, payload: payload})
		}
		contract.Step(t, "16 times → PING")
		read := startRead(c)
		for i := range 16 {
			p.send(t, p.frame(t, true, 9, []byte{byte(i)}).bytes())
			note(p.next(t, "a PONG"))
		}
		if len(keys) < frames-2 || reached != [4]byte{255, 255, 255, 255} {
			contract.Failf(t, "%d frames had %d different keys, whose octets together have the bits % x: want a fresh key each", frames, len(keys), reached)
		}
		contract.Step(t, "→ CLOSE 1000")
		p.send(t, p.frame(t, true, 8, closeBody(1000, "")).bytes())
		note(p.next(t, "a CLOSE"))
		p.close(t)
		wantEnd(t, read, websocket.CloseError{Code: 1000})
	})
}

// A length that does not take the fewest octets, or has its top bit set, fails
// the connection. RFC 6455 §5.2 MUST, README
func TestLengthNotMinimal(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			for _, n := range []int{125, 126, 65535, 65536} {
				contract.Control(t, "→ BINARY of %d octets, the length in %d", n, minimal(n))
				payload := noise(t, n)
				read := startRead(c)
				p.send(t, p.frame(t, true, 2, payload).bytes())
				wantMessage(t, read, websocket.OpBinary, payload)
			}
			part(t, c, p)
			for _, size := range []struct{ n, wide int }{{125, 2}, {5, 2}, {0, 2}, {5, 8}, {126, 8}, {65535, 8}} {
				f := build(t, !client, true, 2, noise(t, size.n))
				f.wide = size.wide
				wantRefusal(t, client, nil, breach{fmt.Sprintf("a length of %d in %d octets", size.n, size.wide), 1002, []frame{f}})
			}
			f := build(t, !client, true, 2, noise(t, 5))
			f.wide, f.length = 8, 1<<63|5
			wantRefusal(t, client, nil, breach{"a length with the top bit set", 1002, []frame{f}})
		}
	})
}

// A reserved bit or a reserved opcode fails the connection. RFC 6455 §5.2 MUST
func TestReservedBitsAndOpcodes(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			for _, rsv := range []byte{1, 2, 4} {
				for _, op := range []byte{1, 9} {
					f := build(t, !client, true, op, []byte("zz"))
					f.rsv = rsv
					wantRefusal(t, client, nil, breach{code: 1002, frames: []frame{f}})
				}
			}
			for _, op := range []byte{3, 4, 5, 6, 7, 11, 12, 13, 14, 15} {
				wantRefusal(t, client, nil, breach{code: 1002, frames: []frame{build(t, !client, true, op, []byte("zz"))}})
			}
		}
	})
}

// A control frame in fragments, or of more than 125 octets, fails the
// connection. RFC 6455 §5.5 MUST
func TestControlFrameShape(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			for _, f := range []frame{
				build(t, !client, false, 9, []byte("zz")),
				build(t, !client, false, 10, []byte("zz")),
				build(t, !client, false, 8, closeBody(1000, "")),
				build(t, !client, true, 9, noise(t, 126)),
				build(t, !client, true, 10, noise(t, 70_000)),
				build(t, !client, true, 8, closeBody(1000, strings.Repeat("z", 124))),
			} {
				wantRefusal(t, client, nil, breach{code: 1002, frames: []frame{f}})
			}
		}
	})
}

// A message is one frame, or a first one and its continuations; anything else
// fails the connection. What Read has returned is the caller's. RFC 6455 §5.4
// MUST, README
func TestFragmentOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			f := func(fin bool, op byte, payload string) frame { return build(t, !client, fin, op, []byte(payload)) }
			c, p := meet(t, client, nil)
			for _, frames := range [][]frame{
				{f(false, 1, "he"), f(false, 0, "l"), f(true, 0, "lo")},
				{f(false, 1, ""), f(false, 0, "hello"), f(false, 0, ""), f(true, 0, "")},
				{f(true, 1, "hello")},
			} {
				contract.Control(t, "→ %s", list(frames))
				read := startRead(c)
				p.send(t, join(frames))
				wantMessage(t, read, websocket.OpText, []byte("hello"))
			}
			contract.Control(t, `→ TEXT "hello", → TEXT "later"; the first is still what it was`)
			read := startRead(c)
			p.send(t, f(true, 1, "hello").bytes())
			kept := read.Await(t).payload
			read = startRead(c)
			p.send(t, f(true, 1, "later").bytes())
			wantMessage(t, read, websocket.OpText, []byte("later"))
			contract.Bytes(t, "the message before the last", kept, []byte("hello"))
			part(t, c, p)
			for _, frames := range [][]frame{
				{f(true, 0, "lo")},
				{f(false, 0, "lo")},
				{f(false, 1, "he"), f(true, 1, "llo")},
				{f(false, 2, "he"), f(false, 0, "l"), f(true, 2, "lo")},
				{f(false, 1, "he"), f(false, 2, "llo")},
				{f(false, 1, ""), f(true, 1, "hello")},
			} {
				wantRefusal(t, client, nil, breach{code: 1002, frames: frames})
			}
		}
	})
}

// Control frames between the fragments of a message are handled when they
// come, and the message is not changed by them. RFC 6455 §5.4, §5.5 MUST
func TestControlBetweenFragments(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			payload := noise(t, 3000)
			read := startRead(c)
			for i, part := range [][]byte{payload[:1000], payload[1000:1001], payload[1001:]} {
				contract.Step(t, "→ fragment %d, PONG, PING; the PONG comes back before the rest is sent", i+1)
				op := byte(0)
				if i == 0 {
					op = 2
				}
				p.send(t, p.frame(t, false, op, part).bytes())
				p.send(t, p.frame(t, true, 10, []byte("unasked")).bytes())
				ping := noise(t, 20)
				p.send(t, p.frame(t, true, 9, ping).bytes())
				p.next(t, "a PONG while the message is not complete").want(t, frame{fin: true, op: 10, mask: client, payload: ping})
			}
			contract.Step(t, "→ the last fragment, empty")
			p.send(t, p.frame(t, true, 0, nil).bytes())
			wantMessage(t, read, websocket.OpBinary, payload)
			contract.Step(t, "→ the first fragment of a message, CLOSE 1001")
			read = startRead(c)
			p.send(t, p.frame(t, false, 1, []byte("hal")).bytes(), p.frame(t, true, 8, closeBody(1001, "")).bytes())
			p.wantClose(t, 1001)
			p.close(t)
			wantEnd(t, read, websocket.CloseError{Code: 1001})
		}
	})
}

// A text message is UTF-8 as a whole: a character may go over the border of
// two fragments, and a message that is no UTF-8 fails the connection with
// 1007. RFC 6455 §5.6, §8.1 MUST
func TestTextIsUTF8(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		text := []byte("κ€\U0010ffff\x00")
		c, p := meet(t, false, nil)
		for i := range len(text) + 1 {
			contract.Control(t, "→ TEXT %q in fragments of %d and %d octets", text, i, len(text)-i)
			read := startRead(c)
			p.send(t, p.frame(t, false, 1, text[:i]).bytes(), p.frame(t, true, 0, text[i:]).bytes())
			wantMessage(t, read, websocket.OpText, text)
		}
		bad := []string{"\xff", "ab\xce", "\xed\xa0\x80", "\xc0\xaf", "\xf4\x90\x80\x80", "\x80", "\xe2\x82"}
		for _, s := range bad {
			contract.Control(t, "→ BINARY % x", s)
			read := startRead(c)
			p.send(t, p.frame(t, true, 2, []byte(s)).bytes())
			wantMessage(t, read, websocket.OpBinary, []byte(s))
		}
		part(t, c, p)
		for _, s := range bad {
			b := []byte(s)
			wantRefusal(t, false, nil, breach{code: 1007, frames: []frame{build(t, true, true, 1, b)}})
			wantRefusal(t, true, nil, breach{code: 1007, frames: []frame{build(t, false, false, 1, b[:len(b)-1]), build(t, false, true, 0, b[len(b)-1:])}})
		}
		wantRefusal(t, false, nil, breach{code: 1007, frames: []frame{build(t, true, false, 1, text[:4]), build(t, true, true, 0, nil)}})
	})
}

// A message of MaxMessage octets is read; as soon as one turns out to be
// longer the connection fails with 1009, without waiting for what was
// announced. What was only announced takes no memory. RFC 6455 §7.4.1, §10.4, README
func TestMessageLimit(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		limit := 500 + contract.Rand(t).IntN(1500)
		for _, o := range []*websocket.Options{{MaxMessage: limit}, nil} {
			most := limit
			if o == nil {
				most = 1 << 20
			}
			for _, client := range []bool{false, true} {
				c, p := meet(t, client, o)
				payload := noise(t, most)
				contract.Control(t, "%s with a limit of %d: → a message of %[2]d octets", role(client), most)
				read := startRead(c)
				p.send(t, p.frame(t, true, 2, payload).bytes())
				wantMessage(t, read, websocket.OpBinary, payload)
				if o != nil {
					contract.Control(t, "→ the same in three fragments, with a PONG between")
					read = startRead(c)
					p.send(t, p.frame(t, false, 2, payload[:9]).bytes(), p.frame(t, false, 0, payload[9:most-9]).bytes())
					p.send(t, p.frame(t, true, 10, noise(t, 125)).bytes(), p.frame(t, true, 0, payload[most-9:]).bytes())
					wantMessage(t, read, websocket.OpBinary, payload)
				}
				part(t, c, p)
				announce := func(op byte, n uint64) frame {
					f := build(t, !client, true, op, nil)
					f.length, f.wide = n, minimal(int(min(n, 1<<20)))
					return f
				}
				if o == nil { // the default is a limit like any other
					wantRefusal(t, client, o, breach{code: 1009, frames: []frame{announce(2, uint64(most)+1)}})
					continue
				}
				first := build(t, !client, false, 2, payload[:most-9])
				for _, frames := range [][]frame{
					{announce(2, uint64(most)+1)},
					{announce(1, 1<<31)},
					{announce(2, 1<<62)},
					{announce(2, 1<<63-1)},
					{first, announce(0, 10)},
					{first, announce(0, 1<<63-1)},
				} {
					wantRefusal(t, client, o, breach{code: 1009, frames: frames})
				}
			}
		}
		c, p := meet(t, false, &websocket.Options{MaxMessage: 256 << 20})
		control(t, c, p)
		contract.Step(t, "→ BINARY, 200 of 256 MiB announced, 1000 octets sent")
		read := startRead(c)
		f := build(t, true, true, 2, noise(t, 1000))
		f.length, f.wide = 200<<20, 8
		before := allocated()
		p.send(t, f.bytes())
		if grown := allocated() - before; grown > 32<<20 {
			contract.Failf(t, "%d MiB of memory were taken for 1000 octets", grown>>20)
		}
		p.close(t)
		wantEnd(t, read, websocket.CloseError{Code: 1006})
	})
}

// allocated returns how much memory was ever allocated.
func allocated() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.TotalAlloc
}

// A Close frame is empty, or it has a code that may be sent and a reason that
// is UTF-8; its code goes back, and Read returns what it said. RFC 6455
// §5.5.1, §7.1.5, §7.4 MUST, README
func TestCloseBody(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		codes := []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999, 0}
		for i, code := range codes {
			for _, reason := range []string{"", "schließen"} {
				if code == 0 && reason != "" {
					continue
				}
				client := i%2 == 0
				c, p := meet(t, client, nil)
				contract.Control(t, "→ CLOSE %d %q to the %s (0: no code)", code, reason, role(client))
				read := startRead(c)
				p.send(t, p.frame(t, true, 8, closeBody(code, reason)).bytes())
				p.wantClose(t, code)
				p.close(t)
				wantEnd(t, read, websocket.CloseError{Code: cmp.Or(code, 1005), Reason: reason})
			}
		}
		for i, code := range []uint16{1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535} {
			wantRefusal(t, i%2 == 0, nil, breach{code: 1002, frames: []frame{build(t, i%2 != 0, true, 8, closeBody(code, ""))}})
		}
		wantRefusal(t, false, nil, breach{"CLOSE with the code 0", 1002, []frame{build(t, true, true, 8, []byte{0, 0})}})
		wantRefusal(t, false, nil, breach{"CLOSE with a body of one octet", 1002, []frame{build(t, true, true, 8, []byte{3})}})
		wantRefusal(t, true, nil, breach{code: 1007, frames: []frame{build(t, false, true, 8, closeBody(1000, "ab\xce"))}})
	})
}

// Close sends its code and reason, waits for the peer's Close frame past
// whatever comes before it, and closes the TCP connection; nothing but pongs
// follows the Close frame. RFC 6455 §5.5.1, §7.1.2 MUST, README
func TestThisEndCloses(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			for _, reading := range []bool{false, true} {
				c, p := meet(t, client, nil)
				control(t, c, p)
				contract.Step(t, `%s: Close(4002, "warum"), a Read under way: %t`, role(client), reading)
				var read *contract.Pending[message]
				if reading {
					read = startRead(c)
				}
				closing := contract.Go("Close to return", func() error { return c.Close(4002, "warum") })
				p.next(t, "CLOSE 4002").want(t, frame{fin: true, op: 8, mask: client, payload: closeBody(4002, "warum")})
				contract.Step(t, "Write behind the Close frame")
				late := contract.Go("Write to return", func() error { return c.Write(websocket.OpText, []byte("late")) })
				if !reading {
					contract.Step(t, "→ a message, one in fragments, a PING")
					p.put(p.frame(t, true, 2, noise(t, 5000)).bytes())
					p.put(p.frame(t, false, 1, []byte("ab")).bytes())
					p.put(p.frame(t, true, 9, []byte("there?")).bytes())
					p.put(p.frame(t, true, 0, []byte("cd")).bytes())
				}
				contract.Step(t, "→ CLOSE 4003")
				p.put(p.frame(t, true, 8, closeBody(4003, "darum")).bytes())
				if client {
					p.nc.Close() // the server's part
				}
				if err := closing.Await(t); err != nil {
					contract.Failf(t, "Close returned %v, want nil: the peer's Close frame came", err)
				}
				if err := late.Await(t); !errors.Is(err, websocket.ErrClosed) {
					contract.Failf(t, "Write behind the Close frame returned %v, want ErrClosed", err)
				}
				p.wantOnlyPongs(t)
				if !reading {
					read = startRead(c)
				}
				wantEnd(t, read, websocket.CloseError{Code: 4003, Reason: "darum", Local: true})
				wantErrClosed(t, c)
				p.close(t)
			}
		}
	})
}

// Close gives up after CloseTimeout, however busy the peer is meanwhile: it
// closes the TCP connection and says that no Close frame came. README
func TestCloseGivesUp(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			limit := time.Duration(7000+contract.Rand(t).IntN(4000)) * time.Millisecond
			c, p := meet(t, client, &websocket.Options{CloseTimeout: limit})
			control(t, c, p)
			contract.Step(t, "%s: Close(1001) with %s for the peer, which sends messages only", role(client), limit)
			start := time.Now()
			var took time.Duration
			closing := contract.Go("Close to return", func() error {
				err := c.Close(1001, "")
				took = time.Since(start)
				return err
			})
			p.wantClose(t, 1001)
			for range 60 { // always less than a message a second
				contract.Pass(913 * time.Millisecond)
				if !closing.Returned() {
					p.put(p.frame(t, true, 2, noise(t, 10)).bytes())
				}
			}
			err := closing.Await(t)
			if took < limit || took > limit+time.Second {
				contract.Failf(t, "Close took %s, want %s", took, limit)
			}
			var end *websocket.CloseError
			if !errors.As(err, &end) || end.Code != 1006 || !end.Local {
				contract.Failf(t, "Close returned %v, want a *CloseError with code 1006, Local", err)
			}
			p.wantEnd(t)
			wantEnd(t, startRead(c), websocket.CloseError{Code: 1006, Local: true})
			p.close(t)
		}
	})
}

// When both Close frames are there, the server closes the TCP connection at
// once; the client waits for that, and closes it itself after CloseTimeout.
// RFC 6455 §5.5.1 MUST, §7.1.1 SHOULD, README
func TestWhoClosesTCP(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		limit := time.Duration(7000+contract.Rand(t).IntN(4000)) * time.Millisecond
		o := &websocket.Options{CloseTimeout: limit}
		for _, hangUp := range []bool{true, false} {
			for _, local := range []bool{false, true} {
				c, p := meet(t, false, o)
				control(t, c, p)
				contract.Step(t, "server: both Close frames, its own first: %t", local)
				ending := exchangeCloses(t, c, p, local)
				contract.Settle()
				if len(p.over) == 0 {
					contract.Failf(t, "the server has not closed the TCP connection, though both Close frames were sent")
				}
				ending.Await(t)
				p.close(t)

				c, p = meet(t, true, o)
				control(t, c, p)
				contract.Step(t, "client: both Close frames, its own first: %t; the server closes TCP: %t", local, hangUp)
				start := time.Now()
				ending = exchangeCloses(t, c, p, local)
				contract.Pass(limit / 2)
				if len(p.over) > 0 {
					contract.Failf(t, "the client closed the TCP connection after %s, want it to wait for the server", time.Since(start))
				}
				if hangUp {
					p.close(t)
					ending.Await(t)
					continue
				}
				p.wantEnd(t)
				if took := time.Since(start); took < limit || took > limit+time.Second {
					contract.Failf(t, "the client closed the TCP connection after %s, want %s", took, limit)
				}
				ending.Await(t)
				p.close(t)
			}
		}
	})
}

// What must not get onto the wire is ErrInvalid, and the connection goes on.
// RFC 6455 §5.5, §5.6, §7.4 MUST NOT, README
func TestInvalidArguments(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			control(t, c, p)
			invalid := func(what string, err error) {
				contract.Step(t, "%s: %s", role(client), what)
				if !errors.Is(err, websocket.ErrInvalid) {
					contract.Failf(t, "%s returned %v, want ErrInvalid", what, err)
				}
				contract.Fence(t, "Write of a good message")
				mustWrite(t, c, websocket.OpText, []byte("good"))
				p.next(t, "the good message").want(t, frame{fin: true, op: 1, mask: client, payload: []byte("good")})
			}
			invalid("Write of text that is not UTF-8", c.Write(websocket.OpText, []byte("ab\xce")))
			for _, op := range []websocket.Opcode{0, 3, 8, 9, 10, 15, 16, 129} {
				invalid(fmt.Sprintf("Write with opcode %d", op), c.Write(op, []byte("x")))
			}
			for _, code := range []uint16{0, 999, 1004, 1005, 1006, 1015, 2999, 5000} {
				invalid(fmt.Sprintf("Close with code %d", code), c.Close(code, ""))
			}
			invalid("Close with a reason of 124 octets", c.Close(1000, strings.Repeat("z", 124)))
			invalid("Close with a reason that is not UTF-8", c.Close(1000, "\xff"))
			contract.Control(t, "Close with a reason of 123 octets")
			reason := strings.Repeat("z", 123)
			closing := contract.Go("Close to return", func() error { return c.Close(4999, reason) })
			p.next(t, "CLOSE 4999").want(t, frame{fin: true, op: 8, mask: client, payload: closeBody(4999, reason)})
			p.put(p.frame(t, true, 8, closeBody(4999, "")).bytes())
			if client {
				p.nc.Close()
			}
			contract.Require(t).NoError(closing.Await(t), "Close")
			p.close(t)
		}
	})
}

// Frames that several goroutines send at once, and the pongs among them, do
// not get mixed up. RFC 6455 §5.4, README
func TestConcurrentWrites(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meetOver(t, client, nil, func(nc net.Conn) net.Conn { return yielding{nc, new(atomic.Uint32)} })
			control(t, c, p)
			const writers, each, pings = 6, 12, 4
			contract.Step(t, "%s: %d goroutines Write %d messages each, while pings go both ways", role(client), writers, each)
			read := startRead(c)
			for range 8 {
				p.put(p.frame(t, true, 9, noise(t, 100)).bytes())
			}
			var all []*contract.Pending[error]
			for w := range writers {
				size := 1 + contract.Rand(t).IntN(700)
				all = append(all, contract.Go("Write to return", func() error {
					for i := range each {
						p := append([]byte{byte(w), byte(i)}, bytes.Repeat([]byte{byte('a' + w)}, size)...)
						if err := c.Write(websocket.OpBinary, p); err != nil {
							return err
						}
					}
					return nil
				}))
			}
			for range pings {
				all = append(all, contract.Go("Ping to return", func() error { return c.Ping(context.Background()) }))
			}
			next := make([]int, writers)
			for messages, pinged := 0, 0; messages < writers*each || pinged < pings; {
				switch f := p.next(t, "a whole frame"); {
				case f.op == 9 && f.fin && len(f.payload) <= 125:
					pinged++
					p.put(p.frame(t, true, 10, f.payload).bytes())
				case f.op == 10 && len(f.payload) == 100:
				case f.op == 2 && f.fin && f.mask == client && whole(f.payload, next):
					messages++
				default:
					contract.Mismatch(t, "a frame that nobody wrote like this", f.String(), "the frames one after the other")
				}
			}
			for _, pending := range all {
				contract.Require(t).NoError(pending.Await(t))
			}
			p.send(t, p.frame(t, true, 8, closeBody(1000, "")).bytes())
			for p.next(t, "CLOSE 1000").op != 8 {
			}
			p.close(t)
			wantEnd(t, read, websocket.CloseError{Code: 1000})
		}
	})
}

// Ping returns when its pong, or that of a later ping, has come, and with
// ctx's error when ctx ends first; other pongs are ignored. RFC 6455 §5.5.3,
// README
func TestPing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, client := range []bool{false, true} {
			c, p := meet(t, client, nil)
			read := startRead(c)
			ping := func(ctx context.Context) (*contract.Pending[error], []byte) {
				pending := contract.Go("Ping to return", func() error { return c.Ping(ctx) })
				f := p.next(t, "a PING")
				f.want(t, frame{fin: true, op: 9, mask: client, payload: f.payload})
				return pending, f.payload
			}
			pong := func(payload []byte) { p.send(t, p.frame(t, true, 10, payload).bytes()) }
			fence := func() {
				contract.Fence(t, `→ TEXT "fence"`)
				p.send(t, p.frame(t, true, 1, []byte("fence")).bytes())
				wantMessage(t, read, websocket.OpText, []byte("fence"))
				read = startRead(c)
			}
			wantNil := func(pending *contract.Pending[error]) {
				t.Helper()
				if err := pending.Await(t); err != nil {
					contract.Failf(t, "Ping returned %v, want nil: its pong has come", err)
				}
			}
			waits := func(pending *contract.Pending[error], why string) {
				t.Helper()
				if pending.Returned() {
					contract.Failf(t, "Ping returned though %s", why)
				}
			}
			background := context.Background()

			contract.Control(t, "%s: Ping, → its PONG", role(client))
			a, payload := ping(background)
			pong(payload)
			wantNil(a)

			contract.Step(t, "Ping, → PONGs that answer nothing")
			a, payload = ping(background)
			pong(append([]byte("un"), payload...)[:min(125, len(payload)+2)])
			pong(nil)
			fence()
			waits(a, "no pong with its payload has come")
			pong(payload)
			wantNil(a)

			contract.Step(t, "three Pings, → the PONG of the second")
			a, first := ping(background)
			b, second := ping(background)
			d, third := ping(background)
			if bytes.Equal(first, second) || bytes.Equal(second, third) || bytes.Equal(first, third) {
				contract.Failf(t, "two pings under way have the same payload % x", second)
			}
			pong(second)
			wantNil(a)
			wantNil(b)
			fence()
			waits(d, "only an earlier ping was answered")
			pong(third)
			wantNil(d)

			contract.Step(t, "Ping with a context of 3 s, no PONG")
			ctx, cancel := context.WithTimeout(background, 3*time.Second)
			defer cancel()
			start := time.Now()
			a, payload = ping(ctx)
			if err := a.Await(t); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != 3*time.Second {
				contract.Failf(t, "Ping returned %v after %s, want the context's error after 3s", err, time.Since(start))
			}
			contract.Step(t, "→ the late PONG, and another Ping")
			a, later := ping(background)
			if bytes.Equal(later, payload) {
				contract.Failf(t, "two pings, one of them still without a pong, have the same payload % x", later)
			}
			pong(payload)
			fence()
			waits(a, "only an earlier ping was answered")
			pong(later)
			wantNil(a)

			p.send(t, p.frame(t, true, 8, closeBody(1000, "")).bytes())
			p.wantClose(t, 1000)
			p.close(t)
			wantEnd(t, read, websocket.CloseError{Code: 1000})
		}
	})
}

// A connection that is lost without a Close frame ends with 1006, wherever it
// breaks off, and everything that waits on it ends too. RFC 6455 §7.1.5, README
func TestLostConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		whole := build(t, true, true, 1, []byte("hello")).bytes()
		for _, lost := range []struct {
			where  string
			octets []byte
		}{
			{"between messages", nil},
			{"after one octet of a header", whole[:1]},
			{"inside a masking key", whole[:4]},
			{"inside a payload", whole[:8]},
			{"inside a large payload", build(t, true, true, 2, noise(t, 90_000)).bytes()[:80_000]},
			{"between the fragments of a message", build(t, true, false, 1, []byte("he")).bytes()},
		} {
			for _, reset := range []bool{false, true} {
				c, p := meet(t, false, nil)
				control(t, c, p)
				contract.Step(t, "the connection breaks off %s, by a reset: %t", lost.where, reset)
				read := startRead(c)
				ping := contract.Go("Ping to return", func() error { return c.Ping(context.Background()) })
				p.next(t, "a PING")
				p.send(t, lost.octets)
				if reset {
					memnet.ResetConn(p.nc)
				}
				p.close(t)
				wantEnd(t, read, websocket.CloseError{Code: 1006})
				if err := ping.Await(t); !errors.Is(err, websocket.ErrClosed) {
					contract.Failf(t, "the Ping that was waiting returned %v, want ErrClosed", err)
				}
				wantErrClosed(t, c)
			}
		}
	})
}

// Accept takes every spelling of a handshake that HTTP allows, and answers
// anything else, and pages of other hosts, with an error status. RFC 6455
// §4.2.1, §4.2.2, §4.4, §10.2 MUST, README
func TestHandshakeRequest(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		o := &websocket.Options{AllowOrigin: func(origin string) bool { return origin == "https://friend.example" }}
		s := &service{conns: make(chan accepted, 16)}
		s.serve(t, n, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(wrapped{w}, r, o)
			s.conns <- accepted{c, err}
		}))
		defer s.stop(t)
		for _, good := range [][]string{
			nil,
			{"Connection: keep-alive, Upgrade"},
			{"connection: UPGRADE", "upgrade: WebSocket"},
			{"Connection: keep-alive\r\nConnection: foo,upgrade , bar"},
			{"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "Sec-WebSocket-Protocol: chat"},
			{"Origin: http://server"},
			{"Origin: https://SERVER"},
			{"Origin: https://friend.example"},
		} {
			contract.Control(t, "handshake with %q", good)
			key := nonce(t)
			p, resp := s.request(t, n, handshake(key, good...))
			r := contract.Require(t)
			r.Equal(http.StatusSwitchingProtocols, resp.StatusCode, "status")
			r.Equal(acceptValue(key), resp.Header.Get("Sec-WebSocket-Accept"), "Sec-WebSocket-Accept")
			for _, field := range []string{"Sec-WebSocket-Extensions", "Sec-WebSocket-Protocol"} {
				r.Empty(resp.Header.Values(field), field)
			}
			part(t, s.accepted(t), p)
		}
		for _, bad := range []struct {
			field  string
			status []int
		}{
			{"Upgrade:", []int{400, 426}},
			{"Upgrade: h2c", []int{400, 426}},
			{"Upgrade: websockets", []int{400, 426}},
			{"Connection:", []int{400, 426}},
			{"Connection: keep-alive", []int{400, 426}},
			{"Connection: not-upgrade", []int{400, 426}},
			{"Sec-WebSocket-Key:", []int{400}},
			{"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4P", []int{400}},
			{"Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEBES", []int{400}},
			{"Sec-WebSocket-Key: @@@@@@@@@@@@@@@@@@@@@@==", []int{400}},
			{"Sec-WebSocket-Version:", []int{426}},
			{"Sec-WebSocket-Version: 8", []int{426}},
			{"Sec-WebSocket-Version: 14", []int{426}},
			{"Origin: https://evil.example", []int{403}},
			{"Origin: https://server.evil.example", []int{403}},
			{"Origin: null", []int{403}},
			{"POST", []int{405}},
			{"HTTP/1.0", []int{400, 426, 505}},
		} {
			contract.Step(t, "handshake with %q", bad.field)
			head := handshake(nonce(t), bad.field)
			switch bad.field {
			case "POST":
				head = bytes.Replace(head, []byte("GET "), []byte("POST "), 1)
			case "HTTP/1.0":
				head = bytes.Replace(head, []byte("HTTP/1.1"), []byte("HTTP/1.0"), 1)
			}
			p, resp := s.request(t, n, head)
			if !slices.Contains(bad.status, resp.StatusCode) {
				contract.Failf(t, "status %d, want one of %d", resp.StatusCode, bad.status)
			}
			if strings.HasPrefix(bad.field, "Sec-WebSocket-Version") {
				contract.Require(t).Equal("13", resp.Header.Get("Sec-WebSocket-Version"), "Sec-WebSocket-Version")
			}
			wantRefusedHandshake(t, "Accept", contract.Await(t, "Accept to return", s.conns))
			p.close(t)
		}
		contract.Step(t, "a ResponseWriter that cannot be taken over")
		w := httptest.NewRecorder()
		r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(handshake(nonce(t)))))
		contract.Require(t).NoError(err)
		c, err := websocket.Accept(w, r, nil)
		wantRefusedHandshake(t, "Accept", accepted{c, err})
		if w.Code < 500 {
			contract.Failf(t, "status %d, want one of 5xx", w.Code)
		}
	})
}

// Dial sends a handshake for the URL with a key of its own, and takes only an
// answer that fulfils all of the standard's points. RFC 6455 §4.1 MUST
func TestHandshakeResponse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		keys := map[string]bool{}
		for _, good := range []struct{ url, uri, host, response string }{
			{"ws://server/chat?room=1&x=%2F", "/chat?room=1&x=%2F", "server", response101},
			{"ws://server:8080", "/", "server:8080", response101Lower},
			{"wss://server/a%20b", "/a%20b", "server", strings.Replace(response101, ": Upgrade", ": keep-alive, upgrade", 1)},
			{"ws://server/", "/", "server", strings.ReplaceAll(response101, "websocket\r\n", "WebSocket\r\nServer: x\r\n")},
		} {
			contract.Control(t, "Dial to %s", good.url)
			dial, p, req := dialRaw(t, n, good.url, nil)
			r := contract.Require(t)
			r.Equal([]string{"GET", good.uri, good.host}, []string{req.Method, req.RequestURI, req.Host}, "the request's method, target and host")
			r.True(req.ProtoAtLeast(1, 1), "the request's version")
			r.Equal("websocket", strings.ToLower(req.Header.Get("Upgrade")), "Upgrade")
			r.Contains(strings.ToLower(req.Header.Get("Connection")), "upgrade", "Connection")
			r.Equal("13", req.Header.Get("Sec-WebSocket-Version"), "Sec-WebSocket-Version")
			key := req.Header.Get("Sec-WebSocket-Key")
			b, err := base64.StdEncoding.DecodeString(key)
			if err != nil || len(b) != 16 || keys[key] {
				contract.Failf(t, "Sec-WebSocket-Key is %q, want a new one of 16 octets in base64", key)
			}
			keys[key] = true
			p.put([]byte(strings.Replace(good.response, "%ACCEPT", acceptValue(key), 1)))
			a := dial.Await(t)
			if a.err != nil || a.c == nil {
				contract.Failf(t, "Dial returned the error %v, want a connection", a.err)
			}
			part(t, a.c, p)
		}
		without := func(line string) string { return strings.Replace(response101, line+"\r\n", "", 1) }
		for _, bad := range []struct{ what, response string }{
			{"status 200", strings.Replace(response101, "101 Switching Protocols", "200 OK", 1)},
			{"status 401 with a body", "HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno\n"},
			{"no Upgrade", without("Upgrade: websocket")},
			{"Upgrade: h2c", strings.Replace(response101, "websocket", "h2c", 1)},
			{"no Connection", without("Connection: Upgrade")},
			{"Connection: keep-alive", strings.Replace(response101, "Connection: Upgrade", "Connection: keep-alive", 1)},
			{"no Sec-WebSocket-Accept", without("Sec-WebSocket-Accept: %ACCEPT")},
			{"the value of another key", strings.Replace(response101, "%ACCEPT", acceptValue("dGhlIHNhbXBsZSBub25jZQ=="), 1)},
			{"the key sent back", strings.Replace(response101, "%ACCEPT", "%KEY", 1)},
			{"an extension not asked for", strings.Replace(response101, "\r\n\r\n", "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 1)},
			{"a subprotocol not offered", strings.Replace(response101, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: other\r\n\r\n", 1)},
			{"no HTTP", "220 mail.example ESMTP\r\n\r\n"},
			{"the end of the stream", ""},
		} {
			contract.Step(t, "the server answers with: %s", bad.what)
			dial, p, req := dialRaw(t, n, "ws://server/chat", &websocket.Options{Subprotocols: []string{"chat"}})
			key := req.Header.Get("Sec-WebSocket-Key")
			p.put([]byte(strings.NewReplacer("%ACCEPT", acceptValue(key), "%KEY", key).Replace(bad.response)))
			if bad.response == "" {
				p.nc.Close()
			}
			wantRefusedHandshake(t, "Dial", dial.Await(t))
			p.wantEnd(t)
			p.close(t)
		}
	})
}

// A frame that arrives together with the handshake is the connection's first.
// RFC 6455 §4.2.2, README
func TestFirstFrameWithHandshake(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		s := serve(t, n, nil)
		key := nonce(t)
		first := append(build(t, true, true, 1, []byte("first")).bytes(), build(t, true, true, 9, []byte("also")).bytes()...)
		for _, cut := range cuts(t, append(handshake(key), first...)) {
			contract.Step(t, `→ handshake, TEXT "first", PING "also", %s`, cut.Name)
			p, resp := s.request(t, n, cut.Chunks...)
			contract.Require(t).Equal(http.StatusSwitchingProtocols, resp.StatusCode, "status")
			c := s.accepted(t)
			wantMessage(t, startRead(c), websocket.OpText, []byte("first"))
			read := startRead(c)
			p.next(t, "a PONG").want(t, frame{fin: true, op: 10, payload: []byte("also")})
			p.send(t, p.frame(t, true, 8, closeBody(1000, "")).bytes())
			p.wantClose(t, 1000)
			p.close(t)
			wantEnd(t, read, websocket.CloseError{Code: 1000})
		}
		s.stop(t)
		first = append(build(t, false, true, 1, []byte("first")).bytes(), build(t, false, true, 2, noise(t, 500)).bytes()...)
		for i := range 5 {
			dial, p, req := dialRaw(t, n, "ws://server/chat", nil)
			response := strings.Replace(response101, "%ACCEPT", acceptValue(req.Header.Get("Sec-WebSocket-Key")), 1)
			cut := cuts(t, append([]byte(response), first...))[i]
			contract.Step(t, `the server answers with 101, TEXT "first", BINARY of 500 octets, %s`, cut.Name)
			p.send(t, cut.Chunks...)
			a := dial.Await(t)
			if a.err != nil || a.c == nil {
				contract.Failf(t, "Dial returned the error %v, want a connection", a.err)
			}
			wantMessage(t, startRead(a.c), websocket.OpText, []byte("first"))
			wantMessage(t, startRead(a.c), websocket.OpBinary, first[len(first)-500:])
			part(t, a.c, p)
		}
	})
}

// Of the subprotocols that the client offers the server takes the first that
// it speaks, and both ends know it; without one there is no such field.
// RFC 6455 §4.1, §4.2.2 MUST, README
func TestSubprotocol(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		n := network(t)
		s := serve(t, n, &websocket.Options{Subprotocols: []string{"v1.chat", "v2.chat"}})
		for _, offer := range []struct {
			fields []string
			want   string
		}{
			{[]string{"Sec-WebSocket-Protocol: v2.chat, v1.chat"}, "v2.chat"},
			{[]string{"Sec-WebSocket-Protocol: v3.chat,v1.chat"}, "v1.chat"},
			{[]string{"Sec-WebSocket-Protocol: mqtt\r\nSec-WebSocket-Protocol: v2.chat"}, "v2.chat"},
			{[]string{"Sec-WebSocket-Protocol: v1"}, ""},
			{nil, ""},
		} {
			contract.Step(t, "handshake with %q", offer.fields)
			p, resp := s.request(t, n, handshake(nonce(t), offer.fields...))
			got := resp.Header.Values("Sec-WebSocket-Protocol")
			if offer.want == "" && len(got) > 0 || offer.want != "" && !slices.Equal(got, []string{offer.want}) {
				contract.Failf(t, "Sec-WebSocket-Protocol is %q, want %q", got, offer.want)
			}
			c := s.accepted(t)
			contract.Require(t).Equal(offer.want, c.Subprotocol(), "Subprotocol of the server")
			part(t, c, p)
		}
		s.stop(t)
		for _, answer := range []string{"", "v2.chat", "v1.chat"} {
			contract.Step(t, "Dial offers v1.chat and v2.chat, the server takes %q", answer)
			dial, p, req := dialRaw(t, n, "ws://server/chat", &websocket.Options{Subprotocols: []string{"v1.chat", "v2.chat"}})
			offered := strings.ReplaceAll(strings.Join(req.Header.Values("Sec-WebSocket-Protocol"), ","), " ", "")
			contract.Require(t).Equal("v1.chat,v2.chat", offered, "the offer")
			response := strings.Replace(response101, "%ACCEPT", acceptValue(req.Header.Get("Sec-WebSocket-Key")), 1)
			if answer != "" {
				response = strings.Replace(response, "\r\n\r\n", "\r\nSec-WebSocket-Protocol: "+answer+"\r\n\r\n", 1)
			}
			p.put([]byte(response))
			a := dial.Await(t)
			if a.err != nil || a.c == nil {
				contract.Failf(t, "Dial returned the error %v, want a connection", a.err)
			}
			contract.Require(t).Equal(answer, a.c.Subprotocol(), "Subprotocol of the client")
			part(t, a.c, p)
		}
	})
}

// A breach is what fails a connection.
type breach struct {
	what   string // if the frames do not tell
	code   uint16
	frames []frame
}

// wantRefusal shows, for each way in which b's frames can arrive, that the
// candidate reads a good message and then fails the connection with b's code.
func wantRefusal(t *testing.T, client bool, o *websocket.Options, b breach) {
	t.Helper()
	what := b.what
	if what == "" {
		what = list(b.frames)
	}
	for _, cut := range cuts(t, join(b.frames)) {
		c, p := meet(t, client, o)
		control(t, c, p)
		contract.Step(t, "→ %s, to the %s, %s", what, role(client), cut.Name)
		read := startRead(c)
		p.send(t, cut.Chunks...)
		p.wantClose(t, b.code)
		p.wantEnd(t)
		wantEnd(t, read, websocket.CloseError{Code: b.code, Local: true})
		p.close(t)
	}
}

// control shows that the connection works: messages of any length come and
// go, fragments make a message, a ping is answered. How many there are varies,
// so that no refusal can be had by counting.
func control(t *testing.T, c *websocket.Conn, p *peer) {
	t.Helper()
	rnd := contract.Rand(t)
	size := 1 + rnd.IntN(300)
	contract.Control(t, "→ BINARY of %d octets, and back; → PING; → TEXT in fragments", size)
	for range 1 + rnd.IntN(3) {
		payload := noise(t, size)
		read := startRead(c)
		p.send(t, p.frame(t, true, 2, payload).bytes())
		wantMessage(t, read, websocket.OpBinary, payload)
		mustWrite(t, c, websocket.OpBinary, payload)
		p.next(t, "the message").want(t, frame{fin: true, op: 2, mask: !p.client, payload: payload})
	}
	ping := noise(t, 1+rnd.IntN(125))
	read := startRead(c)
	p.send(t, p.frame(t, true, 9, ping).bytes())
	p.next(t, "a PONG").want(t, frame{fin: true, op: 10, mask: !p.client, payload: ping})
	text := []byte("λόγος")
	cut := rnd.IntN(len(text))
	p.send(t, p.frame(t, false, 1, text[:cut]).bytes(), p.frame(t, true, 0, text[cut:]).bytes())
	wantMessage(t, read, websocket.OpText, text)
}

func join(frames []frame) []byte {
	var b []byte
	for _, f := range frames {
		b = append(b, f.bytes()...)
	}
	return b
}

func list(frames []frame) string {
	var s []string
	for _, f := range frames {
		s = append(s, f.String())
	}
	return strings.Join(s, ", ")
}

// wantErrClosed shows that a connection that has ended takes no more orders.
func wantErrClosed(t *testing.T, c *websocket.Conn) {
	t.Helper()
	contract.Step(t, "Write, Ping and Close after the end")
	for _, call := range []struct {
		what string
		f    func() error
	}{
		{"Write", func() error { return c.Write(websocket.OpText, []byte("late")) }},
		{"Ping", func() error { return c.Ping(context.Background()) }},
		{"Close", func() error { return c.Close(1000, "") }},
	} {
		if err := contract.Call(t, call.what+" to return", call.f); !errors.Is(err, websocket.ErrClosed) {
			contract.Failf(t, "%s returned %v after the end, want ErrClosed", call.what, err)
		}
	}
}

// wantOnlyPongs awaits the end of the TCP connection, and nothing but pongs
// before it.
func (p *peer) wantOnlyPongs(t *testing.T) {
	t.Helper()
	contract.Await(t, "the end of the TCP connection", p.over)
	for f := range p.frames {
		if f.op != 10 {
			contract.Mismatch(t, "a frame after the Close frame", f.String(), "pongs at most")
		}
	}
	p.over <- nil
}

// exchangeCloses has both ends send a Close frame, and returns the call of
// Read or Close that sees to the rest.
func exchangeCloses(t *testing.T, c *websocket.Conn, p *peer, local bool) *contract.Pending[error] {
	t.Helper()
	if local {
		ending := contract.Go("Close to return", func() error { return c.Close(1000, "") })
		p.wantClose(t, 1000)
		p.put(p.frame(t, true, 8, closeBody(1000, "")).bytes())
		return ending
	}
	ending := contract.Go("Read to return", func() error { _, _, err := c.Read(); return err })
	p.put(p.frame(t, true, 8, closeBody(1000, "")).bytes())
	p.wantClose(t, 1000)
	return ending
}

// yielding lets others run before each write, so that writes which are not
// ordered get into each other's way. It does so for long enough that a mutex
// becomes fair (a millisecond), so that a lock let go of within a frame is
// lost, and for unequal times, or the writers would stay in step.
type yielding struct {
	net.Conn
	writes *atomic.Uint32
}

func (y yielding) Write(p []byte) (int, error) {
	for range 400 + y.writes.Add(1)*2654435761>>16%200 {
		runtime.Gosched()
	}
	return y.Conn.Write(p)
}

// whole reports whether p is the next message of a writer.
func whole(p []byte, next []int) bool {
	if len(p) < 3 || int(p[0]) >= len(next) || int(p[1]) != next[p[0]] {
		return false
	}
	next[p[0]]++
	return len(bytes.Trim(p[2:], string('a'+rune(p[0])))) == 0
}

// wrapped is what middleware makes of a ResponseWriter: the Hijacker is behind
// Unwrap.
type wrapped struct{ inner http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.inner.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.inner.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.inner.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.inner }

func wantRefusedHandshake(t *testing.T, what string, a accepted) {
	t.Helper()
	if a.c != nil || !errors.Is(a.err, websocket.ErrHandshake) {
		contract.Failf(t, "%s returned (%v, %v), want nil and ErrHandshake", what, a.c, a.err)
	}
}

// nonce returns a new key.
func nonce(t *testing.T) string { return base64.StdEncoding.EncodeToString(noise(t, 16)) }

// acceptValue is computed from RFC 6455 §1.3.
func acceptValue(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

const response101Lower = "HTTP/1.1 101 \r\nconnection: upgrade\r\nsec-websocket-accept: %ACCEPT\r\nupgrade: websocket\r\n\r\n"

const response101 = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %ACCEPT\r\n\r\n"

// dialRaw starts Dial and returns the request that it sends, to be answered by
// the peer.
func dialRaw(t *testing.T, n *memnet.Network, rawURL string, o *websocket.Options) (*contract.Pending[accepted], *peer, *http.Request) {
	t.Helper()
	u, err := url.Parse(rawURL)
	contract.Require(t).NoError(err)
	client, server := pipe(t, n)
	dial := contract.Go("Dial to return", func() accepted {
		c, err := websocket.Dial(client, u, o)
		return accepted{c, err}
	})
	br := bufio.NewReader(server)
	type request struct {
		*http.Request
		err error
	}
	req := contract.Call(t, "the handshake's request", func() request {
		r, err := http.ReadRequest(br)
		return request{r, err}
	})
	if req.err != nil {
		contract.Failf(t, "what Dial sends is no HTTP request: %v", req.err)
	}
	p := &peer{nc: server}
	p.start(br)
	return dial, p, req.Request
}
