package pubsub

import "context"

// TODO: where do messages wait? One member of a group may stop receiving at
// any moment, and nothing may be stuck behind it.

// A Subscription receives messages. Its methods may be called concurrently;
// each message goes to one Receive.
type Subscription struct {
	// TODO
}

// Receive returns the next message, as soon as there is one. Errors are
// ErrClosed, ErrEvicted and that of ctx, and with an error no message was
// taken.
func (s *Subscription) Receive(ctx context.Context) (*Delivery, error) {
	// TODO
	return nil, ErrTODO
}

// Close ends the subscription: every Receive returns ErrClosed. What it has
// not settled goes to the other members of its group at once, or is dropped
// if there are none. It returns nil, any number of times.
func (s *Subscription) Close() error {
	// TODO
	return ErrTODO
}
