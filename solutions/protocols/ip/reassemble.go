package ip

import (
	"cmp"
	"container/list"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// A Reassembler puts fragments together. Its zero value is ready. It is not
// for concurrent use, starts nothing and needs no closing.
type Reassembler struct {
	// Timeout is how long a datagram may take, from the arrival of whichever
	// fragment was first; 0 is 30 s.
	Timeout time.Duration
	// MaxBytes bounds the payload octets that are held of all incomplete
	// datagrams together; 0 is 1 MiB.
	MaxBytes int

	partial map[key]*list.Element
	oldest  list.List // of *partial, by the arrival of the first fragment
	held    int
}

// A key is what fragments of one datagram share. RFC 791 §3.2
type key struct {
	src, dst netip.Addr
	protocol uint8
	id       uint16
}

// A partial is a datagram that is not complete.
type partial struct {
	key     key
	expires time.Time
	first   Header  // of the fragment at offset 0, once it is here
	pieces  []piece // by offset; they never overlap
	held    int     // octets in pieces
	end     int     // where the payload ends, once known is set
	known   bool
	broken  bool // fragments contradicted each other
}

// A piece is one fragment's payload.
type piece struct {
	offset int
	data   []byte
}

func (p piece) end() int { return p.offset + len(p.data) }

// Add takes a packet. It returns the whole datagram if pkt completes it or is
// no fragment, and nil if more is to come. It does not keep pkt.
//
// It returns ErrFragment for a fragment that cannot be part of any datagram,
// which changes nothing; ErrOverlap for one that contradicts what came before,
// which spoils the datagram; and what [Parse] returns for a packet that is
// none.
func (r *Reassembler) Add(pkt []byte) (whole []byte, err error) {
	r.expire(time.Now())
	h, payload, err := Parse(pkt)
	if err != nil {
		return nil, err
	}
	if !h.MF && h.Offset == 0 {
		return h.Append(nil, payload)
	}
	if err := possible(h, payload); err != nil {
		return nil, err
	}
	p := r.find(h)
	if p.broken {
		return nil, ErrOverlap
	}
	fresh, ok := p.place(h, piece{h.Offset, payload})
	if !ok {
		r.spoil(p)
		return nil, fmt.Errorf("%w: octets %d to %d of id %d", ErrOverlap, h.Offset, h.Offset+len(payload), h.ID)
	}
	r.held += fresh
	if p.known && p.held == p.end { // no overlaps, so the count says it all
		r.forget(p)
		return p.whole()
	}
	for r.held > cmp.Or(r.MaxBytes, 1<<20) {
		r.forget(r.oldest.Front().Value.(*partial))
	}
	return nil, nil
}

// possible checks a fragment by itself. RFC 791 §3.2: only the last may have a
// length that is no multiple of 8, and no datagram is longer than 65535.
func possible(h Header, payload []byte) error {
	switch {
	case len(payload) == 0, h.MF && len(payload)%8 != 0:
		return fmt.Errorf("%w: %d octets at offset %d", ErrFragment, len(payload), h.Offset)
	case MinHeader+len(h.Options)+h.Offset+len(payload) > MaxPacket:
		return fmt.Errorf("%w: ends at octet %d", ErrFragment, h.Offset+len(payload))
	}
	return nil
}

// place puts a fragment's payload where it belongs and returns how many octets
// are new: none for an exact duplicate. It is not ok if the fragment
// contradicts what came before.
func (p *partial) place(h Header, new piece) (fresh int, ok bool) {
	i, found := slices.BinarySearchFunc(p.pieces, new.offset, func(q piece, offset int) int { return q.offset - offset })
	if found && slices.Equal(p.pieces[i].data, new.data) {
		return 0, h.MF || p.known && new.end() == p.end
	}
	if i > 0 && p.pieces[i-1].end() > new.offset || i < len(p.pieces) && new.end() > p.pieces[i].offset {
		return 0, false
	}
	furthest := new.end()
	if n := len(p.pieces); n > 0 {
		furthest = max(furthest, p.pieces[n-1].end())
	}
	switch {
	case p.known && (!h.MF || furthest > p.end):
		return 0, false // a second end, or something behind the end
	case !h.MF && furthest > new.end():
		return 0, false // an end before something that is already here
	case !h.MF:
		p.end, p.known = new.end(), true
	}
	if h.Offset == 0 {
		p.first = h
		p.first.Options = slices.Clone(h.Options)
	}
	new.data = slices.Clone(new.data)
	p.pieces = slices.Insert(p.pieces, i, new)
	p.held += len(new.data)
	return len(new.data), true
}

// whole returns the packet that was cut: the first fragment's header before
// all of the payload.
func (p *partial) whole() ([]byte, error) {
	payload := make([]byte, 0, p.end)
	for _, q := range p.pieces {
		payload = append(payload, q.data...)
	}
	h := p.first
	h.MF = false
	return h.Append(make([]byte, 0, MinHeader+len(h.Options)+p.end), payload)
}

// find returns the datagram that a fragment belongs to, a new one if it is the
// first.
func (r *Reassembler) find(h Header) *partial {
	k := key{h.Src, h.Dst, h.Protocol, h.ID}
	if e := r.partial[k]; e != nil {
		return e.Value.(*partial)
	}
	if r.partial == nil {
		r.partial = map[key]*list.Element{}
	}
	p := &partial{key: k, expires: time.Now().Add(cmp.Or(r.Timeout, 30*time.Second))}
	r.partial[k] = r.oldest.PushBack(p)
	return p
}

// spoil drops what is here of a datagram and keeps its key, so that what is
// still to come of it is dropped too. RFC 5722 §4 asks for that in IPv6
func (r *Reassembler) spoil(p *partial) {
	r.held -= p.held
	p.pieces, p.held, p.broken = nil, 0, true
}

func (r *Reassembler) forget(p *partial) {
	r.held -= p.held
	r.oldest.Remove(r.partial[p.key])
	delete(r.partial, p.key)
}

// expire forgets what has taken too long. All wait equally long, so those
// whose time is up stand in front.
func (r *Reassembler) expire(now time.Time) {
	for e := r.oldest.Front(); e != nil && !now.Before(e.Value.(*partial).expires); e = r.oldest.Front() {
		r.forget(e.Value.(*partial))
	}
}
