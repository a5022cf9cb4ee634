package wire

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"github.com/wirekata/wirekata/harness/memnet"
)

// Block types and options of draft-ietf-opsawg-pcapng, and the link type of
// packets that begin with an IP header.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockEnhanced  = 6
	optionEnd      = 0
	optionComment  = 1
	optionTSResol  = 9
	linkRaw        = 101
)

// epoch is when a bubble's clock starts; captures of other clauses use it too.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// WriteCapture writes events as a pcapng file with nanosecond stamps. Streams
// become TCP over IPv4 with the handshake, sequence numbers and checksums
// that a real stack would have produced; a packet that the network lost is
// there with a comment that says so.
func WriteCapture(w io.Writer, events []memnet.Event) error {
	c := &capture{w: w, streams: map[int]*tcpStream{}}
	c.block(blockSection, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, 0x1a2b3c4d)
		b = binary.LittleEndian.AppendUint32(b, 1) // version 1.0
		return binary.LittleEndian.AppendUint64(b, ^uint64(0))
	})
	c.block(blockInterface, func(b []byte) []byte {
		b = binary.LittleEndian.AppendUint32(b, linkRaw)
		b = binary.LittleEndian.AppendUint32(b, 0) // no limit on a packet's length
		b = option(b, optionTSResol, []byte{9})
		return option(b, optionEnd, nil)
	})
	for _, e := range events {
		c.event(e)
	}
	return c.err
}

type capture struct {
	w       io.Writer
	err     error
	streams map[int]*tcpStream
	id      uint16
}

// A tcpStream is how far the two directions of a stream have got.
type tcpStream struct {
	client netip.AddrPort
	next   [2]uint32 // sequence number that each end sends next
	sent   [2][]sent
}

type sent struct {
	upTo    uint32
	arrives time.Duration
}

const (
	flagFIN, flagSYN, flagRST, flagPSH, flagACK = 1, 2, 4, 8, 16

	protocolTCP, protocolUDP = 6, 17

	segmentSize = 1460
)

func (c *capture) event(e memnet.Event) {
	s := c.streams[e.Stream]
	switch e.Kind {
	case memnet.Opened:
		s = &tcpStream{client: e.From, next: [2]uint32{1000, 5000}}
		c.streams[e.Stream] = s
		c.segment(e.At, e.From, e.To, s, flagSYN, nil)
		c.segment(e.At, e.To, e.From, s, flagSYN|flagACK, nil)
		c.segment(e.At, e.From, e.To, s, flagACK, nil)
	case memnet.Sent:
		for b := e.Bytes; len(b) > 0 && s != nil; b = b[min(segmentSize, len(b)):] {
			c.segment(e.At, e.From, e.To, s, flagPSH|flagACK, b[:min(segmentSize, len(b))])
		}
		s.mark(e)
	case memnet.Finished:
		c.segment(e.At, e.From, e.To, s, flagFIN|flagACK, nil)
		s.mark(e)
	case memnet.Reset:
		c.segment(e.At, e.From, e.To, s, flagRST|flagACK, nil)
	case memnet.Delivered:
		c.datagram(e)
	}
}

func (s *tcpStream) end(a netip.AddrPort) int {
	if a == s.client {
		return 0
	}
	return 1
}

func (s *tcpStream) mark(e memnet.Event) {
	if s != nil {
		i := s.end(e.From)
		s.sent[i] = append(s.sent[i], sent{s.next[i], max(e.Arrives, e.At)})
	}
}

// acknowledged returns how much of the peer's stream end i has at the instant at.
func (s *tcpStream) acknowledged(i int, at time.Duration) uint32 {
	ack := [2]uint32{1001, 5001}[1-i]
	for _, m := range s.sent[1-i] {
		if m.arrives > at {
			break
		}
		ack = m.upTo
	}
	return ack
}

func (c *capture) segment(at time.Duration, from, to netip.AddrPort, s *tcpStream, flags byte, payload []byte) {
	if s == nil {
		return // the tap was set after the stream was opened
	}
	i := s.end(from)
	b := binary.BigEndian.AppendUint16(nil, from.Port())
	b = binary.BigEndian.AppendUint16(b, to.Port())
	b = binary.BigEndian.AppendUint32(b, s.next[i])
	ack := uint32(0)
	if flags&flagACK != 0 {
		ack = s.acknowledged(i, at)
	}
	b = binary.BigEndian.AppendUint32(b, ack)
	b = append(b, 5<<4, flags, 0xff, 0xff, 0, 0, 0, 0)
	b = append(b, payload...)
	s.next[i] += uint32(len(payload))
	if flags&(flagSYN|flagFIN) != 0 {
		s.next[i]++
	}
	binary.BigEndian.PutUint16(b[16:], transportSum(from.Addr(), to.Addr(), protocolTCP, b))
	c.packet(at, from.Addr(), to.Addr(), protocolTCP, b, "")
}

func (c *capture) datagram(e memnet.Event) {
	b := binary.BigEndian.AppendUint16(nil, e.From.Port())
	b = binary.BigEndian.AppendUint16(b, e.To.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(e.Bytes)))
	b = append(b, 0, 0)
	b = append(b, e.Bytes...)
	sum := transportSum(e.From.Addr(), e.To.Addr(), protocolUDP, b)
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[6:], sum)
	comment := ""
	if e.Lost {
		comment = "lost by the network"
	}
	c.packet(e.At, e.From.Addr(), e.To.Addr(), protocolUDP, b, comment)
}

// packet wraps b in an IPv4 header and writes it.
func (c *capture) packet(at time.Duration, from, to netip.Addr, protocol byte, b []byte, comment string) {
	c.id++
	h := []byte{0x45, 0, 0, 0, 0, 0, 0x40, 0, 64, protocol, 0, 0}
	h = append(append(h, from.AsSlice()...), to.AsSlice()...)
	binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(b)))
	binary.BigEndian.PutUint16(h[4:], c.id)
	binary.BigEndian.PutUint16(h[10:], fold(add(0, h)))
	stamp := uint64(epoch.Add(at).UnixNano())
	c.block(blockEnhanced, func(e []byte) []byte {
		e = binary.LittleEndian.AppendUint32(e, 0) // interface
		e = binary.LittleEndian.AppendUint32(e, uint32(stamp>>32))
		e = binary.LittleEndian.AppendUint32(e, uint32(stamp))
		e = binary.LittleEndian.AppendUint32(e, uint32(len(h)+len(b)))
		e = binary.LittleEndian.AppendUint32(e, uint32(len(h)+len(b)))
		e = padded(append(append(e, h...), b...))
		if comment != "" {
			e = option(option(e, optionComment, []byte(comment)), optionEnd, nil)
		}
		return e
	})
}

// block writes one block; body appends to what it is given, which is aligned.
func (c *capture) block(kind uint32, body func([]byte) []byte) {
	if c.err != nil {
		return
	}
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = body(append(b, 0, 0, 0, 0))
	length := uint32(len(b) + 4)
	binary.LittleEndian.PutUint32(b[4:], length)
	_, c.err = c.w.Write(binary.LittleEndian.AppendUint32(b, length))
}

func option(b []byte, code uint16, value []byte) []byte {
	b = binary.LittleEndian.AppendUint16(b, code)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(value)))
	return padded(append(b, value...))
}

func padded(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func transportSum(from, to netip.Addr, protocol byte, b []byte) uint16 {
	sum := add(add(0, from.AsSlice()), to.AsSlice())
	return fold(add(sum+uint32(protocol)+uint32(len(b)), b))
}

func add(sum uint32, b []byte) uint32 {
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(b[i])<<8 | uint32(b[i+1])
	}
	if len(b)%2 == 1 {
		sum += uint32(b[len(b)-1]) << 8
	}
	return sum
}

func fold(sum uint32) uint16 {
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}
