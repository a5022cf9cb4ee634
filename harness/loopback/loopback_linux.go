package loopback

import (
	"context"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

const fdDir = "/proc/self/fd"

func descriptors() map[int]string {
	entries, err := os.ReadDir(fdDir)
	if err != nil {
		return nil
	}
	open := map[int]string{}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		target, gone := os.Readlink(fdDir + "/" + e.Name())
		if err != nil || gone != nil {
			continue // that was the directory's own
		}
		if strings.HasPrefix(target, "socket:") {
			target += socket(fd)
		}
		open[fd] = target
	}
	return open
}

// socket says where a socket is bound and to whom it is connected.
func socket(fd int) string {
	text := ""
	if local, err := unix.Getsockname(fd); err == nil {
		text += " at " + address(local)
	}
	if listens, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && listens != 0 {
		text += ", listening"
	}
	if peer, err := unix.Getpeername(fd); err == nil {
		text += ", connected to " + address(peer)
	}
	return text
}

func address(sa unix.Sockaddr) string {
	switch sa := sa.(type) {
	case *unix.SockaddrInet4:
		return net.JoinHostPort(net.IP(sa.Addr[:]).String(), strconv.Itoa(sa.Port))
	case *unix.SockaddrInet6:
		return net.JoinHostPort(net.IP(sa.Addr[:]).String(), strconv.Itoa(sa.Port))
	}
	return "no internet address"
}

func noReusePort() string {
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		var err error
		if refused := c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) }); refused != nil {
			return refused
		}
		return err
	}}
	first, err := shared.Listen(context.Background(), "tcp", Addr())
	if err != nil {
		return fmt.Sprintf("no listener on loopback with SO_REUSEPORT: %v", err)
	}
	defer first.Close()
	second, err := shared.Listen(context.Background(), "tcp", first.Addr().String())
	if err != nil {
		return fmt.Sprintf("SO_REUSEPORT has no effect: %v", err)
	}
	second.Close()
	return ""
}

func nonblocking(f *os.File) (bool, error) {
	c, err := f.SyscallConn()
	if err != nil {
		return false, err
	}
	flags := 0
	if refused := c.Control(func(fd uintptr) { flags, err = unix.FcntlInt(fd, unix.F_GETFL, 0) }); refused != nil {
		return false, refused
	}
	return flags&unix.O_NONBLOCK != 0, err
}

func limitFiles(spare int) (restore func(), err error) {
	var was syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &was); err != nil {
		return nil, err
	}
	now, open := was, descriptors()
	for now.Cur = 0; now.Cur < was.Cur && spare >= 0; now.Cur++ { // the limit is on the number, and the lowest that is free is given out
		if open[int(now.Cur)] == "" {
			spare--
		}
	}
	now.Cur--
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &now); err != nil {
		return nil, err
	}
	return func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &was) }, nil
}
