package push_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/push"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

// A client that never reads holds up nobody: not its own Join, nor what is
// pushed to the others, nor who else joins. README
func TestNobodyWaitsForAClient(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		fast := s.join(t, "fast")
		contract.Step(t, "stuck joins and does not even read who is present")
		s.narrow("stuck")
		_, server := s.dial(t, "stuck")
		s.wantJoin(t, "stuck", server, nil)
		contract.Settle()
		late := s.join(t, "late")
		late.wantList(t, "fast", "late", "stuck")
		contract.Step(t, "events for all, and for stuck alone")
		s.broadcast(t, "one")
		s.send(t, "stuck", "two", nil)
		s.broadcast(t, "three")
		s.wantPresent(t, "fast", "late", "stuck")
		fast.wantEvents(t, "one", "three")
		late.wantEvents(t, "one", "three")
	})
}

// A client stays while Buffer frames wait behind the one that is being
// written, and leaves with the next: before the call returns, with its
// connection closed in the middle of the Write. A Buffer of 0 is
// DefaultBuffer. README
func TestLimit(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, buffer := range []int{2, 5, 0, -5} {
			limit := buffer
			if buffer <= 0 {
				limit = push.DefaultBuffer
			}
			s := open(t, push.Options{Buffer: buffer, Encode: text})
			fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
			contract.Control(t, "Buffer %d: one event is being written, %d wait", buffer, limit)
			var want []string
			for i := range 1 + limit {
				s.broadcast(t, i)
				want = append(want, fmt.Sprint(i))
			}
			s.wantPresent(t, "fast", "slow")
			s.wantLeft(t)
			contract.Step(t, "one event more")
			if err := contract.Call(t, "Broadcast to return", func() error { return s.hub.Broadcast("more") }); err != nil {
				contract.Failf(t, "Broadcast returned %v", err)
			}
			s.wantPresent(t, "fast")
			s.wantLeft(t, "slow ErrSlow")
			slow.wantEnd(t)
			contract.Fence(t, "and another, for who is left")
			s.broadcast(t, "last")
			fast.wantEvents(t, append(want, "more", "last")...)
			fast.wantList(t, "fast")
			s.stop()
		}
	})
}

// As many frames as Buffer says may come in one go for a client for whom
// nothing was waiting. README
func TestBurst(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, buffer := range []int{1, 7, 100} {
			s := open(t, push.Options{Buffer: buffer, Encode: text})
			ann, bob := s.join(t, "ann"), s.join(t, "bob")
			for range 3 {
				contract.Step(t, "%d events in one go", buffer)
				var want []string
				for i := range buffer {
					if err := s.hub.Broadcast(i); err != nil {
						contract.Failf(t, "Broadcast returned %v", err)
					}
					want = append(want, fmt.Sprint(i))
				}
				contract.Settle()
				s.wantPresent(t, "ann", "bob")
				ann.wantEvents(t, want...)
				bob.wantEvents(t, want...)
			}
			s.stop()
		}
	})
}

// Time plays no part: a client at its limit stays for as long as it likes, and
// gets everything once it reads. README
func TestTimePlaysNoPart(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 3, Encode: text})
		defer s.stop()
		fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
		for day := range 3 {
			contract.Step(t, "day %d: slow's buffer is filled, and it reads nothing", day)
			s.broadcast(t, 1, 2, 3, 4)
			fast.wantEvents(t, "1", "2", "3", "4")
			contract.Pass(24*time.Hour + 11*time.Minute + 3*time.Millisecond)
			s.wantPresent(t, "fast", "slow")
			contract.Step(t, "slow reads")
			slow.wantEvents(t, "1", "2", "3", "4")
			contract.Settle()
		}
		s.wantLeft(t)
	})
}

// A name is free the moment its owner was dropped, and who joins under it then
// has nothing to do with what becomes of the owner before. README
func TestNameIsFreeAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 3, Encode: text})
		defer s.stop()
		fast := s.join(t, "fast")
		s.joinSlow(t, "name")
		contract.Step(t, "name is dropped, and at once another joins under its name")
		s.broadcast(t, 1, 2, 3, 4)
		client, server := s.dial(t, "another")
		if err := s.hub.Broadcast(5); err != nil {
			contract.Failf(t, "Broadcast returned %v", err)
		}
		s.wantJoin(t, "name", server, nil)
		another := s.enter(t, "name", client)
		another.wantList(t, "fast", "name")
		s.wantPresent(t, "fast", "name")
		s.wantLeft(t, "name ErrSlow")
		contract.Step(t, "Broadcast")
		s.broadcast(t, 6)
		another.wantEvents(t, "6")
		fast.wantEvents(t, "1", "2", "3", "4", "5", "6")
		fast.wantList(t, "fast", "name")
		contract.Step(t, "the other one hangs up")
		client.Close()
		s.wantLeft(t, "name ErrSlow", "name ErrGone")
		s.wantPresent(t, "fast")
		fast.wantChanges(t, `LEAVE "name"`)
	})
}

// JOIN and LEAVE are frames like any other: they too can be one too many.
// README
func TestPresenceCanBeTooMuch(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 4, Encode: text})
		defer s.stop()
		fast := s.join(t, "fast")
		contract.Step(t, "full has room for no frame, brink for one; an event comes")
		s.joinSlow(t, "brink")
		s.joinSlow(t, "full") // JOIN for brink: its Write hangs
		s.broadcast(t, 1, 2, 3)
		s.send(t, "full", "for one alone", nil)
		contract.Settle()
		s.send(t, "full", "for one alone", nil)
		contract.Settle()
		s.wantPresent(t, "brink", "fast", "full")
		s.broadcast(t, 4)
		s.wantPresent(t, "fast")
		s.wantLeft(t, "full ErrSlow", "brink ErrSlow")
		fast.wantEvents(t, "1", "2", "3", "4")
		contract.Fence(t, "Broadcast")
		s.broadcast(t, 5)
		fast.wantEvents(t, "5")
		fast.wantList(t, "fast")
		contract.Step(t, "again has room for no frame; new joins")
		again := s.joinSlow(t, "again")
		s.broadcast(t, 1, 2, 3, 4, 5)
		s.wantPresent(t, "again", "fast")
		fresh := s.join(t, "fresh")
		s.wantPresent(t, "fast", "fresh")
		s.wantLeft(t, "full ErrSlow", "brink ErrSlow", "again ErrSlow")
		again.wantEnd(t)
		contract.Fence(t, "Broadcast")
		s.broadcast(t, 6)
		fresh.wantEvents(t, "6")
		fresh.wantList(t, "fast", "fresh")
		fast.wantEvents(t, "1", "2", "3", "4", "5", "6")
		fast.wantList(t, "fast", "fresh")
	})
}

// What clients have in common they get in the same order, also when an event
// makes somebody leave. README
func TestOneOrder(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 16, Encode: text})
		defer s.stop()
		var names []string
		for i := range 26 {
			names = append(names, string(rune('a'+i)))
		}
		contract.Rand(t).Shuffle(len(names), func(i, k int) { names[i], names[k] = names[k], names[i] })
		var readers []*guest
		for _, name := range names {
			readers = append(readers, s.join(t, name))
		}
		for _, name := range []string{"a slow one", "m slow one", "z slow one"} {
			contract.Step(t, "%s joins, is sent more than it takes, and one event for all", name)
			s.joinSlow(t, name)
			for range 17 {
				s.send(t, name, "x", nil)
				contract.Settle()
			}
			s.broadcast(t, "for all", "marker")
			var order []string
			for i, r := range readers {
				var got []string
				for len(got) == 0 || got[len(got)-1] != "EVENT marker" {
					if f := r.frame(t); f.who == "" || f.who == name {
						got = append(got, f.String())
					}
				}
				if i == 0 {
					order = got
				}
				if !slices.Equal(got, order) {
					contract.Mismatch(t, fmt.Sprintf("%s and %s got the same frames in different orders", r.name, readers[0].name), strings.Join(got, "\n"), strings.Join(order, "\n"))
				}
			}
			if want := []string{"EVENT for all", "EVENT marker", fmt.Sprintf("JOIN %q", name), fmt.Sprintf("LEAVE %q", name)}; !slices.Equal(slices.Sorted(slices.Values(order)), want) {
				contract.Mismatch(t, "the frames that "+readers[0].name+" got", strings.Join(order, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// Whatever is pushed by several goroutines while others join and leave, all
// clients get it in the same order, each goroutine's events in the order of
// its calls, and who joins late misses nothing from then on. README
func TestManyAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const goroutines, each, visitors = 4, 40, 8
		s := open(t, push.Options{Buffer: 1000, Encode: text})
		defer s.stop()
		stays := []*guest{s.join(t, "ann"), s.join(t, "bob"), s.join(t, "carol")}
		contract.Step(t, "dora joins while somebody asks who is present")
		client, server := s.dial(t, "dora")
		both := make(chan struct{}) // neither goroutine ends before both have called
		joined := contract.Go("Join to return", func() error { defer func() { <-both }(); return s.hub.Join("dora", server) })
		present := contract.Go("Present to return", func() []string { defer func() { <-both }(); return s.hub.Present() })
		contract.Settle()
		close(both)
		if err := joined.Await(t); err != nil {
			contract.Failf(t, "Join returned %v", err)
		}
		if got := present.Await(t); len(slices.DeleteFunc(got, func(name string) bool { return name == "dora" })) != 3 {
			contract.Failf(t, "Present returned %q, and ann, bob and carol were present", got)
		}
		stays = append(stays, s.enter(t, "dora", client))
		contract.Step(t, "%d goroutines broadcast %d events each, while %d visitors come and go", goroutines, each, visitors)
		var lines [][2]net.Conn
		for i := range visitors {
			client, server := s.dial(t, fmt.Sprint("visitor ", i))
			lines = append(lines, [2]net.Conn{client, server})
		}
		failed := make(chan error, 1000)
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				for i := range each {
					if err := s.hub.Broadcast(fmt.Sprintf("%d.%d", g, i)); err != nil {
						failed <- fmt.Errorf("Broadcast returned %w", err)
					}
				}
			})
		}
		all.Go(func() {
			for range each {
				if !slices.Contains(s.hub.Present(), "bob") {
					failed <- errors.New("Present left out bob, who was present all the time")
				}
			}
		})
		all.Go(func() {
			for i, line := range lines {
				if err := s.hub.Join(fmt.Sprint("visitor ", i), line[1]); err != nil {
					failed <- fmt.Errorf("Join returned %w", err)
				}
				if i%2 == 0 {
					line[0].(interface{ CloseWrite() error }).CloseWrite()
				}
			}
		})
		contract.Call(t, "the goroutines to end", func() struct{} { all.Wait(); return struct{}{} })
		if len(failed) > 0 {
			contract.Failf(t, "%v", <-failed)
		}
		contract.Settle()
		contract.Fence(t, "one more event for all")
		s.broadcast(t, "last")
		var order []string
		for i, g := range stays {
			got := g.framesUpTo(t, "EVENT last")
			if i == 0 {
				order = got[slices.Index(got, `JOIN "dora"`)+1:]
			}
			if got := got[max(0, len(got)-len(order)):]; !slices.Equal(got, order) {
				contract.Mismatch(t, g.name+" and ann got the same frames in different orders", strings.Join(got, "\n"), strings.Join(order, "\n"))
			}
			g.wantList(t, "ann", "bob", "carol", "dora", "visitor 1", "visitor 3", "visitor 5", "visitor 7")
		}
		next := map[string]int{}
		for _, f := range order {
			g, i, ok := strings.Cut(strings.TrimPrefix(f, "EVENT "), ".")
			if !ok {
				continue
			}
			if i != fmt.Sprint(next[g]) {
				contract.Mismatch(t, "the next event of goroutine "+g, i, fmt.Sprint(next[g]))
			}
			next[g]++
		}
		for g := range goroutines {
			if n := next[fmt.Sprint(g)]; n != each {
				contract.Failf(t, "ann got %d of the %d events of goroutine %d", n, each, g)
			}
		}
		for i := 1; i < visitors; i += 2 {
			name := fmt.Sprint("visitor ", i)
			contract.Step(t, "what %s got", name)
			v := s.enter(t, name, lines[i][0])
			got := v.framesUpTo(t, "EVENT last")
			want := order[slices.Index(order, fmt.Sprintf("JOIN %q", name))+1:]
			if !slices.Equal(got, want) {
				contract.Mismatch(t, "the frames for "+name, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
		}
	})
}

// A client that ends its side of the connection, or breaks it, has gone: at
// once, without anything being written. README
func TestGone(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, way := range []struct {
			name string
			do   func(c net.Conn)
		}{
			{"closes its connection", func(c net.Conn) { c.Close() }},
			{"resets it", memnet.ResetConn},
			{"ends its half of it", func(c net.Conn) { c.(interface{ CloseWrite() error }).CloseWrite() }},
		} {
			s := open(t, push.Options{Encode: text})
			stays, goes := s.join(t, "stays"), s.join(t, "goes")
			contract.Control(t, "both get an event")
			s.broadcast(t, 1)
			stays.wantEvents(t, "1")
			goes.wantEvents(t, "1")
			contract.Step(t, "the client %s", way.name)
			way.do(goes.conn)
			contract.Settle()
			s.wantPresent(t, "stays")
			s.wantLeft(t, "goes ErrGone")
			stays.wantChanges(t, `LEAVE "goes"`)
			goes.wantEnd(t)
			s.send(t, "goes", 2, push.ErrAbsent)
			s.stop()
		}
	})
}

// A client that goes while a Write to it hangs has gone nevertheless. README
func TestGoneInTheMiddle(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		stays, goes := s.join(t, "stays"), s.joinSlow(t, "goes")
		contract.Step(t, "a Write hangs, three events wait, and the client ends its half of the connection")
		s.broadcast(t, 1, 2, 3, 4)
		s.wantPresent(t, "goes", "stays")
		goes.conn.(interface{ CloseWrite() error }).CloseWrite()
		contract.Settle()
		s.wantPresent(t, "stays")
		s.wantLeft(t, "goes ErrGone")
		goes.wantEnd(t)
		stays.wantEvents(t, "1", "2", "3", "4")
		stays.wantChanges(t, `LEAVE "goes"`)
	})
}

// What a client sends is thrown away, however much it is. README
func TestTalkative(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		s.net.SetLane("talks", "hub", memnet.Link{Window: 1000})
		talks, listens := s.join(t, "talks"), s.join(t, "listens")
		noise := make([]byte, 100_000)
		for i := range noise {
			noise[i] = byte(contract.Rand(t).IntN(256))
		}
		for range 3 {
			contract.Step(t, "100,000 octets from a client, through a window of 1000")
			if err := contract.Call(t, "the octets to be taken", func() error { _, err := talks.conn.Write(noise); return err }); err != nil {
				contract.Failf(t, "the connection broke: %v", err)
			}
			s.wantPresent(t, "listens", "talks")
			contract.Control(t, "an event")
			s.broadcast(t, "event")
			talks.wantEvents(t, "event")
			listens.wantEvents(t, "event")
		}
	})
}

// A Write that fails is a reason to leave, even if Read tells nothing, and the
// last thing that is written. README
func TestFailedWrite(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		stays := s.join(t, "stays")
		client, server := s.dial(t, "breaks")
		c := &spy{Conn: server}
		s.wantJoin(t, "breaks", c, nil)
		breaks := s.enter(t, "breaks", client)
		contract.Control(t, "an event")
		s.broadcast(t, 0)
		breaks.wantEvents(t, "0")
		contract.Step(t, "the Write of an event fails while five wait")
		hanging := make(chan struct{})
		c.fail(hanging)
		s.broadcast(t, 1, 2, 3, 4, 5, 6)
		s.wantPresent(t, "breaks", "stays")
		close(hanging)
		contract.Settle()
		s.wantPresent(t, "stays")
		s.wantLeft(t, "breaks ErrGone")
		if n := c.count(&c.afterFailure); n != 0 {
			contract.Failf(t, "after a Write had failed, Write was called %d times", n)
		}
		stays.wantEvents(t, "0", "1", "2", "3", "4", "5", "6")
		stays.wantChanges(t, `LEAVE "breaks"`)
	})
}

// OnLeave comes last: the client is not present, its connection is closed, and
// nobody reads or writes it then or later. README
func TestOnLeaveComesLast(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for i, why := range []string{"ErrSlow", "ErrGone", "ErrClosed", "ErrSlow", "ErrGone", "ErrClosed"} {
			var s *hall
			var c *spy
			var calls atomic.Int32
			told := make(chan string, 10)
			s = open(t, push.Options{Buffer: 2, Encode: text, OnLeave: func(name string, _ error) {
				if name == "goes" {
					calls.Add(1)
					told <- c.leaveAlone(slices.Contains(s.hub.Present(), name))
				}
			}})
			stays := s.join(t, "stays")
			client, server := s.dial(t, "goes")
			s.narrow("goes")
			c = &spy{Conn: server, readLingers: 3 * time.Millisecond, writeLingers: 7 * time.Millisecond}
			if i > 2 {
				c.readLingers, c.writeLingers = c.writeLingers, c.readLingers
			}
			s.wantJoin(t, "goes", c, nil)
			goes := s.enter(t, "goes", client)
			contract.Pass(10 * time.Millisecond) // the Write of PRESENT lingers
			contract.Control(t, "an event hangs, two wait")
			s.broadcast(t, 1, 2, 3)
			s.wantPresent(t, "goes", "stays")
			stays.wantEvents(t, "1", "2", "3")
			contract.Step(t, "the client leaves for the reason %s", why)
			switch why {
			case "ErrSlow":
				s.broadcast(t, 4)
			case "ErrGone":
				client.Close()
			case "ErrClosed":
				contract.Call(t, "Close to return", func() error { return s.hub.Close(ended()) })
			}
			contract.Pass(time.Second)
			goes.conn.Close()
			if wrong := contract.Await(t, "OnLeave to be called", told); wrong != "" {
				contract.Failf(t, "when OnLeave was called, %s", wrong)
			}
			if n := calls.Load(); n != 1 {
				contract.Failf(t, "OnLeave was called %d times", n)
			}
			s.stop()
			if n := c.count(&c.afterLeave); n != 0 {
				contract.Failf(t, "after OnLeave had been called, the connection was read or written %d times", n)
			}
		}
	})
}

// OnLeave may call the hub. README
func TestOnLeaveMayCallBack(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var s *hall
		var wrong []string
		var again net.Conn // who is slow is let in again
		s = open(t, push.Options{Buffer: 8, Encode: text, OnLeave: func(name string, why error) {
			if errors.Is(why, push.ErrClosed) {
				return
			}
			if slices.Contains(s.hub.Present(), name) {
				wrong = append(wrong, name+" was present")
			}
			if err := s.hub.Broadcast("goodbye " + name); err != nil {
				wrong = append(wrong, "Broadcast: "+err.Error())
			}
			if err := s.hub.Send("stays", "why "+reason(why)); err != nil {
				wrong = append(wrong, "Send: "+err.Error())
			}
			if errors.Is(why, push.ErrSlow) {
				if err := s.hub.Join(name, again); err != nil {
					wrong = append(wrong, "Join: "+err.Error())
				}
			}
		}})
		defer s.stop()
		stays, goes := s.join(t, "stays"), s.join(t, "goes")
		s.joinSlow(t, "slow")
		s.broadcast(t, "hello") // the Write to slow hangs
		stays.wantEvents(t, "hello")
		contract.Step(t, "goes hangs up")
		goes.conn.Close()
		contract.Settle()
		stays.wantEvents(t, "goodbye goes", "why ErrGone")
		contract.Step(t, "slow is dropped")
		client, server := s.dial(t, "again")
		again = server
		for range 6 { // LEAVE and a goodbye wait already
			s.send(t, "slow", "x", nil)
			contract.Settle()
		}
		s.broadcast(t, "for all")
		back := s.enter(t, "slow", client)
		stays.wantEvents(t, "for all", "goodbye slow", "why ErrSlow")
		if len(wrong) > 0 {
			contract.Failf(t, "in OnLeave: %s", strings.Join(wrong, "; "))
		}
		s.broadcast(t, "welcome")
		back.wantEvents(t, "welcome")
		stays.wantEvents(t, "welcome")
		stays.wantList(t, "slow", "stays")
		s.wantLeft(t, "goes ErrGone", "slow ErrSlow")
	})
}

// OnLeave may take its time: the hub goes on, and only Close waits for it,
// even when its ctx has ended. README
func TestOnLeaveMayTakeItsTime(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		release := make(chan struct{})
		s := open(t, push.Options{Buffer: 2, Encode: text, OnLeave: func(string, error) { <-release }})
		defer s.stop()
		stays := s.join(t, "stays")
		for _, way := range []string{"hangs up", "is too slow"} {
			goes := s.joinSlow(t, "goes")
			contract.Step(t, "a client %s, and OnLeave does not return", way)
			if way == "hangs up" {
				goes.conn.Close()
				contract.Settle()
			} else {
				for range 3 {
					s.send(t, "goes", "x", nil)
					contract.Settle()
				}
			}
			s.broadcast(t, "event")
			s.wantPresent(t, "stays")
			stays.wantEvents(t, "event")
		}
		visitor := s.join(t, "visitor")
		s.broadcast(t, "another")
		stays.wantEvents(t, "another")
		visitor.wantEvents(t, "another")
		contract.Step(t, "Close, with a ctx that has ended")
		closed := contract.Go("Close to return", func() error { return s.hub.Close(ended()) })
		contract.Pass(time.Minute)
		stays.wantEnd(t)
		visitor.wantEnd(t)
		if closed.Returned() {
			contract.Failf(t, "Close returned while OnLeave was under way")
		}
		contract.Step(t, "OnLeave returns")
		close(release)
		if err := closed.Await(t); !errors.Is(err, context.Canceled) {
			contract.Mismatch(t, "Close returned the wrong error", fmt.Sprint(err), fmt.Sprint(context.Canceled))
		}
		s.wantLeft(t, "goes ErrGone", "goes ErrSlow", "stays ErrClosed", "visitor ErrClosed")
	})
}

// Close writes what waits for a client, and nothing else, closes its
// connection then, at once, and returns after the last. README
func TestCloseFlushes(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 4, Encode: text})
		defer s.stop()
		fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
		s.broadcast(t, 1, 2, 3, 4)
		contract.Step(t, "Close; fast gets the rest and the end")
		closed := contract.Go("Close to return", func() error { return s.hub.Close(context.Background()) })
		contract.Settle()
		fast.wantEvents(t, "1", "2", "3", "4")
		fast.wantEnd(t)
		if closed.Returned() {
			contract.Failf(t, "Close returned, and three events wait for slow")
		}
		contract.Control(t, "meanwhile the hub is closed")
		s.wantClosed(t)
		contract.Step(t, "ten minutes later slow reads: four events and the end")
		contract.Pass(10 * time.Minute)
		for _, want := range []string{"EVENT 1", "EVENT 2", "EVENT 3", "EVENT 4"} {
			if f := slow.frame(t); f.String() != want {
				contract.Mismatch(t, "the next frame for slow", f.String(), want)
			}
		}
		slow.wantEnd(t)
		if err := closed.Await(t); err != nil {
			contract.Failf(t, "Close returned %v", err)
		}
		s.wantLeft(t, "fast ErrClosed", "slow ErrClosed")
	})
}

// When its ctx ends, Close closes what is left, and returns the error of ctx.
// README
func TestCloseIsCut(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 3, Encode: text})
		defer s.stop()
		fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
		s.broadcast(t, 1, 2, 3, 4)
		contract.Step(t, "Close with 5 s, and slow does not read")
		const patience = 5*time.Second + 7*time.Millisecond
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		start := time.Now()
		err := contract.Call(t, "Close to return", func() error { return s.hub.Close(ctx) })
		if !errors.Is(err, context.DeadlineExceeded) {
			contract.Mismatch(t, "Close returned the wrong error", fmt.Sprint(err), fmt.Sprint(context.DeadlineExceeded))
		}
		if took := time.Since(start); took != patience {
			contract.Mismatch(t, "the time that Close took", took.String(), patience.String())
		}
		slow.wantEnd(t)
		fast.wantEvents(t, "1", "2", "3", "4")
		fast.wantEnd(t)
		s.wantPresent(t)
		s.wantLeft(t, "fast ErrClosed", "slow ErrClosed")
	})
}

// A client that goes while Close writes what waits for it is not waited for.
// README
func TestGoneWhileFlushing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		stays, goes := s.joinSlow(t, "stays"), s.joinSlow(t, "goes")
		stays.wantChanges(t, `JOIN "goes"`)
		s.broadcast(t, 1, 2, 3)
		contract.Step(t, "Close; three events wait for two clients, of which one ends its half of the connection")
		closed := contract.Go("Close to return", func() error { return s.hub.Close(context.Background()) })
		contract.Settle()
		goes.conn.(interface{ CloseWrite() error }).CloseWrite()
		contract.Settle()
		goes.wantEnd(t)
		if closed.Returned() {
			contract.Failf(t, "Close returned, and events wait for the other client")
		}
		contract.Control(t, "the other one reads")
		for _, want := range []string{"EVENT 1", "EVENT 2", "EVENT 3"} {
			if f := stays.frame(t); f.String() != want {
				contract.Mismatch(t, "the next frame for the other client", f.String(), want)
			}
		}
		stays.wantEnd(t)
		if err := closed.Await(t); err != nil {
			contract.Failf(t, "Close returned %v", err)
		}
	})
}

// Close may be called again, even meanwhile: each call waits for the end, and
// the first ctx that ends cuts for all. README
func TestCloseAgain(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		slow := s.joinSlow(t, "slow")
		s.broadcast(t, 1, 2, 3)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		contract.Step(t, "Close three times, while slow does not read")
		patient := []*contract.Pending[error]{
			contract.Go("Close to return", func() error { return s.hub.Close(context.Background()) }),
			contract.Go("Close to return", func() error { return s.hub.Close(context.Background()) }),
		}
		contract.Pass(time.Second)
		impatient := contract.Go("Close to return", func() error { return s.hub.Close(ctx) })
		contract.Pass(time.Second)
		for _, p := range append(patient, impatient) {
			if p.Returned() {
				contract.Failf(t, "Close returned while events were waiting: %v", p.Await(t))
			}
		}
		contract.Step(t, "the third one's ctx ends")
		cancel()
		if err := impatient.Await(t); !errors.Is(err, context.Canceled) {
			contract.Mismatch(t, "the Close whose ctx ended returned the wrong error", fmt.Sprint(err), fmt.Sprint(context.Canceled))
		}
		for _, p := range patient {
			if err := p.Await(t); err != nil {
				contract.Failf(t, "a Close whose ctx had not ended returned %v", err)
			}
		}
		slow.wantEnd(t)
		contract.Step(t, "once more, with everything over")
		s.wantClose(t, context.Background(), nil)
		s.wantClosed(t)
		s.wantPresent(t)
		s.wantLeft(t, "slow ErrClosed")
	})
}

// A connection that Join refuses stays the caller's: the hub neither reads nor
// writes it, nor sets or closes anything. README
func TestRefusedConnection(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		ann, bob := s.join(t, "ann"), s.join(t, "bob")
		client, server := s.dial(t, "other")
		defer server.Close()
		c := &spy{Conn: server}
		contract.Step(t, "Join under a name that is taken")
		s.wantJoin(t, "ann", c, push.ErrTaken)
		contract.Pass(time.Second)
		if n := c.count(&c.calls); n != 0 {
			contract.Failf(t, "Join returned ErrTaken, and the connection was used %d times", n)
		}
		s.wantPresent(t, "ann", "bob")
		contract.Control(t, "Join with the same connection under another name")
		s.wantJoin(t, "other", c, nil)
		other := s.enter(t, "other", client)
		other.wantList(t, "ann", "bob", "other")
		bob.wantChanges(t, `JOIN "other"`)
		ann.wantChanges(t, `JOIN "bob"`, `JOIN "other"`)
		s.wantLeft(t)
		s.wantClose(t, context.Background(), nil)
		contract.Step(t, "Join after Close")
		_, server = s.dial(t, "late")
		defer server.Close()
		late := &spy{Conn: server}
		s.wantJoin(t, "late", late, push.ErrClosed)
		contract.Pass(time.Second)
		if n := late.count(&late.calls); n != 0 {
			contract.Failf(t, "Join returned ErrClosed, and the connection was used %d times", n)
		}
	})
}

// An event is encoded once, however many get it. README
func TestEncodesOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var encoded atomic.Int32
		s := open(t, push.Options{Encode: func(data any) ([]byte, error) {
			encoded.Add(1)
			return text(data)
		}})
		defer s.stop()
		var guests []*guest
		for i := range 50 {
			guests = append(guests, s.join(t, fmt.Sprintf("guest %02d", i)))
		}
		contract.Step(t, "Broadcast to 50 clients")
		if n := encoded.Load(); n != 0 {
			contract.Failf(t, "Encode was called %d times before there was an event", n)
		}
		s.broadcast(t, "for all")
		if n := encoded.Load(); n != 1 {
			contract.Failf(t, "Encode was called %d times for one event", n)
		}
		contract.Step(t, "Send to one of them")
		s.send(t, "guest 07", "for one", nil)
		contract.Settle()
		if n := encoded.Load(); n != 2 {
			contract.Failf(t, "Encode was called %d times for the second event", n-1)
		}
		for i, g := range guests {
			g.wantEvents(t, "for all")
			if i == 7 {
				g.wantEvents(t, "for one")
			}
		}
	})
}

// If an event cannot be encoded, the call says so and nobody gets anything.
// README
func TestEncodeFails(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		broken := errors.New("no such data")
		s := open(t, push.Options{Buffer: 1, Encode: func(data any) ([]byte, error) {
			if data == "bad" {
				return []byte("half an ev"), broken
			}
			return text(data)
		}})
		defer s.stop()
		ann, bob := s.join(t, "ann"), s.joinSlow(t, "bob")
		contract.Control(t, "two events; bob's buffer is full")
		s.broadcast(t, 1, 2)
		contract.Step(t, "an event that cannot be encoded, by Broadcast and by Send")
		atOnce(t, "Broadcast bad", func() error { return s.hub.Broadcast("bad") }, broken)
		s.send(t, "ann", "bad", broken)
		s.send(t, "bob", "bad", broken)
		s.wantPresent(t, "ann", "bob")
		s.wantLeft(t)
		bob.wantEvents(t, "1", "2")
		contract.Fence(t, "another event")
		s.broadcast(t, 3)
		bob.wantEvents(t, "3")
		ann.wantEvents(t, "1", "2", "3")
	})
}

// An event is what the data was when the call was made: data and Encode's
// slice may change once it has returned. README
func TestEncodedWhenTheCallReturns(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		var reused bytes.Buffer
		s := open(t, push.Options{Encode: func(data any) ([]byte, error) {
			reused.Reset()
			fmt.Fprint(&reused, "price ", *data.(*int))
			return reused.Bytes(), nil
		}})
		defer s.stop()
		fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
		contract.Step(t, "ten events with one variable, which changes after each call")
		price := 1000
		var want []string
		for range 10 {
			price += 1 + contract.Rand(t).IntN(100)
			want = append(want, fmt.Sprint("price ", price))
			if err := s.hub.Broadcast(&price); err != nil {
				contract.Failf(t, "Broadcast returned %v", err)
			}
		}
		price = 7777
		fast.wantEvents(t, want...)
		slow.wantEvents(t, want...)
	})
}

// An Encode that takes its time holds up nothing but its own call. README
func TestSlowEncode(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		release := make(chan struct{})
		s := open(t, push.Options{Encode: func(data any) ([]byte, error) {
			if data == "long" {
				<-release
			}
			return text(data)
		}})
		defer s.stop()
		ann := s.join(t, "ann")
		contract.Step(t, "Broadcast and Send of events whose Encode takes long")
		long := []*contract.Pending[error]{
			contract.Go("Broadcast to return", func() error { return s.hub.Broadcast("long") }),
			contract.Go("Send to return", func() error { return s.hub.Send("ann", "long") }),
		}
		contract.Settle()
		contract.Step(t, "meanwhile others join, are told and sent events, and leave")
		bob := s.join(t, "bob")
		s.wantPresent(t, "ann", "bob")
		s.broadcast(t, "short")
		s.send(t, "ann", "psst", nil)
		ann.wantEvents(t, "short", "psst")
		bob.wantEvents(t, "short")
		bob.conn.Close()
		ann.wantChanges(t, `LEAVE "bob"`)
		for _, call := range long {
			if call.Returned() {
				contract.Failf(t, "a call returned before its event was encoded")
			}
		}
		contract.Step(t, "Encode returns")
		close(release)
		for _, call := range long {
			if err := call.Await(t); err != nil {
				contract.Failf(t, "a call whose Encode took long returned %v", err)
			}
		}
		ann.wantEvents(t, "long", "long")
	})
}

// Send keeps to the limit too, and says so: ErrSlow. README
func TestSendDrops(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Buffer: 2, Encode: text})
		defer s.stop()
		fast, slow := s.join(t, "fast"), s.joinSlow(t, "slow")
		contract.Control(t, "Send to slow: one is being written, two wait")
		for i := range 3 {
			s.send(t, "slow", i, nil)
			contract.Settle()
		}
		s.wantPresent(t, "fast", "slow")
		contract.Step(t, "Send to slow once more, and again")
		s.send(t, "slow", 3, push.ErrSlow)
		s.wantPresent(t, "fast")
		s.send(t, "slow", 4, push.ErrAbsent)
		s.wantLeft(t, "slow ErrSlow")
		slow.wantEnd(t)
		fast.wantChanges(t, `JOIN "slow"`, `LEAVE "slow"`)
	})
}

// The zero Options will do: data goes as JSON, DefaultBuffer is the limit, and
// nobody is told who leaves. README
func TestZeroOptions(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{})
		defer s.stop()
		contract.Control(t, "a hub that nobody joins is closed")
		s.wantClose(t, context.Background(), nil)
		s.hub = push.NewHub(push.Options{})
		fast, goes := s.join(t, "fast"), s.join(t, "goes")
		s.joinSlow(t, "slow")
		contract.Step(t, "a client hangs up, another is too slow")
		goes.conn.Close()
		contract.Settle()
		s.wantPresent(t, "fast", "slow")
		s.broadcast(t, []int{1, 2})
		fast.wantEvents(t, "[1,2]")
		for range push.DefaultBuffer {
			s.broadcast(t, true)
			fast.wantEvents(t, "true")
		}
		s.wantPresent(t, "fast")
		contract.Step(t, "data that JSON does not know")
		if err := contract.Call(t, "Broadcast to return", func() error { return s.hub.Broadcast(func() {}) }); err == nil {
			contract.Failf(t, "Broadcast of a func returned nil")
		}
		s.broadcast(t, "bye")
		fast.wantEvents(t, `"bye"`)
		s.wantClose(t, context.Background(), nil)
		fast.wantEnd(t)
	})
}

// Names are any UTF-8: on the wire they are JSON strings, and they are sorted
// as Go compares strings. README
func TestNames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := open(t, push.Options{Encode: text})
		defer s.stop()
		names := []string{"Zoe", "a", "a\tb\nc", "a b", `back\slash`, "lt<gt>&", `quo"te`, "z", "é", "名前"} // sorted
		first := s.join(t, "0")
		for _, i := range contract.Rand(t).Perm(len(names)) {
			contract.Step(t, "%q joins", names[i])
			client, server := s.dial(t, "host")
			s.wantJoin(t, names[i], server, nil)
			g := s.enter(t, names[i], client)
			first.wantChanges(t, fmt.Sprintf("JOIN %q", names[i]))
			s.wantPresent(t, g.list...)
			s.send(t, names[i], "hello", nil)
			g.wantEvents(t, "hello")
		}
		s.wantPresent(t, append([]string{"0"}, names...)...)
		first.wantList(t, append([]string{"0"}, names...)...)
	})
}

// text encodes data as fmt prints it.
func text(data any) ([]byte, error) { return fmt.Append(nil, data), nil }

// framesUpTo reads frames up to one of this text, which it leaves out.
func (g *guest) framesUpTo(t *testing.T, last string) []string {
	t.Helper()
	var got []string
	for {
		f := g.frame(t).String()
		if f == last {
			return got
		}
		got = append(got, f)
	}
}

// wantClosed checks that the hub does nothing any more.
func (s *hall) wantClosed(t *testing.T) {
	t.Helper()
	atOnce(t, "Broadcast", func() error { return s.hub.Broadcast("late") }, push.ErrClosed)
	s.send(t, "slow", "late", push.ErrClosed)
	_, server := s.dial(t, "late")
	s.wantJoin(t, "late", server, push.ErrClosed)
	if err := server.Close(); err != nil {
		contract.Failf(t, "Join returned ErrClosed, and closed the connection")
	}
}

// A spy is the hub's end of a connection and counts what is done with it.
type spy struct {
	net.Conn
	readLingers, writeLingers time.Duration // how long they go on after their end

	mu                       sync.Mutex
	calls, active            int
	closed, failed, left     bool
	hanging                  chan struct{} // what the failing Write waits for
	afterFailure, afterLeave int
}

// fail makes the next Write fail, once hanging is closed, and all after it.
func (c *spy) fail(hanging chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hanging = hanging
}

// leaveAlone says what is wrong if it is too early for OnLeave.
func (c *spy) leaveAlone(present bool) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
	switch {
	case present:
		return "the client was present"
	case c.active > 0:
		return "a Read or Write on its connection was under way"
	case !c.closed:
		return "its connection was not closed"
	}
	return ""
}

func (c *spy) count(n *int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return *n
}

func (c *spy) called() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
}

// begin notes a Read or Write; the function it returns notes its end.
func (c *spy) begin(lingers time.Duration) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	c.active++
	if c.left {
		c.afterLeave++
	}
	return func() {
		time.Sleep(lingers)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.active--
	}
}

func (c *spy) Read(p []byte) (int, error) {
	defer c.begin(c.readLingers)()
	return c.Conn.Read(p)
}

func (c *spy) Write(p []byte) (int, error) {
	defer c.begin(c.writeLingers)()
	c.mu.Lock()
	hanging := c.hanging
	if c.failed {
		c.afterFailure++
	}
	c.mu.Unlock()
	if hanging == nil {
		return c.Conn.Write(p)
	}
	<-hanging
	c.mu.Lock()
	c.failed = true
	c.mu.Unlock()
	return 0, errors.New("the network is down")
}

func (c *spy) Close() error {
	c.mu.Lock()
	c.calls++
	c.closed = true
	c.mu.Unlock()
	return c.Conn.Close()
}

func (c *spy) SetDeadline(t time.Time) error {
	c.called()
	return c.Conn.SetDeadline(t)
}

func (c *spy) SetReadDeadline(t time.Time) error {
	c.called()
	return c.Conn.SetReadDeadline(t)
}

func (c *spy) SetWriteDeadline(t time.Time) error {
	c.called()
	return c.Conn.SetWriteDeadline(t)
}
