package requestresponse_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"weak"

	"github.com/wirekata/wirekata/exercises/patterns/requestresponse"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

// Frames are found in a stream however it is cut, by the server and by the
// client. README
func TestFramesInAnyCut(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		text := string(noise(t, 300))
		s := serve(t, &requestresponse.Server{Handler: tell})
		defer s.stop()
		asked := []frame{ask(1, 256, text[:5]), ask(1<<31, 300, ""), {typ: cancelled, id: 77}, ask(0, 301, text), ask(3, 302, "x")}
		for _, cut := range contract.Cuts(t, join(asked...)) {
			contract.Step(t, "four REQUESTs and a CANCEL to the server, %s", cut.Name)
			p := s.dial(t)
			feed(p.conn, cut.Chunks)
			got := map[uint32]string{}
			for range 4 {
				f := p.next(t, "a RESPONSE")
				got[f.id] = f.String()
			}
			for _, f := range asked {
				if want := reply(f.id, requestresponse.Code(f.kind), told(string(f.body))); f.typ == request && got[f.id] != want.String() {
					contract.Mismatch(t, "not the answer that was to come", got[f.id], want.String())
				}
			}
		}
		for i := range 5 {
			c, p := facing(t)
			var calls []*contract.Pending[outcome]
			var answers []frame
			for j, body := range []string{text[:5], "", text, "x"} {
				calls = append(calls, doing(t.Context(), c, 1, body))
				answers = append(answers, reply(p.wantRequest(t, 1, body), requestresponse.Code(256+j), told(body)))
			}
			slices.Reverse(answers)
			cut := contract.Cuts(t, join(answers...))[i]
			contract.Step(t, "four RESPONSEs to the client, %s", cut.Name)
			feed(p.conn, cut.Chunks)
			for j, body := range []string{text[:5], "", text, "x"} {
				calls[j].Await(t).wantAnswer(t, requestresponse.Code(256+j), told(body))
			}
			c.Close()
			p.stop()
		}
	})
}

// A body that is too long is refused as soon as its header is there, skipped
// as it comes, and the connection goes on behind it. README
func TestRefusedByItsHeader(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle, MaxBody: 1000})
		defer s.stop()
		defer d.shut()
		inside := join(slices.Repeat([]frame{ask(9, 9, "a body is no frame")}, 100)...)
		start := time.Now()
		for _, length := range []uint32{1<<32 - 1, 1 << 31, 1001} {
			for _, part := range []int{0, 500} {
				p := s.dial(t)
				contract.Step(t, "→ the header of REQUEST 5 with %d octets, and %d of them", length, part)
				p.conn.Write(append(ask(5, 1, "").head(length), inside[:part]...))
				p.want(t, reply(5, requestresponse.TooLarge, ""))
				d.wantNobody(t, "for a body that is too long")
				p.wantNothing(t, "after the answer")
			}
		}
		wantElapsed(t, start, 0)
		for _, cut := range contract.Cuts(t, inside) {
			p := s.dial(t)
			contract.Step(t, "→ REQUEST 5 with %d octets, %s", len(inside), cut.Name)
			p.conn.Write(ask(5, 1, "").head(uint32(len(inside))))
			p.want(t, reply(5, requestresponse.TooLarge, ""))
			feed(p.conn, cut.Chunks)
			d.wantNobody(t, "for a body that is too long")
			contract.Control(t, "→ REQUEST 5 again, with 1000 octets")
			p.send(ask(5, 1, string(inside[:1000])))
			v := d.next(t)
			contract.Bytes(t, "the body of the request", v.Body, inside[:1000])
			v.answer(requestresponse.Response{Body: []byte("fine")}, nil)
			p.want(t, reply(5, requestresponse.OK, "fine"))
		}
	})
}

// A malformed frame closes the connection without an answer, and the contexts
// of its handlers end; other connections go on. README
func TestMalformedRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle, MaxBody: 1000})
		defer s.stop()
		defer d.shut()
		other := s.dial(t)
		for _, bad := range []struct {
			why  string
			wire []byte
		}{
			{"type 0", frame{id: 9}.bytes()},
			{"type 4", frame{id: 9, typ: 4, body: []byte("x")}.bytes()},
			{"type 257", frame{id: 9, typ: 257, kind: 1}.bytes()},
			{"type 65535", frame{id: 1, typ: 65535}.bytes()},
			{"a RESPONSE", reply(1, requestresponse.OK, "x").bytes()},
			{"a CANCEL with a body", frame{id: 1, typ: cancelled, body: []byte("x")}.bytes()},
			{"a CANCEL with a body, for an id that is not in use", frame{id: 9, typ: cancelled, body: []byte("x")}.bytes()},
			{"a CANCEL with a kind", frame{id: 1, typ: cancelled, kind: 1}.bytes()},
			{"an id in use", ask(1, 1, "another").bytes()},
			{"an id in use and a body that is too long", append(ask(1, 1, "").head(1001), "xyz"...)},
			{"an id in use, whose request was cancelled", join(frame{id: 1, typ: cancelled}, ask(1, 1, "another"))},
		} {
			p := s.dial(t)
			contract.Control(t, "→ REQUEST 2 is answered, REQUEST 1 waits, on two connections")
			p.send(ask(2, 1, "there?"))
			d.next(t).answer(requestresponse.Response{Body: []byte("here")}, nil)
			p.want(t, reply(2, requestresponse.OK, "here"))
			p.send(ask(1, 1, "waits"))
			v := d.next(t)
			other.send(ask(1, 1, "waits too"))
			unharmed := d.next(t)
			contract.Step(t, "→ %s", bad.why)
			start := time.Now()
			p.conn.Write(bad.wire)
			p.wantEnd(t)
			v.wantEnded(t)
			wantElapsed(t, start, 0)
			d.wantNobody(t, "for a malformed frame")
			v.answer(requestresponse.Response{}, nil)
			contract.Control(t, "the other connection")
			unharmed.wantGoesOn(t)
			unharmed.answer(requestresponse.Response{Body: []byte("fine")}, nil)
			other.want(t, reply(1, requestresponse.OK, "fine"))
		}
	})
}

// A malformed frame ends the client: it closes the connection, and the calls
// that wait and those that come return ErrProtocol. README
func TestMalformedAnswers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, bad := range []struct {
			why  string
			wire func(waits, answered uint32) []byte
		}{
			{"a REQUEST", func(waits, _ uint32) []byte { return ask(waits, 1, "x").bytes() }},
			{"a CANCEL", func(waits, _ uint32) []byte { return frame{typ: cancelled, id: waits}.bytes() }},
			{"type 0", func(waits, _ uint32) []byte { return frame{id: waits}.bytes() }},
			{"type 258", func(waits, _ uint32) []byte { return frame{typ: 258, id: waits}.bytes() }},
			{"an id that there never was", func(waits, answered uint32) []byte { return reply(waits+answered+1000, 0, "x").bytes() }},
			{"an id that was answered", func(_, answered uint32) []byte { return reply(answered, 0, "again").bytes() }},
			{"the header of a body longer than MaxAnswer", func(waits, _ uint32) []byte {
				return reply(waits, 0, "").head(requestresponse.MaxAnswer + 1)
			}},
			{"the header of a body of 2^32-1 octets", func(waits, _ uint32) []byte { return reply(waits, 0, "").head(1<<32 - 1) }},
		} {
			c, p := facing(t)
			first, second := doing(t.Context(), c, 1, "one"), doing(t.Context(), c, 1, "one")
			waits := p.wantRequest(t, 1, "one")
			p.wantRequest(t, 1, "one")
			contract.Control(t, "a call is answered")
			call := doing(t.Context(), c, 2, "three")
			answered := p.wantRequest(t, 2, "three")
			p.send(reply(answered, 77, "yes"))
			call.Await(t).wantAnswer(t, 77, "yes")
			contract.Step(t, "← %s", bad.why)
			start := time.Now()
			p.conn.Write(bad.wire(waits, answered))
			p.wantEnd(t)
			first.Await(t).wantError(t, requestresponse.ErrProtocol)
			second.Await(t).wantError(t, requestresponse.ErrProtocol)
			do(t, c, 1, "later").wantError(t, requestresponse.ErrProtocol)
			wantElapsed(t, start, 0)
			wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
			p.stop()
		}
		contract.Control(t, "an answer of MaxAnswer octets")
		c, p := facing(t)
		defer p.stop()
		defer c.Close()
		call := doing(t.Context(), c, 1, "all of it")
		text := strings.Repeat("wirekata", requestresponse.MaxAnswer/8)
		p.send(reply(p.wantRequest(t, 1, "all of it"), 0, text))
		call.Await(t).wantAnswer(t, requestresponse.OK, text)
	})
}

// Requests that are sent at the same time are not mixed. README
func TestRequestsAreWhole(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		crowd := &crowd{}
		c, p := facingOn(t, crowd.conn)
		defer p.stop()
		defer c.Close()
		contract.Step(t, "ten calls at once, on a connection where each Write waits a moment for the next")
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var calls []*contract.Pending[outcome]
		for i := range 10 {
			calls = append(calls, doing(ctx, c, uint16(i), strings.Repeat(fmt.Sprint(i), 100)))
		}
		came := map[uint16]uint32{}
		for range calls {
			f := p.next(t, "a REQUEST")
			if want := ask(f.id, f.kind, strings.Repeat(fmt.Sprint(f.kind), 100)); !bytes.Equal(f.bytes(), want.bytes()) || f.kind > 9 {
				contract.Mismatch(t, "not a frame that was to come", f.String(), want.String())
			}
			came[f.kind] = f.id
		}
		contract.Step(t, "half of them are answered, half give up, at once")
		for i := range calls[:5] {
			p.send(reply(came[uint16(i)], requestresponse.Code(i), "done"))
			calls[i].Await(t).wantAnswer(t, requestresponse.Code(i), "done")
		}
		cancel()
		for _, call := range calls[5:] {
			call.Await(t).wantError(t, context.Canceled)
		}
		for range calls[5:] {
			f := p.next(t, "a CANCEL")
			gaveUp := false
			for kind, id := range came {
				gaveUp = gaveUp || kind >= 5 && id == f.id
			}
			if want := (frame{typ: cancelled, id: f.id}); !gaveUp || !bytes.Equal(f.bytes(), want.bytes()) {
				contract.Mismatch(t, "not a frame that was to come", f.String(), "CANCEL of a call that gave up")
			}
		}
	})
}

// Answers that are sent at the same time are not mixed. README
func TestAnswersAreWhole(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		d, crowd := newDesk(), &crowd{}
		s := serveOn(t, &requestresponse.Server{Handler: d.handle}, crowd.listener)
		defer s.stop()
		defer d.shut()
		p := s.dial(t)
		contract.Step(t, "ten handlers return at once, on a connection where each Write waits a moment for the next")
		var visits []*visit
		for i := range uint32(10) {
			p.send(ask(i, 1, "x"))
			visits = append(visits, d.next(t))
		}
		for i, v := range visits {
			v.answer(requestresponse.Response{Body: []byte(strings.Repeat(fmt.Sprint(i), 100))}, nil)
		}
		p.wantAnswers(t, func(id uint32) string { return strings.Repeat(fmt.Sprint(id), 100) }, 10)
	})
}

// The id of a call is not used again before its answer has come, be anybody
// waiting for it or not. An answer for which nobody waits is dropped. README
func TestIdsInUse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, p := facing(t)
		defer p.stop()
		defer c.Close()
		inUse := map[uint32]bool{}
		ask := func(ctx context.Context, body string) (*contract.Pending[outcome], uint32) {
			call := doing(ctx, c, 1, body)
			id := p.wantRequest(t, 1, body)
			if inUse[id] {
				contract.Failf(t, "id %d is used again before its answer has come", id)
			}
			inUse[id] = true
			return call, id
		}
		var late []uint32
		for i := range 20 {
			contract.Step(t, "call %d gives up", i)
			ctx, cancel := context.WithCancel(t.Context())
			call, id := ask(ctx, "slow")
			cancel()
			call.Await(t).wantError(t, context.Canceled)
			p.want(t, frame{typ: cancelled, id: id})
			late = append(late, id)
			contract.Control(t, "the next one is answered")
			call, id = ask(t.Context(), "quick")
			p.send(reply(id, 0, fmt.Sprint("answer ", i)))
			call.Await(t).wantAnswer(t, 0, fmt.Sprint("answer ", i))
			delete(inUse, id)
		}
		call, id := ask(t.Context(), "waits")
		contract.Step(t, "the late answers come, in any order")
		contract.Rand(t).Shuffle(len(late), func(i, j int) { late[i], late[j] = late[j], late[i] })
		for _, id := range late {
			p.send(reply(id, requestresponse.HandlerFailed, "too late"))
		}
		p.wantNothing(t, "for a late answer")
		if call.Returned() {
			contract.Failf(t, "the call that waits returned %s", call.Await(t))
		}
		contract.Control(t, "the call that waits, and another one")
		p.send(reply(id, 0, "mine"))
		call.Await(t).wantAnswer(t, 0, "mine")
		clear(inUse)
		call, id = ask(t.Context(), "the last")
		p.send(reply(id, 0, "the end"))
		call.Await(t).wantAnswer(t, 0, "the end")
	})
}

// A CANCEL goes out when the context of a call ends that waits, then once, and
// never else. README
func TestCancelsOnTheWire(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, p := facing(t)
		defer p.stop()
		defer c.Close()
		contract.Step(t, "Do with a context that has ended")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		doing(ctx, c, 1, "too late").Await(t).wantError(t, context.Canceled)
		contract.Step(t, "a call is answered, and then its context ends")
		ctx, cancel = context.WithCancel(t.Context())
		defer cancel()
		call := doing(ctx, c, 2, "quick")
		p.send(reply(p.wantRequest(t, 2, "quick"), 0, "done"))
		call.Await(t).wantAnswer(t, 0, "done")
		cancel()
		contract.Step(t, "a call has a second, and gets no answer")
		start := time.Now()
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		call = doing(ctx, c, 3, "slow")
		id := p.wantRequest(t, 3, "slow")
		call.Await(t).wantError(t, context.DeadlineExceeded)
		wantElapsed(t, start, time.Second)
		p.want(t, frame{typ: cancelled, id: id})
		contract.Step(t, "its answer comes after another second")
		contract.Pass(time.Second)
		p.send(reply(id, 0, "done"))
		contract.Fence(t, "one more call")
		call = doing(t.Context(), c, 4, "last")
		p.send(reply(p.wantRequest(t, 4, "last"), 0, "done"))
		call.Await(t).wantAnswer(t, 0, "done")
		p.wantNothing(t, "after the last call")
	})
}

// A cancelled request is answered once, when its handler has returned, with
// what that returned. Until then its id is in use; a CANCEL for any other id is
// ignored. README
func TestCancelledIsAnswered(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		p := s.dial(t)
		p.send(ask(1, 1, "one"))
		one := d.next(t)
		p.send(ask(2, 1, "two"))
		two := d.next(t)
		contract.Step(t, "→ CANCEL 9, which there is not")
		p.send(frame{typ: cancelled, id: 9})
		one.wantGoesOn(t)
		contract.Step(t, "→ CANCEL 1, twice")
		p.send(frame{typ: cancelled, id: 1}, frame{typ: cancelled, id: 1})
		one.wantEnded(t)
		two.wantGoesOn(t)
		p.wantNothing(t, "although no handler has returned")
		contract.Step(t, "its handler returns a second later")
		contract.Pass(time.Second)
		one.answer(requestresponse.Response{Code: 300, Body: []byte("all the same")}, nil)
		p.want(t, reply(1, 300, "all the same"))
		contract.Step(t, "→ CANCEL 1 again, and another REQUEST 1")
		p.send(frame{typ: cancelled, id: 1}, ask(1, 1, "another"))
		again := d.next(t)
		again.wantGoesOn(t)
		contract.Step(t, "→ CANCEL 1; its handler returns the context's error")
		p.send(frame{typ: cancelled, id: 1})
		again.wantEnded(t)
		again.answer(requestresponse.Response{}, again.ctx.Err())
		p.want(t, reply(1, requestresponse.HandlerFailed, ""))
		contract.Control(t, "the other request")
		two.wantGoesOn(t)
		two.answer(requestresponse.Response{Body: []byte("fine")}, nil)
		p.want(t, reply(2, requestresponse.OK, "fine"))
		p.wantNothing(t, "after all was answered")
	})
}

// A connection has MaxInFlight requests handled at a time, cancelled ones
// counted; one more is answered with Busy at once, and reading goes on. README
func TestBusy(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, most := range []int{2, 0} {
			d := newDesk()
			s := serve(t, &requestresponse.Server{Handler: d.handle, MaxInFlight: most, MaxBody: 50})
			places := most
			if most == 0 {
				places = requestresponse.DefaultMaxInFlight
			}
			p, other := s.dial(t), s.dial(t)
			contract.Control(t, "→ %d REQUESTs are handled, MaxInFlight is %d", places, most)
			var visits []*visit
			for i := range places {
				p.send(ask(uint32(i), 1, "x"))
				visits = append(visits, d.next(t))
			}
			start := time.Now()
			contract.Step(t, "→ one more, and one that is too long")
			p.send(ask(1000, 1, "x"), ask(1001, 1, strings.Repeat("x", 51)))
			p.wantEither(t, reply(1000, requestresponse.Busy, ""), reply(1001, requestresponse.TooLarge, ""))
			contract.Step(t, "→ CANCEL 0, and one more")
			p.send(frame{typ: cancelled, id: 0}, ask(1000, 1, "x"))
			p.want(t, reply(1000, requestresponse.Busy, ""))
			visits[0].wantEnded(t)
			d.wantNobody(t, "beyond MaxInFlight")
			contract.Control(t, "another connection")
			other.send(ask(0, 1, "other"))
			v := d.next(t)
			v.answer(requestresponse.Response{}, nil)
			other.want(t, reply(0, 0, ""))
			contract.Step(t, "the cancelled one's handler returns, and there is a place")
			visits[0].answer(requestresponse.Response{}, nil)
			p.want(t, reply(0, 0, ""))
			p.send(ask(1000, 1, "x"), ask(0, 1, "x"))
			v = d.next(t)
			p.want(t, reply(0, requestresponse.Busy, ""))
			v.answer(requestresponse.Response{}, nil)
			p.want(t, reply(1000, 0, ""))
			wantElapsed(t, start, 0)
			d.shut()
			s.stop()
		}
	})
}

// Who has read an answer may use its id and its place at once, however long
// the server's Write takes to return. README
func TestAnAnswerFreesIdAndPlace(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		const rounds = 10
		h := &hooked{}
		s := serveOn(t, &requestresponse.Server{Handler: tell, MaxInFlight: 1}, h.listener)
		defer s.stop()
		p := s.dial(t)
		contract.Step(t, "→ REQUEST 1, again and again while the Write of its answer returns")
		size, asked := len(reply(1, 300, told("x")).bytes()), 1
		h.wrote = func(sent int) {
			if sent%size == 0 && asked < rounds {
				asked++
				p.send(ask(1, 300, "x"))
				yield(h.hasRead(asked * len(ask(1, 300, "x").bytes())))
			}
		}
		p.send(ask(1, 300, "x"))
		for range rounds {
			p.want(t, reply(1, 300, told("x")))
		}
	})
}

// An answer may come while the Write of its request returns. README
func TestAnAnswerDuringWrite(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		h := &hooked{}
		c, p := facingOn(t, h.conn)
		defer p.stop()
		defer c.Close()
		size, answered := len(ask(1, 1, "quick").bytes()), 0
		h.wrote = func(sent int) {
			if sent%size == 0 {
				answered++
				f := <-p.in
				p.send(reply(f.id, f.requestKind(), "was quicker"))
				yield(h.hasRead(answered * len(reply(f.id, 0, "was quicker").bytes())))
			}
		}
		for i := range uint16(10) {
			contract.Step(t, "Do: kind %d; the answer is there before Write returns", i)
			do(t, c, i, "quick").wantAnswer(t, requestresponse.Code(i), "was quicker")
		}
	})
}

// An answer that has come whole is returned, even if the end of the
// connection came right behind it. README
func TestAnAnswerBeforeTheEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		for i := range 30 {
			h := &hooked{}
			c, p := facingOn(t, h.conn)
			size := len(ask(1, 1, "hello").bytes())
			h.wrote = func(sent int) {
				if sent == size {
					f := <-p.in
					p.send(reply(f.id, f.requestKind(), "goodbye"))
					p.conn.Close()
					yield(h.over.Load)
					yield(after(500))
				}
			}
			contract.Step(t, "Do %d: the answer and the end come while Write returns", i)
			do(t, c, 5, "hello").wantAnswer(t, 5, "goodbye")
			contract.Control(t, "another one")
			contract.Settle()
			do(t, c, 5, "hello again").wantError(t, requestresponse.ErrLost)
			c.Close()
		}
	})
}

// When the connection ends or breaks the client closes it; the calls that wait
// and those that come return ErrLost. README
func TestLost(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, how := range []struct {
			name string
			end  func(p *peer, id uint32)
		}{
			{"the connection ends", func(p *peer, _ uint32) {}},
			{"it ends within a header", func(p *peer, id uint32) { p.conn.Write(reply(id, 0, "half").head(4)[:11]) }},
			{"it ends behind a header", func(p *peer, id uint32) { p.conn.Write(reply(id, 0, "half").head(4)) }},
			{"it ends within a body", func(p *peer, id uint32) { p.conn.Write(append(reply(id, 0, "half").head(4), "hal"...)) }},
			{"it is reset", func(p *peer, _ uint32) { memnet.ResetConn(p.conn) }},
		} {
			c, p := facing(t)
			contract.Control(t, "a call is answered")
			call := doing(t.Context(), c, 1, "there?")
			p.send(reply(p.wantRequest(t, 1, "there?"), 0, "here"))
			call.Await(t).wantAnswer(t, 0, "here")
			contract.Step(t, "%s while two calls wait", how.name)
			first := doing(t.Context(), c, 1, "x")
			id := p.wantRequest(t, 1, "x")
			second := doing(t.Context(), c, 1, "y")
			p.wantRequest(t, 1, "y")
			start := time.Now()
			how.end(p, id)
			p.halfClose()
			contract.Settle()
			first.Await(t).wantError(t, requestresponse.ErrLost)
			second.Await(t).wantError(t, requestresponse.ErrLost)
			do(t, c, 1, "later").wantError(t, requestresponse.ErrLost)
			p.wantEnd(t)
			wantElapsed(t, start, 0)
			wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
			p.stop()
		}
		contract.Step(t, "a Write fails, and Read does not notice, while one call waits and another one comes")
		half := &memnet.HalfBroken{}
		c, p := facingOn(t, func(nc net.Conn) net.Conn {
			half.Conn = nc
			return half
		})
		waits := doing(t.Context(), c, 1, "x")
		p.wantRequest(t, 1, "x")
		half.Break()
		comes := doing(t.Context(), c, 1, "y")
		contract.Settle()
		for _, call := range []*contract.Pending[outcome]{waits, comes} {
			if !call.Returned() {
				contract.Failf(t, "a Do still waits although the connection is broken")
			}
			call.Await(t).wantError(t, requestresponse.ErrLost)
		}
		p.wantEnd(t)
		wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
		p.stop()
		contract.Step(t, "the connection ends while no call waits")
		c, p = facing(t)
		p.stop()
		contract.Settle()
		do(t, c, 1, "later").wantError(t, requestresponse.ErrLost)
		wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
	})
}

// Close ends the calls that wait, and those that come, with ErrClosed; it
// returns nil, any number of times, when no goroutine is left. README
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c, p := facing(t)
		defer p.stop()
		contract.Control(t, "a call is answered, two wait")
		call := doing(t.Context(), c, 1, "there?")
		p.send(reply(p.wantRequest(t, 1, "there?"), 0, "here"))
		call.Await(t).wantAnswer(t, 0, "here")
		first := doing(t.Context(), c, 1, "x")
		p.wantRequest(t, 1, "x")
		second := doing(t.Context(), c, 1, "x")
		p.wantRequest(t, 1, "x")
		contract.Step(t, "Close")
		start := time.Now()
		wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
		p.wantEnd(t)
		first.Await(t).wantError(t, requestresponse.ErrClosed)
		second.Await(t).wantError(t, requestresponse.ErrClosed)
		do(t, c, 1, "later").wantError(t, requestresponse.ErrClosed)
		wantReturned(t, "a second Close", contract.Call(t, "Close to return", c.Close), nil)
		wantElapsed(t, start, 0)
		contract.Step(t, "Close, on a connection whose Read takes a second to see it")
		h := &hooked{failed: func() { time.Sleep(time.Second) }}
		c, p = facingOn(t, h.conn)
		defer p.stop()
		call = doing(t.Context(), c, 1, "there?")
		p.send(reply(p.wantRequest(t, 1, "there?"), 0, "here"))
		call.Await(t).wantAnswer(t, 0, "here")
		contract.Settle()
		wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
		if h.reading.Load() != 0 {
			contract.Failf(t, "Close returned although a Read of the client's is under way")
		}
		p.wantEnd(t)
	})
}

// Calls of many goroutines over two clients get the answers to their own
// requests, in whatever order these are done. README
func TestManyCallers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const callers, calls = 20, 5
		s := serve(t, &requestresponse.Server{Handler: func(ctx context.Context, r requestresponse.Request) (requestresponse.Response, error) {
			time.Sleep(time.Duration(binary.BigEndian.Uint16(r.Body)) * time.Microsecond)
			return tell(ctx, r)
		}})
		defer s.stop()
		contract.Step(t, "%d callers on each of two clients, %d calls each", callers, calls)
		var running sync.WaitGroup
		wrong := make(chan string, 2*callers)
		for client := range 2 {
			c := s.client(t)
			defer c.Close()
			for caller := range callers {
				var bodies []string
				for range calls {
					bodies = append(bodies, fmt.Sprintf("%s from %d of %d", noise(t, 10), caller, client))
				}
				running.Go(func() {
					for i, body := range bodies {
						r, err := c.Do(t.Context(), requestresponse.Request{Kind: uint16(256 + i), Body: []byte(body)})
						if err != nil || r.Code != requestresponse.Code(256+i) || string(r.Body) != told(body) {
							wrong <- fmt.Sprintf("%q was answered by %s", body, outcome{r, err})
							return
						}
					}
				})
			}
		}
		contract.Call(t, "all calls to be answered", func() bool { running.Wait(); return true })
		select {
		case what := <-wrong:
			contract.Failf(t, "%s", what)
		default:
		}
	})
}

// Whatever came before, every frame is taken by the server as the README says,
// and every answer goes to its own request. README
func TestAnyRequests(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const longest, places = 64, 3
		rnd := contract.Rand(t)
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle, MaxBody: longest, MaxInFlight: places})
		defer s.stop()
		defer d.shut()
		type taken struct {
			id        uint32
			v         *visit
			cancelled bool
		}
		ids := []uint32{0, 1, 256, 1 << 16, 1 << 31, 1<<32 - 1}
		for range 6 {
			contract.Step(t, "a new connection")
			p := s.dial(t)
			var inUse []*taken
			wantQuiet := func() {
				p.wantNothing(t, "after that")
				d.wantNobody(t, "by that")
				for _, r := range inUse {
					if !r.cancelled {
						r.v.wantGoesOn(t)
					}
				}
			}
			for range 30 {
				id := ids[rnd.IntN(len(ids))]
				what := rnd.IntN(4)
				if what > 1 && len(inUse) > 0 && rnd.IntN(2) == 0 {
					id = inUse[rnd.IntN(len(inUse))].id
				}
				at := slices.IndexFunc(inUse, func(r *taken) bool { return r.id == id })
				switch {
				case what < 2 && at < 0:
					f := ask(id, uint16(rnd.Uint32()), string(noise(t, rnd.IntN(longest*3/2))))
					contract.Step(t, "→ %s", f)
					p.feed(t, f)
					switch {
					case len(f.body) > longest:
						p.want(t, reply(id, requestresponse.TooLarge, ""))
					case len(inUse) == places:
						p.want(t, reply(id, requestresponse.Busy, ""))
					default:
						v := d.next(t)
						if v.Kind != f.kind {
							contract.Mismatch(t, "not the kind of the request", fmt.Sprint(v.Kind), fmt.Sprint(f.kind))
						}
						contract.Bytes(t, "the body of the request", v.Body, f.body)
						inUse = append(inUse, &taken{id: id, v: v})
					}
				case what == 2:
					f := frame{typ: cancelled, id: id}
					contract.Step(t, "→ %s", f)
					p.feed(t, f)
					if at >= 0 {
						inUse[at].v.wantEnded(t)
						inUse[at].cancelled = true
					}
				case what == 3 && at >= 0:
					v := inUse[at].v
					inUse = slices.Delete(inUse, at, at+1)
					switch rnd.IntN(6) {
					case 0:
						contract.Step(t, "the handler of REQUEST %d panics", id)
						v.panic("at the desk")
						p.want(t, reply(id, requestresponse.HandlerFailed, ""))
					case 1:
						contract.Step(t, "the handler of REQUEST %d fails", id)
						v.answer(requestresponse.Response{Code: 77, Body: []byte("not for you")}, errors.New("out of order"))
						p.want(t, reply(id, requestresponse.HandlerFailed, ""))
					default:
						f := reply(id, requestresponse.Code(rnd.Uint32()), string(noise(t, rnd.IntN(2*longest))))
						contract.Step(t, "the handler of REQUEST %d returns", id)
						v.answer(requestresponse.Response{Code: requestresponse.Code(f.kind), Body: f.body}, nil)
						p.want(t, f)
					}
					v.wantEnded(t)
				}
				wantQuiet()
			}
			id := ids[rnd.IntN(len(ids))]
			bad := []frame{
				{typ: uint16(4 + rnd.IntN(1<<16-4)), id: id},
				{typ: cancelled, id: id, kind: uint16(1 + rnd.IntN(1<<16-1))},
				{typ: response, id: id},
			}
			if at := rnd.IntN(len(bad) + 1); at < len(bad) {
				contract.Step(t, "→ %s", bad[at])
				p.send(bad[at])
			} else {
				part := ask(id, 7, "a body").bytes()
				part = part[:rnd.IntN(len(part))]
				contract.Step(t, "→ %d octets of a frame, and the end", len(part))
				p.conn.Write(part)
				p.halfClose()
			}
			p.wantEnd(t)
			d.wantNobody(t, "at the end of the connection")
			for _, r := range inUse {
				r.v.wantEnded(t)
				r.v.answer(requestresponse.Response{}, nil)
			}
			p.stop()
		}
	})
}

// Whatever came before, every call gets the answer to its own request, and no
// id is used twice at a time. README
func TestAnyCalls(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		type call struct {
			*contract.Pending[outcome]
			id     uint32
			cancel context.CancelFunc
			gaveUp bool
		}
		for i := range 6 {
			contract.Step(t, "a new client")
			c, p := facing(t)
			var inUse []*call
			begin := func() {
				kind, body := uint16(rnd.Uint32()), string(noise(t, rnd.IntN(100)))
				ctx, cancel := context.WithCancel(t.Context())
				k := &call{Pending: doing(ctx, c, kind, body), cancel: cancel}
				k.id = p.wantRequest(t, kind, body)
				for _, other := range inUse {
					if other.id == k.id {
						contract.Failf(t, "the id %d is in use", k.id)
					}
				}
				inUse = append(inUse, k)
			}
			for range 25 {
				what := rnd.IntN(5)
				if what < 2 || len(inUse) == 0 {
					contract.Step(t, "Do")
					begin()
				} else if at := rnd.IntN(len(inUse)); what == 2 {
					k := inUse[at]
					contract.Step(t, "the context of call %d ends", k.id)
					k.cancel()
					if !k.gaveUp {
						k.Await(t).wantError(t, context.Canceled)
						p.want(t, frame{typ: cancelled, id: k.id})
					}
					k.gaveUp = true
				} else {
					k := inUse[at]
					inUse = slices.Delete(inUse, at, at+1)
					f := reply(k.id, requestresponse.Code(rnd.Uint32()), string(noise(t, rnd.IntN(100))))
					contract.Step(t, "← %s", f)
					p.feed(t, f)
					if !k.gaveUp {
						k.Await(t).wantAnswer(t, requestresponse.Code(f.kind), string(f.body))
					}
					k.cancel()
				}
				p.wantNothing(t, "after that")
				for _, k := range inUse {
					if !k.gaveUp && k.Returned() {
						contract.Mismatch(t, fmt.Sprintf("call %d has returned", k.id), k.Await(t).String(), "nothing before its answer comes")
					}
				}
			}
			begin() // so that somebody waits
			why := requestresponse.ErrProtocol
			switch i % 3 {
			case 0:
				unused := uint32(rnd.Uint64())
				for slices.ContainsFunc(inUse, func(k *call) bool { return k.id == unused }) {
					unused++
				}
				f := reply(unused, requestresponse.OK, "whose?")
				contract.Step(t, "← %s, which was not asked", f)
				p.send(f)
				p.wantEnd(t)
			case 1:
				part := reply(inUse[rnd.IntN(len(inUse))].id, requestresponse.OK, "an answer").bytes()
				part = part[:rnd.IntN(len(part))]
				contract.Step(t, "← %d octets of a RESPONSE, and the end", len(part))
				p.conn.Write(part)
				p.halfClose()
				p.wantEnd(t)
				why = requestresponse.ErrLost
			default:
				contract.Step(t, "Close")
				wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
				p.wantEnd(t)
				why = requestresponse.ErrClosed
			}
			for _, k := range inUse {
				if !k.gaveUp {
					k.Await(t).wantError(t, why)
				}
				k.cancel()
			}
			do(t, c, 1, "later").wantError(t, why)
			wantReturned(t, "Close", contract.Call(t, "Close to return", c.Close), nil)
			p.stop()
		}
	})
}

// A handler's context ends when its connection ends, in whatever way, and when
// it has returned; not before. README
func TestHandlersContext(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		other := s.dial(t)
		other.send(ask(1, 1, "stays"))
		stays := d.next(t)
		for _, how := range []struct {
			name string
			end  func(p *peer)
		}{
			{"ends", (*peer).stop},
			{"ends in one direction", (*peer).halfClose},
			{"ends within a header", func(p *peer) { p.conn.Write([]byte{0, 0, 0}); p.halfClose() }},
			{"ends within a body", func(p *peer) { p.conn.Write(ask(7, 1, "").head(5)); p.halfClose() }},
			{"ends within a body that is skipped", func(p *peer) { p.conn.Write(ask(7, 1, "").head(1 << 30)); p.halfClose() }},
			{"is reset", func(p *peer) { memnet.ResetConn(p.conn) }},
		} {
			p := s.dial(t)
			p.send(ask(1, 1, "one"))
			one := d.next(t)
			p.send(ask(2, 1, "two"))
			two := d.next(t)
			contract.Pass(time.Hour)
			one.wantGoesOn(t)
			contract.Control(t, "a handler returns; the other goes on")
			one.answer(requestresponse.Response{Body: []byte("done")}, nil)
			p.want(t, reply(1, 0, "done"))
			one.wantEnded(t)
			two.wantGoesOn(t)
			contract.Step(t, "the connection %s", how.name)
			start := time.Now()
			how.end(p)
			two.wantEnded(t)
			p.wantGone(t)
			wantElapsed(t, start, 0)
			two.answer(requestresponse.Response{Body: []byte("for nobody")}, nil)
			contract.Control(t, "another connection")
			stays.wantGoesOn(t)
		}
		stays.answer(requestresponse.Response{Body: []byte("fine")}, nil)
		other.want(t, reply(1, 0, "fine"))
	})
}

// Shutdown closes idle connections at once and the others behind their last
// answer; requests that come meanwhile are answered with ShuttingDown. README
func TestShutdownOnTheWire(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t)
		d, crowd := newDesk(), &crowd{}
		server := &requestresponse.Server{Handler: d.handle, MaxBody: 100, MaxInFlight: 6}
		s := serveOn(t, server, crowd.listener)
		defer s.stop()
		defer d.shut()
		idle, half, skips, busy := s.dial(t), s.dial(t), s.dial(t), s.dial(t)
		contract.Control(t, "→ a request that is answered; half a frame; half a body that is too long; six requests")
		idle.send(ask(1, 1, "x"))
		d.next(t).answer(requestresponse.Response{}, nil)
		idle.want(t, reply(1, 0, ""))
		half.conn.Write(ask(1, 1, "never complete").bytes()[:15])
		skips.conn.Write(ask(1, 1, "").head(1000))
		skips.want(t, reply(1, requestresponse.TooLarge, ""))
		var visits []*visit
		for i := range uint32(6) {
			busy.send(ask(i, 1, fmt.Sprint("number ", i)))
			visits = append(visits, d.next(t))
		}
		contract.Step(t, "Shutdown")
		start := time.Now()
		down := s.shutdown(t.Context())
		for _, p := range []*peer{idle, half, skips} {
			p.wantEnd(t)
		}
		wantReturned(t, "Serve", s.serving.Await(t), requestresponse.ErrServerClosed)
		s.wantRefused(t)
		contract.Step(t, "→ a request, and one that is too long, on the connection that is busy")
		busy.send(ask(50, 1, "x"), ask(51, 1, strings.Repeat("x", 101)))
		busy.wantEither(t, reply(50, requestresponse.ShuttingDown, ""), reply(51, requestresponse.TooLarge, ""))
		contract.Step(t, "→ CANCEL 0; its handler returns")
		busy.send(frame{typ: cancelled, id: 0})
		visits[0].wantEnded(t)
		visits[0].answer(requestresponse.Response{Body: []byte("0")}, nil)
		busy.want(t, reply(0, 0, "0"))
		busy.send(ask(0, 1, "x"))
		busy.want(t, reply(0, requestresponse.ShuttingDown, ""))
		visits[1].wantGoesOn(t)
		wantElapsed(t, start, 0)
		contract.Step(t, "an hour later the other five handlers return at once")
		contract.Pass(time.Hour)
		busy.wantNothing(t, "although no handler has returned")
		if down.Returned() {
			contract.Failf(t, "Shutdown returned (%v) although five requests are in flight", down.Await(t))
		}
		start = time.Now()
		for i, v := range visits[1:] {
			v.answer(requestresponse.Response{Body: fmt.Append(nil, i+1)}, nil)
		}
		busy.wantAnswers(t, func(id uint32) string { return fmt.Sprint(id) }, 5)
		wantReturned(t, "Shutdown", down.Await(t), nil)
		busy.wantEnd(t)
		wantReturned(t, "a second Shutdown", s.shutdown(t.Context()).Await(t), nil)
		wantElapsed(t, start, 0)
	})
}

// When its context ends Shutdown gives up: connections are closed and the
// handlers' contexts end, and it returns the context's error when the handlers
// have returned. README
func TestShutdownGivesUp(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		a, b := s.dial(t), s.dial(t)
		a.send(ask(1, 1, "one"))
		one := d.next(t)
		b.send(ask(1, 1, "two"))
		two := d.next(t)
		contract.Control(t, "→ REQUEST 2 is answered")
		a.send(ask(2, 1, "x"))
		d.next(t).answer(requestresponse.Response{}, nil)
		a.want(t, reply(2, 0, ""))
		contract.Step(t, "Shutdown, with ten seconds")
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		down := s.shutdown(ctx)
		contract.Pass(10*time.Second - time.Millisecond)
		contract.Control(t, "a millisecond before they are over")
		one.wantGoesOn(t)
		a.wantNothing(t, "before the ten seconds were over")
		contract.Step(t, "they are over")
		contract.Pass(time.Millisecond)
		one.wantEnded(t)
		two.wantEnded(t)
		a.wantEnd(t)
		b.wantEnd(t)
		contract.Step(t, "the handlers return, one and three seconds later")
		contract.Pass(time.Second)
		one.answer(requestresponse.Response{Body: []byte("for nobody")}, nil)
		contract.Pass(2 * time.Second)
		if down.Returned() {
			contract.Failf(t, "Shutdown returned (%v) although a handler has not", down.Await(t))
		}
		start := time.Now()
		two.answer(requestresponse.Response{}, two.ctx.Err())
		wantReturned(t, "Shutdown", down.Await(t), context.DeadlineExceeded)
		wantElapsed(t, start, 0)
		contract.Step(t, "a second Shutdown")
		wantReturned(t, "a second Shutdown", s.shutdown(t.Context()).Await(t), nil)
	})
}

// Serve returns ErrServerClosed also if Shutdown came before, else the error
// of Accept, and closes the listener; connections go on. One that Accept
// returns when Shutdown was called is closed. README
func TestServe(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "Shutdown before Serve")
		s := &requestresponse.Server{Handler: tell}
		wantReturned(t, "Shutdown", contract.Call(t, "Shutdown to return", func() error { return s.Shutdown(t.Context()) }), nil)
		late := serve(t, s)
		wantReturned(t, "Serve", late.serving.Await(t), requestresponse.ErrServerClosed)
		late.wantRefused(t)
		contract.Step(t, "Shutdown while Accept returns a connection")
		last := serveOn(t, &requestresponse.Server{Handler: tell}, func(l net.Listener) net.Listener { return &tardy{Listener: l} })
		guest := last.dial(t)
		contract.Settle()
		wantReturned(t, "Shutdown", last.shutdown(t.Context()).Await(t), nil)
		wantReturned(t, "Serve", last.serving.Await(t), requestresponse.ErrServerClosed)
		guest.wantEnd(t)
		guest.stop()
		contract.Step(t, "Accept fails after the first connection")
		broken := errors.New("out of descriptors")
		d := newDesk()
		b := serveOn(t, &requestresponse.Server{Handler: d.handle}, func(l net.Listener) net.Listener { return &failing{l, broken, 1} })
		defer b.stop()
		defer d.shut()
		p := b.dial(t)
		p.send(ask(1, 1, "before"))
		v := d.next(t)
		wantReturned(t, "Serve", b.serving.Await(t), broken)
		b.wantRefused(t)
		contract.Control(t, "the connection goes on")
		v.wantGoesOn(t)
		v.answer(requestresponse.Response{}, nil)
		p.want(t, reply(1, 0, ""))
		p.send(ask(2, 1, "after"))
		v = d.next(t)
		contract.Step(t, "Shutdown waits for it")
		down := b.shutdown(t.Context())
		contract.Pass(time.Second)
		if down.Returned() {
			contract.Failf(t, "Shutdown returned (%v) although a request is in flight", down.Await(t))
		}
		v.answer(requestresponse.Response{}, nil)
		p.want(t, reply(2, 0, ""))
		wantReturned(t, "Shutdown", down.Await(t), nil)
		p.wantEnd(t)
	})
}

// The server lets go of a connection that has ended, whoever has ended it.
// README
func TestEndedConnectionsAreLetGo(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const many, most = 64, 16 // some may be found on a stack or in a slice's back
		var conns []weak.Pointer[hooked]
		s := serveOn(t, &requestresponse.Server{Handler: tell}, func(l net.Listener) net.Listener {
			return &wrapping{l, func(nc net.Conn) net.Conn {
				h := &hooked{Conn: nc}
				conns = append(conns, weak.Make(h))
				return h
			}}
		})
		defer s.stop()
		contract.Step(t, "%d connections, with a request on each", many)
		var peers []*peer
		for i := range many {
			p := s.dial(t)
			p.send(ask(1, 7, fmt.Sprint("from ", i)))
			p.want(t, reply(1, 7, told(fmt.Sprint("from ", i))))
			peers = append(peers, p)
		}
		contract.Control(t, "they are all there")
		if n := contract.Reachable(conns); n != many {
			contract.Failf(t, "%d of %d connections are in memory, want all", n, many)
		}
		contract.Step(t, "one half is closed by the clients; in the other half they send something malformed")
		for i, p := range peers {
			if i%2 == 0 {
				p.stop()
			} else {
				p.send(frame{typ: 9, id: 2})
				p.wantEnd(t)
				p.stop()
			}
		}
		contract.Settle()
		if n := contract.Reachable(conns); n > most {
			contract.Failf(t, "%d of %d connections are still in memory when they have ended", n, many)
		}
	})
}

// A body belongs to who got it: what comes later does not change it. README
func TestBodiesAreKept(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		d := newDesk()
		s := serve(t, &requestresponse.Server{Handler: d.handle})
		defer s.stop()
		defer d.shut()
		c := s.client(t)
		defer c.Close()
		contract.Step(t, "five requests of one length, five answers of one length")
		var calls []*contract.Pending[outcome]
		var visits []*visit
		for i := range 5 {
			calls = append(calls, doing(t.Context(), c, 1, fmt.Sprint("question ", i)))
			visits = append(visits, d.next(t))
		}
		for i, v := range visits {
			contract.Bytes(t, "the body of the request", v.Body, fmt.Append(nil, "question ", i))
		}
		for i, v := range visits {
			v.answer(requestresponse.Response{Body: fmt.Append(nil, "answer ", i)}, nil)
			calls[i].Await(t)
		}
		for i, call := range calls {
			call.Await(t).wantAnswer(t, 0, fmt.Sprint("answer ", i))
		}
		contract.Step(t, "a caller changes the body of its request when Do has returned")
		ctx, cancel := context.WithCancel(t.Context())
		body := []byte("unchanged")
		call := contract.Go("Do to return", func() error {
			_, err := c.Do(ctx, requestresponse.Request{Body: body})
			copy(body, "!!!!!!!!!")
			return err
		})
		v := d.next(t)
		cancel()
		wantReturned(t, "Do", call.Await(t), context.Canceled)
		contract.Bytes(t, "the body of the request", v.Body, []byte("unchanged"))
		v.answer(requestresponse.Response{}, nil)
	})
}

// The zero Server takes bodies of DefaultMaxBody and handles no kind. README
func TestZeroServer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := serve(t, &requestresponse.Server{})
		defer s.stop()
		c := s.client(t)
		defer c.Close()
		text := strings.Repeat("x", requestresponse.DefaultMaxBody+1)
		contract.Step(t, "Do: a small body, one of DefaultMaxBody, one octet more")
		do(t, c, 1, "small").wantAnswer(t, requestresponse.UnknownKind, "")
		do(t, c, 2, text[1:]).wantAnswer(t, requestresponse.UnknownKind, "")
		do(t, c, 2, text).wantAnswer(t, requestresponse.TooLarge, "")
		do(t, c, 0, "small").wantAnswer(t, requestresponse.UnknownKind, "")
	})
}

// feed writes chunk after chunk, each when the one before has been seen to.
func feed(c net.Conn, chunks [][]byte) {
	for _, chunk := range chunks {
		c.Write(chunk)
		contract.Settle()
	}
}

// feed sends a frame in some pieces.
func (p *peer) feed(t *testing.T, f frame) {
	cuts := contract.Cuts(t, f.bytes())
	feed(p.conn, cuts[contract.Rand(t).IntN(len(cuts))].Chunks)
}

// wantAnswers awaits the answers to the requests, in any order.
func (p *peer) wantAnswers(t *testing.T, body func(id uint32) string, n int) {
	t.Helper()
	seen := map[uint32]bool{}
	for range n {
		f := p.next(t, fmt.Sprintf("a RESPONSE (%d of %d)", len(seen)+1, n))
		if want := reply(f.id, requestresponse.OK, body(f.id)); seen[f.id] || !bytes.Equal(f.bytes(), want.bytes()) {
			contract.Mismatch(t, "not a frame that was to come", f.String(), want.String()+", once")
		}
		seen[f.id] = true
	}
}

// wantEither awaits two answers, whichever comes first.
func (p *peer) wantEither(t *testing.T, one, other frame) {
	t.Helper()
	first := p.next(t, one.String()+" or "+other.String())
	switch {
	case bytes.Equal(first.bytes(), one.bytes()):
		p.want(t, other)
	case bytes.Equal(first.bytes(), other.bytes()):
		p.want(t, one)
	default:
		contract.Mismatch(t, "not a frame that was to come", first.String(), one.String()+" or "+other.String())
	}
}

// wantGone checks that the connection has ended by now, whoever did it and
// whatever came before.
func (p *peer) wantGone(t *testing.T) {
	t.Helper()
	contract.Settle()
	for {
		select {
		case _, ok := <-p.in:
			if !ok {
				return
			}
		default:
			contract.Failf(t, "the server has not closed the connection")
		}
	}
}

// halfClose ends the suite's direction of the connection.
func (p *peer) halfClose() { p.conn.(interface{ CloseWrite() error }).CloseWrite() }

// wantRefused checks that nobody listens any more.
func (s *site) wantRefused(t *testing.T) {
	t.Helper()
	contract.Settle()
	if c, err := s.n.Dial(t.Context(), "client", fmt.Sprint("server:", port)); err == nil {
		c.Close()
		contract.Failf(t, "the listener is open still")
	}
}

// requestKind is the code with which this suite's answers echo a kind.
func (f frame) requestKind() requestresponse.Code { return requestresponse.Code(f.kind) }

// yield lets others run until something is the case, for a moment.
func yield(until func() bool) {
	for range 20_000 {
		if until() {
			return
		}
		runtime.Gosched()
	}
}

// after is the case when it was asked n times.
func after(n int) func() bool { return func() bool { n--; return n < 0 } }

// A crowd makes connections on which each Write, when its octets are out,
// waits a moment for another one.
type crowd struct{ writes atomic.Int64 }

func (c *crowd) conn(nc net.Conn) net.Conn            { return &crowded{nc, c} }
func (c *crowd) listener(l net.Listener) net.Listener { return &wrapping{l, c.conn} }

type crowded struct {
	net.Conn
	crowd *crowd
}

func (c *crowded) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	mine := c.crowd.writes.Add(1)
	for range 4000 {
		if c.crowd.writes.Load() != mine {
			break
		}
		runtime.Gosched()
	}
	return n, err
}

// A hooked makes a connection of which the clause sees the calls.
type hooked struct {
	net.Conn
	wrote   func(sent int) // called before Write returns, with the octets so far
	failed  func()         // called before a Read returns that has failed
	sent    atomic.Int64
	got     atomic.Int64
	asked   atomic.Int64 // octets that had been got when Read was last called
	reading atomic.Int64 // calls of Read under way
	over    atomic.Bool  // closed, or Read has failed
}

func (h *hooked) conn(nc net.Conn) net.Conn {
	h.Conn = nc
	return h
}

func (h *hooked) listener(l net.Listener) net.Listener { return &wrapping{l, h.conn} }

func (h *hooked) Write(p []byte) (int, error) {
	n, err := h.Conn.Write(p)
	if sent := h.sent.Add(int64(n)); h.wrote != nil {
		h.wrote(int(sent))
	}
	return n, err
}

func (h *hooked) Read(p []byte) (int, error) {
	h.reading.Add(1)
	defer h.reading.Add(-1)
	h.asked.Store(h.got.Load())
	n, err := h.Conn.Read(p)
	h.got.Add(int64(n))
	if err != nil {
		h.over.Store(true)
		if h.failed != nil {
			h.failed()
		}
	}
	return n, err
}

func (h *hooked) Close() error {
	err := h.Conn.Close()
	h.over.Store(true)
	return err
}

// hasRead is the case when so many octets were read and another Read began:
// what they say has been seen to.
func (h *hooked) hasRead(octets int) func() bool {
	return func() bool { return h.over.Load() || h.asked.Load() >= int64(octets) }
}

// wrapping gives out connections that are made from the listener's.
type wrapping struct {
	net.Listener
	wrap func(net.Conn) net.Conn
}

func (l *wrapping) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}

// tardy gives out its first connection when it has been closed.
type tardy struct {
	net.Listener
	held net.Conn
}

func (l *tardy) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err == nil {
		l.held = c
		c, err = l.Listener.Accept()
	}
	if err != nil && l.held != nil {
		c, l.held = l.held, nil
		return c, nil
	}
	return c, err
}

// failing fails after some connections.
type failing struct {
	net.Listener
	err  error
	left int
}

func (l *failing) Accept() (net.Conn, error) {
	if l.left == 0 {
		return nil, l.err
	}
	l.left--
	return l.Listener.Accept()
}
