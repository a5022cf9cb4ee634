package nagle_test

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/execution/nagle"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/loopback"
)

// Nagle's algorithm: a small segment goes when nothing is in flight, be it
// small or full-sized, sent now or before. RFC 9293 §3.7.4 SHOULD
func TestNagle(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1220})
		s.write(0)
		s.write(1, "0:1")
		s.write(1218)
		s.write(1)
		s.write(1, "1:1221")
		s.write(7)
		s.ack(1)
		s.write(2000, "1221:2441")
		s.ack(2441, "2441:3228")
		s.ack(3228)
		contract.Step(t, "nothing is in flight: full-sized segments, and a rest behind them")
		s.write(2*1220+9, "3228:4448", "4448:5668")
		s.ack(4448)
		s.ack(5668, "5668:5677")
	})
}

// Minshall's variant: only a small segment in flight holds the next one.
// draft-minshall-nagle-01
func TestMinshall(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1220, Minshall: true})
		s.write(2*1220+9, "0:1220", "1220:2440", "2440:2449")
		s.write(30)
		s.ack(2440)
		s.write(1300, "2449:3669")
		contract.Step(t, "the small one is acknowledged, the full-sized one behind it is not")
		s.ack(2449, "3669:3779")
		s.write(1220, "3779:4999")
		s.write(5)
		s.ack(3669)
		s.ack(4000, "4999:5004")
		contract.Step(t, "a full-sized segment that was filled from two writes is not small")
		s.ack(5004)
		s.cork(true)
		s.write(20)
		s.write(1200, "5004:6224")
		s.cork(false)
		s.write(8, "6224:6232")
	})
}

// With a cork only full-sized segments go, even if nothing is in flight and
// whatever else is set; without it the other options decide again. README
func TestCork(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, o := range []nagle.Options{{MSS: 900}, {MSS: 900, NoDelay: true}, {MSS: 900, Minshall: true}} {
			s := newSender(t, o)
			s.cork(true)
			s.write(60)
			s.write(839)
			s.write(2, "0:900")
			s.ack(900)
			s.write(70)
			contract.Control(t, "nothing is in flight: the rest goes with the cork")
			s.cork(false, "900:971")
			s.ack(971)
			s.write(33, "971:1004")
			s.cork(false)
		}
	})
}

// Taking the cork out is no push: what Nagle's algorithm would hold stays.
// README
func TestUncorkIsNoPush(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 900})
		s.write(50, "0:50")
		s.cork(true)
		s.write(60)
		s.cork(false)
		s.write(10)
		s.ack(50, "50:120")
		s = newSender(t, nagle.Options{MSS: 900, Minshall: true})
		s.cork(true)
		s.write(1000, "0:900")
		contract.Control(t, "Minshall: a full-sized segment in flight holds nothing")
		s.cork(false, "900:1000")
		s.cork(true)
		s.write(40)
		s.cork(false)
		s.ack(1000, "1000:1040")
		s = newSender(t, nagle.Options{MSS: 900, NoDelay: true})
		s.write(50, "0:50")
		s.cork(true)
		s.write(60)
		contract.Control(t, "NoDelay: what is in flight does not matter")
		s.cork(false, "50:110")
	})
}

// NoDelay, set midway, lets go what is held; taken back, it holds again.
// RFC 9293 §3.7.4 MUST
func TestNoDelayMidway(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, minshall := range []bool{false, true} {
			s := newSender(t, nagle.Options{MSS: 1380, Minshall: minshall})
			s.write(90, "0:90")
			s.write(91)
			s.noDelay(true, "90:181")
			s.write(92, "181:273")
			s.noDelay(true)
			s.noDelay(false)
			s.write(93)
			contract.Step(t, "the first of three small segments is acknowledged, then the second and the third")
			s.ack(90)
			s.ack(181)
			s.ack(273, "273:366")
		}
	})
}

// Under a cork NoDelay changes nothing; it is remembered. README
func TestNoDelayUnderACork(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 1380})
		s.write(25, "0:25")
		s.cork(true)
		s.noDelay(true)
		s.write(26)
		s.ack(25)
		s.write(27)
		s.cork(false, "25:78")
		s.write(28, "78:106")
	})
}

// One octet fewer than the MSS is a small segment; the MSS and its multiples
// are full-sized and leave nothing behind. RFC 9293 §3.7.4
func TestBordersOfTheMSS(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const mss = 512
		for _, o := range []nagle.Options{{MSS: mss}, {MSS: mss, Minshall: true}, {MSS: mss, NoDelay: true}} {
			for _, n := range []int{mss - 1, mss, mss + 1, 2*mss - 1, 2 * mss, 2*mss + 1, 5 * mss} {
				s := newSender(t, o)
				s.write(1, "0:1")
				var full []string
				for at := 1; at+mss <= n+1; at += mss {
					full = append(full, fmt.Sprintf("%d:%d", at, at+mss))
				}
				rest := []string{fmt.Sprintf("%d:%d", 1+n/mss*mss, 1+n)}
				if n%mss == 0 {
					rest = nil
				}
				if o.NoDelay {
					s.write(n, slices.Concat(full, rest)...)
					continue
				}
				s.write(n, full...)
				s.ack(1+n/mss*mss, rest...)
			}
		}
	})
}

// The MSS is 536 octets if nobody says otherwise. RFC 9293 §3.7.1
func TestDefaultMSS(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{})
		s.write(1, "0:1")
		s.write(535)
		s.write(1, "1:537")
		a := newAcker(t, &nagle.Acker{})
		a.receive(1071, false)
		a.receive(1, true)
	})
}

// An ACK that repeats an earlier one, is older, or speaks of octets that have
// not been sent, changes nothing. RFC 9293 §3.10.7.4
func TestAcksThatSayNothing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := newSender(t, nagle.Options{MSS: 700})
		s.write(10, "0:10")
		s.ack(10)
		s.write(20, "10:30")
		s.write(5)
		for _, n := range []int{10, 0, 3, 31, 35, 36, 1 << 30} {
			s.ack(n)
		}
		contract.Step(t, "half of the segment that is in flight")
		s.ack(29)
		contract.Fence(t, "all of it")
		s.ack(30, "30:35")
		s.ack(35)
		s.ack(12)
		s.write(6, "35:41")
		s = newSender(t, nagle.Options{MSS: 700, Minshall: true})
		s.write(705, "0:700", "700:705")
		s.write(3)
		for _, n := range []int{700, 704, 706, 708} {
			s.ack(n)
		}
		contract.Fence(t, "all of it, with Minshall")
		s.ack(705, "705:708")
	})
}

// Close sends what is held at once, whatever the options, with the FIN on it;
// if nothing is held the FIN goes alone. After it nothing is sent. README
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, o := range []nagle.Options{{MSS: 640}, {MSS: 640, Minshall: true}} {
			s := newSender(t, o)
			s.write(10, "0:10")
			s.write(639)
			s.close("10:649 FIN")
			s.write(2000)
			s.ack(649)
			s.noDelay(true)
			s.cork(true)
			s.cork(false)
			s.close()
		}
		s := newSender(t, nagle.Options{MSS: 640})
		s.cork(true)
		s.write(641, "0:640")
		s.close("640:641 FIN")
		contract.Step(t, "nothing is held")
		s = newSender(t, nagle.Options{MSS: 640})
		s.write(640, "0:640")
		s.close("640:640 FIN")
		s.write(1)
		s.close()
		s = newSender(t, nagle.Options{MSS: 640})
		s.close("0:0 FIN")
	})
}

// Whatever is written and acknowledged, the segments are those of the rule:
// every octet once, in order, in full-sized segments at once, and in a small
// one when the option lets it. RFC 9293 §3.7.4
func TestRandomScripts(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for i := range 24 {
			o := nagle.Options{MSS: 2 + rnd.IntN(1500), NoDelay: i%3 == 1, Minshall: i%3 == 2}
			runScript(t, rnd, o, false)
		}
	})
}

// The same, with options that change midway. README
func TestRandomSettings(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		for i := range 24 {
			o := nagle.Options{MSS: 2 + rnd.IntN(1500), NoDelay: rnd.IntN(4) == 0, Minshall: i%2 == 1}
			runScript(t, rnd, o, true)
		}
	})
}

// runScript plays a random script to a sender and to the model.
func runScript(t *testing.T, rnd *rand.Rand, o nagle.Options, settings bool) {
	t.Helper()
	contract.Step(t, "a random script: %+v", o)
	s, m := nagle.NewSender(o), &model{Options: o}
	var script []string
	for range 80 {
		var name string
		var got []nagle.Segment
		switch k := rnd.IntN(10); {
		case k < 5 || !settings && k > 7:
			n := []int{1, 1 + rnd.IntN(o.MSS), o.MSS - 1, o.MSS, o.MSS + 1, rnd.IntN(4 * o.MSS), 3*o.MSS - m.held()}[rnd.IntN(7)]
			name, got = fmt.Sprintf("Write(%d)", n), s.Write(n)
			m.written += n
		case k < 8:
			n := []int{m.sent, m.una + rnd.IntN(m.sent-m.una+1), m.boundary(rnd), m.una, m.sent + 1 + rnd.IntN(9)}[rnd.IntN(5)]
			name, got = fmt.Sprintf("Ack(%d)", n), s.Ack(n)
			m.ack(n)
		case k == 8:
			on := rnd.IntN(2) == 0
			name, got = fmt.Sprintf("SetCork(%v)", on), s.SetCork(on)
			m.cork = on
		case m.cork && m.held() > 0: // not judged
			continue
		default:
			on := rnd.IntN(2) == 0
			name, got = fmt.Sprintf("SetNoDelay(%v)", on), s.SetNoDelay(on)
			m.NoDelay = on
		}
		want := m.goes()
		script = append(script, name+" → "+orNone(render(want)))
		wantOfScript(t, script, got, want)
	}
	contract.Fence(t, "everything is acknowledged, then Close")
	all := m.sent
	m.ack(all)
	want := m.goes()
	wantOfScript(t, append(script, "Ack of all"), s.Ack(all), want)
	last := nagle.Segment{Seq: m.sent, Len: m.held(), FIN: true}
	wantOfScript(t, append(script, "Ack of all", "Close"), s.Close(), []nagle.Segment{last})
}

func wantOfScript(t *testing.T, script []string, got, want []nagle.Segment) {
	t.Helper()
	if !slices.Equal(got, want) {
		contract.Mismatch(t, "not the segments that are to be sent, after\n  "+strings.Join(script[max(0, len(script)-12):], "\n  "),
			orNone(render(got)), orNone(render(want)))
	}
}

// A model is the rule, word by word and with no thought of cost: it keeps
// every segment that is not acknowledged.
type model struct {
	nagle.Options
	cork               bool
	una, sent, written int
	inFlight           []nagle.Segment
}

func (m *model) held() int { return m.written - m.sent }

// boundary returns the end of a segment that is in flight.
func (m *model) boundary(rnd *rand.Rand) int {
	if len(m.inFlight) == 0 {
		return m.una
	}
	s := m.inFlight[rnd.IntN(len(m.inFlight))]
	return s.Seq + s.Len
}

func (m *model) ack(n int) {
	if n > m.sent {
		return
	}
	m.una = max(m.una, n)
	m.inFlight = slices.DeleteFunc(m.inFlight, func(s nagle.Segment) bool { return s.Seq+s.Len <= m.una })
}

func (m *model) goes() (segments []nagle.Segment) {
	for m.held() > 0 {
		s := nagle.Segment{Seq: m.sent, Len: min(m.held(), m.MSS)}
		if s.Len < m.MSS && m.holds() {
			break
		}
		m.sent += s.Len
		m.inFlight = append(m.inFlight, s)
		segments = append(segments, s)
	}
	return segments
}

// holds reports whether a small segment must wait.
func (m *model) holds() bool {
	switch {
	case m.cork:
		return true
	case m.NoDelay:
		return false
	case m.Minshall:
		return slices.ContainsFunc(m.inFlight, func(s nagle.Segment) bool { return s.Len < m.MSS })
	}
	return len(m.inFlight) > 0
}

// Somebody who types costs one segment a round trip, not one an octet. RFC 896
func TestTyping(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			o        nagle.Options
			segments int
		}{{nagle.Options{NoDelay: true}, 20}, {nagle.Options{}, 7}, {nagle.Options{Minshall: true}, 7}} {
			contract.Step(t, "%+v: 20 octets, one each 31 ms, with a round trip of 100 ms", c.o)
			x := newExchange(t, 50*time.Millisecond, c.o, nagle.Acker{Quick: 100})
			x.ask(20, func() {
				for i := range 20 {
					x.after(time.Duration(i)*31*time.Millisecond, func() { x.send(x.sender.Write(1)) })
				}
			})
			if x.segments != c.segments {
				contract.Mismatch(t, "segments from the client", fmt.Sprint(x.segments), fmt.Sprint(c.segments))
			}
		}
	})
}

// The delay counts from the first segment that waits for its ACK and is not
// renewed by later ones. RFC 5681 §4.2 MUST
func TestDelayCountsFromTheFirstSegment(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1460, Delay: 70 * time.Millisecond})
		a.wantNotDue()
		for _, wait := range []time.Duration{70, 51, 38} {
			a.receive(200, false)
			a.wantDue(wait * time.Millisecond)
			contract.Pass(13 * time.Millisecond)
			if wait == 70 {
				contract.Pass(6 * time.Millisecond)
			}
		}
		contract.Pass(25 * time.Millisecond)
		a.wantDue(0)
		a.sent()
		a.wantNotDue()
		contract.Step(t, "the next one has a delay of its own")
		contract.Pass(9 * time.Millisecond)
		a.receive(200, false)
		a.wantDue(70 * time.Millisecond)
	})
}

// An ACK is sent at once when twice MSS octets or more wait for it, in however
// many segments. RFC 5681 §4.2 SHOULD
func TestTwiceTheMSS(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range [][]int{{1100, 1100}, {1100, 1099, 1}, {300, 400, 500, 600, 399, 1}, {2200}, {1099, 1101}, {1000, 1, 3000}} {
			a := newAcker(t, &nagle.Acker{MSS: 1100})
			for range 2 { // each time from the start
				for i, n := range c {
					a.receive(n, i == len(c)-1)
				}
				a.sent()
				a.wantNotDue()
			}
		}
	})
}

// A segment behind a gap, in one, or seen before is acknowledged at once. RFC
// 5681 §4.2 SHOULD
func TestDisorderIsAcknowledgedAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1460})
		contract.Control(t, "in order")
		a.receiveAs(100, true, false)
		a.receiveAs(120, false, true)
		a.sent()
		a.wantNotDue()
		a.receiveAs(1, false, true)
		a.sent()
		contract.Control(t, "in order again")
		a.receiveAs(1460, true, false)
		a.wantDue(40 * time.Millisecond)
	})
}

// Data carries the acknowledgment: after it no ACK waits, and nothing of what
// it has acknowledged counts any more. RFC 1122 §4.2.3.2
func TestAnswerCarriesTheAck(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1000})
		contract.Step(t, "something is sent before anything came")
		a.sent()
		a.wantNotDue()
		a.receive(999, false)
		contract.Pass(11 * time.Millisecond)
		a.wantDue(29 * time.Millisecond)
		a.sent()
		a.wantNotDue()
		a.receive(1500, false)
		a.wantDue(40 * time.Millisecond)
		a.receive(500, true)
	})
}

// An ACK waits less than half a second, whatever is asked for. RFC 9293
// §3.8.6.3 MUST
func TestLessThanHalfASecond(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ delay, want time.Duration }{{0, 40}, {1, 1}, {200, 200}, {498, 498}, {499, 499}, {500, 499}, {3600_000, 499}} {
			a := newAcker(t, &nagle.Acker{MSS: 1000, Delay: c.delay * time.Millisecond})
			a.receive(10, false)
			a.wantDue(c.want * time.Millisecond)
		}
	})
}

// The first segments of a connection are acknowledged at once, as many as
// Quick says. README
func TestQuick(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1000, Quick: 3})
		a.receive(0, false)
		a.receive(1, true)
		a.sent()
		a.wantNotDue()
		a.receiveAs(1000, false, true)
		a.sent()
		a.receive(0, false)
		a.receive(5, true)
		a.sent()
		for range 3 {
			a.receive(6, false)
			a.wantDue(40 * time.Millisecond)
			a.sent()
		}
	})
}

// A segment without data is not acknowledged: an ACK for each ACK would never
// end. README
func TestAcksAreNotAcknowledged(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		a := newAcker(t, &nagle.Acker{MSS: 1000})
		a.receive(0, false)
		a.wantNotDue()
		contract.Pass(5 * time.Millisecond)
		contract.Control(t, "one with data")
		a.receive(1, false)
		contract.Pass(5 * time.Millisecond)
		a.receive(0, false)
		a.wantDue(35 * time.Millisecond)
	})
}

// The answer to a request in two small writes takes the acknowledgment's delay
// and two round trips, each time, whatever the delay and the distance. README
func TestStallIsTheDelay(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const ms = time.Millisecond
		for _, c := range []struct {
			delay, oneWay time.Duration
			o             nagle.Options
		}{{40 * ms, 13 * ms, nagle.Options{}}, {200 * ms, 30 * ms, nagle.Options{}}, {17 * ms, 50 * time.Microsecond, nagle.Options{MSS: 1300, Minshall: true}}} {
			contract.Step(t, "Delay %v, %v one way, %+v", c.delay, c.oneWay, c.o)
			x := newExchange(t, c.oneWay, c.o, nagle.Acker{Delay: c.delay, MSS: c.o.MSS})
			for range 3 {
				wantTook(t, x.request(110, 220), c.delay+4*c.oneWay)
			}
			contract.Step(t, "in three writes: the second and the third go together")
			wantTook(t, x.request(110, 120, 130), c.delay+4*c.oneWay)
			contract.Step(t, "nine hundred octets in 90 writes")
			wantTook(t, x.request(slices.Repeat([]int{5}, 90)...), c.delay+4*c.oneWay)
			wantTraffic(t, x, 10, 5)
		}
		contract.Step(t, "one write of a full-sized segment and a rest: it waits too, with Nagle's algorithm")
		x := newExchange(t, 13*ms, nagle.Options{MSS: 1300}, nagle.Acker{MSS: 1300})
		wantTook(t, x.request(1301), 40*ms+4*13*ms)
		contract.Step(t, "two full-sized segments and a rest: a round trip more, but no delay")
		wantTook(t, x.request(2601), 4*13*ms)
		wantTraffic(t, x, 5, 2)
	})
}

// There is no stall without Nagle's algorithm, with one write, with a
// coalescer, nor with Minshall's variant behind a full-sized segment. README
func TestWaysOutOfTheStall(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const oneWay = 19 * time.Millisecond
		for _, c := range []struct {
			name     string
			o        nagle.Options
			pieces   []int
			segments int
		}{
			{"NoDelay", nagle.Options{MSS: 1240, NoDelay: true}, []int{110, 220}, 2},
			{"one write", nagle.Options{MSS: 1240}, []int{330}, 1},
			{"Minshall", nagle.Options{MSS: 1240, Minshall: true}, []int{1241}, 2},
			{"Minshall, full-sized and small", nagle.Options{MSS: 1240, Minshall: true}, []int{1240, 30}, 2},
		} {
			contract.Step(t, "%s: %v", c.name, c.pieces)
			x := newExchange(t, oneWay, c.o, nagle.Acker{MSS: 1240})
			for range 3 {
				wantTook(t, x.request(c.pieces...), 2*oneWay)
			}
			wantTraffic(t, x, 3*c.segments, 0)
		}
		contract.Step(t, "a coalescer: three writes, then Flush")
		x := newExchange(t, oneWay, nagle.Options{MSS: 1240}, nagle.Acker{MSS: 1240})
		w := nagle.NewCoalescer(x, 4096, time.Second)
		defer w.Close()
		for range 3 {
			took := x.ask(330, func() {
				for _, n := range []int{110, 120, 100} {
					write(t, w, strings.Repeat("x", n))
				}
				wantNoError(t, "Flush", w.Flush())
			})
			wantTook(t, took, 2*oneWay)
		}
		wantTraffic(t, x, 3, 0)
	})
}

// Where the first segment is acknowledged at once, the first request costs one
// round trip more and no delay; those after it wait. README
func TestFirstRequestIsFast(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const oneWay = 11 * time.Millisecond
		x := newExchange(t, oneWay, nagle.Options{}, nagle.Acker{Quick: 1})
		contract.Step(t, "the first request")
		wantTook(t, x.request(100, 200), 4*oneWay)
		for range 3 {
			contract.Step(t, "another")
			wantTook(t, x.request(100, 200), 4*oneWay+40*time.Millisecond)
		}
		wantTraffic(t, x, 8, 4)
	})
}

func wantTraffic(t *testing.T, x *exchange, segments, acks int) {
	t.Helper()
	if x.segments != segments || x.acks != acks {
		contract.Mismatch(t, "what crossed the link", fmt.Sprintf("%d segments with data from the client, %d ACKs without from the server", x.segments, x.acks),
			fmt.Sprintf("%d segments with data from the client, %d ACKs without from the server", segments, acks))
	}
}

// As soon as limit octets or more are held, all of them go in one write, with
// what does not fit. README
func TestLimit(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 8, time.Second)
		defer c.Close()
		write(t, c, "abc")
		write(t, c, "defg")
		w.wantWrites()
		write(t, c, "h")
		w.wantWrites("abcdefgh")
		write(t, c, "i")
		write(t, c, "jklmnopqrstuvwxyz")
		w.wantWrites("abcdefgh", "ijklmnopqrstuvwxyz")
		long := strings.Repeat("0123456789", 900)
		write(t, c, long)
		write(t, c, "12345678")
		w.wantWrites("abcdefgh", "ijklmnopqrstuvwxyz", long, "12345678")
		write(t, c, "1234567")
		contract.Fence(t, "Flush")
		wantNoError(t, "Flush", c.Flush())
		w.wantWrites("abcdefgh", "ijklmnopqrstuvwxyz", long, "12345678", "1234567")
	})
}

// What is held goes when the delay is over that began with its first octet,
// not before and not after; later octets do not renew it. README
func TestHeldNoLongerThanTheDelay(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 1000, 50*time.Millisecond)
		defer c.Close()
		contract.Pass(20 * time.Millisecond)
		start := time.Now()
		write(t, c, "")
		contract.Pass(10 * time.Millisecond)
		for range 9 {
			write(t, c, ".")
			contract.Pass(7 * time.Millisecond)
		}
		contract.Pass(time.Second)
		w.wantWrites("........", ".")
		for i, want := range []time.Duration{60, 116} {
			if got := w.times[i].Sub(start); got != want*time.Millisecond {
				contract.Mismatch(t, fmt.Sprintf("when write %d came to w", i+1), got.String(), (want * time.Millisecond).String())
			}
		}
	})
}

// What Flush or the limit has sent has no delay left: the next octet begins a
// new one. Nothing held is nothing written. README
func TestEachBatchHasItsDelay(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 10, 50*time.Millisecond)
		defer c.Close()
		flush := func() {
			contract.Step(t, "Flush")
			wantNoError(t, "Flush", c.Flush())
		}
		flush()
		write(t, c, "one")
		contract.Pass(30 * time.Millisecond)
		flush()
		flush()
		w.wantWrites("one")
		write(t, c, "two")
		contract.Pass(30 * time.Millisecond)
		w.wantWrites("one")
		write(t, c, "two and more")
		w.wantWrites("one", "twotwo and more")
		write(t, c, "three")
		contract.Pass(49 * time.Millisecond)
		w.wantWrites("one", "twotwo and more")
		contract.Fence(t, "its delay is over, then a second passes")
		contract.Pass(2 * time.Millisecond)
		w.wantWrites("one", "twotwo and more", "three")
		contract.Pass(time.Second)
		w.wantWrites("one", "twotwo and more", "three")
	})
}

// With a delay of 0 or less nothing is held, and with a limit of 0 or less
// neither. README
func TestNothingIsHeldWithoutDelay(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, delay := range []time.Duration{0, -time.Second} {
			w := &writer{t: t}
			contract.Step(t, "delay %v", delay)
			c := nagle.NewCoalescer(w, 1000, delay)
			defer c.Close()
			write(t, c, "a")
			w.wantWrites("a")
			write(t, c, "")
			write(t, c, "bc")
			w.wantWrites("a", "bc")
		}
		contract.Control(t, "delay 1 h")
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 1000, time.Hour)
		defer c.Close()
		write(t, c, "a")
		w.wantWrites()
	})
}

// Write keeps a copy of what it is given. README
func TestWriteCopies(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 1000, time.Second)
		defer c.Close()
		p := []byte("first ")
		for _, s := range []string{"first ", "second"} {
			copy(p, s)
			contract.Step(t, "Write(%q) from one buffer", s)
			_, err := c.Write(p)
			wantNoError(t, "Write", err)
		}
		copy(p, "wrong!")
		contract.Step(t, "Flush")
		wantNoError(t, "Flush", c.Flush())
		w.wantWrites("first second")
		copy(p, "third ")
		contract.Step(t, "Write(%q), then the buffer is used again until the delay is over", p)
		_, err := c.Write(p)
		wantNoError(t, "Write", err)
		copy(p, "wrong!")
		contract.Pass(2 * time.Second)
		w.wantWrites("first second", "third ")
	})
}

var errDisk = errors.New("the line is cut")

// An error of w is for good: whoever brought it about or comes later is told,
// and nothing is written to w any more. README
func TestErrorIsForGood(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, during := range []struct {
			name string
			fail func(c *nagle.Coalescer) error
		}{
			{"Flush", func(c *nagle.Coalescer) error { return c.Flush() }},
			{"Write", func(c *nagle.Coalescer) error { _, err := c.Write([]byte("and the rest of it")); return err }},
			{"the delay", func(*nagle.Coalescer) error { contract.Pass(2 * time.Second); return errDisk }},
			{"Close", func(c *nagle.Coalescer) error { return c.Close() }},
		} {
			w := &writer{t: t}
			c := nagle.NewCoalescer(w, 10, time.Second)
			contract.Control(t, "nothing is wrong yet")
			write(t, c, "fine")
			wantNoError(t, "Flush", c.Flush())
			write(t, c, "held")
			w.answer(errDisk, false)
			contract.Step(t, "w fails during %s", during.name)
			wantError(t, during.name, during.fail(c), errDisk)
			contract.Step(t, "w is mended, but the stream is not: Write, Flush, Close, Write, Flush")
			w.answer(nil, false)
			n, err := c.Write([]byte("lost"))
			wantError(t, "Write", err, errDisk)
			if n != 0 {
				contract.Failf(t, "Write after the error returned %d, want 0", n)
			}
			wantError(t, "Flush", c.Flush(), errDisk)
			for range 2 {
				wantError(t, "Close", c.Close(), errDisk)
			}
			_, err = c.Write([]byte("a longer one that reaches the limit"))
			wantError(t, "Write after Close", err, errDisk)
			wantError(t, "Flush after Close", c.Flush(), errDisk)
			contract.Pass(5 * time.Second)
			if len(w.writes) != 2 {
				contract.Failf(t, "w was written to %d times, want 2: %q", len(w.writes), w.writes)
			}
		}
	})
}

// A short write is an error, and Write says how many of its own octets were
// taken. README
func TestShortWrite(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct {
			take, want int
			err        error
		}{{0, 0, nil}, {3, 0, nil}, {4, 0, errDisk}, {5, 1, nil}, {9, 5, errDisk}, {11, 7, nil}} {
			w := &writer{t: t, take: c.take, short: true, err: c.err}
			coalescer := nagle.NewCoalescer(w, 10, time.Second)
			write(t, coalescer, "held")
			contract.Step(t, "Write(12345678); w takes %d octets of 12 and returns %v", c.take, c.err)
			n, err := coalescer.Write([]byte("12345678"))
			want := c.err
			if want == nil {
				want = io.ErrShortWrite
			}
			wantError(t, "Write", err, want)
			if n != c.want {
				contract.Mismatch(t, "how many of its octets Write says were taken", fmt.Sprint(n), fmt.Sprint(c.want))
			}
			w.answer(nil, false)
			wantError(t, "Flush", coalescer.Flush(), want)
			wantError(t, "Close", coalescer.Close(), want)
			w.wantWrites("held12345678")
		}
		contract.Step(t, "a short write during Flush")
		w := &writer{t: t, take: 2, short: true}
		c := nagle.NewCoalescer(w, 10, time.Second)
		write(t, c, "held")
		wantError(t, "Flush", c.Flush(), io.ErrShortWrite)
		wantError(t, "Close", c.Close(), io.ErrShortWrite)
		w.wantWrites("held")
	})
}

// Close writes what is held and leaves w open and alone; after it nothing is
// accepted. README
func TestCloseOfACoalescer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		w := &closer{writer: writer{t: t}}
		c := nagle.NewCoalescer(w, 1000, 50*time.Millisecond)
		write(t, c, "the last words")
		w.wantWrites()
		contract.Step(t, "Close")
		wantNoError(t, "Close", c.Close())
		w.wantWrites("the last words")
		contract.Step(t, "Write, Flush and Close again")
		n, err := c.Write([]byte("too late"))
		wantError(t, "Write after Close", err, nagle.ErrClosed)
		if n != 0 {
			contract.Failf(t, "Write after Close returned %d, want 0", n)
		}
		wantError(t, "Flush after Close", c.Flush(), nagle.ErrClosed)
		wantNoError(t, "the second Close", c.Close())
		contract.Pass(time.Second)
		w.wantWrites("the last words")
		if w.closed {
			contract.Failf(t, "w was closed")
		}
		contract.Step(t, "a coalescer that holds nothing, and one that was never used")
		for _, s := range []string{"ten octets", ""} {
			w := &writer{t: t}
			c := nagle.NewCoalescer(w, 10, time.Second)
			write(t, c, s)
			wantNoError(t, "Close", c.Close())
			if len(w.writes) != min(1, len(s)) {
				contract.Failf(t, "w was written to %d times: %q", len(w.writes), w.writes)
			}
		}
	})
}

type closer struct {
	writer
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

// Many may write at once: each one's octets stay together and in its order,
// and w sees one write at a time. README
func TestConcurrentWrites(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const writers, messages = 8, 60
		contract.OneCPU(t) // or one may have done before the other begins
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 64, 10*time.Millisecond)
		defer c.Close()
		contract.Step(t, "%d goroutines write %d messages each, and one flushes", writers, messages)
		var running []*contract.Pending[error]
		for i := range writers {
			running = append(running, contract.Go("a writer to end", func() error {
				for j := range messages {
					if _, err := fmt.Fprintf(c, "<%d %d>", i, j); err != nil {
						return err
					}
					runtime.Gosched()
				}
				return nil
			}))
		}
		running = append(running, contract.Go("the flushing to end", func() error {
			for range messages {
				if err := c.Flush(); err != nil {
					return err
				}
				runtime.Gosched()
			}
			return nil
		}))
		for _, r := range running {
			wantNoError(t, "Write or Flush", r.Await(t))
		}
		contract.Step(t, "Close")
		wantNoError(t, "Close", c.Close())
		if w.twice {
			contract.Failf(t, "w was called while it was still writing")
		}
		next := make([]int, writers)
		for message := range strings.SplitSeq(strings.TrimSuffix(strings.Join(w.writes, ""), ">"), ">") {
			var i, j int
			if n, _ := fmt.Sscanf(message, "<%d %d", &i, &j); n != 2 || i >= writers || j != next[i] {
				contract.Failf(t, "among the octets at w: %q, which is no message, or not the next one of its writer", message+">")
			}
			next[i]++
		}
		for i, n := range next {
			if n != messages {
				contract.Failf(t, "of writer %d's %d messages %d came to w", i, messages, n)
			}
		}
	})
}

// One may close while others write: what Write has accepted comes to w, and
// nothing else, and nothing after Close has returned. README
func TestCloseWhileOthersWrite(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const writers, messages = 6, 80
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, 50, 10*time.Millisecond)
		defer c.Close()
		contract.Step(t, "%d goroutines write %d messages each; in the middle of its own the first one closes", writers, messages)
		var running []*contract.Pending[error]
		accepted := make([]int, writers)
		for i := range writers {
			running = append(running, contract.Go("a writer to end", func() error {
				for j := range messages {
					if i == 0 && j == messages/2 {
						if err := c.Close(); err != nil {
							return err
						}
					}
					n, err := fmt.Fprintf(c, "<%d>", i)
					accepted[i] += n / 3
					if err != nil && !errors.Is(err, nagle.ErrClosed) || (err == nil) != (n == 3) {
						return fmt.Errorf("Write returned %d, %w", n, err)
					}
				}
				return nil
			}))
		}
		for _, r := range running {
			wantNoError(t, "Write or Close", r.Await(t))
		}
		contract.Fence(t, "the delay passes")
		contract.Pass(time.Second)
		if accepted[0] != messages/2 {
			contract.Failf(t, "of the first one's messages %d were accepted, want the %d before Close", accepted[0], messages/2)
		}
		all := strings.Join(w.writes, "")
		for i, want := range accepted {
			if got := strings.Count(all, fmt.Sprintf("<%d>", i)); got != want {
				contract.Failf(t, "of writer %d's messages %d were accepted and %d came to w", i, want, got)
			}
		}
	})
}

// Whatever is written and when: every octet comes to w once and in order, none
// later than the delay, and w is not written to sooner than need be. README
func TestRandomWrites(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rnd := contract.Rand(t)
		const limit, delay = 100, 20*time.Millisecond + 500*time.Microsecond
		w := &writer{t: t}
		c := nagle.NewCoalescer(w, limit, delay)
		defer c.Close()
		contract.Step(t, "300 writes of random sizes at random times")
		var all, held []byte
		var since time.Time
		var want []string
		var times []time.Time
		gone := func(at time.Time) {
			if len(held) > 0 {
				want, times, held = append(want, string(held)), append(times, at), nil
			}
		}
		for i := range 300 {
			p := bytes.Repeat([]byte{byte('a' + i%26)}, []int{1, 1 + rnd.IntN(30), 1 + rnd.IntN(2*limit), limit - len(held)}[rnd.IntN(4)])
			n, err := c.Write(p)
			wantNoError(t, "Write", err)
			if n != len(p) {
				contract.Failf(t, "Write returned %d, want %d", n, len(p))
			}
			if len(held) == 0 {
				since = time.Now()
			}
			all, held = append(all, p...), append(held, p...)
			if len(held) >= limit {
				gone(time.Now())
			}
			// In whole milliseconds: never at the instant at which a delay ends.
			contract.Pass(time.Duration(rnd.IntN(12)*rnd.IntN(3)) * time.Millisecond)
			if time.Since(since) > delay {
				gone(since.Add(delay))
			}
		}
		contract.Fence(t, "Close")
		wantNoError(t, "Close", c.Close())
		gone(time.Now())
		contract.Bytes(t, "what came to w", []byte(strings.Join(w.writes, "")), all)
		for i := range max(len(want), len(w.writes)) {
			got, expected := describeWrite(w.writes, w.times, i), describeWrite(want, times, i)
			if got != expected {
				contract.Mismatch(t, fmt.Sprintf("write %d to w", i+1), got, expected)
			}
		}
	})
}

func describeWrite(writes []string, times []time.Time, i int) string {
	if i >= len(writes) {
		return "none"
	}
	return fmt.Sprintf("%d octets at %s: %q", len(writes[i]), times[i].Format("05.000000"), writes[i])
}

// The connection to switch is found beneath its wrappers, and its error is
// told; where there is none the error is ErrNoSwitch. README
func TestSwitchBeneathWrappers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, on := range []bool{true, false} {
			c := &switched{}
			contract.Step(t, "SetNagle(%v) of a connection in crypto/tls in two wrappers", on)
			wantNoError(t, "SetNagle", nagle.SetNagle(wrapper{inner: wrapper{inner: tls.Client(c, &tls.Config{})}}, on))
			c.wantNoDelay(t, !on)
			if len(c.calls) != 1 {
				contract.Failf(t, "SetNoDelay was called %d times, want once", len(c.calls))
			}
		}
		contract.Step(t, "a connection that fails")
		wantError(t, "SetNagle", nagle.SetNagle(wrapper{inner: &switched{err: errDisk}}, true), errDisk)
		contract.Step(t, "a wrapper that can be switched itself")
		both := &both{wrapper: wrapper{inner: &switched{err: errDisk}}}
		wantNoError(t, "SetNagle", nagle.SetNagle(both, true))
		both.wantNoDelay(t, false)
		for _, c := range []struct {
			name string
			conn net.Conn
		}{{"nothing", nil}, {"a wrapper of nothing", wrapper{}}, {"no TCP connection", &plain{}}, {"a wrapper of none", wrapper{inner: &plain{}}}} {
			contract.Step(t, "%s", c.name)
			wantError(t, "SetNagle", nagle.SetNagle(c.conn, true), nagle.ErrNoSwitch)
		}
	})
}

type plain struct{ net.Conn }

type wrapper struct {
	net.Conn
	inner net.Conn
}

func (w wrapper) NetConn() net.Conn { return w.inner }

type both struct {
	wrapper
	switched
}

func (b *both) Read(p []byte) (int, error)         { return 0, io.EOF }
func (b *both) Write(p []byte) (int, error)        { return 0, io.EOF }
func (b *both) Close() error                       { return nil }
func (b *both) LocalAddr() net.Addr                { return nil }
func (b *both) RemoteAddr() net.Addr               { return nil }
func (b *both) SetDeadline(t time.Time) error      { return nil }
func (b *both) SetReadDeadline(t time.Time) error  { return nil }
func (b *both) SetWriteDeadline(t time.Time) error { return nil }

// Go turns Nagle's algorithm off; what SetNagle sets is what the kernel has.
// README
func TestKernelHasIt(t *testing.T) {
	if !loopback.ReadsNoDelay {
		contract.Unsupported(t, "TCP_NODELAY cannot be read back on this system")
	}
	contract.Real(t, func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		contract.Require(t).NoError(err)
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		contract.Require(t).NoError(err)
		defer c.Close()
		wantNoDelay := func(want bool) {
			t.Helper()
			got, err := loopback.NoDelay(c.(*net.TCPConn))
			contract.Require(t).NoError(err)
			if got != want {
				contract.Mismatch(t, "TCP_NODELAY, as the kernel has it", fmt.Sprint(got), fmt.Sprint(want))
			}
		}
		contract.Control(t, "a connection as Go makes it")
		wantNoDelay(true)
		for _, on := range []bool{true, false, true} {
			contract.Step(t, "SetNagle(c, %v)", on)
			wantNoError(t, "SetNagle", nagle.SetNagle(c, on))
			wantNoDelay(!on)
			contract.Step(t, "SetNagle(tls.Client(c), %v)", !on)
			wantNoError(t, "SetNagle", nagle.SetNagle(tls.Client(c, &tls.Config{}), !on))
			wantNoDelay(on)
		}
	})
}
