package memnet_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
)

func TestHalfBroken(t *testing.T) {
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	h := &memnet.HalfBroken{Conn: a}
	pass := func(to io.Writer, from io.Reader) {
		t.Helper()
		go to.Write([]byte("x"))
		_, err := io.ReadFull(from, make([]byte, 1))
		require.NoError(t, err)
	}
	pass(h, b)
	h.Break()
	n, err := h.Write([]byte("x"))
	require.Error(t, err)
	require.Zero(t, n)
	pass(b, h)
}
