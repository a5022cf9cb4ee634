package wire_test

import (
	"fmt"
	"testing"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// What crosses port 80 is shown as HTTP/1.1 in the clause's transcript.
func ExampleRecord() {
	_ = func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			n := memnet.New(t)
			wire.Record(t, n, map[uint16]wire.Protocol{80: wire.HTTP1})
		})
	}
}

func ExampleHTTP1() {
	client, _ := wire.HTTP1()
	for _, line := range client.Describe([]byte("POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi")) {
		fmt.Println(line)
	}
	// Output:
	// POST /jobs  (Content-Length: 2)
	//   body "hi"
}
