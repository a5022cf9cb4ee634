package loopback_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/loopback"
)

func TestAddrCanBeListenedAt(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", loopback.Addr())
	require.NoError(t, err)
	defer l.Close()
	require.True(t, l.Addr().(*net.TCPAddr).IP.IsLoopback())
}

func TestDescriptorsNameAListener(t *testing.T) {
	before := linux(t)
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", loopback.Addr())
	require.NoError(t, err)
	defer l.Close()
	var found []string
	for fd, what := range loopback.Descriptors() {
		if before[fd] != what {
			found = append(found, what)
		}
	}
	require.Len(t, found, 1)
	require.True(t, strings.HasSuffix(found[0], fmt.Sprintf(" at %s, listening", l.Addr())), found[0])
}

func TestNonblockingLooksWithoutTouching(t *testing.T) {
	linux(t)
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", loopback.Addr())
	require.NoError(t, err)
	defer l.Close()
	f, err := l.(*net.TCPListener).File()
	require.NoError(t, err)
	defer f.Close()
	for range 2 {
		is, err := loopback.Nonblocking(f)
		require.NoError(t, err)
		require.True(t, is)
	}
	f.Fd()
	is, err := loopback.Nonblocking(f)
	require.NoError(t, err)
	require.False(t, is)
}

func TestLimitFilesLeavesWhatIsSpare(t *testing.T) {
	linux(t)
	restore, err := loopback.LimitFiles(3)
	require.NoError(t, err)
	var open []*os.File
	for range 100 {
		f, err := os.Open(os.DevNull)
		if err != nil {
			break
		}
		open = append(open, f)
	}
	restore()
	for _, f := range open {
		f.Close()
	}
	require.Len(t, open, 3)
	f, err := os.Open(os.DevNull)
	require.NoError(t, err)
	f.Close()
}

// linux returns the descriptors, where this system can tell.
func linux(t *testing.T) map[int]string {
	if runtime.GOOS != "linux" {
		t.Skip("Linux only")
	}
	return loopback.Descriptors()
}

func ExampleAddr() {
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", loopback.Addr())
	if err != nil {
		return
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		return
	}
	c.Close()
}
