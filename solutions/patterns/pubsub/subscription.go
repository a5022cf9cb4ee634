package pubsub

import "context"

// A message is what a queue holds.
type message struct {
	topic   string
	origin  string // of a dead letter: the topic it died on
	body    []byte
	attempt int // how many there were, in this queue
}

// A queue is where messages wait for whoever receives next: the members of a
// group, or the one subscription that is alone. No message waits for a
// certain member, so none can be held up by one. The broker's lock guards it.
type queue struct {
	broker  *Broker
	filter  string
	options SubOptions
	members map[*Subscription]bool

	back  []message // had an attempt that failed; oldest first
	fresh []message // had none, at most options.Buffer; oldest first

	// ready holds a token while messages wait. Who takes it looks into the
	// queue, and puts it back if something is left there.
	ready chan struct{}
}

// put appends a new message, if there is room or room can be made.
func (q *queue) put(m message) {
	if len(q.fresh) == q.options.Buffer {
		switch q.options.Full {
		case DropNewest:
			return
		case DropOldest:
			pop(&q.fresh)
		case Evict:
			q.end(ErrEvicted)
			return
		}
	}
	q.fresh = append(q.fresh, m)
	q.announce()
}

// retry takes a message back whose attempt has failed, or buries it if that
// was its last one. What comes back has had its place in the buffer.
func (q *queue) retry(m message) {
	if limit := q.broker.options.MaxDeliver; limit > 0 && m.attempt >= limit {
		q.broker.bury(m)
		return
	}
	q.back = append(q.back, m)
	q.announce()
}

// next removes the message that is to be received next.
func (q *queue) next() (m message, ok bool) {
	switch {
	case len(q.back) > 0:
		return pop(&q.back), true
	case len(q.fresh) > 0:
		return pop(&q.fresh), true
	}
	return message{}, false
}

// pop removes the first message of a list. The array behind it would keep the
// body alive.
func pop(list *[]message) message {
	m := (*list)[0]
	(*list)[0] = message{}
	*list = (*list)[1:]
	return m
}

// announce wakes one who waits, if there is something to receive.
func (q *queue) announce() {
	if len(q.back)+len(q.fresh) == 0 {
		return
	}
	select {
	case q.ready <- struct{}{}:
	default: // the token is there
	}
}

// end ends all members at once. Nobody is left whom a message could come
// back to.
func (q *queue) end(reason error) {
	members := q.members
	q.members = nil
	for s := range members {
		s.end(reason)
	}
}

// A Subscription receives messages. Its methods may be called concurrently;
// each message goes to one Receive.
type Subscription struct {
	queue     *queue
	done      chan struct{} // closed at the end
	reason    error         // why it has ended; nil before that
	unsettled map[*Delivery]bool
}

// Receive returns the next message, as soon as there is one. Errors are
// ErrClosed, ErrEvicted and that of ctx, and with an error no message was
// taken.
func (s *Subscription) Receive(ctx context.Context) (*Delivery, error) {
	for {
		if d, err := s.take(); d != nil || err != nil {
			return d, err
		}
		select {
		case <-s.queue.ready:
		case <-s.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// take returns the next message, or neither a message nor an error if none
// waits.
func (s *Subscription) take() (*Delivery, error) {
	s.queue.broker.mu.Lock()
	defer s.queue.broker.mu.Unlock()
	// The token that led here may have stood for more than one message, or for
	// one that a subscription that has ended cannot take.
	defer s.queue.announce()
	if s.reason != nil {
		return nil, s.reason
	}
	m, ok := s.queue.next()
	if !ok {
		return nil, nil
	}
	m.attempt++
	return s.newDelivery(m), nil
}

// Close ends the subscription: every Receive returns ErrClosed. What it has
// not settled goes to the other members of its group at once, or is dropped
// if there are none. It returns nil, any number of times.
func (s *Subscription) Close() error {
	s.queue.broker.mu.Lock()
	defer s.queue.broker.mu.Unlock()
	s.end(ErrClosed)
	return nil
}

// end ends s, once: the first reason stays. The lock is held.
func (s *Subscription) end(reason error) {
	if s.reason != nil {
		return
	}
	s.reason = reason
	close(s.done)
	delete(s.queue.members, s)
	last := len(s.queue.members) == 0
	if last {
		s.queue.broker.removeQueue(s.queue)
	}
	for d := range s.unsettled {
		d.settle(reason)
		if !last {
			s.queue.retry(d.message)
		}
	}
}
