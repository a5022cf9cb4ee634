package nagle

import "net"

// SetNagle turns Nagle's algorithm on or off for the TCP connection that c is
// or is wrapped around. Go turns it off for every connection that it makes.
func SetNagle(c net.Conn, on bool) error {
	for {
		switch conn := c.(type) {
		case interface{ SetNoDelay(bool) error }:
			return conn.SetNoDelay(!on) // TCP_NODELAY says when Nagle is off
		case interface{ NetConn() net.Conn }:
			c = conn.NetConn() // as crypto/tls does it
		default:
			return ErrNoSwitch
		}
	}
}
