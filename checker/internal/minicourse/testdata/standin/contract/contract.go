// Package contract stands in for the harness.
package contract

import (
	"os"
	"strconv"
	"testing"
	"testing/synctest"

	"github.com/wirekata/wirekata/harness/evidence"
)

func Virtual(t *testing.T, body func(t *testing.T)) {
	enter(t, "virtual", func() { synctest.Test(t, body) })
}

func Real(t *testing.T, body func(t *testing.T)) { enter(t, "real", func() { body(t) }) }

func Unsupported(t *testing.T, why string) {
	sink, _ := evidence.Open()
	sink.Put(evidence.Record{Kind: evidence.Unsupported, Clause: t.Name(), Text: why})
	t.SkipNow()
}

func enter(t *testing.T, mode string, run func()) {
	sink, err := evidence.Open()
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := strconv.ParseUint(os.Getenv(evidence.SeedEnv), 10, 64)
	sink.Put(evidence.Record{Kind: evidence.Begin, Clause: t.Name(), Mode: mode, Seed: seed})
	run()
	sink.Put(evidence.Record{Kind: evidence.End, Failed: t.Failed()})
}
