package frames_test

import (
	"bytes"
	"testing"

	"github.com/wirekata/wirekata/exercises/start/frames"
	"github.com/wirekata/wirekata/harness/contract"
)

// A frame is its payload's length in one byte and the payload. README
func TestAppend(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "append a frame of %q", "hello")
		got, err := frames.Append([]byte("x"), []byte("hello"))
		if err != nil || string(got) != "x\x05hello" {
			t.Fatalf("got %q, %v", got, err)
		}
	})
}

// The reader returns one payload after the other. README
func TestRead(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "read three frames")
		r := frames.NewReader(bytes.NewReader([]byte("\x02hi\x00\x01!")))
		for _, want := range []string{"hi", "", "!"} {
			if got, err := r.Next(); err != nil || string(got) != want {
				t.Fatalf("got %q, %v; want %q", got, err, want)
			}
		}
		if r.Count() != 3 {
			t.Fatalf("count %d, want 3", r.Count())
		}
	})
}
