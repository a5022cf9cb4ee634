package wire

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// SSE is the protocol of HTTP/1.1 streams whose responses are event streams
// (WHATWG HTML §9.2.5). Heads and other bodies are rendered as [HTTP1] does
// it, an event stream line by line, whatever the pieces:
//
//	HTTP/1.1 200 OK  (Content-Type: text/event-stream, Transfer-Encoding: chunked)
//	  event "add"
//	  data "73857293"
//	  id "7"
//	  (blank line)
//	  comment " still here"
//	  retry "1500"
//
// Values are as they stand on the wire, without the colon and the one space
// behind it; a line that is no field of an event stream is rendered whole. A
// line without an end is rendered when the body ends.
func SSE() (client, server Describer) {
	d := &http1{}
	d.content = func(contentType string) Describer {
		if !strings.HasPrefix(strings.ToLower(contentType), "text/event-stream") {
			return nil
		}
		if d.left == 0 && !d.chunked {
			d.left = math.MaxInt // neither length nor chunks: the body ends with the connection
		}
		return &eventStream{}
	}
	return &http1{}, d
}

// eventStream renders the lines of an event stream.
type eventStream struct {
	line []byte
	cr   bool // the last octet was a CR: an LF belongs to it
}

// Describe implements [Describer].
func (d *eventStream) Describe(b []byte) []string {
	var lines []string
	for _, c := range b {
		switch {
		case c == '\n' && d.cr:
		case c == '\n' || c == '\r':
			lines = append(lines, "  "+eventLine(d.line))
			d.line = d.line[:0]
		default:
			d.line = append(d.line, c)
		}
		d.cr = c == '\r'
	}
	return lines
}

// End implements [Ender].
func (d *eventStream) End() []string {
	if len(d.line) == 0 {
		return nil
	}
	line := "  " + eventLine(d.line) + "   (unfinished)"
	d.line = nil
	return []string{line}
}

func eventLine(line []byte) string {
	const most = 64
	name, value, colon := bytes.Cut(line, []byte(":"))
	shown := func(b []byte) string {
		if len(b) <= most {
			return strconv.Quote(string(b))
		}
		return fmt.Sprintf("%q... %d octets", b[:most], len(b))
	}
	switch string(name) {
	case "":
		if !colon {
			return "(blank line)"
		}
		return "comment " + shown(value)
	case "event", "data", "id", "retry":
		return string(name) + " " + shown(bytes.TrimPrefix(value, []byte(" ")))
	}
	return "line " + shown(line)
}
