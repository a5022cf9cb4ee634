package socketsharding_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/execution/socketsharding"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/loopback"
)

// Several sockets listen on one port, and each of them is given connections
// that it serves. socket(7)
func TestAllShardsTakeTraffic(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "server", socketsharding.Config{Shards: shards})
		defer g.stop(t)
		wantListeners(t, g.addr, shards)
		contract.Step(t, "%d connections to %s, which %d shards serve", many, g.addr, shards)
		wantAllShards(t, tally(t, g.addr, many), shards)
	})
}

// Each connection is served once, by one shard, and is closed when its handler
// returns. README
func TestEachConnectionOnce(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "server", socketsharding.Config{Shards: shards})
		defer g.stop(t)
		contract.Step(t, "50 connections, all open at once")
		clients := dialMany(t, g.addr, 50)
		defer closeClients(clients)
		for _, c := range clients {
			c.greeted(t)
		}
		contract.Fence(t, "each is served for a while")
		for _, c := range clients {
			c.ping(t)
		}
		if n := g.handled.Load(); n != int64(len(clients)) {
			contract.Failf(t, "the handler was called %d times for %d connections", n, len(clients))
		}
	})
}

// A port that somebody else has and does not share is ErrInUse. README
func TestPortInUse(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		stranger, err := new(net.ListenConfig).Listen(t.Context(), "tcp", loopback.Addr())
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		defer stranger.Close()
		addr := stranger.Addr().String()
		contract.Step(t, "listen at %s, where a listener without SO_REUSEPORT is", addr)
		s, err := socketsharding.Config{Shards: shards}.Listen(t.Context(), addr)
		wantError(t, "Listen", s, err, socketsharding.ErrInUse, socketsharding.ErrUnsupported)
		contract.Control(t, "the listener is closed: listen there again")
		stranger.Close()
		g := startAt(t, "server", socketsharding.Config{Shards: shards}, addr)
		defer g.stop(t)
		tally(t, g.addr, 1)
	})
}

// Connections that wait in the queues of a process that ends are served by the
// process that has inherited the sockets, all of them. README
func TestQueueSurvivesRestart(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := listen(t, socketsharding.Config{Shards: shards}, loopback.Addr())
		defer drainNow(t, old)
		contract.Step(t, "100 connections to shards that accept none")
		clients := dialMany(t, old.Addr().String(), 100)
		defer closeClients(clients)
		contract.Step(t, "hand over, inherit, close the files, drain the old shards")
		next := restart(t, old, socketsharding.Config{})
		drain(t, old)
		contract.Step(t, "the new shards serve")
		g := serve(t, "new", next)
		defer g.stop(t)
		wantAllBy(t, clients, "new")
	})
}

// The old generation serves on after Handover, until Drain; from then on the
// new one serves everything. README
func TestOldServesUntilDrain(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		old := start(t, "old", socketsharding.Config{Shards: shards})
		defer old.stop(t)
		contract.Control(t, "the old generation serves")
		wantAllBy(t, dialMany(t, old.addr, 20), "old")
		contract.Step(t, "Handover; the new generation has inherited but does not serve yet")
		next := restart(t, old.s, socketsharding.Config{})
		defer drainNow(t, next)
		wantAllBy(t, dialMany(t, old.addr, 20), "old")
		contract.Step(t, "the new generation serves too; then the old one is drained")
		g := serve(t, "new", next)
		defer g.stop(t)
		old.stop(t)
		wantAllBy(t, dialMany(t, old.addr, 20), "new")
	})
}

// Drain ends no connection: it waits until the handlers have returned, or
// gives up waiting when its context ends. README
func TestDrainWaits(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "server", socketsharding.Config{Shards: shards})
		defer g.stop(t)
		c := dial(t, g.addr)
		defer c.Close()
		c.greeted(t)
		contract.Step(t, "drain with a context that has ended, while a connection is served")
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		err := contract.Call(t, "Drain to return", func() error { return g.s.Drain(ended) })
		if !errors.Is(err, context.Canceled) {
			contract.Mismatch(t, "Drain, with a handler at work", fmt.Sprintf("error %v", err), "error context canceled")
		}
		contract.Fence(t, "nobody listens any more, and the connection is served")
		wantRefused(t, g.addr)
		c.ping(t)
		contract.Step(t, "drain again, with time enough")
		draining := contract.Go("Drain to return", func() error { return g.s.Drain(t.Context()) })
		for range 50 {
			c.ping(t)
		}
		if draining.Returned() {
			contract.Failf(t, "Drain returned while a connection was being served: %v", draining.Await(t))
		}
		contract.Step(t, "the client leaves")
		c.Close()
		if err := draining.Await(t); err != nil {
			contract.Failf(t, "Drain: %v", err)
		}
		if n := g.active.Load(); n != 0 {
			contract.Failf(t, "Drain returned with %d handlers at work", n)
		}
	})
}

// Counts are the connections that each shard has accepted. README
func TestCounts(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		g := start(t, "server", socketsharding.Config{Shards: shards})
		defer g.stop(t)
		contract.Step(t, "40 connections")
		want := tally(t, g.addr, 40)
		for len(want) < shards {
			want = append(want, 0)
		}
		wantCounts(t, g.s, want)
		contract.Step(t, "the caller writes into what Counts returned")
		clear(g.s.Counts())
		wantCounts(t, g.s, want)
	})
}

// UDP sockets share a port too: what comes from one client goes to one of
// them, always the same, and each of them has its clients. socket(7)
func TestPacketFlows(t *testing.T) {
	if why := loopback.NoReusePort(); why != "" {
		contract.Unsupported(t, why)
	}
	contract.Real(t, func(t *testing.T) {
		contract.Step(t, "%d sockets at one UDP port", shards)
		conns, err := socketsharding.Config{Shards: shards}.ListenPacket(t.Context(), loopback.Addr())
		if err != nil || len(conns) != shards {
			contract.Failf(t, "ListenPacket: %d sockets, error %v; want %d", len(conns), err, shards)
		}
		defer closePackets(conns)
		wantSocketsOfOnePort(t, conns)
		echo := echoPackets(conns)
		defer echo.stop(t)
		contract.Step(t, "%d clients, each of which asks three times who answers", many)
		counts := make([]int, shards)
		asking := make([]net.Conn, many)
		for i := range asking {
			asking[i] = dialPacket(t, conns[0].LocalAddr().String())
			defer asking[i].Close()
		}
		first := make([]int, many)
		for round := range 3 {
			for i, c := range asking {
				shard := ask(t, c)
				if round == 0 {
					first[i] = shard
					counts[shard]++
				} else if shard != first[i] {
					contract.Failf(t, "client %s: datagram %d went to socket %d, those before to %d", c.LocalAddr(), round+1, shard, first[i])
				}
			}
		}
		wantAllShards(t, counts, shards)
	})
}

const (
	shards = 4
	// many connections over four shards leave one of them without any once in
	// 10^24 runs.
	many = 200
)

// A generation is shards that are served: each connection is greeted with
// the generation's name and the shard's number, and then gets back what it
// sends, until it ends.
type generation struct {
	name    string
	addr    string
	s       *socketsharding.Shards
	serving *contract.Pending[error]
	handled atomic.Int64 // calls of the handler
	active  atomic.Int64 // those that have not returned
	stopped bool
}

func start(t *testing.T, name string, c socketsharding.Config) *generation {
	t.Helper()
	return startAt(t, name, c, loopback.Addr())
}

func startAt(t *testing.T, name string, c socketsharding.Config, addr string) *generation {
	t.Helper()
	return serve(t, name, listen(t, c, addr))
}

func serve(t *testing.T, name string, s *socketsharding.Shards) *generation {
	t.Helper()
	g := &generation{name: name, addr: s.Addr().String(), s: s}
	g.serving = contract.Go("Serve to return after Drain", func() error { return s.Serve(g.handle) })
	return g
}

func (g *generation) handle(shard int, c net.Conn) {
	g.handled.Add(1)
	g.active.Add(1)
	defer g.active.Add(-1)
	fmt.Fprintf(c, "%s %d\n", g.name, shard)
	io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c}) // without splice(2), whose pipes would count as left open
}

// stop drains the generation, once.
func (g *generation) stop(t *testing.T) {
	t.Helper()
	if t.Failed() || g.stopped {
		return
	}
	g.stopped = true
	drain(t, g.s)
	if err := g.serving.Await(t); !errors.Is(err, socketsharding.ErrDrained) {
		contract.Mismatch(t, "Serve, after Drain", fmt.Sprintf("error %v", err), "error "+socketsharding.ErrDrained.Error())
	}
}

func listen(t *testing.T, c socketsharding.Config, addr string) *socketsharding.Shards {
	t.Helper()
	s, err := c.Listen(t.Context(), addr)
	if err != nil {
		contract.Failf(t, "Listen at %s: %v", addr, err)
	}
	if s == nil {
		contract.Failf(t, "Listen returned neither shards nor an error")
	}
	if port := s.Addr().(*net.TCPAddr).Port; port == 0 {
		contract.Failf(t, "Addr returned %v, which has no port", s.Addr())
	}
	return s
}

func inherit(t *testing.T, c socketsharding.Config, files []*os.File) *socketsharding.Shards {
	t.Helper()
	s, err := c.Inherit(t.Context(), files)
	if err != nil || s == nil {
		contract.Failf(t, "Inherit: %v", err)
	}
	return s
}

func handover(t *testing.T, s *socketsharding.Shards) []*os.File {
	t.Helper()
	files, err := s.Handover()
	if err != nil {
		contract.Failf(t, "Handover: %v", err)
	}
	return files
}

// restart returns the next generation, not served yet.
func restart(t *testing.T, s *socketsharding.Shards, c socketsharding.Config) *socketsharding.Shards {
	t.Helper()
	files := handover(t, s)
	next := inherit(t, c, files)
	closeFiles(t, files)
	return next
}

func closeFiles(t *testing.T, files []*os.File) {
	t.Helper()
	for i, f := range files {
		if err := f.Close(); err != nil {
			contract.Failf(t, "file %d is the caller's to close: %v", i, err)
		}
	}
}

func drain(t *testing.T, s *socketsharding.Shards) {
	t.Helper()
	if err := contract.Call(t, "Drain to return", func() error { return s.Drain(t.Context()) }); err != nil {
		contract.Failf(t, "Drain: %v", err)
	}
}

// drainNow is for defer: it drains what the clause may have drained already.
func drainNow(t *testing.T, s *socketsharding.Shards) {
	if !t.Failed() {
		drain(t, s)
	}
}

// A client is a connection to a generation.
type client struct {
	net.Conn
	r *bufio.Reader
}

// dial returns when the handshake is finished. Reading what the connection
// brings may take as long as contract.Idle says, which means never.
func dial(t *testing.T, addr string) *client {
	t.Helper()
	return dialFrom(t, addr, nil)
}

func dialFrom(t *testing.T, addr string, from *net.TCPAddr) *client {
	t.Helper()
	d := net.Dialer{Timeout: contract.Idle(t)}
	if from != nil {
		d.LocalAddr = from
	}
	c, err := d.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		contract.Failf(t, "connect to %s: %v", addr, err)
	}
	c.SetDeadline(time.Now().Add(contract.Idle(t)))
	return &client{c, bufio.NewReader(c)}
}

func dialMany(t *testing.T, addr string, n int) []*client {
	t.Helper()
	var clients []*client
	for range n {
		clients = append(clients, dial(t, addr))
	}
	return clients
}

func closeClients(clients []*client) {
	for _, c := range clients {
		c.Close()
	}
}

// greeting returns who serves the connection.
func (c *client) greeting() (name string, shard int, err error) {
	line, err := c.r.ReadString('\n')
	if err != nil {
		return "", 0, err
	}
	_, err = fmt.Sscanf(line, "%s %d", &name, &shard)
	return name, shard, err
}

func (c *client) greeted(t *testing.T) (name string, shard int) {
	t.Helper()
	name, shard, err := c.greeting()
	if err != nil {
		contract.Failf(t, "the connection from %s was lost: awaited a greeting: %v", c.LocalAddr(), err)
	}
	if shard < 0 {
		contract.Failf(t, "a handler was given shard %d", shard)
	}
	return name, shard
}

// ping is a round trip on a connection that has been greeted.
func (c *client) ping(t *testing.T) {
	t.Helper()
	io.WriteString(c, "ping\n")
	if line, err := c.r.ReadString('\n'); line != "ping\n" {
		contract.Failf(t, "the connection from %s was lost while it was served: awaited an echo: %q, %v", c.LocalAddr(), line, err)
	}
}

// wantAllBy reads the greetings of all clients and closes them.
func wantAllBy(t *testing.T, clients []*client, want string) {
	t.Helper()
	lost, reason := 0, error(nil)
	for _, c := range clients {
		name, _, err := c.greeting()
		c.Close()
		switch {
		case err != nil:
			lost, reason = lost+1, err
		case name != want:
			contract.Failf(t, "the connection from %s was served by the %s generation, want the %s one", c.LocalAddr(), name, want)
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			break // the others would take as long
		}
	}
	if lost > 0 {
		contract.Mismatch(t, fmt.Sprintf("%d connections were lost of %d that had been made", lost, len(clients)), reason.Error(), "all served by the "+want+" generation")
	}
}

// tally connects n times, one after the other, and returns how many of these
// connections each shard served.
func tally(t *testing.T, addr string, n int) []int {
	t.Helper()
	var counts []int
	for range n {
		c := dial(t, addr)
		_, shard := c.greeted(t)
		c.Close()
		for len(counts) <= shard {
			counts = append(counts, 0)
		}
		counts[shard]++
	}
	return counts
}

func wantAllShards(t *testing.T, counts []int, n int) {
	t.Helper()
	if len(counts) != n || slices.Contains(counts, 0) {
		contract.Mismatch(t, "who was given what came", fmt.Sprintf("by shard %v", counts), fmt.Sprintf("%d shards, each with some", n))
	}
}

// wantListeners checks how many sockets of this process listen at addr.
func wantListeners(t *testing.T, addr string, n int) {
	t.Helper()
	sockets := map[string]bool{} // by kind and inode: a socket may have several descriptors
	for _, what := range loopback.Descriptors() {
		if strings.HasSuffix(what, " at "+addr+", listening") {
			sockets[what] = true
		}
	}
	if len(sockets) != n {
		contract.Failf(t, "%d sockets listen at %s, want %d: each shard has one, with a queue of its own", len(sockets), addr, n)
	}
}

func wantCounts(t *testing.T, s *socketsharding.Shards, want []int) {
	t.Helper()
	if got := s.Counts(); !slices.Equal(got, want) {
		contract.Mismatch(t, "Counts", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// wantError checks that nothing was returned but an error that is one thing
// and not another.
func wantError(t *testing.T, call string, s *socketsharding.Shards, err, want error, others ...error) {
	t.Helper()
	if err == nil && s != nil {
		s.Drain(t.Context())
	}
	if !errors.Is(err, want) {
		contract.Mismatch(t, call, fmt.Sprintf("error %v", err), fmt.Sprintf("error %v", want))
	}
	for _, other := range others {
		if errors.Is(err, other) {
			contract.Mismatch(t, call, fmt.Sprintf("error %v", err), fmt.Sprintf("an error that is not %q", other))
		}
	}
}

func wantRefused(t *testing.T, addr string) {
	t.Helper()
	c, err := net.DialTimeout("tcp", addr, contract.Idle(t))
	if err == nil {
		c.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		contract.Mismatch(t, "connect to "+addr, fmt.Sprintf("error %v", err), "connection refused: nobody listens")
	}
}

// wantSocketsOfOnePort checks that conns are different sockets with the same
// address.
func wantSocketsOfOnePort(t *testing.T, conns []net.PacketConn) {
	t.Helper()
	var seen []os.FileInfo
	for i, conn := range conns {
		udp, ok := conn.(*net.UDPConn)
		if !ok {
			contract.Mismatch(t, fmt.Sprintf("the type of socket %d", i), fmt.Sprintf("%T", conn), "*net.UDPConn")
		}
		if got, want := conn.LocalAddr().String(), conns[0].LocalAddr().String(); got != want || strings.HasSuffix(got, ":0") {
			contract.Mismatch(t, fmt.Sprintf("the address of socket %d", i), got, want+", as that of socket 0")
		}
		f, err := udp.File()
		if err != nil {
			contract.Failf(t, "socket %d: %v", i, err)
		}
		info, err := f.Stat()
		f.Close()
		if err != nil {
			contract.Failf(t, "BUG: %v", err)
		}
		for j, other := range seen {
			if os.SameFile(info, other) {
				contract.Failf(t, "%d and %d are the same socket: its datagrams have one queue", j, i)
			}
		}
		seen = append(seen, info)
	}
}

// An echo answers each datagram with the number of the socket that received it.
type echo struct {
	conns []net.PacketConn
	done  []*contract.Pending[error]
}

func echoPackets(conns []net.PacketConn) *echo {
	e := &echo{conns: conns}
	for i, conn := range conns {
		e.done = append(e.done, contract.Go("a socket to be closed", func() error {
			b := make([]byte, 16)
			for {
				_, from, err := conn.ReadFrom(b)
				if err != nil {
					return err
				}
				fmt.Fprintf(packetWriter{conn, from}, "%d", i)
			}
		}))
	}
	return e
}

func (e *echo) stop(t *testing.T) {
	closePackets(e.conns)
	for _, d := range e.done {
		d.Await(t)
	}
}

type packetWriter struct {
	net.PacketConn
	to net.Addr
}

func (w packetWriter) Write(b []byte) (int, error) { return w.WriteTo(b, w.to) }

func closePackets(conns []net.PacketConn) {
	for _, c := range conns {
		c.Close()
	}
}

func dialPacket(t *testing.T, addr string) net.Conn {
	t.Helper()
	c, err := net.Dial("udp", addr)
	if err != nil {
		contract.Failf(t, "BUG: %v", err)
	}
	c.SetDeadline(time.Now().Add(contract.Idle(t)))
	return c
}

// ask returns the number of the socket that receives c's datagram.
func ask(t *testing.T, c net.Conn) int {
	t.Helper()
	c.Write([]byte("who?"))
	b := make([]byte, 16)
	n, err := c.Read(b)
	shard := 0
	if err == nil {
		_, err = fmt.Sscan(string(b[:n]), &shard)
	}
	if err != nil {
		contract.Failf(t, "the datagram from %s was not answered: %v", c.LocalAddr(), err)
	}
	return shard
}
