package nagle_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/execution/nagle"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/wire"
)

// A small segment goes if nothing is in flight. Behind it the next octets are
// held until it is acknowledged, and go together. RFC 9293 §3.7.4 SHOULD
func TestSecondSmallSegmentWaits(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1000})
		s.write(40, "0:40")
		s.write(30)
		s.write(5)
		s.ack(40, "40:75")
		s.ack(75)
		s.write(20, "75:95")
	})
}

// A full-sized segment never waits; what remains behind it is small, and does.
// RFC 9293 §3.7.4 SHOULD
func TestFullSegmentsGoAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1000})
		s.write(10, "0:10")
		s.write(2345, "10:1010", "1010:2010")
		s.ack(10)
		s.ack(2010, "2010:2355")
	})
}

// With NoDelay every write goes at once. RFC 9293 §3.7.4 MUST
func TestNoDelaySendsAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1000, NoDelay: true})
		s.write(40, "0:40")
		s.write(30, "40:70")
		s.write(1005, "70:1070", "1070:1075")
	})
}

// Close sends what is held, with the FIN on it, whatever is in flight. README
func TestCloseSendsTheRest(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1000})
		s.write(70, "0:70")
		s.write(80)
		s.close("70:150 FIN")
	})
}

// An ACK waits for company: for another segment, so that there are twice MSS
// octets to acknowledge, or until its delay is over. RFC 5681 §4.2 SHOULD
func TestAckWaits(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1000})
		a.receive(1000, false)
		a.wantDue(40 * time.Millisecond)
		contract.Pass(3 * time.Millisecond)
		a.receive(1000, true)
		a.sent()
		a.wantNotDue()
	})
}

// A request in two writes costs the delay of the acknowledgment; in one write
// it does not. README
func TestWriteWriteRead(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Control(t, "a request in one write, 7 ms one way")
		x := newExchange(t, 7*time.Millisecond, nagle.Options{MSS: 1000}, nagle.Acker{MSS: 1000})
		wantTook(t, x.request(300), 14*time.Millisecond)
		contract.Step(t, "a request in two writes")
		wantTook(t, x.request(100, 200), 40*time.Millisecond+2*14*time.Millisecond)
	})
}

// Small writes are gathered, and go in one when the delay is over. README
func TestCoalescerGathers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 1000, 8*time.Millisecond)
		defer c.Close()
		write(t, c, "GET / ")
		write(t, c, "HTTP/1.1\r\n")
		w.wantWrites()
		contract.Step(t, "8 ms and a bit pass")
		contract.Pass(8*time.Millisecond + time.Microsecond)
		w.wantWrites("GET / HTTP/1.1\r\n")
		contract.Step(t, "Close")
		wantNoError(t, "Close", c.Close())
		w.wantWrites("GET / HTTP/1.1\r\n")
	})
}

// Nagle's algorithm is switched on the connection itself. README
func TestSwitch(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		c := &switched{}
		for _, on := range []bool{true, false} {
			contract.Step(t, "SetNagle(c, %v)", on)
			wantNoError(t, "SetNagle", nagle.SetNagle(c, on))
			c.wantNoDelay(t, !on)
		}
	})
}

// A sender calls the candidate's and checks what it returns.
type sender struct {
	t *testing.T
	*nagle.Sender
}

func newSender(t *testing.T, o nagle.Options) *sender {
	contract.Step(t, "a sender: %+v", o)
	return &sender{t, nagle.NewSender(o)}
}

func (s *sender) write(n int, want ...string) {
	s.t.Helper()
	contract.Step(s.t, "Write(%d)", n)
	wantSegments(s.t, s.Write(n), want)
}

func (s *sender) ack(n int, want ...string) {
	s.t.Helper()
	contract.Step(s.t, "Ack(%d)", n)
	wantSegments(s.t, s.Ack(n), want)
}

func (s *sender) noDelay(on bool, want ...string) {
	s.t.Helper()
	contract.Step(s.t, "SetNoDelay(%v)", on)
	wantSegments(s.t, s.SetNoDelay(on), want)
}

func (s *sender) cork(on bool, want ...string) {
	s.t.Helper()
	contract.Step(s.t, "SetCork(%v)", on)
	wantSegments(s.t, s.SetCork(on), want)
}

func (s *sender) close(want ...string) {
	s.t.Helper()
	contract.Step(s.t, "Close")
	wantSegments(s.t, s.Close(), want)
}

// wantSegments compares segments with what they are to be, such as "0:40" or
// "40:50 FIN".
func wantSegments(t *testing.T, got []nagle.Segment, want []string) {
	t.Helper()
	for _, segment := range got {
		contract.Message(t, "sender", "receiver", onWire(segment), nil, false)
	}
	if g, w := render(got), strings.Join(want, ", "); g != w {
		contract.Mismatch(t, "not the segments that are to be sent now", orNone(g), orNone(w))
	}
}

func render(segments []nagle.Segment) string {
	var s []string
	for _, segment := range segments {
		text := fmt.Sprintf("%d:%d", segment.Seq, segment.Seq+segment.Len)
		if segment.FIN {
			text += " FIN"
		}
		s = append(s, text)
	}
	return strings.Join(s, ", ")
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func onWire(s nagle.Segment) string {
	line := wire.Segment{Seq: uint32(s.Seq), Len: s.Len}
	if s.FIN {
		line.Flags = wire.FIN
	}
	return line.String()
}

// An acker calls the candidate's at the clause's virtual time.
type acker struct {
	t *testing.T
	*nagle.Acker
}

func newAcker(t *testing.T, a *nagle.Acker) *acker {
	contract.Step(t, "an acker: Delay %v, MSS %d, Quick %d", a.Delay, a.MSS, a.Quick)
	return &acker{t, a}
}

func (a *acker) receive(n int, wantNow bool) {
	a.t.Helper()
	a.receiveAs(n, true, wantNow)
}

func (a *acker) receiveAs(n int, inOrder, wantNow bool) {
	a.t.Helper()
	contract.Step(a.t, "Receive %d octets, in order %v", n, inOrder)
	if got := a.Receive(time.Now(), n, inOrder); got != wantNow {
		contract.Mismatch(a.t, "whether an ACK must be sent now", fmt.Sprint(got), fmt.Sprint(wantNow))
	}
}

func (a *acker) sent() {
	contract.Step(a.t, "Sent")
	a.Sent()
}

// wantDue checks that an ACK waits and must be sent in, counted from now.
func (a *acker) wantDue(in time.Duration) {
	a.t.Helper()
	at, ok := a.Due()
	if !ok {
		contract.Mismatch(a.t, "Due", "no ACK waits", fmt.Sprintf("one waits, for %v more", in))
	}
	if got := time.Until(at); got != in {
		contract.Mismatch(a.t, "Due: how long the ACK waits from now on", got.String(), in.String())
	}
}

func (a *acker) wantNotDue() {
	a.t.Helper()
	if at, ok := a.Due(); ok {
		contract.Mismatch(a.t, "Due", fmt.Sprintf("an ACK waits, for %v more", time.Until(at)), "no ACK waits")
	}
}

// An exchange joins a sender and an acker by a link in virtual time: requests
// go one way, and the server answers when it has all of one.
type exchange struct {
	t      *testing.T
	oneWay time.Duration
	sender *nagle.Sender
	acker  *nagle.Acker

	underWay []arrival // in order of their times
	received int       // octets at the server
	requests int       // octets that the requests so far have
	answered bool
	segments int // with data, client to server
	acks     int // without data, server to client
}

// An arrival is something that will happen, most often at the other end.
type arrival struct {
	at   time.Time
	what func()
}

func newExchange(t *testing.T, oneWay time.Duration, o nagle.Options, a nagle.Acker) *exchange {
	return &exchange{t: t, oneWay: oneWay, sender: nagle.NewSender(o), acker: &a}
}

// request writes a request in the pieces given and returns how long the
// answer took.
func (x *exchange) request(pieces ...int) time.Duration {
	x.t.Helper()
	total := 0
	for _, n := range pieces {
		total += n
	}
	return x.ask(total, func() {
		for _, n := range pieces {
			x.send(x.sender.Write(n))
		}
	})
}

// ask has write send a request of n octets and returns how long the answer
// took.
func (x *exchange) ask(n int, write func()) time.Duration {
	x.t.Helper()
	x.requests += n
	x.answered = false
	start := time.Now()
	write()
	for range 10000 {
		if x.answered {
			return time.Since(start)
		}
		x.step()
	}
	contract.Failf(x.t, "after 10000 events there is no answer")
	return 0
}

// send is Write's counterpart on the wire.
func (x *exchange) send(segments []nagle.Segment) {
	for _, s := range segments {
		contract.Message(x.t, "client", "server", onWire(s), nil, false)
		x.segments++
		x.later(func() { x.arrive(s) })
	}
}

// Write lets a coalescer write to the sender.
func (x *exchange) Write(p []byte) (int, error) {
	x.send(x.sender.Write(len(p)))
	return len(p), nil
}

func (x *exchange) later(what func()) { x.after(x.oneWay, what) }

// after has what happen in d, behind what happens at the same time.
func (x *exchange) after(d time.Duration, what func()) {
	at := time.Now().Add(d)
	i := len(x.underWay)
	for i > 0 && x.underWay[i-1].at.After(at) {
		i--
	}
	x.underWay = slices.Insert(x.underWay, i, arrival{at, what})
}

// step lets time pass until the next thing happens.
func (x *exchange) step() {
	x.t.Helper()
	due, waits := x.acker.Due()
	if len(x.underWay) > 0 && (!waits || x.underWay[0].at.Before(due)) {
		next := x.underWay[0]
		x.underWay = x.underWay[1:]
		contract.Pass(time.Until(next.at))
		next.what()
		return
	}
	if !waits {
		contract.Failf(x.t, "awaited the answer: nothing is under way and no ACK waits, but the server has only %d of %d octets", x.received, x.requests)
	}
	contract.Pass(time.Until(due))
	x.reply(false)
}

// arrive is a segment's arrival at the server.
func (x *exchange) arrive(s nagle.Segment) {
	if s.Seq != x.received {
		contract.Mismatch(x.t, "the segments are not the stream in order", onWire(s), fmt.Sprintf("seq %d", x.received))
	}
	x.received += s.Len
	now := x.acker.Receive(time.Now(), s.Len, true)
	if x.received == x.requests {
		x.reply(true)
	} else if now {
		x.reply(false)
	}
}

// reply sends an ACK, alone or with the answer.
func (x *exchange) reply(answer bool) {
	s := wire.Segment{Ack: uint32(x.received), Flags: wire.ACK}
	if answer {
		s.Len = 1
	} else {
		x.acks++
	}
	contract.Message(x.t, "server", "client", s.String(), nil, false)
	x.acker.Sent()
	received := x.received
	x.later(func() {
		x.answered = x.answered || answer
		x.send(x.sender.Ack(received))
	})
}

func wantTook(t *testing.T, got, want time.Duration) {
	t.Helper()
	if got != want {
		contract.Mismatch(t, "how long the answer took", got.String(), want.String())
	}
}

// A writer keeps what is written to it. It may be told to fail.
type writer struct {
	t      *testing.T
	mu     sync.Mutex
	writes []string
	times  []time.Time
	busy   bool
	twice  bool  // it was called while it was busy
	take   int   // if err or short: how many octets it takes
	err    error // what it returns
	short  bool
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.twice = w.twice || w.busy
	w.busy = true
	w.writes = append(w.writes, string(p))
	w.times = append(w.times, time.Now())
	n, err := len(p), w.err
	if err != nil || w.short {
		n = min(n, w.take)
	}
	contract.Message(w.t, "coalescer", "w", wire.Text{}.Describe(append([]byte("write "), p...))[0], nil, err != nil || w.short)
	w.mu.Unlock()
	for range 20 {
		runtime.Gosched() // a moment for a second writer to come in
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy = false
	return n, err
}

// answer sets what w returns from now on: an error, and not all that it was
// given.
func (w *writer) answer(err error, short bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err, w.short = err, short
}

func (w *writer) wantWrites(want ...string) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if got := fmt.Sprintf("%q", w.writes); got != fmt.Sprintf("%q", want) {
		contract.Mismatch(w.t, "what was written to w so far, write by write", got, fmt.Sprintf("%q", want))
	}
}

// write writes p to a coalescer that takes all of it.
func write(t *testing.T, c io.Writer, p string) {
	t.Helper()
	contract.Step(t, "Write(%q)", p)
	n, err := c.Write([]byte(p))
	wantNoError(t, "Write", err)
	if n != len(p) {
		contract.Failf(t, "Write returned %d, want %d", n, len(p))
	}
}

func wantNoError(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		contract.Failf(t, "%s returned an error: %v", what, err)
	}
}

func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		contract.Mismatch(t, what+" returned the wrong error", fmt.Sprint(err), want.Error())
	}
}

// switched is a connection that remembers how it was switched.
type switched struct {
	net.Conn
	calls []bool
	err   error
}

func (c *switched) SetNoDelay(on bool) error {
	c.calls = append(c.calls, on)
	return c.err
}

func (c *switched) wantNoDelay(t *testing.T, want bool) {
	t.Helper()
	if len(c.calls) == 0 {
		contract.Failf(t, "SetNoDelay was not called")
	}
	if got := c.calls[len(c.calls)-1]; got != want {
		contract.Mismatch(t, "the argument of SetNoDelay", fmt.Sprint(got), fmt.Sprint(want))
	}
}
