package wire_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/wire"
)

// chunk is one chunk of chunked coding.
func chunk(s string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(s), s) }

func TestEventStream(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	lines := []string{
		`  event "add"`, `  data " two spaces"`, `  id "7"`, "  (blank line)", `  comment " still here"`, `  comment ""`,
		`  retry "1500"`, `  data ""`, `  line "\ufeffdata: x"`, "  (blank line)",
	}
	first, second := "event: add\r\ndata:  two spaces\nid:7\r", "\n\r\n: still here\n:\nretry: 1500\rdata\r\ufeffdata: x\n\n"
	for name, c := range map[string]struct {
		stream string
		want   []string
	}{
		"chunked": {
			head + "Transfer-Encoding: chunked\r\n\r\n" + chunk(first) + chunk(second) + "0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
			append(append([]string{"HTTP/1.1 200 OK  (Content-Type: text/event-stream, Transfer-Encoding: chunked)"}, lines...),
				"  last chunk", "HTTP/1.1 204 No Content"),
		},
		"until the connection ends": {
			head + "\r\n" + first + second,
			append([]string{"HTTP/1.1 200 OK  (Content-Type: text/event-stream)"}, lines...),
		},
		"with a length": {
			head + "Content-Length: 3\r\n\r\n:a\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
			[]string{"HTTP/1.1 200 OK  (Content-Type: text/event-stream, Content-Length: 3)", `  comment "a"`, "HTTP/1.1 200 OK  (Content-Length: 0)"},
		},
	} {
		_, d := wire.SSE()
		require.Equal(t, c.want, d.Describe([]byte(c.stream)), name)
		_, d = wire.SSE()
		var got []string
		for i := range len(c.stream) {
			got = append(got, d.Describe([]byte(c.stream[i:i+1]))...)
		}
		require.Equal(t, c.want, got, "%s, one octet at a time", name)
	}
}

func TestEventStreamBesidesOtherBodies(t *testing.T) {
	client, server := wire.SSE()
	require.Equal(t, []string{"GET /events  (Last-Event-ID: 7)"}, client.Describe([]byte("GET /events HTTP/1.1\r\nHost: x\r\nLast-Event-ID: 7\r\n\r\n")))
	require.Equal(t, []string{"HTTP/1.1 404 Not Found  (Content-Type: text/plain, Content-Length: 3)", `  body "no\n"`},
		server.Describe([]byte("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 3\r\n\r\nno\n")))
	require.Equal(t, []string{
		"HTTP/1.1 200 OK  (Content-Type: Text/Event-Stream; charset=utf-8)",
		`  data "` + strings.Repeat("x", 64) + `"... 100 octets`,
	}, server.Describe([]byte("HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8\r\n\r\ndata:"+strings.Repeat("x", 100)+"\n")))
}

func TestEventStreamUnfinishedLine(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
	_, d := wire.SSE()
	require.Equal(t, []string{`  data "a"`, `  data "b"   (unfinished)`, "  last chunk"},
		d.Describe([]byte(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk("data: a\nda") + chunk("ta: b") + "0\r\n\r\n"))[1:])
	require.Empty(t, d.(wire.Ender).End())
	_, d = wire.SSE()
	require.Equal(t, []string{`  data "a"`, `  line "da"   (unfinished)`}, d.Describe([]byte(head + "Content-Length: 10\r\n\r\ndata: a\nda"))[1:])
	_, d = wire.SSE()
	require.Equal(t, []string{`  data "a"`}, d.Describe([]byte(head + "Transfer-Encoding: chunked\r\n\r\n" + chunk("data: a\r") + chunk("\nid: 7")))[1:])
	require.Equal(t, []string{`  id "7"   (unfinished)`}, d.(wire.Ender).End())
}

func ExampleSSE() {
	_, server := wire.SSE()
	for _, line := range server.Describe([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nid: 1\ndata: one\n\n")) {
		fmt.Println(line)
	}
	// Output:
	// HTTP/1.1 200 OK  (Content-Type: text/event-stream)
	//   id "1"
	//   data "one"
	//   (blank line)
}
