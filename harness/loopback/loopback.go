// Package loopback is the ground for clauses whose subject is the kernel:
// an address that no other process uses, what the kernel has, and what the
// process holds of it.
package loopback

import (
	"fmt"
	"os"
	"runtime"
)

// Addr returns an address with port 0 on a host that is this process's own:
// all of 127.0.0.0/8 is loopback on Linux. Clauses run side by side, in
// processes of their own, and a port that one of them has just closed must
// not be another's a moment later. With SO_REUSEPORT it is worse: asked for
// port 0, Linux may choose one at which the same user has such a socket
// already. Elsewhere the host is 127.0.0.1, for all.
func Addr() string {
	if runtime.GOOS != "linux" {
		return "127.0.0.1:0"
	}
	pid := os.Getpid() // below 2^22
	return fmt.Sprintf("127.%d.%d.%d:0", 64+pid>>16&63, pid>>8&255, pid&255)
}

// Descriptors returns what the process's open descriptors are, by their
// numbers, or nil where the system does not tell.
func Descriptors() map[int]string { return descriptors() }

// NoReusePort says why sockets cannot share a port here by SO_REUSEPORT, or
// returns "".
func NoReusePort() string { return noReusePort() }

// Nonblocking reports whether f's descriptor is in non-blocking mode. It does
// not call f.Fd, which may change that.
func Nonblocking(f *os.File) (bool, error) { return nonblocking(f) }

// LimitFiles lets the process open no more than spare further files, until
// restore is called.
func LimitFiles(spare int) (restore func(), err error) { return limitFiles(spare) }
