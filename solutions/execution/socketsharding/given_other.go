//go:build !linux

package socketsharding

import (
	"errors"
	"os"
)

func setReusePort(uintptr) error { return errors.ErrUnsupported }

func dup(uintptr, string) (*os.File, error) { return nil, errors.ErrUnsupported }
