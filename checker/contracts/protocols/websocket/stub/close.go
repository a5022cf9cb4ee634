package websocket

// Close sends a Close frame, waits for the peer's and closes the network
// connection. Messages that arrive meanwhile are dropped. It takes at most
// Options.CloseTimeout and returns nil if the peer's Close frame came, else
// the *CloseError that Read returns too.
//
// A code that may not be sent, a reason of more than 123 octets and one that
// is not UTF-8 are ErrInvalid.
func (c *Conn) Close(code uint16, reason string) error {
	// TODO: check the arguments, send the Close frame, wait for the peer's,
	// close the network connection.
	return ErrTODO
}
