package pubsub_test

import (
	"testing"

	"github.com/wirekata/wirekata/exercises/patterns/pubsub"
	"github.com/wirekata/wirekata/harness/contract"
)

// An empty message is a message. README
func TestEmpty(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, message := range []string{"a", ""} {
			contract.Step(t, "Echo(%q)", message)
			got, err := pubsub.Echo(message)
			contract.Require(t).NoError(err)
			contract.Require(t).Equal(message, got)
		}
	})
}
