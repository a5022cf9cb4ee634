package memnet_test

// The table of round trips in exercises/https/README.md, measured: each row
// that crypto/tls and quic-go can play is played, and the figure that stands
// there is the figure that comes out.

import (
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/pki"
)

// A road is one way to a server, and so one row of the table.
type road struct {
	client, server func(*tls.Config)
	resumed        bool // by a ticket from a connection before
}

var overTCP = map[string]road{
	"TCP + TLS 1.2":          {client: only(tls.VersionTLS12)},
	"TCP + TLS 1.2, resumed": {client: only(tls.VersionTLS12), resumed: true},
	"TCP + TLS 1.3":          {client: only(tls.VersionTLS13)},
	"TCP + TLS 1.3, no key share that the server takes": {server: func(c *tls.Config) { c.CurvePreferences = []tls.CurveID{tls.CurveP384} }},
	"TCP + TLS 1.3, resumed":                            {client: only(tls.VersionTLS13), resumed: true},
}

func only(version uint16) func(*tls.Config) {
	return func(c *tls.Config) { c.MinVersion, c.MaxVersion = version, version }
}

func TestTheTableOfRoundTrips(t *testing.T) {
	table := roundTrips(t)
	measured := map[string]time.Duration{}
	contract.Virtual(t, func(t *testing.T) {
		n := handshaking(t)
		measured["TCP, nothing encrypted"], measured["any, connection open"] = plain(t, n)
	})
	for name, r := range overTCP {
		contract.Virtual(t, func(t *testing.T) { measured[name] = r.measure(t, handshaking(t)) })
	}
	contract.Virtual(t, func(t *testing.T) {
		n := far(t)
		stop := quicServer(t, n)
		cfg := pki.Client("server", "echo")
		cfg.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		measured["QUIC"] = askQUIC(t, n, func() {}, cfg)
		measured["QUIC, 0-RTT"] = askQUIC(t, n, stop, cfg)
	})
	contract.Virtual(t, func(t *testing.T) {
		n := far(t)
		stop := quicServer(t, n, func(tr *quic.Transport) { tr.VerifySourceAddress = func(net.Addr) bool { return true } })
		measured["QUIC, address to be proved (Retry)"] = askQUIC(t, n, stop, pki.Client("server", "echo"))
	})
	for name, d := range measured {
		require.Zero(t, d%(2*oneWay), "%s took %s, which is no number of round trips", name, d)
		require.Contains(t, table, name)
		require.Equal(t, table[name], fmt.Sprint(int(d/(2*oneWay))), name)
	}
}

// handshaking returns a network on which TCP's handshake takes its time.
func handshaking(t *testing.T) *memnet.Network {
	n := memnet.New(t)
	n.SetLink("client", "server", memnet.Link{Delay: oneWay, Handshake: true})
	return n
}

// roundTrips returns the last column of the table by the first.
func roundTrips(t *testing.T) map[string]string {
	text, err := os.ReadFile("../../exercises/https/README.md")
	require.NoError(t, err)
	table := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if cells := strings.Split(line, "|"); len(cells) > 3 {
			total := regexp.MustCompile(`\d+`).FindString(cells[len(cells)-2])
			table[strings.TrimSpace(cells[1])] = total
		}
	}
	return table
}

// plain asks twice on one connection without TLS and returns how long each
// answer took; the first includes the dialling.
func plain(t *testing.T, n *memnet.Network) (first, second time.Duration) {
	stop := echo(t, n, nil)
	defer stop()
	start := time.Now()
	c, err := n.Dial(t.Context(), "client", "server:443")
	require.NoError(t, err)
	defer c.Close()
	ask(t, c)
	first, start = time.Since(start), time.Now()
	ask(t, c)
	return first, time.Since(start)
}

func (r road) measure(t *testing.T, n *memnet.Network) (took time.Duration) {
	client, server := pki.Client("server"), pki.Server("server")
	if r.client != nil {
		r.client(client)
	}
	if r.server != nil {
		r.server(server)
	}
	stop := echo(t, n, server)
	defer stop()
	if r.resumed {
		client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		r.once(t, n, client)
	}
	return r.once(t, n, client)
}

func (r road) once(t *testing.T, n *memnet.Network, cfg *tls.Config) time.Duration {
	start := time.Now()
	c, err := n.Dial(t.Context(), "client", "server:443")
	require.NoError(t, err)
	s := tls.Client(c, cfg)
	defer s.Close()
	ask(t, s)
	return time.Since(start)
}

func ask(t *testing.T, c io.ReadWriter) {
	_, err := c.Write([]byte("x"))
	require.NoError(t, err)
	_, err = io.ReadFull(c, make([]byte, 1))
	require.NoError(t, err)
}

// echo serves until the returned function is called; with a configuration,
// over TLS.
func echo(t *testing.T, n *memnet.Network, cfg *tls.Config) (stop func()) {
	l, err := n.Listen("server:443")
	require.NoError(t, err)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			if cfg != nil {
				c = tls.Server(c, cfg)
			}
			go func() {
				defer c.Close()
				io.Copy(c, c)
			}()
		}
	}()
	return func() { l.Close() }
}
