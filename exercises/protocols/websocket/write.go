package websocket

import "context"

// Write sends p as one message in one frame. op is OpText or OpBinary, and
// text must be UTF-8; else it returns ErrInvalid. It does not change or keep p.
func (c *Conn) Write(op Opcode, p []byte) error {
	// TODO: check the arguments, send one frame.
	return ErrTODO
}

// Ping sends a Ping frame and waits for its Pong, which is seen only while a
// Read is under way. It returns ctx's error if ctx ends first.
func (c *Conn) Ping(ctx context.Context) error {
	// TODO: send a Ping frame, wait for its Pong.
	return ErrTODO
}
