package pubsub_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/pubsub"
	"github.com/wirekata/wirekata/harness/contract"
)

// The filters of the standard's examples match the names of the standard's
// examples where it says so, and no other of them. MQTT 5 §4.7.1 MUST
func TestMatchingTable(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const (
			player1   = "sport/tennis/player1"
			player2   = "sport/tennis/player2"
			ranking   = "sport/tennis/player1/ranking"
			wimbledon = "sport/tennis/player1/score/wimbledon"
		)
		topics := []string{"sport", "sport/", "sport/tennis", player1, player2, ranking, wimbledon, "/finance", "finance"}
		wantMatches(t, topics, []row{
			{"#", topics},
			{"sport/#", []string{"sport", "sport/", "sport/tennis", player1, player2, ranking, wimbledon}},
			{"sport/tennis/#", []string{"sport/tennis", player1, player2, ranking, wimbledon}},
			{"sport/tennis/player1/#", []string{player1, ranking, wimbledon}},
			{"sport/tennis/player1", []string{player1}},
			{"sport/tennis/+", []string{player1, player2}},
			{"sport/+/player1", []string{player1}},
			{"sport/+/player1/#", []string{player1, ranking, wimbledon}},
			{"sport/+", []string{"sport/", "sport/tennis"}},
			{"sport", []string{"sport"}},
			{"sport/", []string{"sport/"}},
			{"+", []string{"sport", "finance"}},
			{"+/+", []string{"sport/", "sport/tennis", "/finance"}},
			{"/+", []string{"/finance"}},
			{"/finance", []string{"/finance"}},
			{"finance", []string{"finance"}},
			{"+/#", topics},
			{"+/+/#", []string{"sport/", "sport/tennis", player1, player2, ranking, wimbledon, "/finance"}},
			{"+/tennis/#", []string{"sport/tennis", player1, player2, ranking, wimbledon}},
			{"+/+/+/ranking", []string{ranking}},
			{"spor/#", nil},
			{"sport/tennis/player", nil},
		})
	})
}

// Names are compared as they are: case, spaces, empty levels, byte order marks
// and the way in which a character is composed make a difference. MQTT 5
// §4.7.3 MUST NOT, §1.5.4 MUST NOT
func TestNothingIsNormalized(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const composed, decomposed = "caf\u00e9", "cafe\u0301"
		topics := []string{"ACCOUNTS", "Accounts", "Accounts payable", " Accounts", "\ufeffAccounts", "Accounts/", "/Accounts", composed, decomposed,
			"/", "//", "a/b", "a//b", "a///b", "a/./b", "a/../a/b"}
		var rows []row
		for _, topic := range topics {
			rows = append(rows, row{topic, []string{topic}})
		}
		wantMatches(t, topics, append(rows,
			row{"+/+", []string{"Accounts/", "/Accounts", "/", "a/b"}},
			row{"/+", []string{"/Accounts", "/"}},
			row{"//#", []string{"/", "//"}},
			row{"/#", []string{"/Accounts", "/", "//"}},
			row{"a/+/b", []string{"a//b", "a/./b"}},
			row{"a//#", []string{"a//b", "a///b"}},
		))
	})
}

// A filter that begins with a wildcard matches no name that begins with $; a
// filter that spells the first level out does, and within a name $ means
// nothing. MQTT 5 §4.7.2 MUST NOT
func TestDollarTopics(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const clients = "$SYS/monitor/Clients"
		wantMatches(t, []string{"$SYS", "$SYS/", clients, "$", "$/a", "SYS/monitor/Clients", "a/$SYS", "a/$SYS/b", "a$", "/$SYS"}, []row{
			{"#", []string{"SYS/monitor/Clients", "a/$SYS", "a/$SYS/b", "a$", "/$SYS"}},
			{"+", []string{"a$"}},
			{"+/#", []string{"SYS/monitor/Clients", "a/$SYS", "a/$SYS/b", "a$", "/$SYS"}},
			{"+/monitor/Clients", []string{"SYS/monitor/Clients"}},
			{"+/$SYS/#", []string{"a/$SYS", "a/$SYS/b", "/$SYS"}},
			{"+/+", []string{"a/$SYS", "/$SYS"}},
			{"$SYS/#", []string{"$SYS", "$SYS/", clients}},
			{"$SYS/+", []string{"$SYS/"}},
			{"$SYS/monitor/+", []string{clients}},
			{"$SYS/+/Clients", []string{clients}},
			{"$/+", []string{"$/a"}},
			{"a/+", []string{"a/$SYS"}},
			{"a/#", []string{"a/$SYS", "a/$SYS/b"}},
		})
	})
}

// A wildcard that is not a whole level, a # that is not the last one, and what
// is no MQTT string are not filters. MQTT 5 §4.7.1 MUST, §4.7.3 MUST, §1.5.4
// MUST NOT
func TestInvalidFiltersAreRefused(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		for _, filter := range append(notStrings(), "sport/tennis#", "sport/tennis/#/ranking", "#/", "#/a", "a/#/", "sport+", "+sport", "sport/+x/y", "a/b+/c",
			"++", "##", "+#", "#+", "a/#b", "a#/b", "$SYS/#/x") {
			contract.Step(t, "Subscribe(%s)", short(filter))
			_, err := b.Subscribe(filter, pubsub.SubOptions{})
			wantError(t, "Subscribe", err, pubsub.ErrFilter)
		}
		for _, filter := range []string{"#", "+", "sport/tennis/#", "+/tennis/#", "/", "/+/#", "+/+/+", " ", "$share/workers/a", "$", "a/\ufeff", longest(), longestInRunes()} {
			contract.Control(t, "Subscribe(%s)", short(filter))
			s, err := b.Subscribe(filter, pubsub.SubOptions{})
			wantError(t, "Subscribe", err, nil)
			topic := strings.NewReplacer("+", "one", "#", "two/three").Replace(filter)
			publish(t, b, topic, "hello")
			c := &client{filter, s}
			c.receive(t, topic, "hello", 1).ack(t)
			wantError(t, "Close", c.sub.Close(), nil)
		}
	})
}

// A name with a wildcard in it and what is no MQTT string cannot be published
// on; up to 65,535 octets every other name can. MQTT 5 §4.7.1 MUST NOT, §4.7.3
// MUST, §1.5.4 MUST NOT
func TestInvalidNamesAreRefused(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		all := subscribe(t, b, "all", "#", pubsub.SubOptions{})
		for _, name := range append(notStrings(), "sport/+", "sport/#", "+", "#", "a+b", "a#", "a/#/b", "$SYS/+") {
			contract.Step(t, "Publish(%s)", short(name))
			wantError(t, "Publish", b.Publish(name, []byte("no")), pubsub.ErrTopic)
		}
		for _, name := range []string{"a", "/", " ", "a b", "a*b", "a/>", "\ufeff", longest(), longestInRunes()} {
			contract.Control(t, "a name that is one")
			publish(t, b, name, "yes")
			all.receive(t, name, "yes", 1).ack(t)
		}
		all.nothing(t)
	})
}

// Publish copies the body: its caller may use the buffer again. README
func TestBodyIsCopied(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		c := subscribe(t, b, "one", "a", pubsub.SubOptions{})
		contract.Step(t, "two messages from one buffer")
		buf := []byte("first")
		wantError(t, "Publish", b.Publish("a", buf), nil)
		copy(buf, "other")
		wantError(t, "Publish", b.Publish("a", buf), nil)
		copy(buf, "XXXXX")
		c.receive(t, "a", "first", 1).ack(t)
		again := c.receive(t, "a", "other", 1)
		again.nack(t)
		c.receive(t, "a", "other", 2).ack(t)
	})
}

// Two subscriptions are two, even with the same filter: each gets every
// message, and what one does with it is nothing to the other. README
func TestEachSubscriptionForItself(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 2, DeadLetter: "dead"})
		defer b.Close()
		one := subscribe(t, b, "one", "a/+", pubsub.SubOptions{})
		same := subscribe(t, b, "same", "a/+", pubsub.SubOptions{})
		wide := subscribe(t, b, "wide", "#", pubsub.SubOptions{Buffer: 5})
		publish(t, b, "a/b", "x")
		first, second := one.receive(t, "a/b", "x", 1), same.receive(t, "a/b", "x", 1)
		first.nack(t)
		same.nothing(t)
		second.ack(t)
		contract.Pass(3 * time.Second)
		last := one.receive(t, "a/b", "x", 2)
		wide.receive(t, "a/b", "x", 1).ack(t)
		contract.Step(t, "one's last attempt fails")
		last.nack(t)
		wide.receive(t, "dead", "x", 1).ack(t)
		contract.Pass(time.Hour)
		for _, c := range []*client{one, same, wide} {
			c.nothing(t)
		}
		contract.Step(t, "same leaves; one stays")
		wantError(t, "Close", same.sub.Close(), nil)
		publish(t, b, "a/c", "y")
		one.receive(t, "a/c", "y", 1).ack(t)
		wide.receive(t, "a/c", "y", 1).ack(t)
		same.ended(t, pubsub.ErrClosed)
	})
}

// A group is its name and its filter together: other names and other filters
// make other groups, whatever characters stand in them, and a later member
// cannot change the options. README, after MQTT 5 §4.8.2
func TestGroupIsNameAndFilter(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		group := func(name string) pubsub.SubOptions { return pubsub.SubOptions{Group: name} }
		clients := []*client{
			subscribe(t, b, "g on a/b", "a/b", group("g")),
			subscribe(t, b, "g on a/+", "a/+", group("g")),
			subscribe(t, b, "h on a/b", "a/b", group("h")),
			subscribe(t, b, "g/a on b", "b", group("g/a")),
			subscribe(t, b, "\"g a\" on b", "b", group("g a")),
			subscribe(t, b, "g on \"a b\"", "a b", group("g")),
			subscribe(t, b, "g NUL a on b", "b", group("g\x00a")),
		}
		another := subscribe(t, b, "another g on a/b", "a/b", group("g"))
		publish(t, b, "a/b", "one")
		publish(t, b, "b", "two")
		publish(t, b, "a b", "three")
		for i, want := range [][2]string{{"a/b", "one"}, {"a/b", "one"}, {"a/b", "one"}, {"b", "two"}, {"b", "two"}, {"a b", "three"}, {"b", "two"}} {
			clients[i].receive(t, want[0], want[1], 1).ack(t)
			clients[i].nothing(t)
		}
		another.nothing(t)
		for _, o := range []pubsub.SubOptions{{Group: "g", Buffer: 7}, {Group: "g", Full: pubsub.DropOldest}} {
			contract.Step(t, "Subscribe(%s), which is not how the group began", subscription("a/b", o))
			_, err := b.Subscribe("a/b", o)
			wantError(t, "Subscribe", err, pubsub.ErrGroup)
		}
		contract.Control(t, "the default, spelled out")
		subscribe(t, b, "a third g on a/b", "a/b", pubsub.SubOptions{Group: "g", Buffer: pubsub.DefaultBuffer}).nothing(t)
		publish(t, b, "a/b", "four")
		another.receive(t, "a/b", "four", 1).ack(t)
		clients[0].nothing(t)
	})
}

// A member that has stopped receiving holds up nothing: what waits goes to
// the others, and what it has taken comes back to them after AckWait. README
func TestStalledMemberHoldsNothing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		member := pubsub.SubOptions{Group: "g"}
		stalls := subscribe(t, b, "stalls", "jobs", member)
		never := subscribe(t, b, "never", "jobs", member)
		works := subscribe(t, b, "works", "jobs", member)
		bodies := []string{"a", "b", "c", "d", "e", "f", "g", "h"}
		publish(t, b, "jobs", bodies...)
		kept := stalls.receive(t, "jobs", "a", 1)
		contract.Pass(time.Second)
		for _, body := range bodies[1:] {
			works.receive(t, "jobs", body, 1).ack(t)
		}
		again := works.receiveAfter(t, 9*time.Second, "jobs", "a", 2)
		kept.ackIs(t, pubsub.ErrExpired)
		again.ack(t)
		contract.Fence(t, "a new message is the next one")
		publish(t, b, "jobs", "last")
		works.receive(t, "jobs", "last", 1).ack(t)
		contract.Pass(time.Hour)
		never.nothing(t)
		stalls.nothing(t)
	})
}

// What a member has not settled when it leaves comes back to the other members
// at once, and what waits stays theirs; the last member takes the group with
// it. README
func TestMemberLeaves(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 2, DeadLetter: "dead"})
		defer b.Close()
		morgue := subscribe(t, b, "morgue", "dead", pubsub.SubOptions{})
		member := pubsub.SubOptions{Group: "g"}
		one, two := subscribe(t, b, "one", "jobs", member), subscribe(t, b, "two", "jobs", member)
		publish(t, b, "jobs", "a", "b", "c", "d")
		one.receive(t, "jobs", "a", 1).ack(t)
		kept := one.receive(t, "jobs", "b", 1)
		one.receive(t, "jobs", "c", 1).nack(t)
		last := one.receive(t, "jobs", "c", 2)
		contract.Step(t, "one leaves with b and the last attempt of c")
		wantError(t, "Close", call(t, "Close to return", one.sub.Close), nil)
		again := two.receive(t, "jobs", "b", 2)
		dead := morgue.receive(t, "dead", "c", 1)
		dead.from(t, "jobs")
		dead.ack(t)
		kept.ackIs(t, pubsub.ErrClosed)
		last.nackIs(t, pubsub.ErrClosed)
		again.ack(t)
		contract.Step(t, "two leaves with d, while e waits; f comes when nobody is there")
		left := two.receive(t, "jobs", "d", 1)
		publish(t, b, "jobs", "e")
		wantError(t, "Close", call(t, "Close to return", two.sub.Close), nil)
		left.ackIs(t, pubsub.ErrClosed)
		publish(t, b, "jobs", "f")
		contract.Control(t, "the name is free for a group with other options")
		three := subscribe(t, b, "three", "jobs", pubsub.SubOptions{Group: "g", Buffer: 1, Full: pubsub.DropOldest})
		publish(t, b, "jobs", "g", "h")
		three.receive(t, "jobs", "h", 1).ack(t)
		contract.Pass(time.Hour)
		three.nothing(t)
		morgue.nothing(t)
	})
}

// A full queue drops the message that comes or the one that has waited
// longest, as its policy says. It holds up neither Publish nor any other
// queue. README
func TestFullQueueDropsOne(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		newest := subscribe(t, b, "newest", "a", pubsub.SubOptions{Buffer: 3, Full: pubsub.DropNewest})
		oldest := subscribe(t, b, "oldest", "a", pubsub.SubOptions{Buffer: 3, Full: pubsub.DropOldest})
		single := subscribe(t, b, "single", "a", pubsub.SubOptions{Buffer: 1, Full: pubsub.DropOldest, Group: "g"})
		roomy := subscribe(t, b, "roomy", "a", pubsub.SubOptions{Buffer: 5})
		publish(t, b, "a", "1", "2", "3", "4", "5")
		for c, bodies := range map[*client]string{newest: "123", oldest: "345", single: "5", roomy: "12345"} {
			for _, body := range bodies {
				c.receive(t, "a", string(body), 1).ack(t)
			}
			c.nothing(t)
		}
		contract.Fence(t, "there is room again")
		publish(t, b, "a", "6")
		for _, c := range []*client{newest, oldest, single, roomy} {
			c.receive(t, "a", "6", 1).ack(t)
		}
	})
}

// With the policy Evict, a message that finds the queue full ends every
// subscription of the queue, and takes nothing from any other. README
func TestEviction(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 1, DeadLetter: "dead"})
		defer b.Close()
		evict := pubsub.SubOptions{Buffer: 2, Full: pubsub.Evict, Group: "slow"}
		one, two := subscribe(t, b, "one", "a", evict), subscribe(t, b, "two", "a", evict)
		other := subscribe(t, b, "other", "a", pubsub.SubOptions{})
		morgue := subscribe(t, b, "morgue", "dead", pubsub.SubOptions{})
		publish(t, b, "a", "0", "1")
		zero, first := one.receive(t, "a", "0", 1), two.receive(t, "a", "1", 1)
		contract.Control(t, "two wait: the buffer is full, and nothing has happened")
		publish(t, b, "a", "2", "3")
		contract.Step(t, "one more")
		publish(t, b, "a", "4")
		one.ended(t, pubsub.ErrEvicted)
		two.ended(t, pubsub.ErrEvicted)
		zero.ackIs(t, pubsub.ErrEvicted)
		first.nackIs(t, pubsub.ErrEvicted)
		wantError(t, "Close of what has been evicted", call(t, "Close to return", one.sub.Close), nil)
		one.ended(t, pubsub.ErrEvicted)
		for _, body := range []string{"0", "1", "2", "3", "4"} {
			other.receive(t, "a", body, 1).ack(t)
		}
		contract.Step(t, "one subscribes again")
		again := subscribe(t, b, "again", "a", evict)
		again.nothing(t)
		publish(t, b, "a", "5")
		again.receive(t, "a", "5", 1).ack(t)
		contract.Pass(time.Hour)
		again.nothing(t)
		morgue.nothing(t)
	})
}

// Buffer counts what nobody has received yet: neither what is out with a
// receiver nor what has come back takes a place there, and what has come back
// is never dropped. README
func TestBufferCountsTheUnreceived(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		for _, policy := range []pubsub.Policy{pubsub.DropNewest, pubsub.DropOldest, pubsub.Evict} {
			c := subscribe(t, b, "one", "a", pubsub.SubOptions{Buffer: 2, Full: policy})
			publish(t, b, "a", "1", "2")
			first, second := c.receive(t, "a", "1", 1), c.receive(t, "a", "2", 1)
			contract.Step(t, "two are out: there is room for two more")
			publish(t, b, "a", "3")
			first.nack(t)
			contract.Step(t, "one has come back: there is still room for one")
			publish(t, b, "a", "4")
			second.nack(t)
			for _, want := range []struct {
				body    string
				attempt int
			}{{"1", 2}, {"2", 2}, {"3", 1}, {"4", 1}} {
				c.receive(t, "a", want.body, want.attempt).ack(t)
			}
			contract.Step(t, "two have come back, and there are more new ones than there is room for")
			publish(t, b, "a", "5", "6")
			five, six := c.receive(t, "a", "5", 1), c.receive(t, "a", "6", 1)
			five.nack(t)
			six.nack(t)
			publish(t, b, "a", "7", "8", "9")
			if policy == pubsub.Evict {
				c.ended(t, pubsub.ErrEvicted)
				continue
			}
			c.receive(t, "a", "5", 2).ack(t)
			c.receive(t, "a", "6", 2).ack(t)
			for _, body := range map[pubsub.Policy]string{pubsub.DropNewest: "78", pubsub.DropOldest: "89"}[policy] {
				c.receive(t, "a", string(body), 1).ack(t)
			}
			c.nothing(t)
			wantError(t, "Close", c.sub.Close(), nil)
		}
	})
}

// Zero options mean DefaultAckWait, DefaultBuffer, DropNewest, as many attempts
// as it takes and no dead letters. README
func TestZeroOptions(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		c := subscribe(t, b, "one", "#", pubsub.SubOptions{})
		contract.Step(t, "%d messages are published", pubsub.DefaultBuffer+1)
		for i := range pubsub.DefaultBuffer + 1 {
			wantError(t, "Publish", call(t, "Publish to return", func() error { return b.Publish("a", fmt.Append(nil, i)) }), nil)
		}
		c.receive(t, "a", "0", 1)
		for i := range pubsub.DefaultBuffer - 1 {
			c.receive(t, "a", fmt.Sprint(i+1), 1).ack(t)
		}
		again := c.receiveAfter(t, pubsub.DefaultAckWait, "a", "0", 2)
		for attempt := 3; attempt < 50; attempt++ {
			again.nack(t)
			again = c.receive(t, "a", "0", attempt)
		}
		again.ack(t)
		c.nothing(t)
	})
}

// What has come back is received before what nobody has received yet, and in
// the order in which it came back. README
func TestWhatCameBackGoesFirst(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		c := subscribe(t, b, "one", "a", pubsub.SubOptions{})
		publish(t, b, "a", "1", "2", "3", "4", "5")
		first := c.receive(t, "a", "1", 1)
		contract.Pass(time.Second)
		second, third := c.receive(t, "a", "2", 1), c.receive(t, "a", "3", 1)
		contract.Pass(time.Second)
		third.nack(t)
		first.nack(t)
		contract.Step(t, "9.5 s later the AckWait of the second is over, too")
		contract.Pass(9500 * time.Millisecond)
		second.ackIs(t, pubsub.ErrExpired)
		for _, want := range []struct {
			body    string
			attempt int
		}{{"3", 2}, {"1", 2}, {"2", 2}, {"4", 1}, {"5", 1}} {
			c.receive(t, "a", want.body, want.attempt).ack(t)
		}
		c.nothing(t)
	})
}

// The AckWait of each attempt runs from its Receive: the time that the message
// has spent in the queue does not count, nor does an earlier attempt's. README
func TestAckWaitRunsFromReceive(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		c := subscribe(t, b, "one", "a", pubsub.SubOptions{})
		publish(t, b, "a", "1")
		contract.Step(t, "a minute goes by before it is received, and 9 s before it is acked")
		contract.Pass(time.Minute)
		d := c.receive(t, "a", "1", 1)
		contract.Pass(9 * time.Second)
		d.ack(t)
		c.nothing(t)

		publish(t, b, "a", "2")
		contract.Step(t, "nacked after 3 s, received 1 s later, and acked 9 s after that")
		d = c.receive(t, "a", "2", 1)
		contract.Pass(3 * time.Second)
		d.nack(t)
		contract.Pass(time.Second)
		d = c.receive(t, "a", "2", 2)
		contract.Pass(9 * time.Second)
		d.ack(t)
		c.nothing(t)

		publish(t, b, "a", "3")
		contract.Step(t, "what has come back unseen waits for a minute, too")
		d = c.receive(t, "a", "3", 1)
		contract.Pass(time.Minute)
		d.ackIs(t, pubsub.ErrExpired)
		d = c.receive(t, "a", "3", 2)
		contract.Step(t, "two Receives at different times come back at different times")
		publish(t, b, "a", "4")
		contract.Pass(4 * time.Second)
		c.receive(t, "a", "4", 1)
		c.receiveAfter(t, 6*time.Second, "a", "3", 3).ack(t)
		c.receiveAfter(t, 4*time.Second, "a", "4", 2).ack(t)
		d.ackIs(t, pubsub.ErrExpired)
		c.nothing(t)
	})
}

// A delivery is settled once: what came first, an Ack, a Nack, the end of the
// AckWait or of the subscription, is what every later Ack and Nack returns, and
// they change nothing. README
func TestFirstFateStays(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		c := subscribe(t, b, "one", "a", pubsub.SubOptions{})
		publish(t, b, "a", "1", "2", "3", "4")
		acked := c.receive(t, "a", "1", 1)
		acked.ack(t)
		acked.ackIs(t, pubsub.ErrSettled)
		acked.nackIs(t, pubsub.ErrSettled)
		nacked := c.receive(t, "a", "2", 1)
		nacked.nack(t)
		nacked.nackIs(t, pubsub.ErrSettled)
		nacked.ackIs(t, pubsub.ErrSettled)
		again := c.receive(t, "a", "2", 2)
		nacked.ackIs(t, pubsub.ErrSettled)
		again.ack(t)
		contract.Step(t, "the AckWait of 3 ends while nobody receives")
		late := c.receive(t, "a", "3", 1)
		contract.Pass(11 * time.Second)
		late.nackIs(t, pubsub.ErrExpired)
		late.ackIs(t, pubsub.ErrExpired)
		again = c.receive(t, "a", "3", 2)
		late.ackIs(t, pubsub.ErrExpired)
		again.ack(t)
		late.ackIs(t, pubsub.ErrExpired)
		contract.Step(t, "the subscription ends")
		open := c.receive(t, "a", "4", 1)
		wantError(t, "Close", call(t, "Close to return", c.sub.Close), nil)
		contract.Pass(time.Minute)
		open.nackIs(t, pubsub.ErrClosed)
		open.ackIs(t, pubsub.ErrClosed)
		acked.ackIs(t, pubsub.ErrSettled)
		nacked.nackIs(t, pubsub.ErrSettled)
		late.ackIs(t, pubsub.ErrExpired)
	})
}

// A message dies at the moment its last attempt fails, whichever way that
// happens, once in each queue: the dead letter is a new message with the same
// body and the topic it died on. README
func TestDeadLetters(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 3, DeadLetter: "$dead/letters"})
		defer b.Close()
		worker := subscribe(t, b, "worker", "jobs/+", pubsub.SubOptions{Group: "g"})
		mate := subscribe(t, b, "mate", "jobs/+", pubsub.SubOptions{Group: "g"})
		log := subscribe(t, b, "log", "#", pubsub.SubOptions{})
		morgue := subscribe(t, b, "morgue", "$dead/#", pubsub.SubOptions{Buffer: 1})
		publish(t, b, "jobs/7", "poison")
		worker.receive(t, "jobs/7", "poison", 1).nack(t)
		mate.receiveAfter(t, 0, "jobs/7", "poison", 2)
		worker.receiveAfter(t, 10*time.Second, "jobs/7", "poison", 3)
		contract.Pass(4 * time.Second)
		morgue.nothing(t)
		contract.Step(t, "the AckWait of the last attempt ends")
		dead := morgue.receiveAfter(t, 6*time.Second, "$dead/letters", "poison", 1)
		dead.from(t, "jobs/7")
		dead.nack(t)
		dead = morgue.receive(t, "$dead/letters", "poison", 2)
		dead.from(t, "jobs/7")
		dead.ack(t)
		worker.nothing(t)
		mate.nothing(t)
		contract.Step(t, "it dies in the log's queue, too")
		for attempt := range 3 {
			d := log.receive(t, "jobs/7", "poison", attempt+1)
			d.from(t, "")
			d.nack(t)
		}
		dead = morgue.receive(t, "$dead/letters", "poison", 1)
		dead.from(t, "jobs/7")
		dead.ack(t)
		contract.Fence(t, "what is acked at the last attempt does not die")
		publish(t, b, "jobs/8", "hard")
		for attempt := range 3 {
			d := worker.receive(t, "jobs/8", "hard", attempt+1)
			if attempt < 2 {
				d.nack(t)
			} else {
				d.ack(t)
			}
		}
		contract.Pass(time.Hour)
		log.receive(t, "jobs/8", "hard", 1).ack(t)
		log.nothing(t) // a wildcard matches no topic with a $
		worker.nothing(t)
		morgue.nothing(t)
	})
}

// What dies on the dead letter topic is dropped, and dead messages go nowhere
// without such a topic. README
func TestDeadLettersDieOnce(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{MaxDeliver: 2, DeadLetter: "dead"})
		defer b.Close()
		jobs := subscribe(t, b, "jobs", "jobs", pubsub.SubOptions{})
		publish(t, b, "jobs", "unseen")
		jobs.receive(t, "jobs", "unseen", 1).nack(t)
		contract.Step(t, "it dies, and nobody listens")
		jobs.receive(t, "jobs", "unseen", 2).nack(t)
		all := subscribe(t, b, "all", "#", pubsub.SubOptions{})
		all.nothing(t)
		publish(t, b, "jobs", "seen")
		all.receive(t, "jobs", "seen", 1).ack(t)
		jobs.receive(t, "jobs", "seen", 1).nack(t)
		jobs.receive(t, "jobs", "seen", 2).nack(t)
		all.receive(t, "dead", "seen", 1).nack(t)
		contract.Step(t, "the dead letter dies")
		all.receive(t, "dead", "seen", 2).nack(t)
		all.nothing(t)
		contract.Step(t, "so does a message that somebody has published there")
		publish(t, b, "dead", "hand-made")
		all.receive(t, "dead", "hand-made", 1).nack(t)
		all.receive(t, "dead", "hand-made", 2).nack(t)
		all.nothing(t)
		contract.Fence(t, "the broker goes on")
		publish(t, b, "jobs", "fine")
		all.receive(t, "jobs", "fine", 1).ack(t)
		jobs.receive(t, "jobs", "fine", 1).ack(t)

		contract.Step(t, "a broker without dead letters")
		none := pubsub.New(pubsub.Options{MaxDeliver: 1})
		defer none.Close()
		c := subscribe(t, none, "one", "#", pubsub.SubOptions{})
		publish(t, none, "a", "poison", "fine")
		c.receive(t, "a", "poison", 1).nack(t)
		c.receive(t, "a", "fine", 1).ack(t)
		c.nothing(t)
	})
}

// A Receive whose context ends returns the context's error at once and has
// taken no message; what is published afterwards goes to another one. README
func TestCanceledReceiveTakesNothing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		c := subscribe(t, b, "one", "a", pubsub.SubOptions{})
		for i, why := range []error{context.Canceled, context.DeadlineExceeded} {
			contract.Step(t, "a Receive waits for 5 s, and ends with %q", why)
			ctx, cancel := context.WithCancel(t.Context())
			if why == context.DeadlineExceeded {
				ctx, cancel = context.WithTimeout(t.Context(), 5*time.Second)
			}
			defer cancel()
			p := c.receiving(ctx)
			contract.Pass(4 * time.Second)
			if p.Returned() {
				contract.Failf(t, "Receive has returned %s", p.Await(t))
			}
			start := time.Now()
			if why == context.Canceled {
				cancel()
			}
			p.Await(t).wantError(t, why)
			if took := time.Since(start); took != time.Duration(i)*time.Second {
				contract.Mismatch(t, "not the moment at which Receive was to return", took.String(), time.Duration(i*int(time.Second)).String())
			}
			contract.Control(t, "what comes now is the next one's")
			publish(t, b, "a", "x", "y")
			c.receive(t, "a", "x", 1).ack(t)
			c.receive(t, "a", "y", 1).ack(t)
			c.nothing(t)
		}
		contract.Step(t, "a message and the end of the context at the same moment, often")
		for i := range 50 {
			ctx, cancel := context.WithCancel(t.Context())
			p := c.receiving(ctx)
			contract.Settle()
			go cancel()
			wantError(t, "Publish", b.Publish("a", fmt.Append(nil, i)), nil)
			r := p.Await(t)
			if r.err == nil && r.String() == message("a", fmt.Sprint(i), 1) {
				wantError(t, "Ack", r.d.Ack(), nil)
				continue
			}
			r.wantError(t, context.Canceled)
			contract.Step(t, "the message is there for the next Receive")
			r = c.receiving(t.Context()).Await(t)
			if first, second := message("a", fmt.Sprint(i), 1), message("a", fmt.Sprint(i), 2); r.String() != first && r.String() != second {
				contract.Mismatch(t, "not what the next Receive was to return", r.String(), first+", or attempt 2")
			}
			wantError(t, "Ack", r.d.Ack(), nil)
		}
		c.nothing(t)
	})
}

// As many Receives return as there are messages, also where several wait at
// once, of one subscription or of several members, and the messages come all
// at once, or for one that leaves at that instant. README
func TestEveryReceiveIsWoken(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.OneCPU(t) // nobody wakes before all has been done
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		member := pubsub.SubOptions{Group: "g"}
		one, two := subscribe(t, b, "one", "a", member), subscribe(t, b, "two", "a", member)
		leaves := subscribe(t, b, "leaves", "a", member)
		publish(t, b, "a", "1", "2", "3")
		for _, body := range []string{"1", "2", "3"} {
			leaves.receive(t, "a", body, 1)
		}
		contract.Step(t, "five Receives wait, two of one, two of two, and one of the member that leaves")
		own := leaves.receiving(t.Context())
		var waiting []*contract.Pending[reception]
		for _, c := range []*client{one, two, one, two} {
			waiting = append(waiting, c.receiving(t.Context()))
		}
		contract.Settle()
		contract.Step(t, "it leaves: its three messages come back in one go")
		wantError(t, "Close", call(t, "Close to return", leaves.sub.Close), nil)
		own.Await(t).wantError(t, pubsub.ErrClosed)
		waiting = wantWoken(t, waiting, 2, "1", "2", "3")
		contract.Step(t, "one Receive is left; three more wait, and four messages are published in one go")
		for _, c := range []*client{one, two, one} {
			waiting = append(waiting, c.receiving(t.Context()))
		}
		contract.Settle()
		for _, body := range []string{"4", "5", "6", "7"} {
			wantError(t, "Publish", b.Publish("a", []byte(body)), nil)
		}
		wantWoken(t, waiting, 1, "4", "5", "6", "7")
		one.nothing(t)
		contract.Step(t, "one and two wait; a message, and one leaves at that instant")
		own = one.receiving(t.Context())
		contract.Settle()
		other := two.receiving(t.Context())
		contract.Settle()
		wantError(t, "Publish", b.Publish("a", []byte("8")), nil)
		wantError(t, "Close", one.sub.Close(), nil)
		contract.Settle()
		if !other.Returned() {
			contract.Failf(t, "the message waits, and so does a Receive of a member that is left")
		}
		r := other.Await(t)
		if got := r.String(); got != message("a", "8", 1) && got != message("a", "8", 2) {
			contract.Mismatch(t, "Receive of the member that is left", got, message("a", "8", 1)+", or attempt 2")
		}
		wantError(t, "Ack", r.d.Ack(), nil)
		own.Await(t) // ErrClosed, or the message before Close took it back
		two.nothing(t)
	})
}

// wantWoken checks that these messages are received, one each, by Receives
// that waited, and acks them. It returns the Receives that still wait.
func wantWoken(t *testing.T, waiting []*contract.Pending[reception], attempt int, bodies ...string) (left []*contract.Pending[reception]) {
	t.Helper()
	contract.Settle()
	var got, want []string
	for _, body := range bodies {
		want = append(want, message("a", body, attempt))
	}
	for _, p := range waiting {
		if !p.Returned() {
			left = append(left, p)
			continue
		}
		r := p.Await(t)
		got = append(got, r.String())
		if r.d != nil {
			wantError(t, "Ack", r.d.Ack(), nil)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		contract.Mismatch(t, fmt.Sprintf("not what %d Receives that waited were to return, sorted", len(waiting)), strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return left
}

// A subscription gets what is published while it is there: nothing from before
// Subscribe, and nothing after Close, which drops what waits and what is not
// settled. README
func TestOnlyWhileSubscribed(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 1, DeadLetter: "dead"})
		defer b.Close()
		stays := subscribe(t, b, "stays", "a/#", pubsub.SubOptions{})
		morgue := subscribe(t, b, "morgue", "dead", pubsub.SubOptions{})
		publish(t, b, "a/b", "before")
		c := subscribe(t, b, "leaves", "a/b", pubsub.SubOptions{})
		c.nothing(t)
		publish(t, b, "a/b", "1", "2")
		out := c.receive(t, "a/b", "1", 1)
		contract.Step(t, "it leaves, with one message that waits and one that it has not settled")
		for range 2 {
			wantError(t, "Close", call(t, "Close to return", c.sub.Close), nil)
		}
		c.ended(t, pubsub.ErrClosed)
		out.ackIs(t, pubsub.ErrClosed)
		again := subscribe(t, b, "again", "a/b", pubsub.SubOptions{})
		contract.Pass(time.Hour)
		again.nothing(t)
		morgue.nothing(t)
		publish(t, b, "a/b", "3")
		again.receive(t, "a/b", "3", 1).ack(t)
		again.nothing(t)
		c.ended(t, pubsub.ErrClosed)
		for _, body := range []string{"before", "1", "2", "3"} {
			stays.receive(t, "a/b", body, 1).ack(t)
		}
		contract.Step(t, "filters above and below are not touched by the one that leaves")
		leaf := subscribe(t, b, "leaf", "a/b/c/d", pubsub.SubOptions{})
		wantError(t, "Close", again.sub.Close(), nil)
		publish(t, b, "a/b/c/d", "4")
		leaf.receive(t, "a/b/c/d", "4", 1).ack(t)
		stem := subscribe(t, b, "stem", "a/b", pubsub.SubOptions{})
		wantError(t, "Close", leaf.sub.Close(), nil)
		publish(t, b, "a/b", "5")
		stem.receive(t, "a/b", "5", 1).ack(t)
		stays.receive(t, "a/b/c/d", "4", 1).ack(t)
		stays.receive(t, "a/b", "5", 1).ack(t)
		leaf.ended(t, pubsub.ErrClosed)
	})
}

// A subscription that has ended leaves nothing behind: after thousands that
// came and went, by Close, as the only member of a group, or by eviction, the
// broker holds no more memory than before. README
func TestEndedLeavesNothing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second})
		defer b.Close()
		leave := func(s *pubsub.Subscription, _ string) error { return s.Close() }
		for _, way := range []struct {
			name string
			o    pubsub.SubOptions
			end  func(s *pubsub.Subscription, topic string) error
			is   error
		}{
			{"Close", pubsub.SubOptions{Buffer: 2}, leave, pubsub.ErrClosed},
			{"the Close of the only member of a group", pubsub.SubOptions{Buffer: 2, Group: "g"}, leave, pubsub.ErrClosed},
			{"eviction", pubsub.SubOptions{Buffer: 2, Full: pubsub.Evict}, func(_ *pubsub.Subscription, topic string) error {
				return b.Publish(topic, []byte("one too many"))
			}, pubsub.ErrEvicted},
		} {
			const many = 2000
			contract.Step(t, "%d subscriptions, one after the other, each with a filter of its own: one message acked, one not settled, two that wait, and %s", many, way.name)
			var before uint64
			for i := range many + many/10 {
				if i == many/10 { // by now what grows once has grown
					before = heapInUse()
				}
				topic := fmt.Sprintf("a/%d/b", i)
				s, err := b.Subscribe(fmt.Sprintf("a/%d/+", i), way.o)
				if err != nil {
					contract.Failf(t, "Subscribe returned %v", err)
				}
				for _, body := range []string{"acked", "unsettled", "waits", "waits too"} {
					if err := b.Publish(topic, []byte(body)); err != nil {
						contract.Failf(t, "Publish returned %v", err)
					}
					if strings.HasPrefix(body, "waits") {
						continue
					}
					d, err := s.Receive(t.Context())
					if err != nil || string(d.Body) != body {
						contract.Failf(t, "Receive returned %v, and not the message %q", err, body)
					}
					if body != "acked" {
						continue
					}
					if err := d.Ack(); err != nil {
						contract.Failf(t, "Ack returned %v", err)
					}
				}
				if err := way.end(s, topic); err != nil {
					contract.Failf(t, "what was to end the subscription returned %v", err)
				}
				if _, err := s.Receive(t.Context()); !errors.Is(err, way.is) {
					contract.Mismatch(t, "Receive returned the wrong error when the subscription had ended", fmt.Sprint(err), fmt.Sprint(way.is))
				}
			}
			contract.Pass(time.Minute)
			const allowed = 128 << 10
			if after := heapInUse(); after > before+allowed {
				contract.Mismatch(t, "memory in use that came with subscriptions that have ended",
					fmt.Sprintf("%d octets for each of %d", (after-before)/many, many), fmt.Sprintf("none; up to %d are overlooked", allowed/many))
			}
		}
	})
}

// heapInUse returns how many octets of the heap can be reached.
func heapInUse() uint64 {
	var m runtime.MemStats
	for range 2 { // the first leaves what has finalizers
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Closing the broker ends everything at once: Receives, deliveries, Publish and
// Subscribe return ErrClosed, and nothing becomes a dead letter. README
func TestBrokerClose(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		b := pubsub.New(pubsub.Options{AckWait: 10 * time.Second, MaxDeliver: 1, DeadLetter: "dead"})
		defer b.Close()
		member := pubsub.SubOptions{Group: "g"}
		one, two := subscribe(t, b, "one", "a", member), subscribe(t, b, "two", "a", member)
		idle := subscribe(t, b, "idle", "b", pubsub.SubOptions{})
		morgue := subscribe(t, b, "morgue", "dead", pubsub.SubOptions{})
		publish(t, b, "a", "1", "2", "3")
		one.receive(t, "a", "1", 1).ack(t)
		first, second := one.receive(t, "a", "2", 1), two.receive(t, "a", "3", 1)
		publish(t, b, "a", "4")
		contract.Step(t, "Close, while messages wait, are out, and are waited for")
		waits, dead := idle.receiving(t.Context()), morgue.receiving(t.Context())
		contract.Settle()
		for range 2 {
			wantError(t, "Close of the broker", call(t, "Close to return", b.Close), nil)
		}
		waits.Await(t).wantError(t, pubsub.ErrClosed)
		dead.Await(t).wantError(t, pubsub.ErrClosed)
		for _, c := range []*client{one, two, idle, morgue} {
			c.ended(t, pubsub.ErrClosed)
		}
		first.ackIs(t, pubsub.ErrClosed)
		second.nackIs(t, pubsub.ErrClosed)
		contract.Pass(time.Hour)
		first.nackIs(t, pubsub.ErrClosed)
		contract.Step(t, "Publish, Subscribe and Close after Close")
		wantError(t, "Publish", b.Publish("a", nil), pubsub.ErrClosed)
		_, err := b.Subscribe("a", member)
		wantError(t, "Subscribe", err, pubsub.ErrClosed)
		wantError(t, "Close of a subscription", call(t, "Close to return", one.sub.Close), nil)
		one.ended(t, pubsub.ErrClosed)
	})
}

// All methods may be called at once: every message is acked once in every
// queue, whoever publishes, receives, fails, comes and goes meanwhile, and a
// publisher's messages stay in order where nothing fails. README
func TestConcurrentUse(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const publishers, each = 4, 40
		b := pubsub.New(pubsub.Options{})
		defer b.Close()
		member := pubsub.SubOptions{Group: "g", Buffer: publishers * each}
		members := []*client{subscribe(t, b, "one", "jobs/+", member), subscribe(t, b, "two", "jobs/+", member), subscribe(t, b, "three", "jobs/+", member)}
		log := subscribe(t, b, "log", "jobs/#", pubsub.SubOptions{Buffer: publishers * each})
		contract.Step(t, "%d goroutines publish %d messages each, at the same instants; three members fail every third attempt; others come and go", publishers, each)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var working []*contract.Pending[worked]
		for _, c := range append(members, log) {
			working = append(working, contract.Go(c.name+"'s last Receive", func() worked { return work(ctx, c.sub, c != log) }))
		}
		passing := contract.Go("those who come and go", func() error { return comeAndGo(b, each) })
		var publishing []*contract.Pending[error]
		for p := range publishers {
			publishing = append(publishing, contract.Go("the publishers", func() error { return publishMany(b, p, each) }))
		}
		for _, p := range append(publishing, passing) {
			wantError(t, "Publish, Subscribe or Close", p.Await(t), nil)
		}
		contract.Settle()
		cancel()
		var group, alone []string
		for i, p := range working {
			w := p.Await(t)
			wantError(t, "the last Receive", w.err, context.Canceled)
			if i < len(members) {
				group = append(group, w.acked...)
			} else {
				alone = w.acked
			}
		}
		for p := range publishers {
			var want []string
			for i := range each {
				want = append(want, fmt.Sprintf("%d/%03d", p, i))
			}
			wantWork(t, fmt.Sprintf("publisher %d's messages, as acked by the log", p), of(alone, p), want)
			acked := of(group, p)
			slices.Sort(acked)
			wantWork(t, fmt.Sprintf("publisher %d's messages, as acked by the group, sorted", p), acked, want)
		}
	})
}

// worked is what a subscriber has acked, and the error that ended it.
type worked struct {
	acked []string
	err   error
}

// work acks what it receives. If fails is set, every third attempt fails.
func work(ctx context.Context, s *pubsub.Subscription, fails bool) (w worked) {
	for n := 1; ; n++ {
		d, err := s.Receive(ctx)
		if err != nil {
			w.err = err
			return w
		}
		if d == nil {
			w.err = fmt.Errorf("Receive returned neither a message nor an error")
			return w
		}
		if fails && n%3 == 0 {
			err = d.Nack()
		} else {
			w.acked = append(w.acked, string(d.Body))
			err = d.Ack()
		}
		if err != nil {
			w.err = err
			return w
		}
	}
}

func publishMany(b *pubsub.Broker, publisher, n int) error {
	for i := range n {
		if err := b.Publish(fmt.Sprintf("jobs/%d", publisher), fmt.Appendf(nil, "%d/%03d", publisher, i)); err != nil {
			return err
		}
		if i%4 == 0 {
			time.Sleep(7 * time.Millisecond)
		}
	}
	return nil
}

// comeAndGo has subscriptions that last for no time at all.
func comeAndGo(b *pubsub.Broker, n int) error {
	for range n {
		s, err := b.Subscribe("jobs/#", pubsub.SubOptions{Buffer: 1, Full: pubsub.DropOldest})
		if err != nil {
			return err
		}
		time.Sleep(3 * time.Millisecond)
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

// of returns those messages that a publisher has published.
func of(bodies []string, publisher int) []string {
	return slices.DeleteFunc(slices.Clone(bodies), func(body string) bool { return !strings.HasPrefix(body, fmt.Sprint(publisher, "/")) })
}

func wantWork(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		contract.Mismatch(t, what, list(got), list(want))
	}
}

// notStrings are none as MQTT has them, neither names nor filters.
func notStrings() []string {
	return []string{"", "\x00", "a/\x00/b", "a\xff", "\xc3", "a/\xed\xa0\x80", "\xc0\xaf", longest() + "x", strings.Repeat("é", 32768)}
}

// longest is a name of 65,535 octets.
func longest() string { return strings.Repeat("sports/", 9362) + "s" }

// longestInRunes is another one, with half as many characters.
func longestInRunes() string { return strings.Repeat("é", 32767) + "x" }
