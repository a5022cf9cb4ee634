package cli

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWithoutComments(t *testing.T) {
	for in, want := range map[string]string{
		"// Package p is one.\n//\n// It is.\npackage p\n\n// F does.\nfunc F() {\n\tg()\n\t// then\n\th() // at last\n}\n": "package p\n\nfunc F() {\n\tg()\n\th()\n}\n",
		"package p\n\nfunc F() {\n\tg()\n\n\t// then\n\t// more\n\th()\n\t// done\n}\n":                                     "package p\n\nfunc F() {\n\tg()\n\n\th()\n}\n",
		"package p\n\ntype T struct {\n\ta int // one\n\t// the other\n\tlonger string /* two */\n}\n":                      "package p\n\ntype T struct {\n\ta      int\n\tlonger string\n}\n",
		"package p\n\nvar a = /* one\n*/ 1 /* two */ + 1\nvar s = \"// no comment\"\n":                                      "package p\n\nvar a = 1 + 1\nvar s = \"// no comment\"\n",
		"package p\r\n\r\n/* a\r\nb */\r\nvar a = 1 // one\r\n":                                                             "package p\n\nvar a = 1\n",
		"package p\n\nvar a = 1 // one": "package p\n\nvar a = 1\n",
		"package p\n// no Go\nfunc {":   "package p\n// no Go\nfunc {",
		"// only this":                  "",
		"":                              "",
	} {
		require.Equal(t, want, string(withoutComments([]byte(in))), "%q", in)
	}
}
