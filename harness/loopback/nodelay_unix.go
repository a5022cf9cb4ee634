//go:build unix

package loopback

import "golang.org/x/sys/unix"

// ReadsNoDelay says whether [NoDelay] works on this system.
const ReadsNoDelay = true

func noDelay(fd uintptr) (bool, error) {
	v, err := unix.GetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY)
	return v != 0, err
}
