package socketsharding

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// What Listen, ListenPacket and Inherit return, wrapped, when the kernel does
// not let the sockets share a port.
var (
	// ErrUnsupported: the option could not be set, or was without effect.
	ErrUnsupported = fmt.Errorf("port sharing (SO_REUSEPORT): %w", errors.ErrUnsupported)
	// ErrInUse: somebody else has the port and does not share it.
	ErrInUse = errors.New("port in use by a socket that does not share it")
)

// ErrTooFew is returned by Inherit when it is asked for fewer shards than
// there are files.
var ErrTooFew = errors.New("fewer shards than inherited sockets")

// ErrDrained is returned by Serve and Handover once Drain has been called.
var ErrDrained = errors.New("shards are drained")

// ReusePort sets SO_REUSEPORT. It has the type of net.ListenConfig.Control,
// which is called between socket(2) and bind(2). On systems other than Linux
// it fails: the option is missing, or does not spread connections.
func ReusePort(network, address string, c syscall.RawConn) error {
	var err error
	if refused := c.Control(func(fd uintptr) { err = setReusePort(fd) }); refused != nil {
		return refused
	}
	return os.NewSyscallError("setsockopt", err)
}

// Duplicate returns a second descriptor of l's socket, as dup(2) makes it.
// Unlike that of l.File, the result's Fd leaves the socket in non-blocking
// mode.
func Duplicate(l *net.TCPListener) (*os.File, error) {
	c, err := l.SyscallConn()
	if err != nil {
		return nil, err
	}
	var f *os.File
	if refused := c.Control(func(fd uintptr) { f, err = dup(fd, l.Addr().String()) }); refused != nil {
		return nil, refused
	}
	return f, os.NewSyscallError("dup", err)
}
