package contract

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/evidence"
)

// Failf fails the clause with a sentence that says what is wrong.
func Failf(t testing.TB, format string, args ...any) {
	t.Helper()
	of(t).fatal(t, evidence.Record{Text: fmt.Sprintf(format, args...)})
}

// Mismatch fails the clause: what was got and what was wanted, rendered alike
// by a describer. Either may have several lines.
func Mismatch(t testing.TB, what, got, want string) {
	t.Helper()
	of(t).fatal(t, evidence.Record{Text: what, Got: got, Want: want})
}

// Bytes fails the clause unless got and want are equal, with a dump that
// points at the first octet that differs.
func Bytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	of(t).checks.Add(1)
	if !bytes.Equal(got, want) {
		at := mismatch(got, want)
		Mismatch(t, fmt.Sprintf("%s: octet %d differs", what, at), Dump(got, at), Dump(want, at))
	}
}

// Require returns testify's assertions, whose failures become the clause's.
func Require(t testing.TB) *require.Assertions {
	of(t).checks.Add(1)
	return require.New(&asserter{t: t})
}

// fatal records the failure, prints it and ends the test.
func (c *clause) fatal(t testing.TB, r evidence.Record) {
	t.Helper()
	c.report(t, r)
	t.FailNow()
}

// report records the failure and prints it with the whole transcript.
func (c *clause) report(t testing.TB, r evidence.Record) {
	t.Helper()
	c.fail(r)
	c.mu.Lock()
	defer c.mu.Unlock()
	t.Errorf("\n%s", c.transcript())
}

func (c *clause) transcript() string {
	var b strings.Builder
	if c.sink == nil {
		if s := sentence(c.file, c.name); s != "" {
			fmt.Fprintf(&b, "✗ %s\n", s)
		}
	}
	for _, line := range evidence.Transcript(c.records, false) {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	if c.seed != DefaultSeed {
		fmt.Fprintf(&b, "    seed  %s=%d\n", evidence.SeedEnv, c.seed)
	}
	return b.String()
}

// sentence returns the doc comment of a clause, where its source can be read.
func sentence(file, name string) string {
	if file == "" {
		return ""
	}
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return ""
	}
	for _, d := range parsed.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Name.Name == name {
			return strings.Join(strings.Fields(f.Doc.Text()), " ")
		}
	}
	return ""
}

// Dump renders b as hex and text, 16 octets a line, with a caret below octet
// at. Only the lines around it are shown; at < 0 shows the start.
func Dump(b []byte, at int) string {
	const width, around = 16, 2
	first := max(0, at/width-around) * width
	var out strings.Builder
	if len(b) == 0 {
		return "(nothing)"
	}
	if first > 0 {
		fmt.Fprintf(&out, "...\n")
	}
	for line := first; line < len(b); line += width {
		if line > first+2*around*width {
			fmt.Fprintf(&out, "... %d octets in all\n", len(b))
			break
		}
		part := b[line:min(line+width, len(b))]
		fmt.Fprintf(&out, "%04x  %-48s |%s|\n", line, fmt.Sprintf("% x", part), printable(part))
		if at >= line && at < line+width {
			fmt.Fprintf(&out, "      %s^^\n", strings.Repeat("   ", at-line))
		}
	}
	if at >= len(b) {
		fmt.Fprintf(&out, "      ends after %d octets\n", len(b))
	}
	return strings.TrimRight(out.String(), "\n")
}

func printable(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 || r > 0x7e {
			return '.'
		}
		return r
	}, string(latin1(b)))
}

func latin1(b []byte) []rune {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return runes
}

func mismatch(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// An asserter turns testify's failures into a clause's.
type asserter struct {
	t      testing.TB
	record evidence.Record
}

// Errorf takes testify's message apart: labelled blocks, of which the error
// and the author's own words matter here.
func (a *asserter) Errorf(format string, args ...any) {
	blocks := labelled(fmt.Sprintf(format, args...))
	text, detail, _ := strings.Cut(blocks["Error"], "\n")
	a.record = evidence.Record{Text: strings.TrimSuffix(strings.TrimSpace(text), ":"), Got: strings.TrimRight(detail, "\n ")}
	if words := strings.TrimSpace(blocks["Messages"]); words != "" {
		a.record.Text = words + ": " + strings.ToLower(a.record.Text[:min(1, len(a.record.Text))]) + a.record.Text[min(1, len(a.record.Text)):]
	}
}

// FailNow implements require.TestingT.
func (a *asserter) FailNow() {
	a.t.Helper()
	of(a.t).fatal(a.t, a.record)
}

// Helper implements testify's optional interface.
func (a *asserter) Helper() { a.t.Helper() }

// labelled reads testify's "\tLabel:      \tcontent" layout.
func labelled(s string) map[string]string {
	blocks := map[string]string{}
	label := ""
	for line := range strings.SplitSeq(s, "\n") {
		head, content, ok := strings.Cut(strings.TrimPrefix(line, "\t"), "\t")
		if !ok {
			continue
		}
		if l := strings.TrimSuffix(strings.TrimSpace(head), ":"); l != "" {
			label = l
		}
		blocks[label] += content + "\n"
	}
	return blocks
}
