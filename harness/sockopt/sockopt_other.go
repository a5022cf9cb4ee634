//go:build !unix

package sockopt

import "errors"

// Supported says whether options can be read back on this system.
const Supported = false

func noDelay(uintptr) (bool, error) { return false, errors.ErrUnsupported }
