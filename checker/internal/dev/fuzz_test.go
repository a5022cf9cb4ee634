package dev

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

// A fault or a variant is read or refused in words, and applied exactly once
// or not at all.
func FuzzMutation(f *testing.F) {
	f.Add("belief: b\nkills: K\n" + pair)
	f.Add("idea: i\n-- a.go --\npackage a\n-- b.go --\n")
	f.Add("belief: b\n  goes on\nkills: K,\n L\nby: hang\n" + pair)
	names, _ := filepath.Glob("../minicourse/testdata/contracts/start/frames/*/*.txtar")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(string(data))
		}
	}
	reference := map[string][]byte{"a.go": []byte("package a\n\nvar x = 1\n"), "frames.go": []byte("package frames\n")}
	f.Fuzz(func(t *testing.T, text string) {
		for _, kind := range []string{faults, variants} {
			m, err := parseMutation(kind, "x.txtar", []byte(text))
			if err != nil {
				continue
			}
			if len(m.edits)+len(m.whole) == 0 {
				t.Error("nothing is changed")
			}
			if _, err := m.apply(reference, []string{"io"}); err != nil && err.Error() == "" {
				t.Error("an error without a word")
			}
			if !bytes.Equal(reference["a.go"], []byte("package a\n\nvar x = 1\n")) {
				t.Fatal("the reference itself is changed")
			}
		}
	})
}
