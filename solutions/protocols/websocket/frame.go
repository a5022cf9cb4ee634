package websocket

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A header is all of a frame but its payload. RFC 6455 §5.2
type header struct {
	fin    bool
	opcode Opcode
	masked bool
	length uint64
	key    [4]byte // only if masked
}

func (op Opcode) control() bool { return op&0x8 != 0 }

const (
	finBit  = 0x80
	rsvBits = 0x70
	maskBit = 0x80

	maxControl = 125 // payload of a control frame; also the longest length in 7 bits
	length16   = 126
	length64   = 127
)

// violation is the way in which a connection fails that broke a rule.
func violation(code uint16, format string, args ...any) *CloseError {
	return &CloseError{Code: code, Reason: fmt.Sprintf(format, args...), Local: true}
}

// readHeader reads a header and holds it to the rules that concern no other
// frame.
func (c *Conn) readHeader() (header, error) {
	b, err := c.take(2)
	if err != nil {
		return header{}, err
	}
	h := header{fin: b[0]&finBit != 0, opcode: Opcode(b[0] & 0x0f), masked: b[1]&maskBit != 0, length: uint64(b[1] &^ maskBit)}
	// What the first two octets tell is judged before more is read.
	if err := h.check(b[0]&rsvBits, !c.client); err != nil {
		return header{}, err
	}
	if err := c.readLength(&h); err != nil {
		return header{}, err
	}
	if h.masked {
		key, err := c.take(4)
		if err != nil {
			return header{}, err
		}
		copy(h.key[:], key)
	}
	return h, nil
}

func (h *header) check(rsv byte, wantMask bool) error {
	switch {
	case rsv != 0: // §5.2: no extension gave them a meaning
		return violation(CloseProtocolError, "reserved bit set")
	case h.masked != wantMask: // §5.1
		return violation(CloseProtocolError, "mask bit is %t", h.masked)
	case h.opcode > OpBinary && h.opcode < OpClose, h.opcode > OpPong: // §5.2
		return violation(CloseProtocolError, "%v", h.opcode)
	case h.opcode.control() && !h.fin: // §5.5
		return violation(CloseProtocolError, "control frame in fragments")
	case h.opcode.control() && h.length > maxControl: // §5.5
		return violation(CloseProtocolError, "control frame too long")
	}
	return nil
}

// readLength replaces the length of 7 bits where it stands for a longer one.
// The minimal number of octets must have been used. RFC 6455 §5.2
func (c *Conn) readLength(h *header) error {
	size, least := 0, uint64(0)
	switch h.length {
	case length16:
		size, least = 2, maxControl+1
	case length64:
		size, least = 8, math.MaxUint16+1
	default:
		return nil
	}
	b, err := c.take(size)
	if err != nil {
		return err
	}
	if size == 2 {
		h.length = uint64(binary.BigEndian.Uint16(b))
	} else {
		h.length = binary.BigEndian.Uint64(b)
	}
	if h.length < least || h.length > math.MaxInt64 {
		return violation(CloseProtocolError, "length %d in %d octets", h.length, size)
	}
	return nil
}

// take returns the next n octets, at most what the buffer holds. They are
// valid until the next take.
func (c *Conn) take(n int) ([]byte, error) {
	b, err := c.br.Peek(n)
	if err != nil {
		return nil, err
	}
	c.br.Discard(n) // cannot fail: n octets are there
	return b, nil
}

// appendHeader appends a final frame's header with the shortest length.
func appendHeader(b []byte, op Opcode, masked bool, length int) []byte {
	mask := byte(0)
	if masked {
		mask = maskBit
	}
	b = append(b, finBit|byte(op))
	switch {
	case length <= maxControl:
		return append(b, mask|byte(length))
	case length <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, mask|length16), uint16(length))
	default:
		return binary.BigEndian.AppendUint64(append(b, mask|length64), uint64(length))
	}
}

// xor masks or unmasks b, whose first octet belongs to the key's first.
// RFC 6455 §5.3
func xor(b []byte, key [4]byte) {
	// Eight octets at a time take a tenth of the time of one by one.
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i%4]
	}
}
