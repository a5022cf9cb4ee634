package pubsub

import (
	"errors"
	"time"
)

// Options are those of a [Broker]. The zero value is fine.
type Options struct {
	// AckWait is how long after the Receive that returned it a message may
	// stay unsettled before it comes back; 0 means DefaultAckWait.
	AckWait time.Duration
	// MaxDeliver is how many attempts a message has in a queue before it is
	// dead; 0 means as many as it takes.
	MaxDeliver int
	// DeadLetter is the topic that dead messages are published on; "" means
	// that they are dropped.
	DeadLetter string
}

// SubOptions are those of a [Subscription]. The zero value is fine.
type SubOptions struct {
	// Group makes the subscription a member of the group with this name and
	// the same filter; "" means that it is alone.
	Group string
	// Buffer is how many messages that nobody has received yet the queue
	// holds; 0 means DefaultBuffer.
	Buffer int
	// Full says what happens to a message for which there is no room.
	Full Policy
}

// A Policy is what a full queue does when one more message comes.
type Policy int

const (
	DropNewest Policy = iota // the message that comes is dropped
	DropOldest               // the message that has waited longest is dropped, the one that comes is kept
	Evict                    // every subscription of the queue ends with ErrEvicted
)

const (
	DefaultAckWait = 30 * time.Second
	DefaultBuffer  = 256

	// MaxTopic is the length of a topic name or filter at most, in octets
	// (MQTT 5 §4.7.3).
	MaxTopic = 65535
)

var (
	ErrTopic  = errors.New("not a topic name")
	ErrFilter = errors.New("not a topic filter")
	// ErrGroup is what a Subscribe returns whose group has another Buffer or
	// Full.
	ErrGroup = errors.New("the group has other options")
	// ErrClosed is for what the Close of a broker or a subscription has ended.
	ErrClosed = errors.New("closed")
	// ErrEvicted is for what the policy Evict has ended.
	ErrEvicted = errors.New("evicted: the queue was full")
	// ErrSettled is what Ack and Nack return after an Ack or a Nack.
	ErrSettled = errors.New("settled already")
	// ErrExpired is what Ack and Nack return once the AckWait is over.
	ErrExpired = errors.New("too late: the time to acknowledge is over")
)
