package asyncwork

import "context"

// Close takes no more tasks, waits until all that were accepted have ended
// and returns nil. When ctx ends before that, it cancels those that are left,
// still waits until none runs, and returns ctx's error. It may be called more
// than once.
func (d *Dispatcher) Close(ctx context.Context) error {
	// TODO
	return ErrTODO
}
