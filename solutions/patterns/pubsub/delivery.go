package pubsub

import "time"

// A Delivery is a message that was received, to be settled by Ack or Nack.
// Other deliveries may share its Body, which must not be changed.
type Delivery struct {
	Topic   string // that it was published on
	Body    []byte
	Attempt int    // 1 for the first one in this queue
	Origin  string // of a dead letter: the topic it died on; else ""

	message message
	sub     *Subscription
	expiry  *time.Timer
	fate    error // what Ack and Nack return from now on; nil while it is unsettled
}

// newDelivery hands out a message. The lock is held.
func (s *Subscription) newDelivery(m message) *Delivery {
	d := &Delivery{Topic: m.topic, Body: m.body, Attempt: m.attempt, Origin: m.origin, message: m, sub: s}
	d.expiry = time.AfterFunc(s.queue.broker.options.AckWait, func() { d.fail(ErrExpired) })
	s.unsettled[d] = true
	return d
}

// Ack says that the message is dealt with and must not come back. If it was
// too late for that, the error says why: ErrSettled, ErrExpired, ErrClosed or
// ErrEvicted, whichever came first.
func (d *Delivery) Ack() error {
	d.sub.queue.broker.mu.Lock()
	defer d.sub.queue.broker.mu.Unlock()
	return d.settle(ErrSettled)
}

// Nack says that the attempt has failed: the message comes back at once, or
// is dead. Its errors are those of Ack.
func (d *Delivery) Nack() error {
	return d.fail(ErrSettled)
}

// fail ends the attempt without success, by Nack or because time is up.
func (d *Delivery) fail(fate error) error {
	d.sub.queue.broker.mu.Lock()
	defer d.sub.queue.broker.mu.Unlock()
	if err := d.settle(fate); err != nil {
		return err
	}
	d.sub.queue.retry(d.message)
	return nil
}

// settle decides what becomes of d, once: whoever comes later is told what
// came first. The lock is held.
func (d *Delivery) settle(fate error) error {
	if d.fate != nil {
		return d.fate
	}
	d.fate = fate
	d.expiry.Stop()
	delete(d.sub.unsettled, d)
	return nil
}
