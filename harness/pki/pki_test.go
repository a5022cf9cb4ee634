package pki_test

import (
	"crypto/tls"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/pki"
)

func TestCertificatesHoldInVirtualTimeAndToday(t *testing.T) {
	t.Run("today", handshake)
	t.Run("virtual", func(t *testing.T) { synctest.Test(t, handshake) })
}

func handshake(t *testing.T) {
	a, b := memnet.New(t).Pipe("client", "server")
	defer a.Close()
	defer b.Close()
	for _, host := range []string{"server.test", "10.0.0.2"} {
		require.NoError(t, pki.Certificate(host).Leaf.VerifyHostname(host))
	}
	done := make(chan error, 1)
	go func() { done <- tls.Server(b, pki.Server("server.test")).Handshake() }()
	require.NoError(t, tls.Client(a, pki.Client("server.test")).Handshake())
	require.NoError(t, <-done)
}

func TestOtherNamesAreRefused(t *testing.T) {
	a, b := memnet.New(t).Pipe("client", "server")
	defer a.Close()
	defer b.Close()
	go tls.Server(b, pki.Server("server.test")).Handshake()
	require.Error(t, tls.Client(a, pki.Client("other.test")).Handshake())
}

func Example() {
	_ = pki.Server("server", "h2", "http/1.1")
	_ = pki.Client("server", "h2")
}
