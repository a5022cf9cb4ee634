package pubsub

// A Delivery is a message that was received, to be settled by Ack or Nack.
// Other deliveries may share its Body, which must not be changed.
type Delivery struct {
	Topic   string // that it was published on
	Body    []byte
	Attempt int    // 1 for the first one in this queue
	Origin  string // of a dead letter: the topic it died on; else ""

	// TODO: what do Ack and Nack need to know?
}

// Ack says that the message is dealt with and must not come back. If it was
// too late for that, the error says why: ErrSettled, ErrExpired, ErrClosed or
// ErrEvicted, whichever came first.
func (d *Delivery) Ack() error {
	// TODO
	return ErrTODO
}

// Nack says that the attempt has failed: the message comes back at once, or
// is dead. Its errors are those of Ack.
func (d *Delivery) Nack() error {
	// TODO
	return ErrTODO
}
