// Package requestresponse is requests and their responses on a connection
// that many callers share. It carries frames in both directions:
//
//	length  32 bits  of the body, in octets
//	id      32 bits  the request's number, chosen by the client
//	type    16 bits  1 REQUEST, 2 RESPONSE, 3 CANCEL
//	kind    16 bits  of a REQUEST its kind, of a RESPONSE its code, of a CANCEL 0
//	body             length octets; a CANCEL has none
//
// All numbers are big-endian. Every REQUEST gets exactly one RESPONSE,
// cancelled or not, in any order; its id is in use until then.
//
// # Limitations
//
// A body is one piece: there are no streams. A Write that the other end does
// not take holds up the calls of a client, beyond their contexts too.
package requestresponse

import (
	"encoding/binary"
	"io"
	"sync"
)

// A header is what every frame begins with.
type header struct {
	length uint32
	id     uint32
	typ    uint16
	kind   uint16 // or code
}

func readHeader(r io.Reader) (header, error) {
	var b [HeaderLen]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return header{}, err
	}
	return header{
		length: binary.BigEndian.Uint32(b[0:]),
		id:     binary.BigEndian.Uint32(b[4:]),
		typ:    binary.BigEndian.Uint16(b[8:]),
		kind:   binary.BigEndian.Uint16(b[10:]),
	}, nil
}

// readBody reads a body into memory of its own. Its length has been looked at
// before: this is where a number from the wire becomes an allocation.
func readBody(r io.Reader, length uint32) ([]byte, error) {
	body := make([]byte, length)
	_, err := io.ReadFull(r, body)
	return body, err
}

// A frameWriter lets frames out one after the other, each in one piece.
type frameWriter struct {
	mu sync.Mutex
	w  io.Writer
}

// write sends a frame. When its turn has come, and nobody can have read any of
// it yet, it calls before.
func (f *frameWriter) write(typ, kind uint16, id uint32, body []byte, before func()) error {
	b := make([]byte, 0, HeaderLen+len(body))
	b = binary.BigEndian.AppendUint32(b, uint32(len(body)))
	b = binary.BigEndian.AppendUint32(b, id)
	b = binary.BigEndian.AppendUint16(b, typ)
	b = binary.BigEndian.AppendUint16(b, kind)
	b = append(b, body...)

	f.mu.Lock()
	defer f.mu.Unlock()
	if before != nil {
		before()
	}
	_, err := f.w.Write(b)
	return err
}
