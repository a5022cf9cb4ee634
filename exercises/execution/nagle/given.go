package nagle

import "errors"

// ErrTODO is returned by what is not written yet.
var ErrTODO = errors.New("nagle: not written yet")
