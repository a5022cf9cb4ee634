// Package conntest holds a candidate's connections to
// golang.org/x/net/nettest from within a clause.
//
// nettest calls t.Run, so the clause must be one of contract.Real, and it
// waits a minute for a call that never returns. Here each of its tests is a
// step of the clause, one that does not end is broken off after [Limit], and
// the first that fails is the last that is tried.
package conntest

import (
	"errors"
	"net"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/wirekata/wirekata/harness/contract"
)

// Limit is how long one test of nettest may take. They take a tenth of a
// second; the limit only ever means "stuck".
const Limit = contract.Patience / 2

// Tests are nettest's tests in the order in which it runs them.
var Tests = []string{
	"BasicIO", "PingPong", "RacyRead", "RacyWrite", "ReadTimeout", "WriteTimeout",
	"PastTimeout", "PresentTimeout", "FutureTimeout", "CloseTimeout", "ConcurrentMethods",
}

var errOver = errors.New("not tried: the test before has failed")

// Run runs all of nettest's tests on connections that pipe makes. The stop
// function that pipe returns is called once.
func Run(t *testing.T, pipe nettest.MakePipe) {
	t.Helper()
	tried := 0
	nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
		if t.Failed() {
			return nil, nil, nil, errOver
		}
		name := Tests[tried]
		tried++
		contract.Step(t, "nettest %s", name)
		a, b, stop, err := pipe()
		if err != nil {
			return nil, nil, nil, err
		}
		stop = sync.OnceFunc(stop)
		limit := time.AfterFunc(Limit, func() {
			t.Errorf("nettest %s: a call did not return within %s", name, Limit)
			stop()
		})
		return a, b, func() { limit.Stop(); stop() }, nil
	})
}
