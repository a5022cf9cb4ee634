package pubsub

import "errors"

// ErrTODO is returned by what is not written yet.
var ErrTODO = errors.New("pubsub: not written yet")
