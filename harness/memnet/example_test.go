package memnet_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/wirekata/wirekata/harness/memnet"
)

// A network with a link, both of whose ends a test holds.
func Example() {
	synctest.Test(new(testing.T), func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 50 * time.Millisecond})
		client, server := n.Pipe("client", "server")
		defer client.Close()
		defer server.Close()

		start := time.Now()
		io.WriteString(client, "hello\n")
		line, _ := bufio.NewReader(server).ReadString('\n')
		fmt.Printf("%q after %v\n", line, time.Since(start))
	})
	// Output: "hello\n" after 50ms
}

// net/http on both ends; the dialled name is the host's.
func ExampleNetwork_Dialer() {
	synctest.Test(new(testing.T), func(t *testing.T) {
		n := memnet.New(t)
		l, _ := n.Listen("server:80")
		server := &http.Server{Handler: http.NotFoundHandler()}
		go server.Serve(l)
		defer server.Close()

		transport := &http.Transport{DialContext: n.Dialer("client")}
		defer transport.CloseIdleConnections()
		resp, _ := (&http.Client{Transport: transport}).Get("http://server/")
		resp.Body.Close()
		fmt.Println(resp.Status, n.Counts("client", "server").Dials)
	})
	// Output: 404 Not Found 1
}

// The second datagram of each direction is lost and the third comes twice.
func ExampleLink() {
	_ = memnet.Link{
		Delay: 10 * time.Millisecond,
		Fate: func(p memnet.Packet) memnet.Fate {
			return memnet.Fate{Lose: p.Number == 2, Copies: p.Number / 3 % 2}
		},
	}
}
