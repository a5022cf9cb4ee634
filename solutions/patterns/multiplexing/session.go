// Package multiplexing carries many streams over one connection, and, to
// compare, hands out many connections from a bounded pool.
//
// Each frame on the connection begins with a header of eight octets, after
// the ideas of RFC 9113:
//
//	length  16 bits  of the payload, at most 16,384
//	type     8 bits  0 Open, 1 Data, 2 Window, 3 Reset
//	flags    8 bits  1 on Data: the end of the stream in this direction
//	stream  32 bits  odd if the client opened it, even if the server did
//
// # Limitations
//
// There is no ping, no farewell (GOAWAY), no priority and no window for the
// connection as a whole; both ends must have been given the same Options.
package multiplexing

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// Options are what the two ends of a session must agree on.
type Options struct {
	// Window is how many octets may be sent on a stream, in each direction,
	// before the first Window frame; 0 means DefaultWindow.
	Window int
	// MaxStreams is how many of the streams that one end has opened may be
	// open at a time; 0 means DefaultMaxStreams.
	MaxStreams int
}

// A Session is one end of a connection that carries streams. Its methods may
// be called concurrently.
type Session struct {
	conn       net.Conn
	window     int
	maxStreams int

	turn    chan struct{} // holds an element while somebody writes to conn
	out     []byte        // what is being written, for whoever has the turn
	replies chan []byte   // what receive has to say, see answer
	over    chan struct{} // closed when the session is
	running sync.WaitGroup

	mu      sync.Mutex // over all that follows, and over the state of the streams
	err     error      // why the session is over; nil while it is not
	streams map[uint32]*Stream
	open    [2]int    // streams that count, of the peer's and of our own
	next    uint32    // the number of our next stream
	last    uint32    // the number of the peer's last stream
	backlog []*Stream // opened by the peer, not accepted yet
	arrived signal    // backlog has grown
	freed   signal    // open has shrunk
}

// Client returns the client's end of a session over c, which it takes over. A
// nil o means the zero Options.
func Client(c net.Conn, o *Options) *Session { return newSession(c, o, 1) }

// Server returns the server's end of a session over c; see [Client].
func Server(c net.Conn, o *Options) *Session { return newSession(c, o, 2) }

func newSession(c net.Conn, o *Options, first uint32) *Session {
	if o == nil {
		o = &Options{}
	}
	s := &Session{
		conn:       c,
		window:     cmp.Or(o.Window, DefaultWindow),
		maxStreams: cmp.Or(o.MaxStreams, DefaultMaxStreams),
		turn:       make(chan struct{}, 1),
		replies:    make(chan []byte, maxReplies),
		over:       make(chan struct{}),
		streams:    map[uint32]*Stream{},
		next:       first,
	}
	s.running.Go(s.receive)
	s.running.Go(s.answer)
	return s
}

const peers, ours = 0, 1 // indices of Session.open

// owner returns whose numbers the stream's number is one of. RFC 9113 §5.1.1
func (s *Session) owner(id uint32) int {
	if id%2 == s.next%2 {
		return ours
	}
	return peers
}

// Open opens a stream. It does not wait for the peer, except that while
// MaxStreams of this end's streams are open it waits until one is not, or for
// ctx.
func (s *Session) Open(ctx context.Context) (*Stream, error) {
	for {
		var st *Stream
		err := s.transmit(ctx.Done(), func(b []byte) []byte {
			if s.err != nil || s.open[ours] >= s.maxStreams {
				return b
			}
			// The number is taken in the sender's turn: on the wire they rise.
			st = s.newStream(s.next)
			st.accepted = true
			s.next += 2
			return AppendFrame(b, TypeOpen, 0, st.id, nil)
		})
		switch {
		case ctx.Err() != nil && st == nil:
			return nil, ctx.Err()
		case err != nil:
			return nil, err
		case st != nil:
			return st, nil
		}
		s.mu.Lock()
		s.await(&s.freed, ctx.Done(), func() bool { return s.open[ours] < s.maxStreams })
		s.mu.Unlock()
	}
}

// Accept returns the next stream that the peer has opened, or waits for one.
func (s *Session) Accept() (*Stream, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.await(&s.arrived, nil, func() bool { return len(s.backlog) > 0 })
	if len(s.backlog) == 0 {
		return nil, s.err
	}
	st := s.backlog[0]
	s.backlog = s.backlog[1:]
	st.accepted = true
	s.settle(st)
	return st, nil
}

// Close ends the session with all its streams and closes the connection. It
// returns nil, any number of times, once the session's goroutines are gone.
func (s *Session) Close() error {
	s.end(net.ErrClosed)
	s.running.Wait()
	return nil
}

// end makes err the reason for which the session is over, if it is not yet.
func (s *Session) end(err error) {
	s.mu.Lock()
	first := s.err == nil
	if first {
		s.err = err
		close(s.over)
	}
	s.mu.Unlock()
	if first {
		s.conn.Close()
	}
}

// A signal wakes all that wait for it. The session's lock guards it.
type signal struct{ ch chan struct{} }

func (g *signal) fire() {
	if g.ch != nil {
		close(g.ch)
		g.ch = nil
	}
}

// await waits until ready, for the end of the session, or for stop. The lock
// is held whenever ready runs and when await returns.
func (s *Session) await(g *signal, stop <-chan struct{}, ready func() bool) {
	for s.err == nil && !ready() {
		if g.ch == nil {
			g.ch = make(chan struct{})
		}
		changed := g.ch
		s.mu.Unlock()
		stopped := false
		select {
		case <-changed:
		case <-s.over:
		case <-stop:
			stopped = true
		}
		s.mu.Lock()
		if stopped {
			return
		}
	}
}

// transmit waits for its turn and writes what step appends. step runs with
// the lock: the order of frames is that in which the state has changed. No
// lock is held over the write, which may take as long as it likes.
func (s *Session) transmit(stop <-chan struct{}, step func(b []byte) []byte) error {
	select {
	case s.turn <- struct{}{}:
	case <-stop:
		return nil
	case <-s.over:
		return s.err
	}
	defer func() { <-s.turn }()
	s.mu.Lock()
	s.out = step(s.out[:0])
	err := s.err
	s.mu.Unlock()
	if err != nil || len(s.out) == 0 {
		return err
	}
	if _, err := s.conn.Write(s.out); err != nil {
		s.end(fmt.Errorf("%w: %w", ErrLost, err))
		return s.err
	}
	return nil
}

// maxReplies bounds what waits for a peer that provokes replies and does not
// read them.
const maxReplies = 256

// reply has the session say something in answer to a frame. It does not wait:
// if both ends stopped reading in order to write, neither would go on.
func (s *Session) reply(frame []byte) error {
	select {
	case s.replies <- frame:
		return nil
	default:
		return fmt.Errorf("%w: it does not read our replies", ErrProtocol)
	}
}

func (s *Session) answer() {
	for {
		select {
		case frame := <-s.replies:
			s.transmit(nil, func(b []byte) []byte { return append(b, frame...) })
		case <-s.over:
			return
		}
	}
}

// receive reads frames until the session is over.
func (s *Session) receive() {
	r := bufio.NewReaderSize(s.conn, HeaderLen+MaxPayload)
	for {
		if err := s.frame(r); err != nil {
			s.end(err)
			return
		}
	}
}

// frame reads one frame and does what it says.
func (s *Session) frame(r *bufio.Reader) error {
	var b [HeaderLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	h := ParseHeader(b)
	if h.Length > MaxPayload { // RFC 9113 §4.2
		return fmt.Errorf("%w: a payload of %d octets", ErrProtocol, h.Length)
	}
	p, err := r.Peek(h.Length) // in the reader's buffer until Discard
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	defer r.Discard(h.Length)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch want, fixed := payloads[h.Type]; {
	case h.Type > TypeReset: // RFC 9113 §4.1: what is not known is skipped
		return nil
	case fixed && h.Length != want: // RFC 9113 §6.4, §6.9
		return fmt.Errorf("%w: type %d with %d octets", ErrProtocol, h.Type, h.Length)
	case h.Type == TypeOpen:
		return s.opened(h.Stream)
	case s.idle(h.Stream): // RFC 9113 §5.1
		return fmt.Errorf("%w: stream %d was never opened", ErrProtocol, h.Stream)
	}
	st := s.streams[h.Stream]
	if st == nil || st.ended() {
		return nil // RFC 9113 §5.1: sent before the peer knew
	}
	switch h.Type {
	case TypeData:
		return st.receiveData(p, h.Flags&FlagEnd != 0)
	case TypeWindow:
		return st.receiveWindow(int(binary.BigEndian.Uint32(p)))
	}
	st.receiveReset(binary.BigEndian.Uint32(p))
	return nil
}

var payloads = map[FrameType]int{TypeOpen: 0, TypeWindow: 4, TypeReset: 4}

// idle reports whether no stream of that number has been opened yet.
func (s *Session) idle(id uint32) bool {
	switch {
	case id == 0:
		return true
	case s.owner(id) == ours:
		return id >= s.next
	}
	return id > s.last
}

// opened begins a stream of the peer's.
func (s *Session) opened(id uint32) error {
	if s.owner(id) == ours || id <= s.last { // RFC 9113 §5.1.1
		return fmt.Errorf("%w: stream %d opened after %d", ErrProtocol, id, s.last)
	}
	s.last = id
	if s.open[peers] >= s.maxStreams { // RFC 9113 §5.1.2
		return s.reply(AppendNumber(nil, TypeReset, id, CodeRefused))
	}
	s.backlog = append(s.backlog, s.newStream(id))
	s.arrived.fire()
	return nil
}

// newStream begins a stream. The lock is held.
func (s *Session) newStream(id uint32) *Stream {
	st := &Stream{s: s, id: id, mayReceive: s.window, maySend: s.window}
	s.streams[id] = st
	s.open[s.owner(id)]++
	return st
}

// settle forgets the stream if nothing more can come of it. The lock is held.
func (s *Session) settle(st *Stream) {
	if !st.ended() || s.streams[st.id] != st {
		return
	}
	if !st.accepted {
		// RFC 9113 §5.1.2 would count it no more, but what it brought lies
		// here until Accept. Only a stream that was reset brings nothing.
		if st.peerEnded {
			return
		}
		s.backlog = slices.DeleteFunc(s.backlog, func(x *Stream) bool { return x == st })
	}
	delete(s.streams, st.id)
	s.open[s.owner(st.id)]--
	s.freed.fire()
}
