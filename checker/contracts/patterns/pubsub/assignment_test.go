package pubsub_test

import (
	"testing"

	"github.com/wirekata/wirekata/exercises/patterns/pubsub"
	"github.com/wirekata/wirekata/harness/contract"
)

// A message comes back as it was sent. README
func TestEcho(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "Echo(%q)", "hello")
		got, err := pubsub.Echo("hello")
		contract.Require(t).NoError(err)
		contract.Require(t).Equal("hello", got)
	})
}
