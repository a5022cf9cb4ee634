package wire_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// sample is a stream in both directions with a half-close, a reset stream and
// two datagrams, the second of which is lost.
func sample(t *testing.T) []byte {
	var out bytes.Buffer
	contract.Virtual(t, func(t *testing.T) {
		n := memnet.New(t)
		n.SetLink("client", "server", memnet.Link{Delay: 50 * time.Millisecond, Fate: func(p memnet.Packet) memnet.Fate {
			return memnet.Fate{Lose: p.Datagram && bytes.Equal(p.Bytes, []byte("lost"))}
		}})
		var events []memnet.Event
		n.Tap(func(e memnet.Event) { events = append(events, e) })
		a, b := n.Pipe("client", "server")
		io.WriteString(a, "question")
		io.ReadFull(b, make([]byte, 8))
		b.Write(make([]byte, 3000))
		io.ReadFull(a, make([]byte, 3000))
		a.Close()
		b.Close()
		c, d := n.Pipe("client", "server")
		memnet.ResetConn(c)
		d.Close()
		p, _ := n.ListenPacket("client:4000")
		q, _ := n.ListenPacket("server:4000")
		p.WriteTo([]byte("here"), q.LocalAddr())
		p.WriteTo([]byte("lost"), q.LocalAddr())
		p.Close()
		q.Close()
		require.NoError(t, wire.WriteCapture(&out, events))
	})
	return out.Bytes()
}

func TestCaptureIsReadByAnIndependentReader(t *testing.T) {
	r, err := pcapgo.NewNgReader(bytes.NewReader(sample(t)), pcapgo.DefaultNgReaderOptions)
	require.NoError(t, err)
	var payload, datagrams int
	var first time.Time
	for n := 0; ; n++ {
		data, info, err := r.ReadPacketData()
		if err == io.EOF {
			require.Equal(t, 16, n)
			break
		}
		require.NoError(t, err)
		if n == 0 {
			first = info.Timestamp
		}
		p := gopacket.NewPacket(data, layers.LayerTypeIPv4, gopacket.Default)
		require.Nil(t, p.ErrorLayer())
		if tcp, ok := p.TransportLayer().(*layers.TCP); ok {
			tcp.SetNetworkLayerForChecksum(p.NetworkLayer())
		}
		if udp, ok := p.TransportLayer().(*layers.UDP); ok {
			udp.SetNetworkLayerForChecksum(p.NetworkLayer())
		}
		err, wrong := p.VerifyChecksums()
		require.NoError(t, err)
		require.Empty(t, wrong)
		if app := p.ApplicationLayer(); app != nil {
			payload += len(app.Payload())
		}
		if p.Layer(layers.LayerTypeUDP) != nil {
			datagrams++
		}
	}
	require.Equal(t, time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), first.UTC())
	require.Equal(t, 8+3000+4+4, payload)
	require.Equal(t, 2, datagrams)
}

func TestCaptureIsReadByTshark(t *testing.T) {
	tshark, err := exec.LookPath("tshark")
	if err != nil {
		t.Skip("tshark is not installed")
	}
	file := filepath.Join(t.TempDir(), "sample.pcapng")
	require.NoError(t, os.WriteFile(file, sample(t), 0o600))
	out, err := exec.Command(tshark, "-r", file, "-o", "tcp.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE",
		"-Y", "(_ws.expert.severity >= 6291456 && !tcp.flags.reset) || tcp.analysis.flags || _ws.malformed").CombinedOutput()
	require.NoError(t, err)
	require.NotRegexp(t, `(?m)^ +\d+ `, string(out), "tshark complains about packets")
}

func TestHTTP1(t *testing.T) {
	stream := "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nHost: x\r\nRequest-Timeout-Ms: 250\r\n\r\n" +
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nxyz\r\n0\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
	want := []string{
		"POST /a  (Content-Length: 3)", `  body "abc"`, "GET /b  (Request-Timeout-Ms: 250)",
		"HTTP/1.1 200 OK  (Transfer-Encoding: chunked)", `  body "xyz"`, "  last chunk", "HTTP/1.1 204 No Content",
	}
	d, _ := wire.HTTP1()
	require.Equal(t, want, d.Describe([]byte(stream)))

	d, _ = wire.HTTP1()
	var heads int
	for i := range len(stream) {
		for _, line := range d.Describe([]byte(stream[i : i+1])) {
			if line[0] != ' ' {
				heads++
			}
		}
	}
	require.Equal(t, 4, heads)
}
