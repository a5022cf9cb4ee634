package push

import "net"

// Join makes a client present, which gets its frames over c. It takes c over
// and returns at once. It returns ErrTaken if somebody of that name is
// present, and ErrClosed after Close; c is then the caller's still.
func (h *Hub) Join(name string, c net.Conn) error {
	// TODO
	return ErrTODO
}
