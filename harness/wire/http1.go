package wire

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
)

// HTTP1 is the protocol of HTTP/1.1 streams (RFC 9112).
func HTTP1() (client, server Describer) { return &http1{}, &http1{} }

// http1 renders the start line of each message with the fields that matter
// for its framing, and the body in pieces as they come. It takes a body from
// Content-Length or chunked coding only, which is all that the harness's peers
// send.
type http1 struct {
	buf     []byte
	left    int  // octets of the body still to come
	chunked bool // within a chunked body
	trailer bool // after its last chunk
	lost    bool // the framing is broken: the rest is octets
	// content, if set, renders the body of the message whose head was just read;
	// without it, or where it returns nil, a body is text.
	content func(contentType string) Describer
	shown   Describer
}

// Describe implements [Describer].
func (d *http1) Describe(b []byte) []string {
	d.buf = append(d.buf, b...)
	var lines []string
	for {
		more, ok := d.next()
		if !ok {
			return lines
		}
		lines = append(lines, more...)
	}
}

func (d *http1) next() ([]string, bool) {
	switch {
	case len(d.buf) == 0:
		return nil, false
	case d.lost:
		return d.body(len(d.buf)), true
	case d.left > 0:
		n := min(d.left, len(d.buf))
		d.left -= n
		return d.body(n), true
	case d.chunked:
		return d.chunk()
	}
	return d.head()
}

func (d *http1) body(n int) []string {
	b := d.buf[:n]
	d.buf = d.buf[n:]
	if d.shown != nil {
		lines := d.shown.Describe(b)
		if d.left == 0 && !d.chunked {
			lines = append(lines, d.End()...)
		}
		return lines
	}
	return []string{"  body " + Text{}.Describe(b)[0]}
}

// End implements [Ender].
func (d *http1) End() []string {
	if e, ok := d.shown.(Ender); ok {
		return e.End()
	}
	return nil
}

// chunk reads one line of chunked coding: a size, the end of a chunk, or one
// of the trailer section, which an empty line ends.
func (d *http1) chunk() ([]string, bool) {
	line, rest, ok := bytes.Cut(d.buf, []byte("\r\n"))
	if !ok {
		return nil, false
	}
	d.buf = rest
	switch {
	case d.trailer && len(line) == 0:
		d.trailer, d.chunked = false, false
		return append(d.End(), "  last chunk"), true
	case d.trailer:
		return []string{"  trailer " + string(line)}, true
	case len(line) == 0:
		return nil, true
	}
	size, err := strconv.ParseUint(string(line), 16, 31)
	if err != nil {
		d.chunked, d.lost = false, true
		return []string{fmt.Sprintf("  broken chunk size %q", line)}, true
	}
	d.left, d.trailer = int(size), size == 0
	return nil, true
}

func (d *http1) head() ([]string, bool) {
	head, rest, ok := bytes.Cut(d.buf, []byte("\r\n\r\n"))
	if !ok {
		return nil, false
	}
	d.buf, d.shown = rest, nil
	start, fields, _ := strings.Cut(string(head), "\r\n")
	start = strings.TrimSuffix(start, " HTTP/1.1")
	var note []string
	contentType := ""
	for field := range strings.SplitSeq(fields, "\r\n") {
		name, value, _ := strings.Cut(field, ":")
		value = strings.TrimSpace(value)
		switch strings.ToLower(name) {
		case "content-length":
			d.left, _ = strconv.Atoi(value)
		case "transfer-encoding":
			d.chunked = strings.EqualFold(value, "chunked")
		case "content-type":
			contentType = value
		case "location", "retry-after", "etag", "if-none-match", "upgrade", "connection", "last-event-id":
		default:
			continue
		}
		note = append(note, fmt.Sprintf("%s: %s", name, value))
	}
	if len(note) > 0 {
		start += "  (" + strings.Join(note, ", ") + ")"
	}
	if d.content != nil {
		d.shown = d.content(contentType)
	}
	return []string{start}, true
}
