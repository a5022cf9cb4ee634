package websocket

// Read returns the next message and whether it is text or binary. Until one
// is complete it answers pings and takes pongs.
//
// It ends with a *CloseError, which says how the connection ended, and
// returns the same from then on. By then the network connection is closed.
func (c *Conn) Read() (Opcode, []byte, error) {
	// TODO: read frames, hold them to the rules, put fragments together,
	// handle control frames on the way.
	return 0, nil, ErrTODO
}
