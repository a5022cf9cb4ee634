package watch

import (
	"strings"
	"unicode/utf8"
)

// sequences are what terminals send for keys that print nothing.
var sequences = map[string]key{
	"\x1b[A": keyUp, "\x1bOA": keyUp, "\x1b[B": keyDown, "\x1bOB": keyDown,
	"\x1b[5~": keyPageUp, "\x1b[6~": keyPageDown,
	"\x1b[H": keyHome, "\x1bOH": keyHome, "\x1b[1~": keyHome, "\x1b[F": keyEnd, "\x1bOF": keyEnd, "\x1b[4~": keyEnd,
	"\r": keyEnter, "\n": keyEnter, "\x7f": keyBackspace, "\b": keyBackspace, "\x03": keyInterrupt,
	"\f": keyRepaint,
}

// keys reads the keys in what a terminal sent at once. A sequence that it does
// not know is no key, an escape with nothing behind it is one.
func keys(sent string) []key {
	var pressed []key
	for sent != "" {
		n := 1
		switch {
		case sent == "\x1b" || strings.HasPrefix(sent, "\x1b\x1b"):
			pressed = append(pressed, keyEscape)
		case sent[0] == '\x1b':
			n = sequence(sent)
			if k, ok := sequences[sent[:n]]; ok {
				pressed = append(pressed, k)
			}
		default:
			if k, ok := sequences[sent[:1]]; ok {
				pressed = append(pressed, k)
				break
			}
			var r rune
			if r, n = utf8.DecodeRuneInString(sent); r >= ' ' && r != utf8.RuneError {
				pressed = append(pressed, key(r))
			}
		}
		sent = sent[n:]
	}
	return pressed
}

// sequence is the length of the escape sequence that sent begins with: ESC,
// an introducer, parameters, and one octet from @ to ~ (ECMA-48 §5.4).
func sequence(sent string) int {
	if sent[1] != '[' && sent[1] != 'O' {
		return 2
	}
	for i := 2; i < len(sent); i++ {
		if sent[i] >= '@' && sent[i] <= '~' {
			return i + 1
		}
	}
	return len(sent)
}
