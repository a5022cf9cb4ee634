//go:build !linux

package loopback

import (
	"errors"
	"os"
)

func descriptors() map[int]string { return nil }

func noReusePort() string {
	return "only Linux spreads connections over listeners that share a port by SO_REUSEPORT"
}

func nonblocking(*os.File) (bool, error) { return false, errors.ErrUnsupported }

func limitFiles(int) (restore func(), err error) { return nil, errors.ErrUnsupported }
