package dev

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/result"
)

const pair = "-- a.go: was --\nx\n-- a.go: is --\ny\n"

func TestParseMutation(t *testing.T) {
	m, err := parseMutation(faults, "one-read.txtar", []byte("belief: one read()\n  returns one frame\nkills:  SplitHeader,\n\tTestOneByte\nby: hang\n"+pair+"-- b.go --\npackage a\n"))
	require.NoError(t, err)
	require.Equal(t, &mutation{
		kind: faults, name: "one-read", belief: "one read() returns one frame",
		kills: []string{"SplitHeader", "OneByte"}, by: result.ByHang,
		edits: []edit{{"a.go", []byte("x\n"), []byte("y\n")}}, whole: map[string][]byte{"b.go": []byte("package a\n")},
	}, m)

	for text, want := range map[string]string{
		"belief: b\n" + pair:                                   "header lacks belief:",
		"kills: K\n" + pair:                                    "header lacks belief:",
		"belief: b\nkill: K\n" + pair:                          `header key "kill" is unknown here; known are belief, by, kills`,
		"belief: b\nbelief: c\nkills: K\n" + pair:              `header line "belief: c" is no new key: value`,
		"belief: b\nkills: K\nby: luck\n" + pair:               "header by: luck is no way to fail",
		"belief: b\nkills: K\n":                                "nothing is changed",
		"belief: b\nkills: K\n-- a.go: was --\nx\n":            `"was" and "is" of a file come in pairs`,
		"belief: b\nkills: K\n-- a.go: is --\nx\n" + pair:      `"was" and "is" of a file come in pairs`,
		"belief: b\nkills: K\n-- a.go: was --\n-- b.go: is --": `"was" and "is" of a file come in pairs`,
	} {
		_, err := parseMutation(faults, "x.txtar", []byte(text))
		require.ErrorContains(t, err, want, "%s", text)
	}
	_, err = parseMutation(variants, "x.txtar", []byte(pair))
	require.ErrorContains(t, err, "header lacks idea:")
}

func TestApplyWantsExactlyOnePlace(t *testing.T) {
	apply := func(was, is string) (string, error) {
		m := &mutation{edits: []edit{{"a.go", []byte(was), []byte(is)}}}
		files, err := m.apply(map[string][]byte{"a.go": []byte("one\ntwo two\nthree\n")}, nil)
		return string(files["a.go"]), err
	}
	got, err := apply("two two\nthree\n", "2\n")
	require.NoError(t, err)
	require.Equal(t, "one\n2\n", got)
	got, err = apply("hre\n", "hirt\n")
	require.NoError(t, err)
	require.Equal(t, "one\ntwo two\nthirte\n", got)
	_, err = apply("two\n", "")
	require.EqualError(t, err, `a.go: "two" stands in it 2 times, not once`)
	_, err = apply("four\n", "")
	require.EqualError(t, err, `a.go: "four" stands in it 0 times, not once`)
	_, err = apply("\n", "")
	require.Error(t, err)
	_, err = (&mutation{edits: []edit{{file: "b.go"}}}).apply(nil, nil)
	require.EqualError(t, err, "b.go: the reference has no such file")
}
