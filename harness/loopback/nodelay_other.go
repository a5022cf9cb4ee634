//go:build !unix

package loopback

import "errors"

// ReadsNoDelay says whether [NoDelay] works on this system.
const ReadsNoDelay = false

func noDelay(uintptr) (bool, error) { return false, errors.ErrUnsupported }
