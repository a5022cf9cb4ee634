package welcome_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/wirekata/wirekata/exercises/start/welcome"
	"github.com/wirekata/wirekata/harness/contract"
)

// A name is the same however the stream delivers it. README
func TestAnyCut(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, cut := range contract.Cuts(t, []byte("edsger dijkstra\n")) {
			contract.Step(t, `→ "edsger dijkstra\n", %s`, cut.Name)
			s := meet(t)
			for _, chunk := range cut.Chunks {
				s.send(t, string(chunk))
			}
			s.wantRest(t, "hello, edsger dijkstra\n")
			s.part(t)
		}
	})
}

// The greeting does not wait for the client to finish, nor for anything after
// the LF. README
func TestGreetsAtTheLF(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := meet(t)
		defer s.part(t)
		contract.Step(t, `→ "barbara\nand more"`)
		s.send(t, "barbara\nand more")
		s.wantRest(t, "hello, barbara\n")
	})
}

// A name of 64 octets is greeted. README
func TestLongestName(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := meet(t)
		defer s.part(t)
		name := strings.Repeat("x", 64)
		contract.Step(t, "→ 64 octets and LF")
		s.send(t, name, "\n")
		s.wantRest(t, "hello, "+name+"\n")
	})
}

// A name of more than 64 octets is answered by nothing and reported as
// ErrTooLong, without waiting for its end. README
func TestTooLongAName(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		control(t)
		s := meet(t)
		defer s.part(t)
		contract.Step(t, "→ 65 octets and no LF")
		s.send(t, strings.Repeat("x", 65))
		s.wantRest(t, "")
		if err := s.greet.Await(t); !errors.Is(err, welcome.ErrTooLong) {
			contract.Failf(t, "Greet returned %v, want ErrTooLong", err)
		}
	})
}

// A stream that ends inside the name is answered by nothing and reported as
// io.ErrUnexpectedEOF. README
func TestEarlyEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		control(t)
		for _, part := range []string{"mar", "", strings.Repeat("x", 64)} {
			s := meet(t)
			contract.Step(t, "→ %q, end of stream", part)
			s.send(t, part)
			s.client.(interface{ CloseWrite() error }).CloseWrite()
			s.wantRest(t, "")
			if err := s.greet.Await(t); !errors.Is(err, io.ErrUnexpectedEOF) {
				contract.Failf(t, "Greet returned %v, want io.ErrUnexpectedEOF", err)
			}
			s.part(t)
		}
	})
}

// control shows that a good name is greeted.
func control(t *testing.T) {
	s := meet(t)
	defer s.part(t)
	contract.Control(t, `→ "tony\n"`)
	s.send(t, "tony\n")
	s.wantRest(t, "hello, tony\n")
}
