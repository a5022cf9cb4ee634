package multiplexing_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/multiplexing"
	"github.com/wirekata/wirekata/harness/conntest"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

// A stream is a net.Conn in every respect that nettest knows, in both roles
// and with a small window. README
func TestNetConn(t *testing.T) {
	contract.Real(t, func(t *testing.T) {
		pairs := 0
		conntest.Run(t, func() (net.Conn, net.Conn, func(), error) {
			pairs++
			c, s := memnet.New(t).Pipe("client", "server")
			o := &multiplexing.Options{Window: []int{multiplexing.DefaultWindow, 3000}[pairs%2]}
			e := both{multiplexing.Client(c, o), multiplexing.Server(s, o)}
			from, to := e.client, e.server
			if pairs%3 == 0 {
				from, to = to, from
			}
			a, err := from.Open(t.Context())
			if err != nil {
				return nil, nil, nil, fmt.Errorf("Open: %w", err)
			}
			b, err := to.Accept()
			if err != nil {
				return nil, nil, nil, fmt.Errorf("Accept: %w", err)
			}
			return a, b, e.stop, nil
		})
	})
}

// Frames are found in a stream however it is cut. RFC 9113 §4.1
func TestFramesInAnyCut(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		text := string(noise(t, 300))
		wire := join(
			frame{typ: opens, stream: 1}, frame{typ: data, stream: 1, payload: []byte(text[:7])}, number(windows, 1, 70_000),
			frame{typ: opens, stream: 5}, frame{typ: data, flags: end, stream: 5, payload: []byte(text)},
			frame{typ: data, stream: 1, payload: []byte(text[7:])}, frame{typ: data, stream: 1}, frame{typ: data, flags: end, stream: 1})
		for _, cut := range contract.Cuts(t, wire) {
			contract.Step(t, "two streams, %s", cut.Name)
			p := against(t, server, nil)
			for _, chunk := range cut.Chunks {
				p.conn.Write(chunk)
				contract.Settle()
			}
			a, b := accept(t, p.s), accept(t, p.s)
			wantRest(t, a, text)
			wantRest(t, b, text)
			write(t, b, "yes")
			p.want(t, frame{typ: data, stream: 5, payload: []byte("yes")})
			p.stop()
		}
	})
}

// Types and flags that are not known mean nothing. RFC 9113 §4.1 MUST
func TestUnknownIsSkipped(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, server, nil)
		defer p.stop()
		contract.Control(t, "a stream")
		p.send(frame{typ: opens, stream: 1}, frame{typ: data, stream: 1, payload: []byte("one")})
		st := accept(t, p.s)
		wantRead(t, st, "one")
		contract.Step(t, "frames of other types, with and without payload, on any stream")
		for _, typ := range []byte{4, 7, 255} {
			p.send(frame{typ: typ, stream: 1, payload: noise(t, 100)}, frame{typ: typ, flags: 0xff, stream: 99}, frame{typ: typ, payload: noise(t, 16384)})
		}
		contract.Step(t, "frames with flags that mean nothing")
		p.send(frame{typ: data, flags: 0xfe, stream: 1, payload: []byte("two")},
			frame{typ: opens, flags: 0xff, stream: 3}, frame{typ: data, flags: 0x81, stream: 3, payload: []byte("three")})
		contract.Fence(t, "the streams go on")
		wantRead(t, st, "two")
		wantRest(t, accept(t, p.s), "three")
		p.send(frame{typ: data, flags: end, stream: 1, payload: []byte("four")})
		wantRest(t, st, "four")
		p.silent(t)
	})
}

// No DATA carries more than 16,384 octets, and none but the end carries none.
// RFC 9113 §4.2 MUST NOT
func TestPayloadsAreBounded(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, client, &multiplexing.Options{Window: 1 << 20})
		defer p.stop()
		st := open(t, p.s)
		p.want(t, frame{typ: opens, stream: 1})
		contract.Step(t, "Write of 100,000 octets")
		text := noise(t, 100_000)
		write(t, st, string(text))
		contract.Step(t, "an empty Write")
		write(t, st, "")
		closeWrite(t, st)
		var got []byte
		for {
			f := p.next(t, "DATA")
			if f.flags == end && len(f.payload) == 0 {
				break
			}
			if f.typ != data || f.flags != 0 || len(f.payload) == 0 || len(f.payload) > 16384 {
				contract.Mismatch(t, "not the frame that was to come", f.String(), "DATA 1 with 1 to 16384 octets, then DATA 1 end with none")
			}
			got = append(got, f.payload...)
		}
		contract.Bytes(t, "the octets of the stream", got, text)
		contract.Control(t, "the answer is read")
		p.send(frame{typ: data, flags: end, stream: 1, payload: text[:16384]})
		wantRest(t, st, string(text[:16384]))
	})
}

// A payload that is longer than frames may be ends the session before it comes.
// RFC 9113 §4.2
func TestPayloadTooLong(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			what string
			h    []byte
		}{
			{"DATA of 16385 octets", []byte{0x40, 0x01, data, 0, 0, 0, 0, 1}},
			{"DATA of 65535 octets", []byte{0xff, 0xff, data, 0, 0, 0, 0, 1}},
			{"type 9 with 16385 octets", []byte{0x40, 0x01, 9, 0, 0, 0, 0, 1}},
		} {
			p := against(t, server, &multiplexing.Options{Window: 1 << 20})
			contract.Control(t, "DATA of 16384 octets")
			text := noise(t, 16384)
			p.send(frame{typ: opens, stream: 1}, frame{typ: data, stream: 1, payload: text})
			st := accept(t, p.s)
			wantRead(t, st, string(text))
			contract.Step(t, "the header of %s, and nothing after it", c.what)
			p.conn.Write(c.h)
			p.over(t, st, multiplexing.ErrProtocol)
			p.stop()
		}
	})
}

// OPEN, WINDOW and RESET have payloads of one length only. RFC 9113 §6.4, §6.9
// MUST
func TestWrongLength(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, bad := range []frame{
			{typ: opens, stream: 3, payload: []byte("x")},
			{typ: windows, stream: 1, payload: []byte{0, 0, 1}},
			{typ: windows, stream: 1, payload: []byte{0, 0, 0, 1, 0}},
			{typ: windows, stream: 1},
			{typ: reset, stream: 1, payload: []byte{0, 8}},
			{typ: reset, stream: 1, payload: make([]byte, 8)},
		} {
			p := against(t, server, nil)
			st := p.control(t)
			contract.Step(t, "← %s", bad)
			p.send(bad)
			p.over(t, st, multiplexing.ErrProtocol)
			p.stop()
		}
	})
}

// A new stream has a number of its opener's kind, above all before it; the
// peer that sends another has broken the session. RFC 9113 §5.1.1 MUST
func TestNumbersOfNewStreams(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, r := range []role{server, client} {
			first := r.other().first()
			for _, id := range []uint32{0, r.first(), r.first() + 8, first, first + 2, first + 4} {
				p := against(t, r, nil)
				st := p.control(t)
				contract.Control(t, "a number may be left out")
				p.send(frame{typ: opens, stream: first + 4}, frame{typ: data, stream: first + 4, flags: end})
				wantRest(t, accept(t, p.s), "")
				contract.Step(t, "← OPEN %d to the %s, after %d and %d", id, r, first, first+4)
				p.send(frame{typ: opens, stream: id})
				p.over(t, st, multiplexing.ErrProtocol)
				p.stop()
			}
		}
	})
}

// A frame for a stream that was never opened breaks the session. RFC 9113 §5.1
// MUST
func TestIdleStreams(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, id := range []uint32{3, 2, 0, 1 << 31} {
			for _, bad := range []frame{{typ: data, stream: id, payload: []byte("x")}, number(windows, id, 1), number(reset, id, 8)} {
				p := against(t, server, nil)
				st := p.control(t)
				contract.Step(t, "← %s", bad)
				p.send(bad)
				p.over(t, st, multiplexing.ErrProtocol)
				p.stop()
			}
		}
	})
}

// WINDOW gives back what Read has returned, never more, and by half a window
// at the latest. README
func TestReceiverGivesBackWhatIsRead(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window = 6000
		p := against(t, server, &multiplexing.Options{Window: window})
		defer p.stop()
		rnd := contract.Rand(t)
		p.send(frame{typ: opens, stream: 1})
		st := accept(t, p.s)
		text := noise(t, 10*window)
		sent, read, given := 0, 0, 0
		for read < len(text) {
			contract.Step(t, "fill the window: %d octets are sent, %d read, %d given back", sent, read, given)
			for sent < min(window+given, len(text)) {
				n := min(1+rnd.IntN(2000), window+given-sent, len(text)-sent)
				p.send(frame{typ: data, stream: 1, payload: text[sent : sent+n]})
				sent += n
			}
			contract.Settle()
			if f, ok := p.any(); ok {
				contract.Failf(t, "%s came before anything was read", f)
			}
			n := min(1+rnd.IntN(window), sent-read)
			wantRead(t, st, string(text[read:read+n]))
			read += n
			given += p.given(t, 1)
			if given > read {
				contract.Failf(t, "%d octets were given back, of %d read", given, read)
			}
			if 2*(read-given) >= window {
				contract.Failf(t, "%d octets were given back of %d read: half a window of %d is missing", given, read, window)
			}
		}
		contract.Step(t, "another stream: exactly half a window is read")
		p.send(frame{typ: opens, stream: 3}, frame{typ: data, stream: 3, payload: text[:window/2]})
		wantRead(t, accept(t, p.s), string(text[:window/2]))
		if given := p.given(t, 3); given != window/2 {
			contract.Failf(t, "%d octets were given back, want %d", given, window/2)
		}
	})
}

// DATA beyond the window is a flow-control error of the stream: RESET with
// that code. All other streams go on. RFC 9113 §6.9.1
func TestOverrun(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window = 1000
		for _, sizes := range [][]int{{1001}, {600, 401}, {1000, 1}} {
			p := against(t, server, &multiplexing.Options{Window: window})
			other := p.control(t)
			text := string(noise(t, 2*window))
			contract.Step(t, "DATA of %v octets, window %d", sizes, window)
			p.send(frame{typ: opens, stream: 3})
			st := accept(t, p.s)
			sent := 0
			for _, n := range sizes {
				p.send(frame{typ: data, stream: 3, payload: []byte(text[sent : sent+n])})
				sent += n
			}
			p.want(t, number(reset, 3, multiplexing.CodeFlowControl))
			wantBroken(t, st, multiplexing.ErrProtocol)
			contract.Control(t, "exactly a window on another stream")
			p.send(frame{typ: data, stream: 1, payload: []byte(text[:window-len(hello)])})
			wantRead(t, other, text[:window-len(hello)])
			p.stop()
		}
	})
}

// WINDOW of nothing, and WINDOW that makes more of it than 2^31-1, are errors
// of the stream. RFC 9113 §6.9, §6.9.1 MUST
func TestBadWindow(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			increments []uint32
			code       uint32
		}{
			{[]uint32{0}, multiplexing.CodeProtocol},
			{[]uint32{1<<31 - 1}, multiplexing.CodeFlowControl},
			{[]uint32{1 << 31}, multiplexing.CodeFlowControl},
			{[]uint32{1<<32 - 1}, multiplexing.CodeFlowControl},
			{[]uint32{1<<31 - 1 - 1000, 1}, multiplexing.CodeFlowControl},
		} {
			p := against(t, server, &multiplexing.Options{Window: 1000})
			other := p.control(t)
			p.send(frame{typ: opens, stream: 3})
			st := accept(t, p.s)
			for i, n := range c.increments {
				contract.Step(t, "← %s", number(windows, 3, n))
				p.send(number(windows, 3, n))
				if i < len(c.increments)-1 {
					write(t, st, "")
					p.silent(t)
				}
			}
			p.want(t, number(reset, 3, c.code))
			wantBroken(t, st, multiplexing.ErrProtocol)
			contract.Control(t, "another stream goes on")
			write(t, other, "still here")
			p.want(t, frame{typ: data, stream: 1, payload: []byte("still here")})
			p.stop()
		}
	})
}

// DATA after the end of the data is an error of the stream. RFC 9113 §5.1 MUST
func TestDataAfterTheEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, late := range []frame{{typ: data, stream: 3, payload: []byte("late")}, {typ: data, stream: 3, flags: end}} {
			p := against(t, server, nil)
			other := p.control(t)
			p.send(frame{typ: opens, stream: 3}, frame{typ: data, stream: 3, flags: end, payload: []byte("all")})
			st := accept(t, p.s)
			write(t, st, "answer")
			p.want(t, frame{typ: data, stream: 3, payload: []byte("answer")})
			contract.Step(t, "← DATA 3 end, and then %s", late)
			p.send(late)
			p.want(t, number(reset, 3, multiplexing.CodeClosed))
			_, err := call(t, "Write to return", func() (int, error) { return st.Write([]byte("x")) })
			wantError(t, "Write after the peer's mistake", err, multiplexing.ErrProtocol)
			contract.Control(t, "another stream goes on")
			write(t, other, "still here")
			p.want(t, frame{typ: data, stream: 1, payload: []byte("still here")})
			p.stop()
		}
	})
}

// What comes for a stream that has ended may have been sent before the peer
// knew: it is ignored. RFC 9113 §5.1
func TestLateFramesAreIgnored(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ends := map[string]func(p *peer, st *multiplexing.Stream){
			"reset here": func(p *peer, st *multiplexing.Stream) {
				contract.Call(t, "Reset to return", func() error { return st.Reset(multiplexing.CodeCancel) })
				p.want(t, number(reset, 3, multiplexing.CodeCancel))
			},
			"reset by the peer": func(p *peer, st *multiplexing.Stream) { p.send(number(reset, 3, 8)) },
			"reset by the peer, and then ended, reset and closed here": func(p *peer, st *multiplexing.Stream) {
				p.send(number(reset, 3, 8))
				contract.Settle()
				contract.Call(t, "CloseWrite to return", st.CloseWrite)
				contract.Call(t, "Reset to return", func() error { return st.Reset(7) })
				contract.Call(t, "Close to return", st.Close)
				p.silent(t)
			},
			"closed": func(p *peer, st *multiplexing.Stream) {
				contract.Call(t, "Close to return", st.Close)
				p.want(t, frame{typ: data, flags: end, stream: 3})
				p.want(t, number(reset, 3, multiplexing.CodeNone))
			},
			"ended both ways": func(p *peer, st *multiplexing.Stream) {
				p.send(frame{typ: data, flags: end, stream: 3})
				wantRest(t, st, "")
				closeWrite(t, st)
				p.want(t, frame{typ: data, flags: end, stream: 3})
			},
		}
		for _, how := range []string{"reset here", "reset by the peer", "reset by the peer, and then ended, reset and closed here", "closed", "ended both ways"} {
			p := against(t, server, &multiplexing.Options{Window: 1000})
			other := p.control(t)
			p.send(frame{typ: opens, stream: 3})
			st := accept(t, p.s)
			contract.Step(t, "a stream is %s", how)
			ends[how](p, st)
			contract.Step(t, "← frames that were under way")
			p.send(frame{typ: data, stream: 3, payload: noise(t, 600)}, frame{typ: data, stream: 3, payload: noise(t, 600)},
				number(windows, 3, 500), frame{typ: data, flags: end, stream: 3}, number(reset, 3, 8), number(windows, 3, 0))
			p.silent(t)
			contract.Fence(t, "no answer to them, and another stream goes on")
			p.send(frame{typ: data, stream: 1, payload: []byte("ping")})
			wantRead(t, other, "ping")
			write(t, other, "pong")
			p.want(t, frame{typ: data, stream: 1, payload: []byte("pong")})
			p.stop()
		}
		p := against(t, server, &multiplexing.Options{Window: 1000})
		defer p.stop()
		p.control(t)
		contract.Step(t, "a stream has been ended and reset by the peer before it is accepted; ← the same frames")
		p.send(frame{typ: opens, stream: 3}, frame{typ: data, stream: 3, flags: end, payload: []byte("in time")}, number(reset, 3, 8),
			frame{typ: data, stream: 3, payload: noise(t, 600)}, number(windows, 3, 500), frame{typ: data, flags: end, stream: 3}, number(windows, 3, 0))
		p.silent(t)
		wantRest(t, accept(t, p.s), "in time")
	})
}

// Close sends the end, and RESET with code 0 behind it if the peer has not
// ended: else it might write and wait for ever. RFC 9113 §8.1
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			what      string
			peerEnded bool
			first     bool // CloseWrite before
			want      []frame
		}{
			{"nobody has ended", false, false, []frame{{typ: data, flags: end, stream: 1}, number(reset, 1, 0)}},
			{"the peer has ended", true, false, []frame{{typ: data, flags: end, stream: 1}}},
			{"this end has ended", false, true, []frame{number(reset, 1, 0)}},
			{"both have ended", true, true, nil},
		} {
			p := against(t, client, nil)
			st := open(t, p.s)
			p.want(t, frame{typ: opens, stream: 1})
			write(t, st, "last words")
			p.want(t, frame{typ: data, stream: 1, payload: []byte("last words")})
			if c.first {
				closeWrite(t, st)
				p.want(t, frame{typ: data, flags: end, stream: 1})
			}
			p.send(frame{typ: data, stream: 1, payload: []byte("unread")})
			if c.peerEnded {
				p.send(frame{typ: data, flags: end, stream: 1})
			}
			contract.Settle()
			contract.Step(t, "Close when %s", c.what)
			contract.Call(t, "Close to return", st.Close)
			for _, f := range c.want {
				p.want(t, f)
			}
			p.silent(t)
			for what, f := range map[string]func([]byte) (int, error){"Read": st.Read, "Write": st.Write} {
				_, err := call(t, what+" to return", func() (int, error) { return f(make([]byte, 8)) })
				wantError(t, what+" after Close", err, net.ErrClosed)
			}
			contract.Call(t, "Close to return again", st.Close)
			contract.Call(t, "Reset to return", func() error { return st.Reset(7) })
			contract.Call(t, "CloseWrite to return", st.CloseWrite)
			p.silent(t)
			contract.Step(t, "Close while a Read and a Write wait")
			st = open(t, p.s)
			p.want(t, frame{typ: opens, stream: 3})
			reading := contract.Go("Read to return", func() error { _, err := st.Read(make([]byte, 8)); return err })
			writing := contract.Go("Write to return", func() error { _, err := st.Write(make([]byte, 100_000)); return err })
			contract.Settle()
			contract.Call(t, "Close to return", st.Close)
			wantError(t, "the Read that waited", reading.Await(t), net.ErrClosed)
			wantError(t, "the Write that waited", writing.Await(t), net.ErrClosed)
			p.octets(t, 3, multiplexing.DefaultWindow)
			p.want(t, frame{typ: data, flags: end, stream: 3})
			p.want(t, number(reset, 3, 0))
			p.stop()
		}
	})
}

// Reset ends both directions of a stream for both ends, calls under way
// included, with the code; other streams go on. RFC 9113 §5.4.2
func TestReset(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window, code = 1000, 4711
		e := connect(t, &multiplexing.Options{Window: window})
		defer e.stop()
		x, y := e.stream(t)
		for _, what := range []string{"Read", "Write"} {
			a, b := e.stream(t)
			contract.Step(t, "both ends wait in %s", what)
			waiting := func(st *multiplexing.Stream) *contract.Pending[error] {
				return contract.Go(what+" to return", func() error {
					if what == "Read" {
						_, err := st.Read(make([]byte, 1))
						return err
					}
					_, err := st.Write(make([]byte, 3*window))
					return err
				})
			}
			here, there := waiting(a), waiting(b)
			contract.Settle()
			contract.Step(t, "one of them resets the stream with code %d", code)
			contract.Call(t, "Reset to return", func() error { return a.Reset(code) })
			wantError(t, what+" here", here.Await(t), net.ErrClosed)
			wantReset(t, what+" at the peer", there.Await(t), code)
			wantBroken(t, a, net.ErrClosed)
			wantBroken(t, b, &multiplexing.ResetError{Code: code})
			contract.Control(t, "the other stream goes on")
			write(t, x, "ping")
			wantRead(t, y, "ping")
			write(t, y, "pong")
			wantRead(t, x, "pong")
		}
	})
}

// A RESET after the end takes nothing back: what came before the end is read,
// also if the stream was not accepted yet. RFC 9113 §8.1 MUST NOT
func TestResetAfterTheEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "the client opens a stream, writes and closes it at once")
		e := connect(t, nil)
		defer e.stop()
		text := string(noise(t, 5000))
		a := open(t, e.client)
		write(t, a, text)
		contract.Call(t, "Close to return", a.Close)
		contract.Settle()
		b := accept(t, e.server)
		wantRest(t, b, text)
		_, err := call(t, "Write to return", func() (int, error) { return b.Write([]byte("nobody reads this")) })
		wantReset(t, "Write to a closed stream", err, multiplexing.CodeNone)
		contract.Step(t, "the same to a stream that was accepted before")
		a, b = e.stream(t)
		writing := contract.Go("a Write beyond the window", func() error { _, err := b.Write(make([]byte, 2*multiplexing.DefaultWindow)); return err })
		write(t, a, text)
		contract.Settle()
		contract.Call(t, "Close to return", a.Close)
		wantReset(t, "the Write that waited", writing.Await(t), multiplexing.CodeNone)
		wantRest(t, b, text)
	})
}

// A stream that is reset before it was accepted, and had not ended, is neither
// returned by Accept nor counted. RFC 9113 §10.5
func TestRapidReset(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, server, &multiplexing.Options{MaxStreams: 3})
		defer p.stop()
		contract.Step(t, "500 streams, each reset at once")
		id := uint32(1)
		for range 500 {
			p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, payload: []byte("x")}, number(reset, id, 8))
			id += 2
		}
		contract.Fence(t, "and one that stays")
		p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, flags: end, payload: []byte("alive")})
		contract.Settle()
		st := accept(t, p.s)
		wantRest(t, st, "alive")
		write(t, st, "yes")
		p.want(t, frame{typ: data, stream: id, payload: []byte("yes")})
	})
}

// At most MaxStreams of the peer's streams are open; one more is refused, and
// one that has ended makes room. RFC 9113 §5.1.2 MUST
func TestTooManyStreams(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, server, &multiplexing.Options{MaxStreams: 3})
		defer p.stop()
		contract.Step(t, "three streams, and a fourth")
		p.send(frame{typ: opens, stream: 1}, frame{typ: opens, stream: 3}, frame{typ: opens, stream: 5}, frame{typ: opens, stream: 7})
		p.want(t, number(reset, 7, multiplexing.CodeRefused))
		contract.Step(t, "frames for the fourth that were under way")
		p.send(frame{typ: data, stream: 7, flags: end, payload: []byte("never seen")})
		first, second, third := accept(t, p.s), accept(t, p.s), accept(t, p.s)
		id := uint32(7)
		next := func(text string) *multiplexing.Stream {
			id += 2
			contract.Control(t, "one more in the place of one that has ended: %s", text)
			p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, payload: []byte(text)})
			st := accept(t, p.s)
			wantRead(t, st, text)
			return st
		}
		contract.Step(t, "the first ends both ways; its data is not read and it is not closed")
		p.send(frame{typ: data, flags: end, stream: 1, payload: []byte("unread")})
		closeWrite(t, first)
		p.want(t, frame{typ: data, flags: end, stream: 1})
		next("ended")
		contract.Step(t, "the second is reset by the peer")
		p.send(number(reset, 3, 8))
		next("reset there")
		contract.Step(t, "the third is reset here")
		contract.Call(t, "Reset to return", func() error { return third.Reset(9) })
		p.want(t, number(reset, 5, 9))
		last := next("reset here")
		contract.Step(t, "and one too many again")
		p.send(frame{typ: opens, stream: id + 2})
		p.want(t, number(reset, id+2, multiplexing.CodeRefused))
		write(t, last, "still here")
		p.want(t, frame{typ: data, stream: id, payload: []byte("still here")})
		wantRest(t, first, "unread")
		wantBroken(t, second, &multiplexing.ResetError{Code: 8})
	})
}

// What a stream has brought before it is accepted takes up room: it counts,
// even when it has ended. README
func TestUnacceptedStreamsCount(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, server, &multiplexing.Options{MaxStreams: 2})
		defer p.stop()
		contract.Step(t, "two streams that are ended, then reset, before anybody accepts")
		for _, id := range []uint32{1, 3} {
			p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, flags: end, payload: []byte("kept")}, number(reset, id, 0))
		}
		contract.Step(t, "a third")
		p.send(frame{typ: opens, stream: 5})
		p.want(t, number(reset, 5, multiplexing.CodeRefused))
		contract.Control(t, "once one of them is accepted there is room")
		wantRest(t, accept(t, p.s), "kept")
		p.send(frame{typ: opens, stream: 7}, frame{typ: data, stream: 7, payload: []byte("next")})
		contract.Settle()
		wantRest(t, accept(t, p.s), "kept")
		wantRead(t, accept(t, p.s), "next")
		p.silent(t)
	})
}

// At MaxStreams of its own Open waits, until one has ended or its context has.
// RFC 9113 §5.1.2 MUST NOT
func TestOpenWaits(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, client, &multiplexing.Options{MaxStreams: 2})
		defer p.stop()
		a, b := open(t, p.s), open(t, p.s)
		p.want(t, frame{typ: opens, stream: 1})
		p.want(t, frame{typ: opens, stream: 3})
		contract.Control(t, "the peer's streams have a count of their own")
		p.send(frame{typ: opens, stream: 2}, frame{typ: opens, stream: 4})
		accept(t, p.s)
		accept(t, p.s)
		opening := func(ctx context.Context) *contract.Pending[error] {
			return contract.Go("Open to return", func() error { _, err := p.s.Open(ctx); return err })
		}
		contract.Step(t, "a third, whose context ends while it waits")
		ctx, cancel := context.WithCancel(t.Context())
		third := opening(ctx)
		contract.Settle()
		if third.Returned() {
			contract.Failf(t, "Open returned (%v) with two streams open of two", third.Await(t))
		}
		cancel()
		wantError(t, "Open", third.Await(t), context.Canceled)
		for i, ends := range []func(){
			func() {
				closeWrite(t, a)
				p.want(t, frame{typ: data, flags: end, stream: 1})
				p.send(frame{typ: data, flags: end, stream: 1, payload: []byte("unread")})
			},
			func() { p.send(number(reset, 3, 8)) },
		} {
			contract.Step(t, "one more Open, and then a stream ends")
			opening := opening(t.Context())
			contract.Settle()
			if f, ok := p.more(); ok {
				contract.Failf(t, "%s came with two streams open of two", f)
			}
			ends()
			p.want(t, frame{typ: opens, stream: uint32(5 + 2*i)})
			if err := opening.Await(t); err != nil {
				contract.Failf(t, "Open returned %q, want nil", err)
			}
		}
		wantBroken(t, b, &multiplexing.ResetError{Code: 8})
		p.silent(t)
	})
}

// Numbers rise in the order in which the OPENs are sent, whoever calls Open and
// whichever stream is used first. RFC 9113 §5.1.1 MUST
func TestNumbersRise(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		p := against(t, client, &multiplexing.Options{MaxStreams: 1000})
		defer p.stop()
		contract.Step(t, "40 goroutines open 5 streams each")
		var opening []*contract.Pending[error]
		for range 40 {
			opening = append(opening, contract.Go("Open to return", func() error {
				for range 5 {
					if _, err := p.s.Open(t.Context()); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		for _, o := range opening {
			if err := o.Await(t); err != nil {
				contract.Failf(t, "Open returned %q", err)
			}
		}
		for i := range uint32(200) {
			p.want(t, frame{typ: opens, stream: 1 + 2*i})
		}
		contract.Step(t, "two streams, and the second is used first")
		a, b := open(t, p.s), open(t, p.s)
		write(t, b, "b")
		write(t, a, "a")
		for _, f := range []frame{{typ: opens, stream: 401}, {typ: opens, stream: 403},
			{typ: data, stream: 403, payload: []byte("b")}, {typ: data, stream: 401, payload: []byte("a")}} {
			p.want(t, f)
		}
		contract.Control(t, "both are answered")
		p.send(frame{typ: data, stream: 401, payload: []byte("to a")}, frame{typ: data, stream: 403, payload: []byte("to b")})
		wantRead(t, b, "to b")
		wantRead(t, a, "to a")
	})
}

// A stream whose connection is lost has not ended: its reader must be told. One
// that had ended is read to its end. README
func TestLostConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, how := range []string{"ends", "breaks", "ends within a header", "ends within a payload", "takes no Write"} {
			c, s := wires(t, network(t, memnet.Link{}))
			half := &memnet.HalfBroken{Conn: s}
			p := facing(server, c, half, &multiplexing.Options{Window: 1000})
			cut := p.control(t)
			contract.Step(t, "one stream has ended, one has not, and the connection %s", how)
			p.send(frame{typ: opens, stream: 3}, frame{typ: data, stream: 3, flags: end, payload: []byte("all of it")}, frame{typ: data, stream: 1, payload: []byte("half")})
			whole := accept(t, p.s)
			contract.Settle()
			writing := contract.Go("Write to return", func() error { _, err := cut.Write(make([]byte, 5000)); return err })
			accepting := contract.Go("Accept to return", func() error { _, err := p.s.Accept(); return err })
			contract.Settle()
			switch how {
			case "ends":
				p.conn.Close()
			case "breaks":
				memnet.ResetConn(p.conn)
			case "ends within a header":
				p.conn.Write(frame{typ: data, stream: 1, flags: end, payload: []byte("more")}.bytes()[:7])
				p.conn.Close()
			case "ends within a payload":
				p.conn.Write(frame{typ: data, stream: 1, flags: end, payload: []byte("more")}.bytes()[:10])
				p.conn.Close()
			default:
				half.Break()
				n, err := call(t, "Write to return", func() (int, error) { return whole.Write([]byte("unheard")) })
				wantError(t, "Write", err, multiplexing.ErrLost)
				if n != 0 {
					contract.Failf(t, "Write returned %d octets, and the network has taken none", n)
				}
				contract.Until(t, "the session to close the connection", p.gone)
			}
			wantError(t, "the Write that waited", writing.Await(t), multiplexing.ErrLost)
			wantError(t, "Accept", accepting.Await(t), multiplexing.ErrLost)
			wantBroken(t, cut, multiplexing.ErrLost)
			wantRest(t, whole, "all of it")
			_, err := call(t, "Open to return", func() (*multiplexing.Stream, error) { return p.s.Open(t.Context()) })
			wantError(t, "Open", err, multiplexing.ErrLost)
			p.stop()
		}
	})
}

// Session.Close ends every call with net.ErrClosed and leaves nothing behind;
// what was written before still arrives. README
func TestSessionClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		e := connect(t, &multiplexing.Options{Window: 1000, MaxStreams: 2})
		defer e.stop()
		a, b := e.stream(t)
		x, y := e.stream(t)
		write(t, x, "last words")
		contract.Call(t, "Close to return", x.Close)
		_ = open(t, e.client)
		contract.Settle()
		contract.Step(t, "calls of all kinds wait at the client, and the client closes the session")
		calls := map[string]*contract.Pending[error]{
			"Read":   contract.Go("Read to return", func() error { _, err := a.Read(make([]byte, 1)); return err }),
			"Write":  contract.Go("Write to return", func() error { _, err := a.Write(make([]byte, 5000)); return err }),
			"Accept": contract.Go("Accept to return", func() error { _, err := e.client.Accept(); return err }),
			"Open":   contract.Go("Open to return", func() error { _, err := e.client.Open(t.Context()); return err }),
		}
		contract.Settle()
		for range 2 {
			if err := contract.Call(t, "Session.Close to return", e.client.Close); err != nil {
				contract.Failf(t, "Session.Close returned %q, want nil", err)
			}
		}
		for _, what := range []string{"Read", "Write", "Accept", "Open"} {
			wantError(t, what, calls[what].Await(t), net.ErrClosed)
		}
		contract.Step(t, "calls after that")
		for what, f := range map[string]func() error{
			"Read":   func() error { _, err := a.Read(make([]byte, 1)); return err },
			"Write":  func() error { _, err := a.Write(make([]byte, 1)); return err },
			"Accept": func() error { _, err := e.client.Accept(); return err },
			"Open":   func() error { _, err := e.client.Open(t.Context()); return err },
		} {
			wantError(t, what+" later", contract.Call(t, what+" to return", f), net.ErrClosed)
		}
		contract.Step(t, "the server reads what had been written")
		wantRest(t, y, "last words")
		wantBroken(t, b, multiplexing.ErrLost)
		contract.Step(t, "a session is closed on a connection whose Read takes a second to see it")
		c, nc := wires(t, network(t, memnet.Link{}))
		late := &tardy{Conn: nc}
		p := facing(server, c, late, nil)
		defer p.stop()
		p.control(t)
		contract.Call(t, "Session.Close to return", p.s.Close)
		if late.reading.Load() > 0 {
			contract.Failf(t, "Session.Close returned although a Read of the session's is under way")
		}
	})
}

// Reading goes on while a write to the network takes its time: a session that
// waits with both can wait for ever. README
func TestReadingNeverWaitsForWriting(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, s := wires(t, network(t, memnet.Link{}))
		slow := &gate{Conn: s}
		p := facing(server, c, slow, &multiplexing.Options{MaxStreams: 2})
		defer p.stop()
		defer slow.open()
		st := p.control(t)
		p.send(frame{typ: opens, stream: 3})
		other := accept(t, p.s)
		contract.Step(t, "the network takes nothing any more, and a Write waits for it")
		slow.shut()
		writing := contract.Go("the Write", func() error { _, err := st.Write([]byte("slow")); return err })
		contract.Settle()
		contract.Step(t, "the peer opens five streams too many, and then ends one")
		for id := uint32(5); id <= 13; id += 2 {
			p.send(frame{typ: opens, stream: id})
		}
		p.send(frame{typ: data, stream: 3, flags: end})
		wantRest(t, other, "")
		if writing.Returned() {
			contract.Failf(t, "Write returned (%v) before the network had taken its octets", writing.Await(t))
		}
		contract.Step(t, "the network goes on")
		slow.open()
		refused, sent := map[uint32]bool{}, ""
		for len(refused) < 5 || sent != "slow" {
			f := p.next(t, "DATA 1 \"slow\" and five RESETs")
			switch {
			case f.typ == data && f.stream == 1 && f.flags == 0:
				sent += string(f.payload)
			case f.String() == number(reset, f.stream, multiplexing.CodeRefused).String() && f.stream >= 5 && f.stream <= 13 && !refused[f.stream]:
				refused[f.stream] = true
			default:
				contract.Failf(t, "%s came, and was not to come, or not twice", f)
			}
		}
		if err := writing.Await(t); err != nil {
			contract.Failf(t, "Write returned %q, want nil", err)
		}
	})
}

// A Write whose deadline passes says how much it has sent, and the stream goes
// on from there. README
func TestWriteCountsWhatWasSent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const window = 1000
		p := against(t, client, &multiplexing.Options{Window: window})
		defer p.stop()
		st := open(t, p.s)
		p.want(t, frame{typ: opens, stream: 1})
		text := noise(t, 5*window)
		contract.Step(t, "Write of five windows with a deadline")
		start := time.Now()
		st.SetWriteDeadline(start.Add(3 * time.Second))
		n, err := call(t, "Write to return", func() (int, error) { return st.Write(text) })
		wantError(t, "Write", err, multiplexing.ErrTimeout)
		if n != window {
			contract.Failf(t, "Write returned %d octets, want %d", n, window)
		}
		if took := time.Since(start); took < 3*time.Second || took > 3*time.Second+100*time.Millisecond {
			contract.Failf(t, "Write returned after %s, its deadline was after 3 s", took)
		}
		contract.Bytes(t, "the octets of the stream", p.octets(t, 1, window), text[:window])
		contract.Step(t, "the window opens, and Write goes on with another deadline")
		p.send(number(windows, 1, 4*window))
		st.SetWriteDeadline(time.Now().Add(5 * time.Second))
		write(t, st, string(text[n:]))
		contract.Bytes(t, "the rest of the octets", p.octets(t, 1, 4*window), text[n:])
		contract.Step(t, "the window opens by one octet, and Write of two")
		p.send(number(windows, 1, 1))
		contract.Settle()
		st.SetWriteDeadline(time.Now().Add(time.Second))
		n, err = call(t, "Write to return", func() (int, error) { return st.Write([]byte("ab")) })
		wantError(t, "Write", err, multiplexing.ErrTimeout)
		if n != 1 {
			contract.Failf(t, "Write returned %d octets, want 1", n)
		}
		p.want(t, frame{typ: data, stream: 1, payload: []byte("a")})
	})
}

// Anything may be called at any time from any goroutine. README
func TestManyAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const streams = 30
		e := connect(t, &multiplexing.Options{Window: 2000, MaxStreams: 7})
		defer e.stop()
		contract.Step(t, "%d streams each way at once, of which 7 may be open", streams)
		text := noise(t, 40_000)
		var calls []*contract.Pending[error]
		for _, s := range []*multiplexing.Session{e.client, e.server} {
			calls = append(calls, contract.Go("the echoes", func() error { return echoStreams(s, streams) }))
			for i := range streams {
				part := text[i*500 : i*500+1+i*800]
				calls = append(calls, contract.Go("a stream's echo", func() error { return throughEcho(t.Context(), s, part) }))
			}
		}
		for _, c := range calls {
			if err := c.Await(t); err != nil {
				contract.Failf(t, "%v", err)
			}
		}
	})
}

// throughEcho sends text on a stream of its own while it reads it back.
func throughEcho(ctx context.Context, s *multiplexing.Session, text []byte) error {
	st, err := s.Open(ctx)
	if err != nil {
		return fmt.Errorf("Open: %w", err)
	}
	defer st.Close()
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() {
		st.Write(text)
		st.CloseWrite()
	})
	got, err := io.ReadAll(st)
	if err != nil {
		return fmt.Errorf("Read after %d octets of %d: %w", len(got), len(text), err)
	}
	if !bytes.Equal(got, text) {
		return fmt.Errorf("%d octets came back, other than the %d sent", len(got), len(text))
	}
	return nil
}

// Who waits longest is served first, whether a connection comes back or is to
// be dialled. README
func TestPoolWaitsInOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 1}
		defer p.Close()
		x := get(t, p)
		ask(t, x, "ping")
		contract.Step(t, "six users wait")
		var users []*contract.Pending[gotten]
		for range 6 {
			users = append(users, d.getting(t.Context(), p))
			contract.Settle()
		}
		for i := range users {
			var err error
			if i%2 == 1 {
				err = errors.New("broken")
			}
			contract.Step(t, "Put(%v): user %d is next", err, i+1)
			x.Put(err)
			contract.Pass(delay / 2) // a look at the connection may take a moment
			for j, u := range users {
				if got, want := u.Returned(), j <= i; got != want {
					contract.Failf(t, "user %d has a connection: %t, want %t", j+1, got, want)
				}
			}
			x = users[i].Await(t).conn(t)
			ask(t, x, "ping")
		}
		x.Put(nil)
		d.wantDials(t, 4)
	})
}

// A connection that was put back with an error is closed, and only then is
// another made in its place: there are never more than Max. README
func TestPoolDropsBroken(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 2}
		defer p.Close()
		a, b := get(t, p), get(t, p)
		waiting := d.getting(t.Context(), p)
		contract.Settle()
		contract.Step(t, "Put with an error while another user waits")
		a.Put(io.ErrUnexpectedEOF)
		c := waiting.Await(t).conn(t)
		ask(t, c, "ping")
		d.wantDials(t, 3)
		d.wantOpen(t, 2)
		contract.Step(t, "Put with an error while nobody waits")
		b.Put(io.ErrUnexpectedEOF)
		d.wantOpen(t, 1)
		contract.Control(t, "one that was put back without is used again")
		c.Put(nil)
		c = get(t, p)
		ask(t, c, "ping")
		d.wantDials(t, 3)
		defer c.Put(nil)
		defer get(t, p).Put(nil)
		d.wantDials(t, 4)
		if _, _, most := d.counts(); most > 2 {
			contract.Failf(t, "%d connections were open at a time, want 2 at most", most)
		}
	})
}

// A connection that was closed by the peer while it was idle, or has spoken out
// of turn, is not handed out. RFC 9113 §9.1
func TestPoolChecksIdle(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			what  string
			there func(net.Conn)
		}{
			{"closed", func(c net.Conn) { c.Close() }},
			{"reset", func(c net.Conn) { memnet.ResetConn(c) }},
			{"spoken", func(c net.Conn) { c.Write([]byte("HTTP/1.1 408 Request Timeout\r\n\r\n")) }},
		} {
			d := newDialer(t)
			p := &multiplexing.Pool{Dial: d.dial, Max: 2}
			a, b := get(t, p), get(t, p)
			ask(t, a, "ping")
			ask(t, b, "ping")
			a.Put(nil)
			b.Put(nil)
			contract.Step(t, "two are idle, and on one the peer has %s", c.what)
			d.mu.Lock()
			first := d.there[0]
			d.mu.Unlock()
			c.there(first)
			contract.Pass(time.Second)
			a, b = get(t, p), get(t, p)
			ask(t, a, "ping")
			ask(t, b, "ping")
			contract.Control(t, "the other one was used again")
			d.wantDials(t, 3)
			d.wantOpen(t, 2)
			a.Put(nil)
			b.Put(nil)
			contract.Step(t, "two are idle, and on both the peer has %s", c.what)
			d.mu.Lock()
			there := d.there[1:]
			d.mu.Unlock()
			for _, nc := range there {
				c.there(nc)
			}
			contract.Pass(time.Second)
			d.wantPlaces(t, p, 2)
			p.Close()
			d.stop()
		}
	})
}

// A connection that nobody has used for Idle is closed; one that is in use is
// not. README
func TestPoolIdleTime(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 2, Idle: 30 * time.Second}
		defer p.Close()
		used, idle := get(t, p), get(t, p)
		ask(t, used, "ping")
		ask(t, idle, "ping")
		contract.Control(t, "after 20 s it is used again")
		idle.Put(nil)
		contract.Pass(20 * time.Second)
		idle = get(t, p)
		contract.Pass(15 * time.Second)
		ask(t, idle, "ping")
		d.wantDials(t, 2)
		contract.Step(t, "one is put back, the other stays in use")
		idle.Put(nil)
		contract.Pass(29 * time.Second)
		d.wantOpen(t, 2)
		contract.Pass(2*time.Second + 7*time.Millisecond)
		d.wantOpen(t, 1)
		ask(t, used, "ping")
		contract.Step(t, "a user comes: a new one is made")
		idle = get(t, p)
		ask(t, idle, "ping")
		d.wantDials(t, 3)
		idle.Put(nil)
		used.Put(nil)
		contract.Step(t, "both have been idle for too long")
		contract.Pass(time.Minute)
		d.wantOpen(t, 0)
		d.wantPlaces(t, p, 2)
	})
}

// A Get that waits ends with its context, at once, and what comes back
// afterwards goes to the next. README
func TestGetEndsWithItsContext(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 1}
		defer p.Close()
		x := get(t, p)
		contract.Step(t, "three users wait, and the first and the third give up")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		users := []*contract.Pending[gotten]{d.getting(ctx, p)}
		contract.Settle()
		users = append(users, d.getting(t.Context(), p))
		contract.Settle()
		late, cancelLate := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancelLate()
		users = append(users, d.getting(late, p))
		contract.Settle()
		cancel()
		wantError(t, "Get", users[0].Await(t).err, context.Canceled)
		wantError(t, "Get", users[2].Await(t).err, context.DeadlineExceeded)
		if users[1].Returned() {
			contract.Failf(t, "the second user has a connection, although the only one is in use")
		}
		contract.Step(t, "Put: the second user has it")
		x.Put(nil)
		x = users[1].Await(t).conn(t)
		ask(t, x, "ping")
		contract.Control(t, "Put: it is there for anybody")
		x.Put(nil)
		x = get(t, p)
		ask(t, x, "ping")
		x.Put(nil)
		d.wantDials(t, 1)
		contract.Step(t, "sixty times: a user gives up at the instant of a Put")
		contract.OneCPU(t)
		for i := range 60 {
			x := get(t, p)
			ctx, cancel := context.WithCancel(t.Context())
			waits := d.getting(ctx, p)
			contract.Settle()
			if i%2 == 0 {
				x.Put(nil)
				cancel()
			} else {
				cancel()
				x.Put(nil)
			}
			if g := waits.Await(t); g.err == nil {
				g.conn(t).Put(nil)
			} else {
				wantError(t, "Get", g.err, context.Canceled)
			}
		}
		d.wantPlaces(t, p, 1)
	})
}

// A Dial that fails, or whose Get gives up, ends that Get only: its place is
// there for the next. README
func TestDialFails(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		refused := errors.New("nobody is there")
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 1}
		defer p.Close()
		dialled := 0
		d.before = func(ctx context.Context) error {
			dialled++ // one at a time
			switch dialled {
			case 1:
				return refused
			case 2:
				time.Sleep(3 * time.Second)
				return refused
			case 4:
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		}
		contract.Step(t, "a Dial that is refused")
		wantError(t, "Get", d.getting(t.Context(), p).Await(t).err, refused)
		contract.Step(t, "one that takes 3 s to be refused, while another user waits")
		first := d.getting(t.Context(), p)
		contract.Settle()
		second := d.getting(t.Context(), p)
		wantError(t, "Get", first.Await(t).err, refused)
		x := second.Await(t).conn(t)
		ask(t, x, "ping")
		x.Put(io.EOF)
		contract.Step(t, "one that lasts until its context ends")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		wantError(t, "Get", d.getting(ctx, p).Await(t).err, context.DeadlineExceeded)
		contract.Control(t, "and one that succeeds")
		x = get(t, p)
		ask(t, x, "ping")
		x.Put(nil)
		x = get(t, p)
		ask(t, x, "ping")
		x.Put(nil)
		d.wantDials(t, 5)
	})
}

// A connection has one user: a second Put of the same hand does nothing.
// README
func TestSecondPut(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, second := range []error{nil, io.EOF} {
			d := newDialer(t)
			p := &multiplexing.Pool{Dial: d.dial, Max: 2}
			contract.Step(t, "Put(nil), then Put(%v)", second)
			x := get(t, p)
			x.Put(nil)
			x.Put(second)
			a := get(t, p)
			x.Put(second)
			ask(t, a, "ping")
			b := get(t, p)
			ask(t, b, "pong")
			ask(t, a, "ping")
			d.wantDials(t, 2)
			contract.Control(t, "and no more than two")
			third := d.getting(t.Context(), p)
			contract.Settle()
			if third.Returned() {
				contract.Failf(t, "Get returned although two connections are in use of two")
			}
			a.Put(nil)
			c := third.Await(t).conn(t)
			ask(t, c, "ping")
			c.Put(nil)
			b.Put(nil)
			d.wantDials(t, 2)
			p.Close()
			d.stop()
		}
	})
}

// A connection is handed out without the deadlines of its last user. README
func TestNoDeadlinesLeft(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 1, Idle: time.Minute}
		defer p.Close()
		contract.Step(t, "a user sets deadlines and hands over to one who waits")
		x := get(t, p)
		x.SetDeadline(time.Now().Add(10 * time.Second))
		waiting := d.getting(t.Context(), p)
		contract.Settle()
		x.Put(nil)
		x = waiting.Await(t).conn(t)
		contract.Pass(2 * time.Minute)
		ask(t, x, "ping")
		contract.Step(t, "a user sets deadlines, and the next comes later")
		x.SetDeadline(time.Now().Add(10 * time.Second))
		x.Put(nil)
		contract.Pass(5 * time.Second)
		x = get(t, p)
		contract.Pass(2 * time.Minute)
		ask(t, x, "ping")
		x.Put(nil)
		d.wantDials(t, 1)
	})
}

// Pool.Close closes what is idle, ends those who wait, and has what is in use
// closed when it comes back. README
func TestPoolClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDialer(t)
		defer d.stop()
		p := &multiplexing.Pool{Dial: d.dial, Max: 2}
		defer p.Close()
		used, idle := get(t, p), get(t, p)
		ask(t, used, "ping")
		ask(t, idle, "ping")
		contract.Step(t, "Close while a user waits")
		waiting := d.getting(t.Context(), p)
		contract.Settle()
		for range 2 {
			if err := contract.Call(t, "Pool.Close to return", p.Close); err != nil {
				contract.Failf(t, "Pool.Close returned %q, want nil", err)
			}
		}
		wantError(t, "the Get that waited", waiting.Await(t).err, net.ErrClosed)
		wantError(t, "a later Get", d.getting(t.Context(), p).Await(t).err, net.ErrClosed)
		contract.Control(t, "what is in use goes on until it is put back")
		ask(t, used, "ping")
		ask(t, idle, "ping")
		used.Put(nil)
		d.wantOpen(t, 1)
		idle.Put(nil)
		d.wantOpen(t, 0)
		contract.Step(t, "Close while one is idle")
		p = &multiplexing.Pool{Dial: d.dial, Max: 2}
		x := get(t, p)
		ask(t, x, "ping")
		x.Put(nil)
		d.wantOpen(t, 1)
		contract.Call(t, "Pool.Close to return", p.Close)
		d.wantOpen(t, 0)
	})
}

// wantPlaces checks that n users get a connection at once, and one more does
// not.
func (d *dialer) wantPlaces(t *testing.T, p *multiplexing.Pool, n int) {
	t.Helper()
	contract.Step(t, "there is room for %d and no more", n)
	var all []*multiplexing.Conn
	for range n {
		all = append(all, get(t, p))
		ask(t, all[len(all)-1], "ping")
	}
	d.wantOpen(t, n)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	wantError(t, "one more Get", d.getting(ctx, p).Await(t).err, context.DeadlineExceeded)
	for _, c := range all {
		c.Put(nil)
	}
}

// hello is what control sends.
const hello = "hello"

// control has the peer open its first stream and both ends use it.
func (p *peer) control(t *testing.T) *multiplexing.Stream {
	t.Helper()
	id := p.role.other().first()
	contract.Control(t, "stream %d works both ways", id)
	p.send(frame{typ: opens, stream: id}, frame{typ: data, stream: id, payload: []byte(hello)})
	st := accept(t, p.s)
	wantRead(t, st, hello)
	write(t, st, strings.ToUpper(hello))
	p.want(t, frame{typ: data, stream: id, payload: []byte(strings.ToUpper(hello))})
	return st
}

// over checks that the session is over for that reason: its connection is
// closed, and so are all calls.
func (p *peer) over(t *testing.T, st *multiplexing.Stream, why error) {
	t.Helper()
	contract.Until(t, "the session to close the connection", p.gone)
	_, err := call(t, "Accept to return", p.s.Accept)
	wantError(t, "Accept", err, why)
	_, err = call(t, "Open to return", func() (*multiplexing.Stream, error) { return p.s.Open(t.Context()) })
	wantError(t, "Open", err, why)
	wantBroken(t, st, why)
}

// given returns how many octets of a stream's window have been given back
// since it was asked last.
func (p *peer) given(t *testing.T, stream uint32) int {
	t.Helper()
	contract.Settle()
	given := 0
	for f, ok := p.any(); ok; f, ok = p.any() {
		if f.typ != windows || f.stream != stream || len(f.payload) != 4 {
			contract.Mismatch(t, "not the frame that was to come", f.String(), fmt.Sprint("WINDOW ", stream))
		}
		given += int(binary.BigEndian.Uint32(f.payload))
	}
	return given
}

// silent checks that nothing more has come.
func (p *peer) silent(t *testing.T) {
	t.Helper()
	contract.Settle()
	if f, ok := p.more(); ok {
		contract.Failf(t, "%s came, and nothing was to come", f)
	}
}

// wantBroken reads a stream to its end, which is to be that error, and writes
// to it.
func wantBroken(t *testing.T, st *multiplexing.Stream, why error) {
	t.Helper()
	_, err := call(t, "Read to return an error", func() ([]byte, error) { return io.ReadAll(st) })
	if err == nil {
		contract.Mismatch(t, "Read of a stream that is broken", io.EOF.Error(), why.Error())
	}
	wantSame(t, "Read of a stream that is broken", err, why)
	_, err = call(t, "Write to return", func() (int, error) { return st.Write([]byte("x")) })
	wantSame(t, "Write to a stream that is broken", err, why)
}

func wantSame(t *testing.T, what string, err, want error) {
	t.Helper()
	var r *multiplexing.ResetError
	if errors.As(want, &r) {
		wantReset(t, what, err, r.Code)
		return
	}
	wantError(t, what, err, want)
}

func wantReset(t *testing.T, what string, err error, code uint32) {
	t.Helper()
	var r *multiplexing.ResetError
	if !errors.As(err, &r) || r.Code != code {
		contract.Mismatch(t, what+" returned the wrong error", fmt.Sprintf("%T: %v", err, err), fmt.Sprintf("*ResetError with code %d", code))
	}
}

// A tardy is a connection whose Read takes a second to see its end.
type tardy struct {
	net.Conn
	reading atomic.Int64 // calls of Read under way
}

func (c *tardy) Read(b []byte) (int, error) {
	c.reading.Add(1)
	defer c.reading.Add(-1)
	n, err := c.Conn.Read(b)
	if err != nil {
		time.Sleep(time.Second)
	}
	return n, err
}

// A gate is a connection to a network that takes nothing while it is shut.
type gate struct {
	net.Conn
	mu     sync.Mutex
	closed chan struct{} // nil while open
}

func (g *gate) shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed != nil {
		close(g.closed)
		g.closed = nil
	}
}

func (g *gate) Write(b []byte) (int, error) {
	g.mu.Lock()
	closed := g.closed
	g.mu.Unlock()
	if closed != nil {
		<-closed
	}
	return g.Conn.Write(b)
}

func (g *gate) Close() error {
	g.open()
	return g.Conn.Close()
}
