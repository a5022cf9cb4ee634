package frames_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/wirekata/wirekata/exercises/start/frames"
	"github.com/wirekata/wirekata/harness/contract"
)

// A payload of 256 bytes has no frame, one of 255 has. README
func TestTooLong(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "append payloads of 255 and 256 bytes")
		if b, err := frames.Append(nil, make([]byte, 255)); err != nil || len(b) != 256 {
			t.Fatalf("255 bytes: %d, %v", len(b), err)
		}
		if _, err := frames.Append(nil, make([]byte, 256)); !errors.Is(err, frames.ErrTooLong) {
			t.Fatalf("256 bytes: %v", err)
		}
	})
}

// A frame may arrive in any number of pieces. README
func TestPieces(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "read a frame byte by byte")
		r := frames.NewReader(iotest.OneByteReader(strings.NewReader("\x05hello")))
		if got, err := r.Next(); err != nil || string(got) != "hello" {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

// The end between frames is io.EOF, the end in a frame is io.ErrUnexpectedEOF. README
func TestEnd(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "read three streams that end")
		for in, want := range map[string]error{"": io.EOF, "\x02": io.ErrUnexpectedEOF, "\x02a": io.ErrUnexpectedEOF} {
			if _, err := frames.NewReader(strings.NewReader(in)).Next(); err != want {
				t.Fatalf("%q: %v, want %v", in, err, want)
			}
		}
	})
}

// Many goroutines may read from one reader. README
func TestConcurrent(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "read from ten goroutines")
		r := frames.NewReader(bytes.NewReader(bytes.Repeat([]byte("\x01x"), 100)))
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				for range 10 {
					if got, err := r.Next(); err != nil || string(got) != "x" {
						t.Errorf("got %q, %v", got, err)
						return
					}
				}
			})
		}
		wg.Wait()
		if r.Count() != 100 {
			t.Fatalf("count %d, want 100", r.Count())
		}
	})
}

// Where the system has no flux capacitor, that is said. README
func TestFlux(t *testing.T) {
	if true {
		contract.Unsupported(t, "no flux capacitor")
	}
	contract.Real(t, func(t *testing.T) {})
}
