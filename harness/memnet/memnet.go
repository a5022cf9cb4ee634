// Package memnet is a network in memory, for clauses that run in virtual
// time: stream connections and datagram sockets between named hosts, over
// links with a delay, a rate, a maximum segment size and a schedule of losses,
// duplicates and late arrivals. What happens to a packet is a function of the
// packet, never chance, so a clause about round trips is an equality.
//
// # How it moves bytes
//
// A write stamps each segment with the time at which it will have arrived and
// puts it into the receiver's queue; a read takes what has arrived, or waits
// for it. No goroutine and no timer runs between the two, so nothing of the
// network is left behind, and segments that arrive at the same instant arrive
// in the order in which they were sent.
//
// A write never blocks, unless the link has a Window.
//
// Outside a bubble it works in real time; its connections pass
// golang.org/x/net/nettest there.
//
// # Names and addresses
//
// Hosts have names ("client", "server") and get addresses from 10.0.0.0/24 in
// the order in which they are first mentioned. [Network.Name] goes back.
package memnet

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/evidence"
)

// A Link says how packets get from one host to another. The zero value is a
// perfect link without delay.
type Link struct {
	// Delay is the time from the end of the transmission to arrival.
	Delay time.Duration
	// Rate is in octets per second; 0 is unlimited.
	Rate int
	// MTU is the most payload, in octets, that one segment or datagram carries;
	// 0 is 1460 for segments and 65,507 for datagrams. A longer datagram is lost.
	MTU int
	// Window bounds what a stream has sent and its receiver not yet read, in
	// octets; 0 is unbounded. It is the only thing that makes a write wait.
	Window int
	// Handshake makes dialling take one round trip, as TCP's does.
	Handshake bool
	// Fate, if set, is asked about every packet.
	Fate func(Packet) Fate
}

// A Packet is one segment of a stream or one datagram.
type Packet struct {
	From, To string // host names
	Number   int    // from 1, counted per direction of the link
	Datagram bool
	Bytes    []byte // must not be kept or changed
}

// Fate is what the link does to a packet. The zero value delivers it.
type Fate struct {
	// Lose drops a datagram. A stream's segment arrives, as if sent again,
	// [Recovery] and one round trip later, and holds up those behind it.
	Lose bool
	// Copies is how many further times a datagram arrives.
	Copies int
	// Late is added to the delay; a datagram may so be overtaken.
	Late time.Duration
}

// Recovery is what the loss of a stream's segment costs before it is sent
// again: the least retransmission timeout that common TCPs use.
const Recovery = 200 * time.Millisecond

const defaultSegment, defaultDatagram = 1460, 65507

// A Network is a set of hosts and links. Its methods may be called
// concurrently.
type Network struct {
	start time.Time

	mu        sync.Mutex
	fallback  Link
	lanes     map[[2]netip.Addr]*lane
	names     map[netip.Addr]string
	addrs     map[string]netip.Addr
	ports     map[netip.Addr]uint16
	listeners map[netip.AddrPort]*listener
	sockets   map[netip.AddrPort]*socket
	conns     []*conn
	taps      []func(Event)
	stream    int
}

// A lane is one direction of a link and what went over it.
type lane struct {
	link   Link
	busy   time.Time // until when the transmitter is at work
	packet int
	counts Counts
}

// Counts is what crossed one direction of a link.
type Counts struct {
	Dials     int // connections opened in this direction
	Writes    int // calls of Write and WriteTo
	Segments  int // segments of streams
	Datagrams int
	Octets    int
	Lost      int // packets that Fate lost or the MTU forbade
	// Flights are stretches of writes on a stream without an answer between:
	// the round trips of an exchange are the flights of the side that answers.
	Flights int
}

// New returns a network without hosts that lives as long as the clause. The
// clause must close every connection, listener and socket that it opens or is
// given; an open one counts as left behind by the candidate.
func New(t testing.TB) *Network {
	n := &Network{
		start: time.Now(),
		lanes: map[[2]netip.Addr]*lane{},
		names: map[netip.Addr]string{}, addrs: map[string]netip.Addr{}, ports: map[netip.Addr]uint16{},
		listeners: map[netip.AddrPort]*listener{}, sockets: map[netip.AddrPort]*socket{},
	}
	contract.Own(t, n)
	return n
}

// SetLink makes l the link between a and b, in both directions. Links that
// are not set are perfect, or what [Network.SetDefault] says.
func (n *Network) SetLink(a, b string, l Link) {
	n.SetLane(a, b, l)
	n.SetLane(b, a, l)
}

// SetLane makes l the way from one host to another only.
func (n *Network) SetLane(from, to string, l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.lane(n.host(from), n.host(to)).link = l
}

// SetDefault makes l the link between hosts that have not met yet.
func (n *Network) SetDefault(l Link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fallback = l
}

// Counts returns what has been sent from one host to another so far.
func (n *Network) Counts(from, to string) Counts {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.lane(n.host(from), n.host(to)).counts
}

// Spent implements [contract.Spender]: what has been sent so far, by everyone.
func (n *Network) Spent() evidence.Cost {
	n.mu.Lock()
	defer n.mu.Unlock()
	var cost evidence.Cost
	for _, l := range n.lanes {
		c := l.counts
		cost.Add(evidence.Cost{
			Connections: c.Dials, Writes: c.Writes, Segments: c.Segments, Datagrams: c.Datagrams, Octets: c.Octets, Flights: c.Flights,
		})
	}
	return cost
}

// Addr returns the address of "host:port".
func (n *Network) Addr(hostport string) (netip.AddrPort, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.resolve(hostport)
}

// Name returns "host:port" for an address of this network.
func (n *Network) Name(a net.Addr) string {
	n.mu.Lock()
	defer n.mu.Unlock()
	ap, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()
	}
	return n.name(ap)
}

func (n *Network) name(ap netip.AddrPort) string {
	if name, ok := n.names[ap.Addr()]; ok {
		return net.JoinHostPort(name, strconv.Itoa(int(ap.Port())))
	}
	return ap.String()
}

// Left implements contract.Resource: what is still open.
func (n *Network) Left() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	var left []string
	for _, c := range n.conns {
		if c.isOpen() {
			left = append(left, fmt.Sprintf("the connection %s → %s was not closed by %s", n.name(c.local), n.name(c.remote), n.name(c.local)))
		}
	}
	for ap := range n.listeners {
		left = append(left, fmt.Sprintf("the listener on %s was not closed", n.name(ap)))
	}
	for ap := range n.sockets {
		left = append(left, fmt.Sprintf("the packet socket on %s was not closed", n.name(ap)))
	}
	slices.Sort(left)
	return left
}

// Close closes every connection, listener and socket.
func (n *Network) Close() {
	n.mu.Lock()
	conns := slices.Clone(n.conns)
	var rest []interface{ Close() error }
	for _, l := range n.listeners {
		rest = append(rest, l)
	}
	for _, s := range n.sockets {
		rest = append(rest, s)
	}
	n.mu.Unlock()
	for _, c := range conns {
		c.Close()
	}
	for _, r := range rest {
		r.Close()
	}
}

// Listen listens for streams on "host:port"; port 0 picks a free one.
func (n *Network) Listen(hostport string) (net.Listener, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ap, err := n.claim(hostport)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Err: err}
	}
	if n.listeners[ap] != nil {
		return nil, &net.OpError{Op: "listen", Net: "tcp", Addr: net.TCPAddrFromAddrPort(ap), Err: syscall.EADDRINUSE}
	}
	l := &listener{n: n, at: ap, mail: newMail()}
	n.listeners[ap] = l
	return l, nil
}

// Dial opens a stream from a host to "host:port".
func (n *Network) Dial(ctx context.Context, from, hostport string) (net.Conn, error) {
	c, wait, err := n.dial(from, hostport)
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			if c != nil {
				c.reset()
			}
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: ctx.Err()}
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Dialer returns Dial from a host in the form that net/http and others take.
func (n *Network) Dialer(from string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, _, addr string) (net.Conn, error) { return n.Dial(ctx, from, addr) }
}

func (n *Network) dial(from, hostport string) (*conn, time.Duration, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	to, err := n.resolve(hostport)
	if err != nil {
		return nil, 0, &net.OpError{Op: "dial", Net: "tcp", Err: err}
	}
	local := netip.AddrPortFrom(n.host(from), n.port(n.host(from)))
	there, back := n.lane(local.Addr(), to.Addr()), n.lane(to.Addr(), local.Addr())
	var wait time.Duration
	if there.link.Handshake {
		wait = there.link.Delay + back.link.Delay
	}
	l := n.listeners[to]
	if l == nil {
		return nil, there.link.Delay + back.link.Delay, &net.OpError{Op: "dial", Net: "tcp", Addr: net.TCPAddrFromAddrPort(to), Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	}
	there.counts.Dials++
	a, b := n.pair(local, to)
	n.event(Event{Kind: Opened, Stream: a.stream, From: local, To: to})
	arrival := time.Now().Add(there.link.Delay)
	if there.link.Handshake {
		arrival = arrival.Add(back.link.Delay + there.link.Delay)
	}
	l.put(b, arrival)
	return a, wait, nil
}

// Pipe returns the two ends of a stream between two hosts. No listener is
// needed and dialling takes no time.
func (n *Network) Pipe(a, b string) (net.Conn, net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	from := netip.AddrPortFrom(n.host(a), n.port(n.host(a)))
	to := netip.AddrPortFrom(n.host(b), n.port(n.host(b)))
	x, y := n.pair(from, to)
	n.event(Event{Kind: Opened, Stream: x.stream, From: from, To: to})
	return x, y
}

// ListenPacket opens a datagram socket on "host:port"; port 0 picks one.
func (n *Network) ListenPacket(hostport string) (net.PacketConn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	ap, err := n.claim(hostport)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Err: err}
	}
	if n.sockets[ap] != nil {
		return nil, &net.OpError{Op: "listen", Net: "udp", Addr: net.UDPAddrFromAddrPort(ap), Err: syscall.EADDRINUSE}
	}
	s := &socket{n: n, at: ap, mail: newMail()}
	n.sockets[ap] = s
	return s, nil
}

// host returns a name's address, which it gets when it is first mentioned.
func (n *Network) host(name string) netip.Addr {
	if a, err := netip.ParseAddr(name); err == nil {
		if n.names[a] == "" {
			n.names[a] = name // an address is its own name
		}
		return a
	}
	a, ok := n.addrs[name]
	if !ok {
		a = netip.AddrFrom4([4]byte{10, 0, 0, byte(len(n.addrs) + 1)})
		n.addrs[name], n.names[a] = a, name
	}
	return a
}

func (n *Network) resolve(hostport string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(hostport)
	if err != nil {
		return netip.AddrPort{}, err
	}
	p, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("port %q is no number below 65536", port)
	}
	return netip.AddrPortFrom(n.host(host), uint16(p)), nil
}

func (n *Network) claim(hostport string) (netip.AddrPort, error) {
	ap, err := n.resolve(hostport)
	if err == nil && ap.Port() == 0 {
		ap = netip.AddrPortFrom(ap.Addr(), n.port(ap.Addr()))
	}
	return ap, err
}

func (n *Network) port(a netip.Addr) uint16 {
	n.ports[a]++
	return 49151 + n.ports[a]
}

func (n *Network) lane(from, to netip.Addr) *lane {
	l := n.lanes[[2]netip.Addr{from, to}]
	if l == nil {
		l = &lane{link: n.fallback}
		n.lanes[[2]netip.Addr{from, to}] = l
	}
	return l
}

// link returns the lane's link as it is now.
func (n *Network) link(l *lane) Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return l.link
}

// send puts one packet on the lane and returns when it will have arrived,
// and what becomes of it.
func (n *Network) send(l *lane, from, to netip.AddrPort, b []byte, datagram bool) (time.Time, Fate) {
	l.packet++
	l.counts.Octets += len(b)
	var fate Fate
	if l.link.Fate != nil {
		fate = l.link.Fate(Packet{From: n.names[from.Addr()], To: n.names[to.Addr()], Number: l.packet, Datagram: datagram, Bytes: b})
	}
	if datagram && len(b) > cmp.Or(l.link.MTU, defaultDatagram) {
		fate = Fate{Lose: true}
	}
	if fate.Lose {
		l.counts.Lost++
	}
	now := time.Now()
	if l.busy.Before(now) {
		l.busy = now
	}
	if l.link.Rate > 0 {
		l.busy = l.busy.Add(time.Duration(len(b)) * time.Second / time.Duration(l.link.Rate))
	}
	return l.busy.Add(l.link.Delay + fate.Late), fate
}
