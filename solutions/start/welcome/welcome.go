// Package welcome is the smallest protocol of the course: a client says its
// name, the server greets it.
//
//	name     = 1*64 octets other than LF, then LF (0x0A)
//	greeting = "hello, ", the name, LF
package welcome

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
)

// MaxName is the most octets that a name may have, without its LF.
const MaxName = 64

// ErrTooLong is returned by [Greet] for a name of more than MaxName octets.
var ErrTooLong = errors.New("name too long")

// Greet reads a name from c, answers with the greeting and closes c, whatever
// happens. It returns ErrTooLong for a name of more than MaxName octets and
// io.ErrUnexpectedEOF if the stream ends before the name does; in both cases
// nothing is answered.
func Greet(c net.Conn) error {
	defer c.Close()
	name, err := readName(c)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c, "hello, %s\n", name)
	return err
}

// readName reads up to the LF and not beyond MaxName octets. A stream has no
// message borders, so a single Read would return whatever happened to arrive.
func readName(r io.Reader) ([]byte, error) {
	line, err := bufio.NewReader(io.LimitReader(r, MaxName+1)).ReadBytes('\n')
	switch {
	case err == io.EOF && len(line) > MaxName:
		return nil, ErrTooLong
	case err == io.EOF:
		return nil, io.ErrUnexpectedEOF
	case err != nil:
		return nil, err
	}
	return bytes.TrimSuffix(line, []byte("\n")), nil
}
