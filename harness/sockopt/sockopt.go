// Package sockopt reads options of real sockets back from the kernel, for
// clauses that must not take the candidate's word for it.
package sockopt

import "syscall"

// NoDelay reports whether TCP_NODELAY is set on c.
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
