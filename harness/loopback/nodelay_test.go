package loopback_test

import (
	"errors"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/loopback"
)

func TestNoDelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	defer c.Close()
	tcp := c.(*net.TCPConn)
	if !loopback.ReadsNoDelay {
		_, err := loopback.NoDelay(tcp)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		return
	}
	for _, want := range []bool{true, false, true} {
		require.NoError(t, tcp.SetNoDelay(want))
		got, err := loopback.NoDelay(tcp)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	require.NoError(t, tcp.Close())
	_, err = loopback.NoDelay(tcp)
	require.ErrorIs(t, err, net.ErrClosed)
}

// A connection is as the kernel made it until somebody sets an option.
func ExampleNoDelay() {
	_ = func(t *testing.T, c *net.TCPConn) {
		on, err := loopback.NoDelay(c)
		require.NoError(t, err)
		require.True(t, on, "Go sets TCP_NODELAY")
	}
}
