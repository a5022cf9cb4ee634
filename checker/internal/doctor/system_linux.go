package doctor

import (
	"context"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// tryReusePort opens two listeners on one port.
func tryReusePort() error {
	var refused error
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		err := c.Control(func(fd uintptr) {
			refused = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		})
		if err == nil {
			err = refused
		}
		return err
	}}
	first, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := config.Listen(context.Background(), "tcp", first.Addr().String())
	if err != nil {
		return err
	}
	return second.Close()
}
