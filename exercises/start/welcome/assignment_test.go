package welcome_test

import (
	"errors"
	"io"
	"net"
	"testing"

	"github.com/wirekata/wirekata/exercises/start/welcome"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// A client that sends its name is greeted by it. README
func TestGreetsByName(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := meet(t)
		defer s.part(t)
		contract.Step(t, `→ "ada\n"`)
		s.send(t, "ada\n")
		s.wantLine(t, "hello, ada\n")
	})
}

// The server closes the connection after the greeting. README
func TestClosesAfterTheGreeting(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := meet(t)
		defer s.part(t)
		contract.Step(t, `→ "grace\n"`)
		s.send(t, "grace\n")
		s.wantRest(t, "hello, grace\n")
		if err := s.greet.Await(t); err != nil {
			contract.Failf(t, "Greet returned %q, want nil", err)
		}
	})
}

// A session is one client and a call of Greet that serves it.
type session struct {
	client net.Conn
	greet  *contract.Pending[error]
}

// meet connects a client to a call of Greet.
func meet(t *testing.T) *session {
	n := memnet.New(t)
	wire.Record(t, n, nil)
	client, server := n.Pipe("client", "server")
	return &session{client, contract.Go("Greet to return", func() error { return welcome.Greet(server) })}
}

// part ends the session.
func (s *session) part(t *testing.T) {
	s.client.Close()
	s.greet.Await(t)
}

// send writes each part with a write of its own.
func (s *session) send(t *testing.T, parts ...string) {
	for _, part := range parts {
		if _, err := io.WriteString(s.client, part); err != nil {
			contract.Failf(t, "the connection was closed before the name was complete: %v", err)
		}
		contract.Settle()
	}
}

// wantLine awaits exactly len(want) octets.
func (s *session) wantLine(t *testing.T, want string) {
	t.Helper()
	got := contract.Call(t, "the greeting", func() string {
		buf := make([]byte, len(want))
		n, _ := io.ReadFull(s.client, buf)
		return string(buf[:n])
	})
	contract.Bytes(t, "the greeting is not as the README says", []byte(got), []byte(want))
}

// wantRest awaits the end of the stream, and exactly want before it.
func (s *session) wantRest(t *testing.T, want string) {
	t.Helper()
	got := contract.Call(t, "the end of the stream", func() string {
		b, err := io.ReadAll(s.client)
		if err != nil && !errors.Is(err, net.ErrClosed) {
			return string(b) + " (" + err.Error() + ")"
		}
		return string(b)
	})
	contract.Bytes(t, "not what the server was to say before it closed", []byte(got), []byte(want))
}
