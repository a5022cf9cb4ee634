package nagle

import "net"

// SetNagle turns Nagle's algorithm on or off for the TCP connection that c is
// or is wrapped around. Go turns it off for every connection that it makes.
func SetNagle(c net.Conn, on bool) error {
	// TODO
	return ErrTODO
}
