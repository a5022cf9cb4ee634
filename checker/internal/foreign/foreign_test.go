package foreign

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"a\tb\n→ü\n":                                       "a\tb\n→ü\n",
		"\x1b[31m\x00\xff\u202e\x7f\r":                     `\x1b[31m\x00\xff\u202e\x7f\x0d`,
		"\u0085\U000e0001\u200b":                           `\u0085\U000e0001\u200b`,
		"\ufffd":                                           "\ufffd",
		"::error file=x::gone":                             `\x3a:error file=x::gone`,
		"  ::set-output name=a::b":                         `  \x3a:set-output name=a::b`,
		"a ::stop-commands::b::end::":                      `a \x3a:stop-commands\x3a:b\x3a:end::`,
		"ok\n::add-mask::x":                                "ok\n\\x3a:add-mask::x",
		"x ##[error]no ##vso[task.x] ###[group":            `x \x23#[error]no \x23#vso[task.x] #\x23#[group`,
		"dial [fe80::a]:80 from ::ffff:1.2.3.4 and [::]:0": "dial [fe80::a]:80 from ::ffff:1.2.3.4 and [::]:0",
		"## heading":                                       "## heading",
	} {
		require.Equal(t, want, Text(in))
		require.Equal(t, want, Text(want), "shown twice")
	}
	require.Equal(t, "two lines", Line(" two\nlines\n"))
	long := Text(strings.Repeat("ü", 5000) + "\nend")
	require.Equal(t, MaxLine+1+3, utf8.RuneCountInString(long))
	require.Contains(t, long, "…\nend")
}

func FuzzText(f *testing.F) {
	f.Add("\x1b[2J::error::x ##[y] \u202e\xff\n")
	f.Add(":::::a::b ::c d::\x00::e::")
	f.Fuzz(func(t *testing.T, s string) {
		shown := Text(s)
		require.Equal(t, shown, Text(shown))
		for line := range strings.SplitSeq(shown, "\n") {
			require.False(t, strings.ContainsFunc(line, func(r rune) bool { return r != '\t' && !unicode.IsPrint(r) }), "%q", line)
			require.NotRegexp(t, `##\w*\[`, line)
			require.NotRegexp(t, `::[A-Za-z][A-Za-z_-]*(::| .*::)`, line)
			require.LessOrEqual(t, utf8.RuneCountInString(line), MaxLine)
		}
	})
}
