package memnet

import (
	"errors"
	"net"
	"sync/atomic"
)

// A HalfBroken is a connection whose Write fails once it is broken, having
// taken nothing; its Read notices nothing of that.
type HalfBroken struct {
	net.Conn
	broken atomic.Bool
}

// Break has every later Write fail.
func (h *HalfBroken) Break() { h.broken.Store(true) }

// Write writes, or fails once the connection is broken.
func (h *HalfBroken) Write(p []byte) (int, error) {
	if h.broken.Load() {
		return 0, errors.New("broken for writing")
	}
	return h.Conn.Write(p)
}
