package socketsharding_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/wirekata/wirekata/exercises/execution/socketsharding"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/evidence"
	"github.com/wirekata/wirekata/harness/loopback"
)

// The kernel chooses by the four-tuple: who connects again from the same
// address and port comes to the same shard. socket(7)
func TestSameTupleSameShard(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "server", socketsharding.Config{Shards: shards})
		defer g.stop(t)
		wantListeners(t, g.addr, shards)
		contract.Step(t, "33 connections, each from a port of its own")
		tuples := connectFrom(t, g.addr, 33)
		contract.Step(t, "again from the same ports, in another order")
		slices.Reverse(tuples)
		wantSameShards(t, g.addr, tuples)
	})
}

// Shard i of the new generation has the socket of shard i of the old one, so
// that the same four-tuple comes to the shard of the same number. README
func TestRestartKeepsTheNumbers(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := start(t, "old", socketsharding.Config{Shards: shards})
		defer old.stop(t)
		contract.Step(t, "33 connections, each from a port of its own")
		tuples := connectFrom(t, old.addr, 33)
		contract.Step(t, "a restart")
		files := handover(t, old.s)
		wantDistinctSockets(t, files, shards)
		next := inherit(t, socketsharding.Config{Shards: shards}, files)
		closeFiles(t, files)
		defer drainNow(t, next)
		old.stop(t)
		g := serve(t, "new", next)
		defer g.stop(t)
		contract.Step(t, "again from the same ports, in another order")
		slices.Reverse(tuples)
		wantSameShards(t, g.addr, tuples)
	})
}

// Clients that connect all the time, through one restart after the other, lose
// no connection. README
func TestRestartsUnderLoad(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "generation-0", socketsharding.Config{Shards: shards})
		defer func() { g.stop(t) }()
		const clients, restarts = 3, 4
		contract.Step(t, "%d clients connect all the time, each waiting for its greeting", clients)
		l := newLoad(g.addr, clients)
		defer l.stop(t)
		for i := range restarts {
			l.more(t, 15)
			contract.Step(t, "restart %d: the next generation inherits, then serves as well, then alone", i+1)
			s := restart(t, g.s, socketsharding.Config{})
			l.more(t, 15)
			next := serve(t, fmt.Sprint("generation-", i+1), s)
			l.more(t, 15)
			g.stop(t)
			g = next
		}
		l.more(t, 15)
		l.stop(t)
		if n := g.handled.Load(); n == 0 {
			contract.Failf(t, "the last generation has served nothing")
		}
	})
}

// Whoever inherits may be another process: it serves what was queued, and what
// comes later. README
func TestAnotherProcess(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		if os.Getenv(childEnv) != "" {
			inheritAsChild(t)
			return
		}
		old := listen(t, socketsharding.Config{Shards: shards}, loopback.Addr())
		defer drainNow(t, old)
		addr := old.Addr().String()
		contract.Step(t, "50 connections to shards that accept none")
		clients := dialMany(t, addr, 50)
		defer closeClients(clients)
		contract.Step(t, "another process is started with the files, and the old shards are drained")
		files := handover(t, old)
		child := startChild(t, files)
		defer child.kill()
		closeFiles(t, files)
		drain(t, old)
		wantAllBy(t, clients, "child")
		contract.Step(t, "20 more connections")
		wantAllBy(t, dialMany(t, addr, 20), "child")
		contract.Step(t, "the process drains its shards and ends")
		child.stop(t)
		wantRefused(t, addr)
	})
}

// Where the option cannot be set the error is ErrUnsupported and says why.
// README
func TestOptionRefused(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		refusing := func(string, string, syscall.RawConn) error {
			return os.NewSyscallError("setsockopt", syscall.ENOPROTOOPT)
		}
		for _, n := range []int{1, shards} {
			c := socketsharding.Config{Shards: n}
			contract.Control(t, "%d shards with the option", n)
			s := listen(t, c, loopback.Addr())
			defer drainNow(t, s)
			files := handover(t, s)
			defer closeAllFiles(files)
			contract.Step(t, "Listen for %d where setsockopt fails with %q", n, syscall.ENOPROTOOPT)
			c.Control = refusing
			before := loopback.Descriptors()
			refused, err := c.Listen(t.Context(), loopback.Addr())
			wantError(t, "Listen", refused, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
			wantError(t, "Listen: the cause", refused, err, syscall.ENOPROTOOPT)
			contract.Step(t, "ListenPacket for %d likewise", n)
			conns, err := c.ListenPacket(t.Context(), loopback.Addr())
			wantError(t, "ListenPacket", nil, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
			wantError(t, "ListenPacket: the cause", nil, err, syscall.ENOPROTOOPT)
			closePackets(conns)
			contract.Step(t, "Inherit likewise, with one shard to be added")
			c.Shards++
			refused, err = c.Inherit(t.Context(), files)
			wantError(t, "Inherit", refused, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
			wantNothingOpened(t, before)
		}
	})
}

// An option that is set without effect is ErrUnsupported too: what is in the
// way of the second shard is the first, not somebody else. README
func TestOptionWithoutEffect(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		idle := func(string, string, syscall.RawConn) error { return nil }
		contract.Control(t, "one shard, whose option has no effect")
		lone := listen(t, socketsharding.Config{Shards: 1, Control: idle}, loopback.Addr())
		defer drainNow(t, lone)
		files := handover(t, lone)
		defer closeAllFiles(files)
		c := socketsharding.Config{Shards: 2, Control: idle}
		before := loopback.Descriptors()
		contract.Step(t, "two shards")
		s, err := c.Listen(t.Context(), loopback.Addr())
		wantError(t, "Listen", s, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
		contract.Step(t, "two UDP sockets")
		conns, err := c.ListenPacket(t.Context(), loopback.Addr())
		wantError(t, "ListenPacket", nil, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
		closePackets(conns)
		contract.Step(t, "one shard that is inherited, and one more")
		s, err = socketsharding.Config{Shards: 2}.Inherit(t.Context(), files)
		wantError(t, "Inherit", s, err, socketsharding.ErrUnsupported, socketsharding.ErrInUse)
		wantNothingOpened(t, before)
	})
}

// A UDP port that somebody else has and does not share is ErrInUse. README
func TestPacketPortInUse(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		stranger, err := new(net.ListenConfig).ListenPacket(t.Context(), "udp", loopback.Addr())
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		defer stranger.Close()
		addr, c := stranger.LocalAddr().String(), socketsharding.Config{Shards: 2}
		contract.Step(t, "listen at %s, where a socket without SO_REUSEPORT is", addr)
		conns, err := c.ListenPacket(t.Context(), addr)
		wantError(t, "ListenPacket", nil, err, socketsharding.ErrInUse, socketsharding.ErrUnsupported)
		closePackets(conns)
		contract.Control(t, "the socket is closed: listen there again")
		stranger.Close()
		conns, err = c.ListenPacket(t.Context(), addr)
		if err != nil || len(conns) != 2 {
			contract.Failf(t, "ListenPacket: %d sockets, error %v; want 2", len(conns), err)
		}
		closePackets(conns)
	})
}

// What fails half-way leaves nothing open, and its error is no other than what
// it is. README
func TestHalfwayLeavesNothingOpen(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		c := socketsharding.Config{Shards: 6}
		contract.Control(t, "6 shards, handed over and inherited, and 6 UDP sockets")
		s := listen(t, c, loopback.Addr())
		defer drainNow(t, s)
		files := handover(t, s)
		defer closeAllFiles(files)
		drain(t, inherit(t, c, files))
		conns, err := c.ListenPacket(t.Context(), loopback.Addr())
		if err != nil {
			contract.Failf(t, "ListenPacket: %v", err)
		}
		closePackets(conns)
		for _, call := range []struct {
			name string
			f    func() error
		}{
			{"Listen", func() error { _, err := c.Listen(t.Context(), loopback.Addr()); return err }},
			{"ListenPacket", func() error { _, err := c.ListenPacket(t.Context(), loopback.Addr()); return err }},
			{"Handover", func() error { _, err := s.Handover(); return err }},
			{"Inherit", func() error { _, err := c.Inherit(t.Context(), files); return err }},
			{"Inherit, to add shards,", func() error { _, err := c.Inherit(t.Context(), files[:2]); return err }},
		} {
			contract.Step(t, "%s when only 4 more files may be opened", call.name)
			before := loopback.Descriptors()
			restore, err := loopback.LimitFiles(4)
			if err != nil {
				contract.Failf(t, "BUG: %v", err)
			}
			err = call.f()
			restore()
			wantError(t, call.name, nil, err, syscall.EMFILE, socketsharding.ErrInUse, socketsharding.ErrUnsupported)
			wantNothingOpened(t, before)
		}
	})
}

// Inherit may add shards: those that were inherited keep their queues and
// their numbers, and all of them take traffic. README
func TestInheritAddsShards(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := listen(t, socketsharding.Config{Shards: 2}, loopback.Addr())
		defer drainNow(t, old)
		contract.Step(t, "50 connections to 2 shards that accept none")
		clients := dialMany(t, old.Addr().String(), 50)
		defer closeClients(clients)
		contract.Step(t, "%d shards inherit, and serve", shards)
		next := restart(t, old, socketsharding.Config{Shards: shards})
		drain(t, old)
		wantListeners(t, next.Addr().String(), shards)
		g := serve(t, "new", next)
		defer g.stop(t)
		for _, c := range clients {
			if _, shard := c.greeted(t); shard > 1 {
				contract.Failf(t, "a connection that was queued at shard 0 or 1 was served as one of shard %d", shard)
			}
		}
		closeClients(clients)
		contract.Step(t, "%d connections more", many)
		wantAllShards(t, tally(t, g.addr, many), shards)
	})
}

// Fewer shards than inherited sockets are refused, since the queue of a socket
// that is left out would be lost; the files remain good. README
func TestInheritNeverShrinks(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := listen(t, socketsharding.Config{Shards: 3}, loopback.Addr())
		defer drainNow(t, old)
		clients := dialMany(t, old.Addr().String(), 50)
		defer closeClients(clients)
		files := handover(t, old)
		defer closeAllFiles(files)
		drain(t, old)
		before := loopback.Descriptors()
		contract.Step(t, "2 shards for 3 files")
		s, err := socketsharding.Config{Shards: 2}.Inherit(t.Context(), files)
		wantError(t, "Inherit", s, err, socketsharding.ErrTooFew)
		wantNothingOpened(t, before)
		contract.Control(t, "3 shards for 3 files; they serve the 50 connections that were queued")
		g := serve(t, "new", inherit(t, socketsharding.Config{Shards: 3}, files))
		defer g.stop(t)
		wantAllBy(t, clients, "new")
	})
}

// What is no listening TCP socket, and no file at all, cannot be inherited.
// README
func TestInheritRefusesOtherFiles(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		s := listen(t, socketsharding.Config{Shards: 2}, loopback.Addr())
		defer drainNow(t, s)
		files := handover(t, s)
		defer closeAllFiles(files)
		r, w, err := os.Pipe()
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		defer r.Close()
		defer w.Close()
		for _, bad := range []struct {
			name  string
			files []*os.File
		}{{"no files", nil}, {"two sockets and a pipe", append(slices.Clone(files), r)}} {
			contract.Control(t, "two sockets")
			drain(t, inherit(t, socketsharding.Config{}, files))
			before := loopback.Descriptors()
			contract.Step(t, "%s", bad.name)
			if _, err := (socketsharding.Config{Shards: shards}).Inherit(t.Context(), bad.files); err == nil {
				contract.Failf(t, "Inherit took %s for listening sockets", bad.name)
			}
			wantNothingOpened(t, before)
		}
	})
}

// One shard shares its port as well: others can join it, and then each has its
// part of the connections. README
func TestLoneShardCanBeJoined(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		first := start(t, "first", socketsharding.Config{})
		defer first.stop(t)
		contract.Step(t, "two shards listen where one does already")
		second := startAt(t, "second", socketsharding.Config{Shards: 2}, first.addr)
		defer second.stop(t)
		contract.Step(t, "%d connections", many)
		tally(t, first.addr, many)
		if a, b := first.handled.Load(), second.handled.Load(); a == 0 || b == 0 {
			contract.Failf(t, "of %d connections the first had %d and those that joined it %d", many, a, b)
		}
	})
}

// The files of a handover are the caller's: neither Drain nor Inherit closes
// them, and they keep the queues as long as they are open. README
func TestFilesAreTheCallers(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := listen(t, socketsharding.Config{Shards: shards}, loopback.Addr())
		defer drainNow(t, old)
		clients := dialMany(t, old.Addr().String(), 50)
		defer closeClients(clients)
		contract.Step(t, "two handovers; the files of the first are closed, the old shards drained")
		closeFiles(t, handover(t, old))
		files := handover(t, old)
		defer closeAllFiles(files)
		drain(t, old)
		contract.Step(t, "a generation inherits and is drained before it has served anything")
		drain(t, inherit(t, socketsharding.Config{}, files))
		contract.Step(t, "another inherits the same files and serves the 50 connections")
		g := serve(t, "new", inherit(t, socketsharding.Config{}, files))
		defer g.stop(t)
		closeFiles(t, files)
		wantAllBy(t, clients, "new")
	})
}

// Whoever asks a file for its descriptor, as exec.Cmd does, leaves the socket
// in non-blocking mode: the old generation can still be drained. README
func TestFilesLeaveTheSocketsNonblocking(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "old", socketsharding.Config{Shards: 2})
		defer g.stop(t)
		contract.Control(t, "both shards serve")
		wantAllShards(t, tally(t, g.addr, many/2), 2)
		contract.Step(t, "Handover, and Fd of each file")
		files := handover(t, g.s)
		defer closeAllFiles(files)
		for i, f := range files {
			f.Fd()
			is, err := loopback.Nonblocking(f)
			if err != nil {
				contract.Failf(t, "BUG: %v", err)
			}
			if !is {
				contract.Failf(t, "Fd of file %d has put the socket, which the old generation still uses, into blocking mode: its next Accept waits in the kernel, where Close does not reach it", i)
			}
		}
		contract.Step(t, "both shards serve again, and are drained")
		wantAllShards(t, tally(t, g.addr, many/2), 2)
		g.stop(t)
	})
}

// After Drain nobody listens; Serve and Handover return ErrDrained, and Drain
// may be called again. README
func TestDrained(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		for _, served := range []bool{true, false} {
			contract.Step(t, "Drain; served before: %v", served)
			s := listen(t, socketsharding.Config{Shards: shards}, loopback.Addr())
			defer drainNow(t, s)
			if served {
				g := serve(t, "server", s)
				defer g.stop(t)
				tally(t, g.addr, 4)
				g.stop(t)
			}
			drain(t, s)
			wantRefused(t, s.Addr().String())
			contract.Step(t, "Handover, Serve and Drain once more")
			files, err := s.Handover()
			closeAllFiles(files)
			wantError(t, "Handover", nil, err, socketsharding.ErrDrained)
			err = contract.Call(t, "Serve to return", func() error { return s.Serve(func(int, net.Conn) {}) })
			wantError(t, "Serve", nil, err, socketsharding.ErrDrained)
			drain(t, s)
		}
	})
}

// A handler that takes its time holds up nobody else, not even on its own
// shard. README
func TestSlowHandler(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		s := listen(t, socketsharding.Config{Shards: 1}, loopback.Addr())
		defer drainNow(t, s)
		entered, release := make(chan struct{}, 1), make(chan struct{})
		var first atomic.Bool
		serving := contract.Go("Serve to return after Drain", func() error {
			return s.Serve(func(_ int, c net.Conn) {
				if first.CompareAndSwap(false, true) {
					entered <- struct{}{}
					<-release
				}
				io.WriteString(c, "server 0\n")
			})
		})
		contract.Step(t, "a connection whose handler waits")
		held := dial(t, s.Addr().String())
		defer held.Close()
		contract.Await(t, "the handler to be called", entered)
		contract.Step(t, "10 more, to the same shard")
		next := contract.Go("the connections that came later to be served", func() error { return greetedSince(s.Addr().String(), 10) })
		err := next.Await(t)
		close(release)
		if err != nil {
			contract.Failf(t, "while one handler waits: %v", err)
		}
		held.greeted(t)
		drain(t, s)
		serving.Await(t)
	})
}

// Counts may be called at any time, and a connection is counted before its
// handler is called. README
func TestCountsAtAnyTime(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		s := listen(t, socketsharding.Config{Shards: 2}, loopback.Addr())
		defer drainNow(t, s)
		var called, late atomic.Int64
		serving := contract.Go("Serve to return after Drain", func() error {
			return s.Serve(func(_ int, c net.Conn) {
				if n := called.Add(1); sum(s.Counts()) < int(n) {
					late.Add(1)
				}
				io.WriteString(c, "server 0\n")
			})
		})
		contract.Step(t, "100 connections; during each somebody looks at the counts")
		looks := make(chan struct{}, 100) // buffered: the looker holds up nobody, and nothing it does comes before what is counted next
		looker := contract.Go("the looker to end", func() int {
			most := 0
			for range looks {
				most = max(most, sum(s.Counts()))
			}
			return most
		})
		for range cap(looks) {
			looks <- struct{}{}
			c := dial(t, s.Addr().String())
			c.greeted(t)
			c.Close()
		}
		close(looks)
		if n := looker.Await(t); n > cap(looks) {
			contract.Failf(t, "Counts came to %d in all, of %d connections", n, cap(looks))
		}
		if n := late.Load(); n > 0 {
			contract.Failf(t, "%d handlers were called before their connection was counted", n)
		}
		drain(t, s)
		serving.Await(t)
	})
}

// A tuple is a client's own address and the shard to which it leads.
type tuple struct {
	from  *net.TCPAddr
	shard int
}

// connectFrom connects n times from ports of the process's own host, where
// nobody else takes them.
func connectFrom(t *testing.T, addr string, n int) []tuple {
	t.Helper()
	anyPort, err := net.ResolveTCPAddr("tcp", loopback.Addr())
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	var tuples []tuple
	for range n {
		tuples = append(tuples, connectOnce(t, addr, anyPort))
	}
	return tuples
}

// connectOnce connects, is greeted and resets the connection, so that neither
// end keeps the four-tuple.
func connectOnce(t *testing.T, addr string, from *net.TCPAddr) tuple {
	t.Helper()
	c := dialFrom(t, addr, from)
	_, shard := c.greeted(t)
	c.Conn.(*net.TCPConn).SetLinger(0)
	c.Close()
	return tuple{c.LocalAddr().(*net.TCPAddr), shard}
}

func wantSameShards(t *testing.T, addr string, tuples []tuple) {
	t.Helper()
	for _, was := range tuples {
		if is := connectOnce(t, addr, was.from); is.shard != was.shard {
			contract.Failf(t, "connected from %s first to shard %d, then to shard %d", was.from, was.shard, is.shard)
		}
	}
}

// wantDistinctSockets checks that there are n files, of n sockets.
func wantDistinctSockets(t *testing.T, files []*os.File, n int) {
	t.Helper()
	if len(files) != n {
		contract.Failf(t, "Handover returned %d files for %d shards", len(files), n)
	}
	var seen []os.FileInfo
	for i, f := range files {
		info, err := f.Stat()
		if err != nil {
			contract.Failf(t, "file %d: %v", i, err)
		}
		for j, other := range seen {
			if os.SameFile(info, other) {
				contract.Failf(t, "files %d and %d are of one socket: these shards have one queue", j, i)
			}
		}
		seen = append(seen, info)
	}
}

// wantNothingOpened checks that no descriptor has come to be open since.
func wantNothingOpened(t *testing.T, before map[int]string) {
	t.Helper()
	for fd, what := range loopback.Descriptors() {
		if before[fd] != what {
			contract.Failf(t, "the call has failed and left descriptor %d open: %s", fd, what)
		}
	}
}

// closeAllFiles is for defer: it closes what the clause may have closed.
func closeAllFiles(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

func sum(counts []int) int {
	n := 0
	for _, c := range counts {
		n += c
	}
	return n
}

// greetedSince connects n times and reads the greetings.
func greetedSince(addr string, n int) error {
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		_, err = c.Read(make([]byte, 1))
		c.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// A load is clients that connect all the time, each of which waits for its
// greeting.
type load struct {
	addr    string
	greeted chan error    // nil for each greeting
	quit    chan struct{} // closed to end the clients
	ended   chan struct{}
	clients int // that have not ended
}

func newLoad(addr string, clients int) *load {
	l := &load{addr: addr, greeted: make(chan error, 1<<16), quit: make(chan struct{}), ended: make(chan struct{}), clients: clients}
	for range clients {
		go l.client()
	}
	return l
}

func (l *load) client() {
	for {
		select {
		case <-l.quit:
			l.ended <- struct{}{}
			return
		case l.greeted <- greetedSince(l.addr, 1):
		}
	}
}

// more waits for n greetings that have not come yet.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	for n += len(l.greeted); n > 0; n-- {
		if err := contract.Await(t, "the next client to be greeted", l.greeted); err != nil {
			contract.Failf(t, "a connection was lost: %v", err)
		}
	}
}

// stop ends the clients, once, and looks at what they have seen last.
func (l *load) stop(t *testing.T) {
	t.Helper()
	if t.Failed() || l.clients == 0 {
		return
	}
	close(l.quit)
	for ; l.clients > 0; l.clients-- {
		contract.Await(t, "a client to end", l.ended)
	}
	l.more(t, 0)
}

// childEnv, in the environment of a process that runs a clause, says that it
// is the other process, and how many files it inherits.
const childEnv = "SOCKETSHARDING_CHILD"

// A child is a process that inherits files and serves until its standard
// input ends.
type child struct {
	cmd   *exec.Cmd
	stdin io.Closer
	out   strings.Builder
	done  *contract.Pending[error]
}

func startChild(t *testing.T, files []*os.File) *child {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	c := &child{cmd: exec.Command(exe, "-test.run", "^"+t.Name()+"$")}
	c.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, evidence.DirEnv+"=") }),
		fmt.Sprintf("%s=%d", childEnv, len(files)))
	c.cmd.ExtraFiles = files
	c.cmd.Stdout, c.cmd.Stderr = &c.out, &c.out
	c.stdin, err = c.cmd.StdinPipe()
	if err == nil {
		err = c.cmd.Start()
	}
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	c.done = contract.Go("the other process to end", c.cmd.Wait)
	return c
}

// inheritAsChild is what the other process does.
func inheritAsChild(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv(childEnv))
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	var files []*os.File
	for i := range n {
		files = append(files, os.NewFile(uintptr(3+i), fmt.Sprint("inherited-", i)))
	}
	next := inherit(t, socketsharding.Config{}, files)
	closeFiles(t, files)
	g := serve(t, "child", next)
	defer g.stop(t)
	io.Copy(io.Discard, os.Stdin)
}

func (c *child) stop(t *testing.T) {
	t.Helper()
	c.stdin.Close()
	if err := c.done.Await(t); err != nil {
		contract.Mismatch(t, fmt.Sprintf("the other process ended with %v", err), c.out.String(), "")
	}
}

// kill is for defer: it ends the process if that is still there.
func (c *child) kill() {
	if !c.done.Returned() {
		c.cmd.Process.Kill()
	}
}
