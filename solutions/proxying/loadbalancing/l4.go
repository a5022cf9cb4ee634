package loadbalancing

import (
	"bufio"
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// An L4 gives each connection to one backend, chosen by the client's address,
// and forwards octets both ways without reading them. Its methods may be
// called concurrently.
type L4 struct {
	// Dial connects to a backend. It must heed ctx.
	Dial func(ctx context.Context, addr string) (net.Conn, error)
	// Backends are the addresses to choose from.
	Backends []string
	// SendProxy begins each connection to a backend with a PROXY header of
	// version 2.
	SendProxy bool
	// TrustProxy demands a PROXY header of every client, and believes it.
	TrustProxy bool

	once  sync.Once
	pool  *pool
	table *Table
	err   error // why there is no table
}

func (b *L4) init() {
	b.once.Do(func() {
		b.pool = newPool(b.Backends)
		b.table, b.err = NewTable(b.Backends, TableSize)
	})
}

// Serve forwards the connections that l accepts until l fails. Then it closes
// those under way and returns l's error when nothing of it is left. Without
// backends, or with one twice, it returns NewTable's error at once.
func (b *L4) Serve(l net.Listener) error {
	if b.init(); b.err != nil {
		return b.err
	}
	ctx, cancel := context.WithCancel(context.Background())
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel()
	for {
		client, err := l.Accept()
		if err != nil {
			return err
		}
		connections.Go(func() { b.forward(ctx, client) })
	}
}

// Drain takes addr out of the rotation for new connections and waits until
// those under way there have ended. If ctx ends first, it returns ctx's error,
// and addr stays out.
func (b *L4) Drain(ctx context.Context, addr string) error {
	b.init()
	return b.pool.drain(ctx, addr)
}

// forward serves one client until both sides have said all.
func (b *L4) forward(ctx context.Context, client net.Conn) {
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	ends := ProxyHeader{AddrPort(client.RemoteAddr()), AddrPort(client.LocalAddr())}
	from := bufio.NewReader(client) // has, after a header, the octets behind it
	if b.TrustProxy {
		client.SetReadDeadline(time.Now().Add(ProxyTimeout))
		told, err := ReadProxy(from)
		if err != nil {
			return // with a header required there is nothing to guess
		}
		client.SetReadDeadline(time.Time{})
		if told != (ProxyHeader{}) {
			ends = told
		}
	}
	server, m := b.connect(ctx, AddrKey(ends.Source.Addr()))
	if server == nil {
		return
	}
	defer b.pool.release(m)
	defer server.Close()
	defer context.AfterFunc(ctx, func() { server.Close() })()
	if b.SendProxy {
		// In one write and at once: the server may be the one to speak first.
		if _, err := server.Write(AppendProxyV2(nil, ends)); err != nil {
			return
		}
	}
	splice(client, from, server)
}

// connect dials the backend of key, and if that fails the one after it in the
// table, each of them once. It returns nil when none is left.
func (b *L4) connect(ctx context.Context, key uint64) (net.Conn, *member) {
	var failed []string
	for {
		m := b.take(key, failed)
		if m == nil {
			return nil, nil
		}
		dialCtx, cancel := context.WithTimeout(ctx, DialTimeout)
		server, err := b.Dial(dialCtx, m.addr)
		cancel()
		if err == nil {
			return server, m
		}
		b.pool.release(m)
		failed = append(failed, m.addr)
	}
}

// take picks a backend and counts the connection there in one step: between
// the two a Drain could come to its end.
func (b *L4) take(key uint64, failed []string) *member {
	b.pool.mu.Lock()
	defer b.pool.mu.Unlock()
	not := slices.Clone(failed) // the next dial goes on with its own
	for _, m := range b.pool.members {
		if m.drained {
			not = append(not, m.addr)
		}
	}
	addr := b.table.Pick(key, not...)
	for _, m := range b.pool.members {
		if m.addr == addr {
			m.active++
			return m
		}
	}
	return nil
}

// splice forwards both ways until both are at their end, or one fails.
func splice(client net.Conn, from io.Reader, server net.Conn) {
	ended := make(chan error, 2)
	go func() { ended <- oneWay(server, from) }()
	go func() { ended <- oneWay(client, server) }()
	for range 2 {
		if err := <-ended; err != nil {
			client.Close() // what failed here is to be seen there
			server.Close()
		}
	}
}

// oneWay forwards to the end of the stream and passes the end on: the other
// direction may have much to say yet.
func oneWay(to net.Conn, from io.Reader) error {
	if _, err := io.Copy(to, from); err != nil {
		return err
	}
	if half, ok := to.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return to.Close()
}
