package frames

import "errors"

// MaxPayload is the longest payload of a frame.
const MaxPayload = 255

// Errors of this package.
var (
	ErrTODO    = errors.New("frames: not written yet")
	ErrTooLong = errors.New("frames: payload too long")
)
