package exchange_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/exchange"
	"github.com/wirekata/wirekata/harness/memnet"
)

func TestAsk(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "ask a server that repeats what it was sent")
		n := memnet.New(t)
		l, err := n.Listen("server:80")
		contract.Require(t).NoError(err)
		server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Said", r.Header.Get("Say"))
			io.Copy(w, r.Body)
		})}
		go server.Serve(l)
		defer server.Close()
		client := &http.Client{Transport: &http.Transport{DialContext: n.Dialer("client"), DisableKeepAlives: true}}
		r, err := http.NewRequest(http.MethodPost, "http://server/path?query", strings.NewReader("hi"))
		contract.Require(t).NoError(err)
		a := exchange.Ask(client, r, "Say", "ho").Await(t)
		a.Want(t, 200, "hi")
		a.WantStatus(t, 200)
		contract.Require(t).Equal("ho", a.Header.Get("Said"))
	})
}

// cut is a body that breaks off.
type cut struct{ io.Reader }

func (c cut) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

func (c cut) Close() error { return nil }

func TestAnswersWithoutAnEnd(t *testing.T) {
	a := exchange.Read(&http.Response{StatusCode: 200, Body: cut{strings.NewReader("half")}}, nil)
	require.ErrorIs(t, a.Err, io.ErrUnexpectedEOF)
	require.Equal(t, `200 "half", error: unexpected EOF`, a.String())
	require.Equal(t, "error: gone", exchange.Read(nil, errors.New("gone")).String())
	require.Equal(t, "error: neither a response nor an error", exchange.Read(nil, nil).String())
}

func TestOnClose(t *testing.T) {
	n := 0
	body := exchange.OnClose(io.NopCloser(strings.NewReader("text")), func() { n++ })
	b, err := io.ReadAll(body)
	require.NoError(t, err)
	require.Equal(t, "text", string(b))
	require.Zero(t, n, "read to its end is not closed")
	for range 2 {
		require.NoError(t, body.Close())
	}
	require.Equal(t, 1, n)
}
