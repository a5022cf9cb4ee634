package nagle_test

import (
	"testing"

	"github.com/wirekata/wirekata/exercises/execution/nagle"
	"github.com/wirekata/wirekata/harness/contract"
)

// A message comes back as it was sent. README
func TestEcho(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		contract.Step(t, "Echo(%q)", "hello")
		got, err := nagle.Echo("hello")
		contract.Require(t).NoError(err)
		contract.Require(t).Equal("hello", got)
	})
}
