// Package wire shows what crossed a network: to a person, message by message,
// through a describer for each protocol; and to Wireshark, as a pcapng file.
// Its describers are independent of the code that they judge.
package wire

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
)

// A Describer renders one direction of one stream. It is fed the stream's
// octets in the pieces in which they were sent and returns a line for each
// message that is complete; what is not complete yet it keeps. It never fails:
// what it cannot read it renders as octets.
type Describer interface {
	Describe(b []byte) []string
}

// An Ender is a describer that has something to say when its direction of the
// stream ends: what was not complete, usually.
type Ender interface {
	Describer
	End() []string
}

// A Protocol makes the describers for the two directions of one stream, or of
// the datagrams between two sockets: the client is who sent first.
type Protocol func() (client, server Describer)

// Record has what crosses n shown in the clause's transcript and, should the
// clause fail, written to its capture. The protocol of a stream is looked up
// by the port that was dialled, that of datagrams by the port to which the
// first was sent; without one their octets are shown as text.
func Record(t testing.TB, n *memnet.Network, protocols map[uint16]Protocol) {
	r := &recorder{t: t, protocols: protocols, streams: map[int]*[2]party{}, flows: map[[2]netip.AddrPort]Describer{}}
	n.Tap(r.event)
	contract.OnFailure(t, r.save)
}

type recorder struct {
	t         testing.TB
	protocols map[uint16]Protocol
	streams   map[int]*[2]party
	flows     map[[2]netip.AddrPort]Describer // of datagrams, by sender and receiver
	events    []memnet.Event
	octets    int
}

// A party is what one end of a stream sends.
type party struct {
	addr netip.AddrPort
	Describer
}

// maxCapture bounds the payload that a capture keeps, in octets.
const maxCapture = 4 << 20

// event is called under the network's lock.
func (r *recorder) event(e memnet.Event) {
	took := max(e.Arrives-e.At, 0)
	if e.Lost && e.Stream == 0 {
		took = 0 // it never arrives
	}
	for _, line := range r.describe(e) {
		contract.MessageTook(r.t, e.FromName, e.ToName, line, e.Bytes, e.Lost, took)
	}
	if r.octets += len(e.Bytes); r.octets <= maxCapture {
		e.Bytes = append([]byte(nil), e.Bytes...)
		r.events = append(r.events, e)
	}
}

func (r *recorder) describe(e memnet.Event) []string {
	switch e.Kind {
	case memnet.Opened:
		client, server := Describer(Text{}), Describer(Text{})
		if p := r.protocols[e.To.Port()]; p != nil {
			client, server = p()
		}
		r.streams[e.Stream] = &[2]party{{e.From, client}, {e.To, server}}
	case memnet.Sent:
		return r.sender(e).Describe(e.Bytes)
	case memnet.Finished:
		return append(r.end(e), "(end of stream)")
	case memnet.Reset:
		return append(r.end(e), "(reset)")
	case memnet.Delivered:
		return r.flow(e).Describe(e.Bytes)
	}
	return nil
}

// sender returns the describer of the stream's direction that e is about.
func (r *recorder) sender(e memnet.Event) Describer {
	ends := r.streams[e.Stream]
	switch {
	case ends == nil:
		return Text{}
	case ends[0].addr == e.From:
		return ends[0].Describer
	}
	return ends[1].Describer
}

func (r *recorder) end(e memnet.Event) []string {
	if d, ok := r.sender(e).(Ender); ok {
		return d.End()
	}
	return nil
}

// flow returns the describer of the datagrams that go where e goes.
func (r *recorder) flow(e memnet.Event) Describer {
	there, back := [2]netip.AddrPort{e.From, e.To}, [2]netip.AddrPort{e.To, e.From}
	if r.flows[there] == nil {
		r.flows[there], r.flows[back] = Text{}, Text{}
		if p := r.protocols[e.To.Port()]; p != nil {
			r.flows[there], r.flows[back] = p()
		}
	}
	return r.flows[there]
}

// save writes the capture next to the clause's other evidence.
func (r *recorder) save() {
	dir := contract.EvidenceDir(r.t)
	if dir == "" || len(r.events) == 0 {
		return
	}
	name := strings.Map(func(c rune) rune {
		if c == '/' || c == os.PathSeparator {
			return '_'
		}
		return c
	}, r.t.Name()) + ".pcapng"
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return // a capture is a comfort; the verdict stands without it
	}
	defer f.Close()
	if WriteCapture(f, r.events) == nil {
		contract.Captured(r.t, name)
	}
}

// Text describes a stream of which nothing is known: each piece as a quoted
// string if it is text, else in hex, cut to a line.
type Text struct{}

// Describe implements [Describer].
func (Text) Describe(b []byte) []string {
	const most = 48
	if len(b) == 0 {
		return nil
	}
	cut, rest := b, ""
	if len(b) > most {
		cut, rest = b[:most], fmt.Sprintf("... %d octets", len(b))
	}
	if utf8.Valid(b) {
		return []string{fmt.Sprintf("%q%s", strings.ToValidUTF8(string(cut), ""), rest)}
	}
	return []string{fmt.Sprintf("% x%s", cut[:min(len(cut), 24)], rest)}
}
