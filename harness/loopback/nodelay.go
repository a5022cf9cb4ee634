package loopback

import "syscall"

// NoDelay reports whether TCP_NODELAY is set on c, as the kernel says it. It
// works where [ReadsNoDelay] is true.
func NoDelay(c syscall.Conn) (bool, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return false, err
	}
	var on bool
	var failed error
	if err := raw.Control(func(fd uintptr) { on, failed = noDelay(fd) }); err != nil {
		return false, err
	}
	return on, failed
}
