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

import (
	"bytes"
	"cmp"
	"strings"
	"sync"
)

// A Broker takes messages and hands them to subscriptions. Its methods may be
// called concurrently.
type Broker struct {
	options Options // with the defaults filled in

	// mu guards the rest, and with it all queues, subscriptions and
	// deliveries. Nobody waits for anything while they hold it.
	mu      sync.Mutex
	filters node
	queues  map[*queue]bool
	groups  map[groupID]*queue
	closed  bool
}

// A groupID tells groups apart (after MQTT 5 §4.8.2). Two strings joined into
// one would not: any character may stand in a group's name.
type groupID struct{ group, filter string }

// New returns a broker.
func New(o Options) *Broker {
	o.AckWait = cmp.Or(o.AckWait, DefaultAckWait)
	return &Broker{options: o, queues: make(map[*queue]bool), groups: make(map[groupID]*queue)}
}

// Publish puts a message with a copy of body into every queue whose filter
// matches. It never waits for a receiver, and it is no error that there is
// none. Errors are ErrTopic and ErrClosed.
func (b *Broker) Publish(topic string, body []byte) error {
	if !validTopic(topic) {
		return ErrTopic
	}
	m := message{topic: topic, body: bytes.Clone(body)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	b.deliver(m)
	return nil
}

// deliver puts a message into the queues that it is for. The lock is held.
func (b *Broker) deliver(m message) {
	for _, q := range b.filters.matching(m.topic) {
		q.put(m)
	}
}

// bury is the end of a message that no attempt is left for. The lock is held.
func (b *Broker) bury(m message) {
	// A dead letter has no dead letter of its own: who cannot deal with dead
	// letters would get the same one for ever.
	if b.options.DeadLetter == "" || m.topic == b.options.DeadLetter {
		return
	}
	b.deliver(message{topic: b.options.DeadLetter, origin: m.topic, body: m.body})
}

// Subscribe returns a subscription to all messages that match filter and are
// published from now on. Errors are ErrFilter, ErrGroup and ErrClosed.
func (b *Broker) Subscribe(filter string, o SubOptions) (*Subscription, error) {
	if !validFilter(filter) {
		return nil, ErrFilter
	}
	o.Buffer = cmp.Or(o.Buffer, DefaultBuffer)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return nil, ErrClosed
	}
	q := b.groups[groupID{o.Group, filter}]
	switch {
	case q == nil:
		q = b.newQueue(filter, o)
	case q.options != o:
		return nil, ErrGroup
	}
	s := &Subscription{queue: q, done: make(chan struct{}), unsettled: make(map[*Delivery]bool)}
	q.members[s] = true
	return s, nil
}

func (b *Broker) newQueue(filter string, o SubOptions) *queue {
	q := &queue{broker: b, filter: filter, options: o, members: make(map[*Subscription]bool), ready: make(chan struct{}, 1)}
	b.queues[q] = true
	b.filters.add(strings.Split(filter, "/"), q)
	if o.Group != "" {
		b.groups[groupID{o.Group, filter}] = q
	}
	return q
}

// removeQueue makes b forget a queue that nobody receives from any more.
func (b *Broker) removeQueue(q *queue) {
	delete(b.queues, q)
	b.filters.remove(strings.Split(q.filter, "/"), q)
	if q.options.Group != "" {
		delete(b.groups, groupID{q.options.Group, q.filter})
	}
}

// Close ends every subscription with ErrClosed and drops what waits or is
// unsettled. It returns nil, any number of times.
func (b *Broker) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
	for q := range b.queues {
		q.end(ErrClosed)
	}
	return nil
}
