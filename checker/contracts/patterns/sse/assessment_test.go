package sse_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/sse"
	"github.com/wirekata/wirekata/harness/contract"
)

// A byte order mark is dropped at the start of the stream, once, and nowhere
// else. WHATWG HTML §9.2.6, Encoding §6
func TestByteOrderMark(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "one at the start, one at a later line (web platform test eventsource/format-bom)")
		wantDecoded(t, "\ufeffdata:1\n\n\ufeffdata:2\n\ndata:3\n\n", message("1", ""), message("3", ""))
		contract.Step(t, "two at the start (eventsource/format-bom-2)")
		wantDecoded(t, "\ufeff\ufeffdata:1\n\ndata:2\n\ndata:3\n\n", message("2", ""), message("3", ""))
		contract.Step(t, "behind a comment, and within data")
		wantDecoded(t, ":\n\ufeffdata:1\ndata:\ufeff2\n\n", message("\ufeff2", ""))
		contract.Step(t, "before a comment and before a blank line")
		wantDecoded(t, "\ufeff:\ndata:1\n\n", message("1", ""))
		wantDecoded(t, "\ufeff\r\ndata:1\n\n", message("1", ""))
	})
}

// An event is returned as soon as the octet is there that ends its blank line:
// a CR does not wait for an LF, and an LF that comes later belongs to it.
// README, WHATWG HTML §9.2.5
func TestEventIsNotHeldBack(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, c := range []struct{ first, second, want string }{
			{"data: a\n\n", "data: b\n\n", "b"},
			{"data: a\r\n\r\n", "data: b\r\n\r\n", "b"},
			{"data: a\r\r", "data: b\r\r", "b"},
			{"data: a\r\n\r", "\ndata: b\r\n\r", "b"},
			{"data: a\n\r", "\ndata: b\n\r", "b"},
			{"id: 1\nid\ndata: a\r\r", "\ndata: b\r\r\n: c\r\n", "b"},
			{"data: a\r\rdata: b\r", "\ndata: c\r\n\r", "b\nc"},
			{"data: a\r\n\r\ndata: b\r", "data: c\r\r", "b\nc"},
		} {
			in := newFeed()
			d := sse.NewDecoder(in)
			for i, part := range []string{c.first, c.second} {
				contract.Step(t, "%q is there, and nothing behind it", part)
				in.put(part)
				got := contract.Call(t, "Next to return the event whose blank line is there", func() result { return newResult(d.Next()) })
				if got.err != nil {
					in.end()
					contract.Failf(t, "Next returned the error %q", got.err)
				}
				wantEvents(t, "the event", []sse.Event{got.event}, []sse.Event{message([]string{"a", c.want}[i], "")})
			}
			contract.Fence(t, "the stream ends")
			in.end()
			if got := contract.Call(t, "Next to return", func() result { return newResult(d.Next()) }); !errors.Is(got.err, io.EOF) {
				contract.Mismatch(t, "the end of the stream", got.String(), "io.EOF")
			}
		}
	})
}

// The first colon ends a field's name, which is compared letter by letter; one
// space behind it is no part of the value, a second one or a tab is. WHATWG
// HTML §9.2.6
func TestFieldParsing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "after a web platform test (eventsource/format-field-parsing)")
		wantDecoded(t, "data:\x00\ndata:  2\rData:1\ndata\x00:2\ndata:1\r\x00data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
			message("\x00\n 2\n1\n3\n\n4", ""))
		contract.Step(t, "after a web platform test (eventsource/format-leading-space)")
		wantDecoded(t, "data:\ttest\rdata: \ndata:test\n\n", message("\ttest\n\ntest", ""))
		contract.Step(t, "colons and spaces in values, in other fields too")
		wantDecoded(t, "data: a: b \ndata::\nid:  7\nevent: x:y\n\ndata : x\nID: 8\ndata:c\n\n",
			sse.Event{Type: "x:y", Data: "a: b \n:", ID: " 7"}, message("c", " 7"))
	})
}

// A block without a data field is no event, one with an empty data field is;
// either way the type is not that of the next one. WHATWG HTML §9.2.6
func TestEmptyData(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "after a web platform test (eventsource/format-field-data)")
		wantDecoded(t, "data:\n\ndata\ndata\n\ndata:test\n\n", message("", ""), message("\n", ""), message("test", ""))
		contract.Step(t, "a type without data")
		wantDecoded(t, "event: lost\n\ndata: a\n\n", message("a", ""))
		contract.Step(t, "types are those of one event, the last one counts, an empty one is none (eventsource/format-field-event-empty)")
		wantDecoded(t, "event: x\nevent: y\ndata: a\n\ndata: b\n\nevent: x\ndata: c\nevent: \n\nevent: message\ndata: d\n\n",
			sse.Event{Type: "y", Data: "a"}, message("b", ""), message("c", ""), message("d", ""))
	})
}

// The last event ID stays until another one is set, an empty one too; one with
// NUL in it is ignored. WHATWG HTML §9.2.6
func TestLastEventID(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "it persists, changes and is reset (web platform test eventsource/format-field-id-3)")
		wantDecoded(t, "id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\ndata: d\n\nid:\ndata: e\n\ndata: f\n\nid: 3\ndata: g\n\nid\ndata: h\n\n",
			message("a", "1"), message("b", "1"), message("c", "2"), message("d", "2"), message("e", ""), message("f", ""), message("g", "3"), message("h", ""))
		contract.Step(t, "NUL (eventsource/format-field-id-null)")
		wantDecoded(t, "id: 1\ndata: a\n\nid: \x00\x00\ndata: b\n\nid: 2\x00\ndata: c\n\nid: 3\nid: 4\x00\ndata: d\n\n",
			message("a", "1"), message("b", "1"), message("c", "1"), message("d", "3"))
		contract.Step(t, "without data, and at any place in its block")
		wantDecoded(t, "id: 5\n\ndata: a\n\ndata: b\nid: 6\n\n: c\nid: 7\n\n\ndata: d\n\n", message("a", "5"), message("b", "6"), message("d", "7"))
	})
}

// The reconnection time is set by a retry field of digits and nothing else, at
// once. WHATWG HTML §9.2.6
func TestRetryField(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const ms = time.Millisecond
		for _, c := range []struct {
			stream string
			want   time.Duration
			set    bool
		}{
			{"", 0, false},
			{"retry: 1500\n\n", 1500 * ms, true},
			{"retry: 1500\n", 1500 * ms, true}, // nothing to wait for
			{"retry:0\n\n", 0, true},
			{"retry: 007\n\n", 7 * ms, true},
			{"retry: 2000\nretry: 1000x\ndata: x\n\n", 2000 * ms, true}, // web platform test eventsource/format-field-retry-bogus
			{"retry: 2000\nretry: 1000\n\n", 1000 * ms, true},
			{"retry: 2000\nretry\ndata: x\n\n", 2000 * ms, true}, // eventsource/format-field-retry-empty
			{"retry: 2000\nretry: +1000\nretry: -1\nretry:  3\nretry: 4 \n\n", 2000 * ms, true},
			{"retry: 2000\nretry: 1e3\nretry: 1.5\nretry: 0x10\nretry: 1_000\nretry: 1s\nretry: ٣\n\n", 2000 * ms, true},
			{"retry: 2000\nretry: 9223372036855\nretry: 18446744073709551617000\n\n", 2000 * ms, true},
			{"retry: 2000\n\nretry: 9223372036854\n\n", 9223372036854 * ms, true},
			{"retry: -5\nretry: x\ndata: x\n\n", 0, false},
			{"retry: 1500", 0, false},
		} {
			contract.Step(t, "%q", c.stream)
			for _, cut := range contract.Cuts(t, []byte(c.stream)) {
				d := sse.NewDecoder(&pieces{chunks: cut.Chunks, err: io.EOF})
				contract.Call(t, "Next to return io.EOF", func() error {
					for range 10 {
						if _, err := d.Next(); err != nil {
							return err
						}
					}
					return nil
				})
				if got, set := d.Retry(); got != c.want || set != c.set {
					contract.Mismatch(t, fmt.Sprintf("Retry after %q, read %s", c.stream, cut.Name), fmt.Sprint(got, ", ", set), fmt.Sprint(c.want, ", ", c.set))
				}
			}
		}
	})
}

// What is not UTF-8 is decoded as U+FFFD, and takes no line end with it.
// WHATWG HTML §9.2.6, Encoding §6
func TestBrokenUTF8(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Control(t, "letters of two, three and four octets")
		wantDecoded(t, "data: λ€😀\nid: …\nevent: ñ\n\n", sse.Event{Type: "ñ", Data: "λ€😀", ID: "…"})
		for _, bad := range []string{"\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\x80\x80", "\xc0\xaf", "\xed\xa0\x80", "\xf5\x80\x80\x80"} {
			stream := "data: a" + bad + "b\ndata: " + bad + "\nid: " + bad + "\nevent: c" + bad + "\n\ndata: next\n\n"
			contract.Step(t, "% x in data, id and event", bad)
			for _, cut := range contract.Cuts(t, []byte(stream)) {
				got := decode(t, &pieces{chunks: cut.Chunks, err: io.EOF}, 2)
				for i := range got.events { // how many U+FFFD a run makes is left open
					e := &got.events[i]
					e.Type, e.Data, e.ID = squeeze(e.Type), squeeze(e.Data), squeeze(e.ID)
				}
				wantEvents(t, "the events, with U+FFFD in a row shown as one; read "+cut.Name, got.events,
					[]sse.Event{{Type: "c\ufffd", Data: "a\ufffdb\n\ufffd", ID: "\ufffd"}, message("next", "\ufffd")})
			}
		}
	})
}

// A line longer than MaxLine and data longer than MaxData are ErrTooLong, and
// are not read to their end; up to there all is well. README
func TestLimits(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const name = len("data:")
		line := strings.Repeat("x", sse.MaxLine-name)
		half := strings.Repeat("y", sse.MaxData/2)
		contract.Control(t, "a line of MaxLine octets; a comment as long; data of MaxData octets in two lines")
		fits := "data:" + line + "\n\n:" + strings.Repeat("c", sse.MaxLine-1) + "\r\ndata:" + half + "\ndata:" + half[1:] + "\n\ndata: short\n\n"
		got := decode(t, &pieces{chunks: split(fits, 16000), err: io.EOF}, 3)
		wantEvents(t, "the events", got.events, []sse.Event{message(line, ""), message(half+"\n"+half[1:], ""), message("short", "")})
		for what, long := range map[string]string{
			"a line of MaxLine+1 octets":    "data:" + line + "x\n\n",
			"a comment of MaxLine+1 octets": ":" + strings.Repeat("c", sse.MaxLine) + "\n",
			"data of MaxData+1 octets":      "data:" + half + "\ndata:" + half + "\n\n",
		} {
			contract.Step(t, "%s", what)
			got := decode(t, &pieces{chunks: split("data: first\n\n"+long+"data: last\n\n", 16000), err: io.EOF}, 1)
			wantTooLong(t, got)
		}
		for what, unit := range map[string]string{"a line without an end": "xxxxxxxx", "an event without an end": "data: 12345678901234567890\n"} {
			contract.Step(t, "%s", what)
			endless := &endlessReader{start: "data: first\n\n", unit: strings.Repeat(unit, 500), most: 3 * sse.MaxLine}
			wantTooLong(t, decode(t, endless, 1))
			if what == "a line without an end" && endless.read > sse.MaxLine+1<<17 {
				contract.Failf(t, "%d octets were read of a line without an end, want no more than MaxLine and what a buffer holds", endless.read)
			}
		}
	})
}

// The reader's error comes behind the events that were complete, and stays.
// README
func TestReadError(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		broken := errors.New("the network is gone")
		for _, cause := range []error{io.EOF, broken, io.ErrUnexpectedEOF} {
			for _, joined := range []bool{false, true} {
				contract.Step(t, "two events and a half, then %q; together with the last octets: %t", cause, joined)
				d := sse.NewDecoder(&revenant{pieces: pieces{chunks: split("data: a\n\ndata: b\n\ndata: c\n", 7), err: cause, joined: joined}})
				var got []result
				contract.Call(t, "Next to return", func() bool {
					for range 5 {
						got = append(got, newResult(d.Next()))
					}
					return true
				})
				wantEvents(t, "the events before the error", []sse.Event{got[0].event, got[1].event}, []sse.Event{message("a", ""), message("b", "")})
				for i, r := range got {
					if want := error(nil); i < 2 && r.err != want || i >= 2 && !errors.Is(r.err, cause) {
						contract.Mismatch(t, fmt.Sprintf("the error of call %d of Next", i+1), fmt.Sprint(r.err), fmt.Sprint([]error{nil, nil, cause, cause, cause}[i]))
					}
				}
			}
		}
	})
}

// Whatever the data, it arrives as it was, but for line ends, and is never
// anything but data; a comment is never anything but a comment. README
func TestDataSurvives(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, data := range []string{
			"x", " leading", "  two", "trailing ", "\ttab", "a\nb", "a\n\nb", "\n", "\n\n", "end\n", "\nstart", "a\r\nb", "a\rb", "\r", "a\n\rb", "a\r\r\nb",
			":", ": no comment", "id: 9", "a\nid: 9\n\nevent: x", "data: x", "\ufeff", "\ufeffa\n\ufeffb", "λ€😀", "nul \x00 octet", "x\u2028y\u0085z\vw\fv",
		} {
			contract.Step(t, "Data %q", data)
			text := sent(t, sse.Message{Data: data}, sse.Message{Data: "next"})
			want := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(data)
			wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{message(want, ""), message("next", "")})
		}
		for _, comment := range []string{"hello", " ", "a\nb", "a\r\ndata: x\r\n\r\n", "a\rdata: x\r\rid: 9", "\n\ndata: x\n\n", "data: x"} {
			contract.Step(t, "Comment %q", comment)
			text := sent(t, sse.Message{Comment: comment}, sse.Message{Comment: comment, Data: "next"})
			wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{message("next", "")})
			if len(parse(text).comments) < 2 {
				contract.Failf(t, "the comments are not in %s", clip(text))
			}
		}
		contract.Step(t, "a type and an ID that begin with a space")
		id := " 7"
		text := sent(t, sse.Message{Event: " x:y", ID: &id, Data: "a"})
		wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{{Type: " x:y", Data: "a", ID: " 7"}})
	})
}

// A message that would not arrive as it is, or would bring other fields with
// it, is ErrInvalid; nothing of it is sent, and the stream goes on. README
func TestInvalidMessages(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		id := func(s string) *string { return &s }
		rec := newRecorder()
		w, err := sse.NewWriter(rec, sse.Options{})
		wantWriter(t, w, err)
		defer w.Close()
		var want []sse.Event
		for i, m := range []sse.Message{
			{Event: "x\ndata: y", Data: "a"}, {Event: "x\rdata: y", Data: "a"}, {Event: "x\r\n\r\n", Data: "a"}, {Event: "\n"},
			{ID: id("1\ndata: y"), Data: "a"}, {ID: id("1\r2"), Data: "a"}, {ID: id("1\r\n2"), Data: "a"}, {ID: id("1\x002"), Data: "a"},
			{Data: "\xff"}, {Event: "\xc3", Data: "a"}, {ID: id("\xe2\x82"), Data: "a"}, {Comment: "\x80", Data: "a"},
			{Retry: -time.Second, Data: "a"}, {Retry: 1500 * time.Microsecond, Data: "a"}, {Retry: 999, Data: "a"},
		} {
			contract.Step(t, "Send(%s)", show(m))
			if err := contract.Call(t, "Send to return", func() error { return w.Send(m) }); !errors.Is(err, sse.ErrInvalid) {
				contract.Mismatch(t, "the error of Send", fmt.Sprint(err), "ErrInvalid")
			}
			contract.Control(t, "a message that is fine")
			good := sse.Message{Event: "fine", Data: fmt.Sprint(i), ID: id(fmt.Sprint("id ", i)), Retry: 1500 * time.Millisecond}
			if err := contract.Call(t, "Send to return", func() error { return w.Send(good) }); err != nil {
				contract.Mismatch(t, "the error of Send("+show(good)+")", fmt.Sprint(err), "none")
			}
			want = append(want, sse.Event{Type: "fine", Data: fmt.Sprint(i), ID: fmt.Sprint("id ", i)})
		}
		p := parse(rec.text())
		wantEvents(t, "the events of the stream", p.events, want)
		if p.rest != "" || len(p.comments) > 0 || slices.ContainsFunc(p.retry, func(s string) bool { return s != "1500" }) {
			contract.Mismatch(t, "what else is in the stream", fmt.Sprintf("%q %q %q", p.rest, p.comments, p.retry), "only retry 1500")
		}
	})
}

// Without Event and Data nothing is dispatched, but ID and Retry take effect;
// with an Event alone an event with empty data is. README
func TestMessagesWithoutData(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		one, none := "1", ""
		contract.Step(t, "Event without Data")
		text := sent(t, sse.Message{Event: "ping"}, sse.Message{Data: "a"})
		wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{{Type: "ping"}, message("a", "")})
		contract.Step(t, "ID alone, and ID alone that resets it")
		text = sent(t, sse.Message{ID: &one})
		wantEvents(t, "the events of "+clip(text), parse(text).events, nil)
		if p := parse(text); p.id != "1" || p.rest != "" {
			contract.Mismatch(t, "the last event ID after "+clip(text), strconv.Quote(p.id), `"1", with nothing left to come`)
		}
		text = sent(t, sse.Message{ID: &one, Data: "a"}, sse.Message{Data: "b"}, sse.Message{ID: &none}, sse.Message{Data: "c"})
		wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{message("a", "1"), message("b", "1"), message("c", "")})
		contract.Step(t, "Retry alone, with data, and not at all")
		text = sent(t, sse.Message{Retry: 2500 * time.Millisecond}, sse.Message{Data: "a"}, sse.Message{Retry: time.Hour, Data: "b"})
		wantEvents(t, "the events of "+clip(text), parse(text).events, []sse.Event{message("a", ""), message("b", "")})
		if got := parse(text).retry; fmt.Sprint(got) != "[2500 3600000]" {
			contract.Mismatch(t, "the retry fields of "+clip(text), fmt.Sprint(got), "[2500 3600000]")
		}
	})
}

// A response that cannot be flushed is refused before anything is written; one
// that can is found behind whatever wraps it. README
func TestNewWriterNeedsFlush(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "a ResponseWriter without Flush")
		rec := newRecorder()
		w, err := sse.NewWriter(struct{ http.ResponseWriter }{rec}, sse.Options{Heartbeat: time.Second})
		if err == nil {
			contract.Failf(t, "NewWriter returned no error, though nothing can be flushed")
		}
		if w != nil {
			defer w.Close()
		}
		contract.Pass(2500 * time.Millisecond)
		if rec.status != 0 || rec.text() != "" {
			contract.Mismatch(t, "what was written", fmt.Sprintf("status %d, %q", rec.status, rec.text()), "nothing")
		}
		contract.Control(t, "one that has it two wrappers deep")
		rec = newRecorder()
		w, err = sse.NewWriter(wrapped{wrapped{rec}}, sse.Options{})
		wantWriter(t, w, err)
		defer w.Close()
		if rec.status != http.StatusOK || rec.flushed() == 0 {
			contract.Mismatch(t, "after NewWriter", fmt.Sprintf("status %d, flushed %d times", rec.status, rec.flushed()), "status 200, flushed")
		}
		if err := w.Send(sse.Message{Data: "a"}); err != nil || rec.unflushed() != "" {
			contract.Mismatch(t, "after Send", fmt.Sprintf("error %v, not flushed: %q", err, rec.unflushed()), "no error, all flushed")
		}
		wantEvents(t, "the events of "+clip(rec.text()), parse(rec.text()).events, []sse.Event{message("a", "")})
	})
}

// When a write or a flush fails Send says so, and nothing more is written.
// README
func TestSendReportsFailure(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, what := range []string{"write", "flush"} {
			gone := errors.New("connection lost")
			rec := newRecorder()
			w, err := sse.NewWriter(rec, sse.Options{Heartbeat: 10 * time.Second})
			wantWriter(t, w, err)
			defer w.Close()
			contract.Control(t, "a message")
			if err := w.Send(sse.Message{Data: "a"}); err != nil {
				contract.Failf(t, "Send returned %q", err)
			}
			wantEvents(t, "the events of "+clip(rec.text()), parse(rec.text()).events, []sse.Event{message("a", "")})
			contract.Step(t, "a message whose %s fails", what)
			rec.fail(what, gone)
			if err := w.Send(sse.Message{Data: "b"}); !errors.Is(err, gone) {
				contract.Mismatch(t, "the error of Send", fmt.Sprint(err), gone.Error())
			}
			contract.Step(t, "the next %s would not fail; half a minute of silence, and another message", what)
			rec.fail("", nil)
			before := rec.text()
			contract.Pass(30*time.Second + time.Millisecond)
			if err := w.Send(sse.Message{Data: "c"}); !errors.Is(err, gone) {
				contract.Mismatch(t, "the error of the next Send", fmt.Sprint(err), gone.Error())
			}
			if after := rec.text(); after != before {
				contract.Mismatch(t, "the stream", clip(after), clip(before))
			}
		}
	})
}

// A silent stream gets a comment in time, which is no event and changes none.
// README
func TestHeartbeat(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const beat = 15 * time.Second
		s := handle(t, func(w http.ResponseWriter, r *http.Request) {
			sw, err := sse.NewWriter(w, sse.Options{Heartbeat: beat})
			if err != nil || sw == nil {
				return
			}
			defer sw.Close()
			one := "1"
			id := &one
			for _, pause := range []time.Duration{7 * time.Second, 20 * time.Second, 100 * time.Second, 4 * time.Second} {
				time.Sleep(pause + 3*time.Millisecond)
				sw.Send(sse.Message{Data: "after " + pause.String(), ID: id})
				id = nil // it persists
			}
			<-r.Context().Done()
		})
		defer s.stop()
		contract.Step(t, "messages after 7, 20, 100 and 4 s, then silence; a heartbeat every 15 s")
		start := time.Now()
		resp := s.open(t, "")
		defer resp.Body.Close()
		f := follow(resp.Body)
		contract.Pass(200*time.Second + 5*time.Millisecond)
		f.mu.Lock()
		reads, text := slices.Clone(f.reads), string(f.text)
		f.mu.Unlock()
		p := parse(text)
		wantEvents(t, "the events of "+clip(text), p.events, []sse.Event{message("after 7s", "1"), message("after 20s", "1"), message("after 1m40s", "1"), message("after 4s", "1")})
		last := start.Add(2 * delay)
		for _, at := range append(reads, time.Now()) {
			if silent := at.Sub(last); silent > beat {
				contract.Mismatch(t, fmt.Sprintf("silence from %s on", last.Sub(start)), silent.String(), "no more than "+beat.String())
			}
			last = at
		}
		if len(p.comments) > 13 {
			contract.Mismatch(t, "comments in 200 s", fmt.Sprint(len(p.comments)), "one per 15 s at the most")
		}
	})
}

// After Close nothing is written: no heartbeat, no message. README
func TestClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		rec := newRecorder()
		w, err := sse.NewWriter(rec, sse.Options{Heartbeat: time.Second})
		wantWriter(t, w, err)
		contract.Control(t, "a message and a heartbeat before Close")
		if err := w.Send(sse.Message{Data: "a"}); err != nil {
			contract.Failf(t, "Send returned %q", err)
		}
		contract.Pass(1500 * time.Millisecond)
		if p := parse(rec.text()); len(p.comments) != 1 || len(p.events) != 1 {
			contract.Mismatch(t, "the stream after 1.5 s", clip(rec.text()), "one event and one comment")
		}
		contract.Step(t, "Close, twice")
		before := rec.text()
		for range 2 {
			if err := contract.Call(t, "Close to return", w.Close); err != nil {
				contract.Failf(t, "Close returned %q, want nil", err)
			}
		}
		contract.Pass(10 * time.Second)
		contract.Step(t, "Send after Close")
		if err := w.Send(sse.Message{Data: "b"}); !errors.Is(err, sse.ErrClosed) {
			contract.Mismatch(t, "the error of Send", fmt.Sprint(err), "ErrClosed")
		}
		if after := rec.text(); after != before {
			contract.Mismatch(t, "the stream after Close", clip(after), clip(before))
		}
	})
}

// Messages that are sent at the same time arrive one after the other, each of
// them whole. README
func TestConcurrentSends(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const senders, each = 4, 20
		rec := newRecorder()
		rec.yields = 20
		w, err := sse.NewWriter(rec, sse.Options{Heartbeat: 10 * time.Millisecond})
		wantWriter(t, w, err)
		contract.Step(t, "%d goroutines send %d messages each, all at the same instants, and heartbeats with them", senders, each)
		var pending []*contract.Pending[error]
		for i := range senders {
			pending = append(pending, contract.Go("the senders", func() error {
				for j := range each {
					name := fmt.Sprintf("%d.%d", i, j)
					if err := w.Send(sse.Message{Event: "e" + name, Data: "a" + name + "\nb" + name, ID: &name}); err != nil {
						return err
					}
					time.Sleep(10 * time.Millisecond) // all of them go on at one instant
				}
				return nil
			}))
		}
		for _, p := range pending {
			if err := p.Await(t); err != nil {
				contract.Failf(t, "Send returned %q", err)
			}
		}
		contract.Call(t, "Close to return", w.Close)
		if rec.overlapped() {
			contract.Failf(t, "the ResponseWriter was called while another call of it was under way")
		}
		var next [senders]int
		for _, e := range parse(rec.text()).events {
			var i, j int
			fmt.Sscanf(e.ID, "%d.%d", &i, &j)
			if i < 0 || i >= senders || j != next[i] {
				contract.Mismatch(t, "an event out of turn", render([]sse.Event{e}), "each sender's messages, once and in order")
			}
			name := fmt.Sprintf("%d.%d", i, j)
			wantEvents(t, "an event", []sse.Event{e}, []sse.Event{{Type: "e" + name, Data: "a" + name + "\nb" + name, ID: name}})
			next[i]++
		}
		if next != [senders]int{each, each, each, each} {
			contract.Mismatch(t, "events that arrived, by sender", fmt.Sprint(next), fmt.Sprint([senders]int{each, each, each, each}))
		}
	})
}

// Wherever the connection breaks, each event comes once and in order. README,
// WHATWG HTML §9.2.3
func TestResume(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const events = 40
		rnd := contract.Rand(t)
		l := &journal{events: events, rnd: rnd}
		s := handle(t, l.serve)
		defer s.stop()
		contract.Step(t, "%d events over a connection that breaks after 5 to 120 octets, wherever that is", events)
		var want []sse.Event
		for i := range events {
			want = append(want, message(fmt.Sprintf("event %d\nof %d", i+1, events), strconv.Itoa(i+1)))
		}
		c := s.follower("")
		c.Retry = 50 * time.Millisecond
		wantFollowed(t, c, want...)
	})
}

// An ID counts once its block's blank line is there, with data or without, and
// is carried over to the next connection. README, WHATWG HTML §9.2.6
func TestLastEventIDOfATornStream(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t,
			answer{body: "id: 4\ndata: a\n\nid: 5\ndata: torn", cut: true},
			answer{body: "id: 6\ndata: torn\n"},
			answer{body: "data: b\n\nid: 7\n\ndata: torn\n", cut: true},
			answer{body: "id: 8\n"},
			answer{body: "data: c\n\n"},
			answer{body: ":\n\n", cut: true},
			answer{body: "id\n\n"},
		)
		defer s.stop()
		contract.Step(t, "streams that end within a block, and one whose ID has no data; the client starts from 3")
		c := s.follower("3")
		wantFollowed(t, c, message("a", "4"), message("b", "4"), message("c", "7"))
		s.wantAsked(t, "3", "4", "4", "7", "7", "7", "7", "")
		if c.LastEventID != "" {
			contract.Mismatch(t, "LastEventID after the loop", strconv.Quote(c.LastEventID), `""`)
		}
	})
}

// The client is silent for the reconnection time, exactly: what the last retry
// said, on whatever connection; before that Retry. WHATWG HTML §9.2.3, README
func TestReconnectionTime(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const ms = time.Millisecond
		s := script(t,
			answer{body: "data: a\n\n"},
			answer{body: "retry: 1500\n\ndata: b\n\n"},
			answer{body: "data: c\n\n", cut: true},
			answer{none: true},
			answer{body: "data: d\n\nretry: 250\ndata: torn", cut: true},
			answer{body: "retry: 9x\n\n"},
			answer{body: "retry: 0\n\n"},
			answer{body: ""},
			answer{body: "retry: 40000\n\n"},
		)
		defer s.stop()
		contract.Step(t, "a client with Retry 700 ms, and streams that say 1500, 250 (in a block that is torn), 9x, 0 and 40000")
		c := s.follower("")
		c.Retry = 700 * ms
		wantFollowed(t, c, message("a", ""), message("b", ""), message("c", ""), message("d", ""))
		s.wantPauses(t, 700*ms, 1500*ms, 1500*ms, 1500*ms, 250*ms, 250*ms, 0, 0, 40*time.Second)
		if c.Retry != 700*ms {
			contract.Mismatch(t, "Retry after the loop", c.Retry.String(), "700ms")
		}
	})
}

// Only 200 with text/event-stream is a stream, whatever the parameters; 204
// ends the events; anything else is *RefusedError, and nobody asks again.
// WHATWG HTML §9.2.3
func TestAnswers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, typ := range []string{
			"text/event-stream", "text/event-stream; charset=utf-8", "Text/Event-Stream;Charset=UTF-8", "text/event-stream ;x=y",
			"text/event-stream;", "text/event-stream;charset=windows-1252", "text/event-stream; charset", `text/event-stream; charset="`,
		} {
			contract.Control(t, "200 %s", typ)
			s := script(t, answer{typ: typ, body: "data: ok…\n\n"})
			wantFollowed(t, s.follower(""), message("ok…", ""))
			s.wantAsked(t, "", "")
			s.stop()
		}
		for _, refusal := range []answer{
			{status: 200, typ: "text/x-bogus"}, {status: 200, typ: "text/event-stream-x"}, {status: 200, typ: "application/text/event-stream"},
			{status: 200, typ: "text/plain; x=text/event-stream"}, {status: 200, typ: "none"}, {status: 200, typ: "text/event"},
			{status: 201}, {status: 205, typ: "none"}, {status: 400}, {status: 401}, {status: 404}, {status: 410}, {status: 429}, {status: 500}, {status: 502}, {status: 503},
		} {
			for _, first := range []bool{true, false} {
				script1 := []answer{refusal, {body: "data: too much\n\n"}}
				asked := []string{""}
				if refusal.body = "data: no\n\n"; refusal.status == 205 {
					refusal.body = ""
				}
				script1[0] = refusal
				var want []sse.Event
				if !first {
					script1 = slices.Insert(script1, 0, answer{body: "id: 1\ndata: a\n\n"})
					asked, want = []string{"", "1"}, []sse.Event{message("a", "1")}
				}
				contract.Step(t, "%d %s, as the first answer: %t", refusal.status, cmp.Or(refusal.typ, "text/event-stream"), first)
				s := script(t, script1...)
				f := contract.Call(t, "the events to end", func() followed { return run(t.Context(), s.follower(""), 2) })
				wantEvents(t, "the events", f.events, want)
				var refused *sse.RefusedError
				typ := refusal.typ
				if typ = cmp.Or(typ, "text/event-stream"); typ == "none" {
					typ = ""
				}
				if !errors.As(f.err, &refused) || refused.Status != refusal.status || refused.ContentType != typ || f.pairs != 1 {
					contract.Mismatch(t, "how the events ended", fmt.Sprintf("%d error(s): %v", f.pairs, f.err), fmt.Sprintf("one *RefusedError with %d and %q", refusal.status, typ))
				}
				contract.Pass(5 * time.Minute)
				s.wantAsked(t, asked...)
				s.stop()
			}
		}
		contract.Step(t, "204, as the first answer")
		s := script(t)
		wantFollowed(t, s.follower(""))
		contract.Pass(5 * time.Minute)
		s.wantAsked(t, "")
		s.stop()
	})
}

// A connection that cannot be made, or that brings no answer, is tried again
// after the reconnection time, as often as it takes. WHATWG HTML §9.2.3, README
func TestNoAnswer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, answer{body: "id: 1\ndata: a\n\n", hold: true}, answer{none: true}, answer{none: true}, answer{body: "id: 2\ndata: b\n\n"})
		defer s.stop()
		contract.Control(t, "an event")
		c := s.follower("")
		following := contract.Go("the events to end", func() followed { return run(t.Context(), c, 2) })
		contract.Pass(time.Second)
		contract.Step(t, "the server goes away for 10 s; two connections that break without an answer; another event")
		away := time.Now()
		s.server.Close()
		contract.Pass(10 * time.Second)
		s.server = &http.Server{Handler: s.server.Handler}
		s.listen(t)
		f := following.Await(t)
		wantEvents(t, "the events", f.events, []sse.Event{message("a", "1"), message("b", "2")})
		if f.err != nil {
			contract.Mismatch(t, "how the events ended", "error: "+f.err.Error(), "no error, after 204")
		}
		s.wantAsked(t, "", "1", "1", "1", "2")
		// The break is seen after one way, and each of three refused connections after a round trip; the next one is made.
		want := delay + 4*sse.DefaultRetry + 3*2*delay + delay
		if got := s.requests()[1].at.Sub(away); got != want {
			contract.Mismatch(t, "how long after the server had gone the next request came", got.String(), want.String())
		}
		s.wantPausesFrom(t, 2, sse.DefaultRetry, sse.DefaultRetry, sse.DefaultRetry)
	})
}

// A stream that is too long, and a URL that is none, end the events with an
// error: neither gets better. README
func TestHopeless(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "an event, then a line that is too long")
		s := script(t, answer{body: "id: 1\ndata: a\n\ndata: " + strings.Repeat("x", sse.MaxLine) + "\n\n"})
		defer s.stop()
		f := contract.Call(t, "the events to end", func() followed { return run(t.Context(), s.follower(""), 1) })
		wantEvents(t, "the events", f.events, []sse.Event{message("a", "1")})
		if !errors.Is(f.err, sse.ErrTooLong) || f.pairs != 1 {
			contract.Mismatch(t, "how the events ended", fmt.Sprintf("%d error(s): %v", f.pairs, f.err), "one ErrTooLong")
		}
		contract.Step(t, "a URL that cannot be parsed")
		c := s.follower("")
		c.URL = "http://server/\x7f"
		start := time.Now()
		f = contract.Call(t, "the events to end", func() followed { return run(t.Context(), c, 1) })
		if f.err == nil || f.pairs != 1 || len(f.events) > 0 {
			contract.Mismatch(t, "how the events ended", fmt.Sprintf("%d error(s): %v", f.pairs, f.err), "one error")
		}
		wantElapsed(t, start, 0)
		s.wantAsked(t, "")
	})
}

// The events end with their context at once: before an answer, in a stream, in
// a pause. README
func TestContextEndsTheEvents(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for what, during := range map[string]answer{
			"no answer yet": {mute: true},
			"in a stream":   {body: ": silence\n\ndata: torn", hold: true},
			"in a pause":    {body: "retry: 600000\n\n"},
		} {
			s := script(t, answer{body: "id: 1\ndata: a\n\n"}, during)
			ctx, cancel := context.WithCancel(t.Context())
			following := contract.Go("the events to end", func() followed { return run(ctx, s.follower(""), 1) })
			contract.Step(t, "an event; the context ends 9 s later, %s", what)
			contract.Pass(9*time.Second + 7*time.Millisecond)
			if following.Returned() {
				cancel()
				f := following.Await(t)
				contract.Mismatch(t, "the events have ended", fmt.Sprintf("%s\nerror: %v", render(f.events), f.err), "still going on")
			}
			start := time.Now()
			cancel()
			f := following.Await(t)
			wantElapsed(t, start, 0)
			wantEvents(t, "the events", f.events, []sse.Event{message("a", "1")})
			if !errors.Is(f.err, context.Canceled) || f.pairs != 1 {
				contract.Mismatch(t, "how the events ended", fmt.Sprintf("%d error(s): %v", f.pairs, f.err), "one, that of the context: context.Canceled")
			}
			s.stop()
		}
	})
}

// Whoever leaves the loop closes the stream at once; a new loop goes on from
// LastEventID. README
func TestBreakClosesTheStream(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := script(t, answer{body: "id: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: c\n\n", hold: true}, answer{body: "id: 3\ndata: c\n\n"})
		defer s.stop()
		c := s.follower("")
		contract.Step(t, "three events in a stream that goes on; break at the second")
		var got []sse.Event
		contract.Call(t, "the loop to end", func() bool {
			for e, err := range c.Events(t.Context()) {
				if err != nil {
					break
				}
				if got = append(got, e); len(got) == 2 {
					break
				}
			}
			return true
		})
		wantEvents(t, "the events", got, []sse.Event{message("a", "1"), message("b", "2")})
		left := time.Now()
		contract.Pass(delay + time.Millisecond)
		if r := s.requests(); len(r) != 1 || r[0].done.IsZero() {
			contract.Mismatch(t, "the server, 21 ms later", "still serves the stream", "has seen the client go")
		} else if took := r[0].done.Sub(left); took != delay {
			contract.Mismatch(t, "when the server saw the client go", took.String(), delay.String())
		}
		if c.LastEventID != "2" {
			contract.Mismatch(t, "LastEventID after the loop", strconv.Quote(c.LastEventID), `"2"`)
		}
		contract.Step(t, "a new loop with the same client")
		wantFollowed(t, c, message("c", "3"))
		s.wantAsked(t, "", "2", "3")
	})
}

// A result is what Next returned.
type result struct {
	event sse.Event
	err   error
}

func newResult(e sse.Event, err error) result { return result{e, err} }

func (r result) String() string {
	if r.err != nil {
		return "error: " + r.err.Error()
	}
	return render([]sse.Event{r.event})
}

// A feed is a reader that has what was put into it, and otherwise waits.
type feed struct {
	ch   chan string
	rest string
	once sync.Once
}

func newFeed() *feed { return &feed{ch: make(chan string, 10)} }

func (f *feed) put(s string) { f.ch <- s }

func (f *feed) end() { f.once.Do(func() { close(f.ch) }) }

func (f *feed) Read(b []byte) (int, error) {
	if f.rest == "" {
		more, ok := <-f.ch
		if !ok {
			return 0, io.EOF
		}
		f.rest = more
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// A revenant goes on after its error, with an event that nobody should see.
type revenant struct {
	pieces
	failed bool
}

func (r *revenant) Read(b []byte) (int, error) {
	if r.failed {
		r.failed, r.chunks = false, [][]byte{[]byte("\ndata: ghost\n\n")}
	}
	n, err := r.pieces.Read(b)
	r.failed = err != nil
	return n, err
}

// split cuts s into pieces of n octets.
func split(s string, n int) [][]byte { return slices.Collect(slices.Chunk([]byte(s), n)) }

func squeeze(s string) string {
	for strings.Contains(s, "\ufffd\ufffd") {
		s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
	}
	return s
}

// An endlessReader repeats a unit and says when it has become too much.
type endlessReader struct {
	start, unit string
	read, most  int
}

func (r *endlessReader) Read(b []byte) (int, error) {
	if r.read == 0 {
		r.read = len(r.start)
		return copy(b, r.start), nil
	}
	if r.read > r.most {
		return 0, errors.New("far too much was read")
	}
	unit := r.unit[(r.read-len(r.start))%len(r.unit):]
	n := copy(b, unit)
	r.read += n
	return n, nil
}

func wantTooLong(t *testing.T, got decoded) {
	t.Helper()
	wantEvents(t, "the events before what is too long", got.events, []sse.Event{message("first", "")})
	if !errors.Is(got.err, sse.ErrTooLong) {
		contract.Mismatch(t, "the error", fmt.Sprint(got.err), "ErrTooLong")
	}
}

// A recorder is a ResponseWriter that keeps what is written to it.
type recorder struct {
	header http.Header
	status int
	yields int // how often a call lets others come in between

	mu      sync.Mutex
	b       bytes.Buffer
	at      int // of b, flushed
	flushes int
	fails   map[string]error
	busy    bool
	overlap bool
}

func newRecorder() *recorder { return &recorder{header: http.Header{}} }

func (r *recorder) Header() http.Header { return r.header }

func (r *recorder) WriteHeader(status int) { r.status = cmp.Or(r.status, status) }

// enter begins a call and returns the function that ends it.
func (r *recorder) enter() func() {
	r.mu.Lock()
	r.overlap = r.overlap || r.busy
	r.busy = true
	r.mu.Unlock()
	for range r.yields {
		runtime.Gosched() // and not sleep: the caller may hold a lock
	}
	r.mu.Lock()
	return func() { r.busy = false; r.mu.Unlock() }
}

func (r *recorder) Write(b []byte) (int, error) {
	defer r.enter()()
	if err := r.fails["write"]; err != nil {
		return 0, err
	}
	r.status = cmp.Or(r.status, http.StatusOK)
	return r.b.Write(b)
}

func (r *recorder) FlushError() error {
	defer r.enter()()
	if err := r.fails["flush"]; err != nil {
		return err
	}
	r.status = cmp.Or(r.status, http.StatusOK)
	r.flushes++
	r.at = r.b.Len()
	return nil
}

func (r *recorder) Flush() { r.FlushError() }

func (r *recorder) fail(what string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fails = map[string]error{what: err}
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func (r *recorder) unflushed() string { return r.text()[r.at:] }

func (r *recorder) flushed() int { return r.flushes }

func (r *recorder) overlapped() bool { return r.overlap }

// wrapped is middleware that hides everything but its Unwrap method.
type wrapped struct{ inner http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.inner.Header() }
func (w wrapped) Write(b []byte) (int, error) { return w.inner.Write(b) }
func (w wrapped) WriteHeader(status int)      { w.inner.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.inner }

func wantWriter(t *testing.T, w *sse.Writer, err error) {
	t.Helper()
	if err != nil || w == nil {
		contract.Failf(t, "NewWriter returned the error %v, want a writer", err)
	}
}

// sent returns what a writer makes of messages, all of it flushed.
func sent(t *testing.T, messages ...sse.Message) string {
	t.Helper()
	rec := newRecorder()
	w, err := sse.NewWriter(rec, sse.Options{})
	wantWriter(t, w, err)
	defer w.Close()
	for _, m := range messages {
		if err := contract.Call(t, "Send to return", func() error { return w.Send(m) }); err != nil {
			contract.Mismatch(t, "the error of Send("+show(m)+")", err.Error(), "none")
		}
	}
	if rest := rec.unflushed(); rest != "" {
		contract.Failf(t, "%s was not flushed when Send returned", clip(rest))
	}
	return rec.text()
}

// A journal serves its events from the one behind Last-Event-ID on, in
// whatever form is legal, and breaks off somewhere.
type journal struct {
	events int
	rnd    *rand.Rand
}

func (l *journal) serve(w http.ResponseWriter, r *http.Request) {
	after, _ := strconv.Atoi(r.Header.Get("Last-Event-ID"))
	if after >= l.events {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	var b strings.Builder
	for i := after + 1; i <= l.events; i++ {
		fields := []string{fmt.Sprintf("id: %d", i), fmt.Sprintf("data: event %d", i), fmt.Sprintf("data: of %d", l.events), ": comment"}
		if l.rnd.IntN(2) == 0 {
			fields[0], fields[3] = fields[3], fields[0]
		}
		end := []string{"\n", "\r\n"}[l.rnd.IntN(2)]
		b.WriteString(strings.Join(fields, end) + end + end)
	}
	w.Header().Set("Content-Type", "text/event-stream")
	io.WriteString(w, b.String()[:min(b.Len(), 5+l.rnd.IntN(116))])
	w.(http.Flusher).Flush()
	if l.rnd.IntN(2) == 0 {
		panic(http.ErrAbortHandler)
	}
}

// wantPausesFrom is wantPauses from a request on.
func (s *scripted) wantPausesFrom(t *testing.T, first int, want ...time.Duration) {
	t.Helper()
	s.mu.Lock()
	s.asked = s.asked[first-1:]
	s.mu.Unlock()
	s.wantPauses(t, want...)
}
