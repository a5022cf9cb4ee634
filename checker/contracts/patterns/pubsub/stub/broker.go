// Package pubsub is a message broker within one process: whoever publishes
// does not know who listens, and waits for nobody who does.
//
//	topic    sport/tennis/player1    levels, separated by /
//	filter   sport/+/player1         + stands for one level
//	         sport/#                 # for any number of them, at the end
//
// Topics and filters are those of MQTT 5 §4.7. A message is put into the queue
// of every subscription whose filter matches its topic; the members of a group
// share one queue. What is received and not acked in time comes back, until
// it is dead.
//
// # Limitations
//
// Nothing is kept for those who subscribe later, and nothing outlives the
// process. A message that a receiver has settled too late is received twice:
// at least once is what can be promised.
package pubsub

import "errors"

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Broker takes messages and hands them to subscriptions. Its methods may be
// called concurrently.
type Broker struct {
	// TODO: who has subscribed to what?
}

// New returns a broker.
func New(o Options) *Broker {
	return &Broker{}
}

// Publish puts a message with a copy of body into every queue whose filter
// matches. It never waits for a receiver, and it is no error that there is
// none. Errors are ErrTopic and ErrClosed.
func (b *Broker) Publish(topic string, body []byte) error {
	// TODO
	return ErrTODO
}

// Subscribe returns a subscription to all messages that match filter and are
// published from now on. Errors are ErrFilter, ErrGroup and ErrClosed.
func (b *Broker) Subscribe(filter string, o SubOptions) (*Subscription, error) {
	// TODO
	return &Subscription{}, ErrTODO
}

// Close ends every subscription with ErrClosed and drops what waits or is
// unsettled. It returns nil, any number of times.
func (b *Broker) Close() error {
	// TODO
	return ErrTODO
}
