//go:build unix

package sockopt

import "golang.org/x/sys/unix"

// Supported says whether options can be read back on this system.
const Supported = true

func noDelay(fd uintptr) (bool, error) {
	v, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY)
	return v != 0, err
}
