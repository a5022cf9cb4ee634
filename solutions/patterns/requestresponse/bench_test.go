package requestresponse_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/rpc"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/solutions/patterns/requestresponse"
)

// An asker makes one call: the answer to body is body.
type asker func(body []byte) ([]byte, error)

// ours is the reference.
func ours(b *testing.B, l net.Listener, c net.Conn) asker {
	s := &requestresponse.Server{Handler: func(_ context.Context, r requestresponse.Request) (requestresponse.Response, error) {
		return requestresponse.Response{Body: r.Body}, nil
	}}
	go s.Serve(l)
	client := requestresponse.NewClient(c)
	b.Cleanup(func() {
		client.Close()
		s.Shutdown(context.Background())
	})
	return func(body []byte) ([]byte, error) {
		r, err := client.Do(context.Background(), requestresponse.Request{Kind: 1, Body: body})
		return r.Body, err
	}
}

// Echo is a service of net/rpc.
type Echo struct{}

// Say answers with what was asked.
func (Echo) Say(body []byte, answer *[]byte) error {
	*answer = body
	return nil
}

// gobs is net/rpc, whose frames are encoding/gob's.
func gobs(b *testing.B, l net.Listener, c net.Conn) asker {
	s := rpc.NewServer()
	require.NoError(b, s.Register(Echo{}))
	go func() {
		if nc, err := l.Accept(); err == nil {
			s.ServeConn(nc)
		}
	}()
	client := rpc.NewClient(c)
	b.Cleanup(func() {
		client.Close()
		l.Close()
	})
	return func(body []byte) (answer []byte, err error) {
		err = client.Call("Echo.Say", body, &answer)
		return answer, err
	}
}

// serial is JSON on a connection that has one question at a time.
func serial(b *testing.B, l net.Listener, c net.Conn) asker {
	type message struct{ Body []byte }
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		defer nc.Close()
		in, out := json.NewDecoder(bufio.NewReader(nc)), json.NewEncoder(nc)
		for {
			var m message
			if in.Decode(&m) != nil || out.Encode(m) != nil {
				return
			}
		}
	}()
	b.Cleanup(func() {
		c.Close()
		l.Close()
	})
	var mu sync.Mutex
	in, out := json.NewDecoder(bufio.NewReader(c)), json.NewEncoder(c)
	return func(body []byte) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if err := out.Encode(message{body}); err != nil {
			return nil, err
		}
		var m message
		err := in.Decode(&m)
		return m.Body, err
	}
}

// BenchmarkCall is one call, of so many at a time on one connection over
// memory.
func BenchmarkCall(b *testing.B) {
	for _, octets := range []int{16, 4096} {
		for _, callers := range []int{1, 64} {
			for _, by := range []struct {
				name string
				make func(*testing.B, net.Listener, net.Conn) asker
			}{{"reference", ours}, {"net-rpc", gobs}, {"serial-json", serial}} {
				b.Run(fmt.Sprintf("octets=%d/callers=%d/by=%s", octets, callers, by.name), func(b *testing.B) {
					n := memnet.New(b)
					l, err := n.Listen("server:7000")
					require.NoError(b, err)
					c, err := n.Dial(b.Context(), "client", "server:7000")
					require.NoError(b, err)
					ask, body := by.make(b, l, c), make([]byte, octets)
					b.ReportAllocs()
					b.ResetTimer()
					var running sync.WaitGroup
					for caller := range callers {
						running.Go(func() {
							for i := caller; i < b.N; i += callers {
								if answer, err := ask(body); err != nil || len(answer) != octets {
									b.Errorf("%d octets, %v", len(answer), err)
									return
								}
							}
						})
					}
					running.Wait()
				})
			}
		}
	}
}
