package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/pubsub"
	"github.com/wirekata/wirekata/harness/contract"
)

// Every subscription whose filter matches gets every message, in the order in
// which they were published; no other one gets any. README
func TestEverySubscriberGetsIt(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		one := subscribe(t, b, "one", "orders/17", pubsub.SubOptions{})
		two := subscribe(t, b, "two", "orders/17", pubsub.SubOptions{})
		other := subscribe(t, b, "other", "orders/18", pubsub.SubOptions{})
		publish(t, b, "orders/17", "placed", "paid")
		publish(t, b, "orders/18", "placed")
		for _, c := range []*client{one, two} {
			c.receive(t, "orders/17", "placed", 1).ack(t)
			c.receive(t, "orders/17", "paid", 1).ack(t)
			c.nothing(t)
		}
		other.receive(t, "orders/18", "placed", 1).ack(t)
		other.nothing(t)
	})
}

// A + stands for exactly one level and a # for any number of them at the end,
// the level above included. MQTT 5 §4.7.1
func TestWildcards(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		wantMatches(t, []string{"sport", "sport/tennis", "sport/tennis/player1", "sport/tennis/player2", "sport/golf/player1", "news"}, []row{
			{"sport/tennis/player1", []string{"sport/tennis/player1"}},
			{"sport/tennis/+", []string{"sport/tennis/player1", "sport/tennis/player2"}},
			{"sport/+/player1", []string{"sport/tennis/player1", "sport/golf/player1"}},
			{"sport/#", []string{"sport", "sport/tennis", "sport/tennis/player1", "sport/tennis/player2", "sport/golf/player1"}},
			{"+", []string{"sport", "news"}},
		})
	})
}

// The members of a group share its messages: each of them goes to exactly one
// member, and to every subscription outside the group as well. README
func TestGroupSharesTheWork(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		member := pubsub.SubOptions{Group: "workers"}
		one, two := subscribe(t, b, "one", "jobs/#", member), subscribe(t, b, "two", "jobs/#", member)
		log := subscribe(t, b, "log", "jobs/#", pubsub.SubOptions{})
		publish(t, b, "jobs/1", "a", "b", "c", "d")
		one.receive(t, "jobs/1", "a", 1).ack(t)
		two.receive(t, "jobs/1", "b", 1).ack(t)
		two.receive(t, "jobs/1", "c", 1).ack(t)
		one.receive(t, "jobs/1", "d", 1).ack(t)
		one.nothing(t)
		two.nothing(t)
		for _, body := range []string{"a", "b", "c", "d"} {
			log.receive(t, "jobs/1", body, 1).ack(t)
		}
		log.nothing(t)
	})
}

// A message that is not settled within AckWait of its Receive comes back at
// that moment, as the next attempt; one that is acked does not. README
func TestUnackedComesBack(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		c := subscribe(t, b, "one", "jobs", pubsub.SubOptions{})
		publish(t, b, "jobs", "acked", "forgotten")
		c.receive(t, "jobs", "acked", 1).ack(t)
		c.receive(t, "jobs", "forgotten", 1)
		again := c.receiveAfter(t, 10*time.Second, "jobs", "forgotten", 2)
		again.ack(t)
		contract.Step(t, "an hour goes by")
		contract.Pass(time.Hour)
		c.nothing(t)
	})
}

// A message that is nacked comes back at once, as the next attempt. README
func TestNackComesBackAtOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		c := subscribe(t, b, "one", "jobs", pubsub.SubOptions{})
		publish(t, b, "jobs", "work")
		for attempt := range 3 {
			c.receive(t, "jobs", "work", attempt+1).nack(t)
		}
		c.receive(t, "jobs", "work", 4).ack(t)
		c.nothing(t)
	})
}

// A message whose last attempt fails does not come back: it is published on
// the dead letter topic. README
func TestPoisonMessageDies(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{MaxDeliver: 2, DeadLetter: "dead"})
		defer b.Close()
		worker := subscribe(t, b, "worker", "jobs", pubsub.SubOptions{})
		morgue := subscribe(t, b, "morgue", "dead", pubsub.SubOptions{})
		publish(t, b, "jobs", "poison", "fine")
		worker.receive(t, "jobs", "poison", 1).nack(t)
		morgue.nothing(t)
		worker.receive(t, "jobs", "poison", 2).nack(t)
		dead := morgue.receive(t, "dead", "poison", 1)
		dead.from(t, "jobs")
		dead.ack(t)
		worker.receive(t, "jobs", "fine", 1).ack(t)
		worker.nothing(t)
		morgue.nothing(t)
	})
}

// Close ends every Receive, those that wait and later ones, with ErrClosed.
// README
func TestCloseEndsReceive(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		one, two := subscribe(t, b, "one", "jobs", pubsub.SubOptions{}), subscribe(t, b, "two", "jobs", pubsub.SubOptions{})
		publish(t, b, "jobs", "work")
		one.receive(t, "jobs", "work", 1).ack(t)
		two.receive(t, "jobs", "work", 1).ack(t)
		contract.Step(t, "two Receives wait; one's subscription is closed")
		first, second := one.receiving(t.Context()), two.receiving(t.Context())
		contract.Settle()
		wantError(t, "one: Close", call(t, "Close to return", one.sub.Close), nil)
		first.Await(t).wantError(t, pubsub.ErrClosed)
		if contract.Settle(); second.Returned() {
			contract.Mismatch(t, "the other one's Receive was to go on waiting", second.Await(t).String(), "a Receive that waits")
		}
		contract.Step(t, "the broker is closed")
		wantError(t, "Close of the broker", call(t, "Close to return", b.Close), nil)
		second.Await(t).wantError(t, pubsub.ErrClosed)
		two.ended(t, pubsub.ErrClosed)
		wantError(t, "Publish", b.Publish("jobs", []byte("late")), pubsub.ErrClosed)
	})
}

// A client is a subscription with a name for the transcript.
type client struct {
	name string
	sub  *pubsub.Subscription
}

func subscribe(t *testing.T, b *pubsub.Broker, name, filter string, o pubsub.SubOptions) *client {
	t.Helper()
	contract.Step(t, "%s: Subscribe(%s)", name, subscription(filter, o))
	s, err := b.Subscribe(filter, o)
	wantError(t, "Subscribe", err, nil)
	if s == nil {
		contract.Failf(t, "Subscribe returned neither a subscription nor an error")
	}
	return &client{name, s}
}

// subscription renders what is subscribed to, without what is at its default.
func subscription(filter string, o pubsub.SubOptions) string {
	s := short(filter)
	if o.Group != "" {
		s += fmt.Sprintf(", group %q", o.Group)
	}
	if o.Buffer != 0 {
		s += fmt.Sprintf(", buffer %d", o.Buffer)
	}
	if o.Full != 0 {
		s += fmt.Sprintf(", policy %d", o.Full)
	}
	return s
}

// short renders a name or filter, of whatever length, on one line.
func short(s string) string {
	if len(s) > 60 {
		return fmt.Sprintf("%q... (%d octets)", s[:20], len(s))
	}
	return fmt.Sprintf("%q", s)
}

func publish(t *testing.T, b *pubsub.Broker, topic string, bodies ...string) {
	t.Helper()
	for _, body := range bodies {
		contract.Step(t, "Publish(%s, %s)", short(topic), short(body))
		wantError(t, "Publish", call(t, "Publish to return", func() error { return b.Publish(topic, []byte(body)) }), nil)
	}
}

// A reception is what Receive returned.
type reception struct {
	d   *pubsub.Delivery
	err error
}

func (r reception) String() string {
	switch {
	case r.err != nil:
		return fmt.Sprintf("the error %q", r.err)
	case r.d == nil:
		return "neither a message nor an error"
	}
	return message(r.d.Topic, string(r.d.Body), r.d.Attempt)
}

func message(topic, body string, attempt int) string {
	return fmt.Sprintf("%s %s, attempt %d", short(topic), short(body), attempt)
}

func (r reception) wantError(t *testing.T, want error) {
	t.Helper()
	if r.d != nil || !errors.Is(r.err, want) {
		contract.Mismatch(t, "not what Receive was to return", r.String(), fmt.Sprintf("the error %q", want))
	}
}

// receiving calls Receive and does not wait for it.
func (c *client) receiving(ctx context.Context) *contract.Pending[reception] {
	return contract.Go(c.name+"'s Receive to return", func() reception {
		d, err := c.sub.Receive(ctx)
		return reception{d, err}
	})
}

// receive takes the message that waits.
func (c *client) receive(t *testing.T, topic, body string, attempt int) delivery {
	t.Helper()
	return c.receiveAfter(t, 0, topic, body, attempt)
}

// receiveAfter waits for a message that is due in wait.
func (c *client) receiveAfter(t *testing.T, wait time.Duration, topic, body string, attempt int) delivery {
	t.Helper()
	if wait == 0 {
		contract.Step(t, "%s: Receive()", c.name)
	} else {
		contract.Step(t, "%s: Receive(), for %s", c.name, wait)
	}
	return c.received(t, c.receiving(t.Context()), wait, topic, body, attempt)
}

// received checks a Receive that was begun now and is to return after wait.
func (c *client) received(t *testing.T, p *contract.Pending[reception], wait time.Duration, topic, body string, attempt int) delivery {
	t.Helper()
	start := time.Now()
	r := p.Await(t)
	want := message(topic, body, attempt)
	if r.String() != want {
		contract.Mismatch(t, "not what "+c.name+" was to receive", r.String(), want)
	}
	if took := time.Since(start); took != wait {
		contract.Mismatch(t, "not the moment at which "+c.name+" was to receive "+want, "after "+took.String(), "after "+wait.String())
	}
	return delivery{r.d, c.name, want}
}

// nothing checks that a Receive finds nothing.
func (c *client) nothing(t *testing.T) {
	t.Helper()
	contract.Step(t, "%s: Receive(), to find nothing", c.name)
	if r, ok := c.try(t); ok {
		contract.Mismatch(t, "nothing was to wait for "+c.name, r.String(), "a Receive that waits")
	}
}

// try receives what waits, if anything does.
func (c *client) try(t *testing.T) (reception, bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := c.receiving(ctx)
	contract.Settle()
	if p.Returned() {
		return p.Await(t), true
	}
	cancel()
	p.Await(t).wantError(t, context.Canceled)
	return reception{}, false
}

// ended checks that the subscription is over.
func (c *client) ended(t *testing.T, reason error) {
	t.Helper()
	contract.Step(t, "%s: Receive(), of a subscription that has ended", c.name)
	c.receiving(t.Context()).Await(t).wantError(t, reason)
}

// A delivery is one with its story for the transcript.
type delivery struct {
	*pubsub.Delivery
	who, what string
}

func (d delivery) ack(t *testing.T) {
	t.Helper()
	d.ackIs(t, nil)
}

func (d delivery) ackIs(t *testing.T, want error) {
	t.Helper()
	contract.Step(t, "%s: Ack of %s", d.who, d.what)
	wantError(t, "Ack", call(t, "Ack to return", d.Ack), want)
}

func (d delivery) nack(t *testing.T) {
	t.Helper()
	d.nackIs(t, nil)
}

func (d delivery) nackIs(t *testing.T, want error) {
	t.Helper()
	contract.Step(t, "%s: Nack of %s", d.who, d.what)
	wantError(t, "Nack", call(t, "Nack to return", d.Nack), want)
}

// from checks the topic that a dead letter died on.
func (d delivery) from(t *testing.T, want string) {
	t.Helper()
	if d.Origin != want {
		contract.Mismatch(t, "the Origin of "+d.what, short(d.Origin), short(want))
	}
}

func call(t *testing.T, what string, f func() error) error {
	t.Helper()
	return contract.Call(t, what, f)
}

// wantError checks an error; nil is one that may be wanted too.
func wantError(t *testing.T, what string, got, want error) {
	t.Helper()
	if !errors.Is(got, want) {
		contract.Mismatch(t, "not what "+what+" was to return", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// A row says which topics a filter matches. It matches no other.
type row struct {
	filter string
	topics []string
}

// wantMatches publishes on each topic and checks what each filter lets through.
func wantMatches(t *testing.T, topics []string, rows []row) {
	t.Helper()
	b := pubsub.New(pubsub.Options{})
	defer b.Close()
	var clients []*client
	for _, r := range rows {
		clients = append(clients, subscribe(t, b, r.filter, r.filter, pubsub.SubOptions{}))
	}
	for _, topic := range topics {
		publish(t, b, topic, topic)
	}
	for i, r := range rows {
		contract.Step(t, "what %s lets through", short(r.filter))
		var got []string
		for {
			m, ok := clients[i].try(t)
			if !ok {
				break
			}
			if m.err != nil || m.d == nil {
				contract.Failf(t, "Receive returned %s", m)
			}
			wantError(t, "Ack", m.d.Ack(), nil)
			got = append(got, m.d.Topic)
		}
		if list(got) != list(r.topics) {
			contract.Mismatch(t, fmt.Sprintf("the filter %s does not match what it should, of the topics above", short(r.filter)), list(got), list(r.topics))
		}
	}
}

func list(topics []string) string {
	var quoted []string
	for _, topic := range topics {
		quoted = append(quoted, short(topic))
	}
	return "[" + strings.Join(quoted, " ") + "]"
}
