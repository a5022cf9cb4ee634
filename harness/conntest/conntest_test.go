package conntest_test

import (
	"net"
	"os"
	"os/exec"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/conntest"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/evidence"
	"github.com/wirekata/wirekata/harness/memnet"
)

func pipe(t *testing.T, wrap func(net.Conn) net.Conn) func() (net.Conn, net.Conn, func(), error) {
	return func() (net.Conn, net.Conn, func(), error) {
		a, b := memnet.New(t).Pipe("client", "server")
		return wrap(a), b, func() { a.Close(); b.Close() }, nil
	}
}

// sleepless knows no deadlines for reading.
type sleepless struct{ net.Conn }

func (s sleepless) SetReadDeadline(time.Time) error { return nil }

var clauses = map[string]func(net.Conn) net.Conn{
	"passes":   func(c net.Conn) net.Conn { return c },
	"hangs":    func(c net.Conn) net.Conn { return sleepless{c} },
	"is wrong": func(c net.Conn) net.Conn { return other{c} },
}

// other delivers other octets.
type other struct{ net.Conn }

func (o other) Write(p []byte) (int, error) {
	return o.Conn.Write(append([]byte{^p[0]}, p[1:]...))
}

const clauseEnv = "CONNTEST_TEST_CLAUSE"

func TestClause(t *testing.T) {
	name := os.Getenv(clauseEnv)
	if name == "" {
		t.Skip("run by the tests below")
	}
	contract.Real(t, func(t *testing.T) { conntest.Run(t, pipe(t, clauses[name])) })
}

// judge runs a clause in a process of its own, as the checker does.
func judge(t *testing.T, name string) ([]evidence.Record, string, bool) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command(exe, "-test.run=^TestClause$", "-test.v", "-test.paniconexit0")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", clauseEnv+"="+name, evidence.DirEnv+"="+dir)
	out, err := cmd.CombinedOutput()
	records, readErr := evidence.ReadDir(dir, nil)
	require.NoError(t, readErr)
	t.Logf("%s", out)
	return records, string(out), err == nil
}

func TestEachTestIsAStep(t *testing.T) {
	records, out, ok := judge(t, "passes")
	require.True(t, ok)
	require.Equal(t, evidence.End, records[len(records)-1].Kind)
	var steps, ran []string
	for _, r := range records {
		if r.Kind == evidence.Step {
			steps = append(steps, r.Text)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^=== RUN +TestClause/(\w+)$`).FindAllStringSubmatch(out, -1) {
		ran = append(ran, "nettest "+m[1])
	}
	require.Equal(t, ran, steps)
}

func TestTheFirstFailureIsTheLastStep(t *testing.T) {
	for name, want := range map[string]struct{ step, says string }{
		"is wrong": {"nettest BasicIO", "transmitted data differs"},
		"hangs":    {"nettest ReadTimeout", "nettest ReadTimeout: a call did not return within"},
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			records, out, ok := judge(t, name)
			require.False(t, ok)
			require.Less(t, time.Since(began), contract.Patience)
			last := ""
			for _, r := range records {
				if r.Kind == evidence.Step {
					last = r.Text
				}
			}
			require.Equal(t, want.step, last)
			require.Equal(t, evidence.Fail, records[len(records)-1].Kind)
			require.Equal(t, evidence.SeeOutput, evidence.Reason(records))
			require.Contains(t, out, want.says)
		})
	}
}
