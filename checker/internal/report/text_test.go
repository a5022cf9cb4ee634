package report

import (
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/wirekata/wirekata/checker/internal/result"
)

func TestPercentRoundsDown(t *testing.T) {
	for _, c := range []struct {
		mark *big.Rat
		want string
	}{
		{big.NewRat(0, 1), "0.0"},
		{big.NewRat(100, 1), "100.0"},
		{big.NewRat(9999, 100), "99.9"},
		{big.NewRat(6996, 100), "69.9"},
		{big.NewRat(200, 3), "66.6"},
		{big.NewRat(1, 20), "0.0"},
		{big.NewRat(1, 10), "0.1"},
	} {
		if got := Percent(c.mark); got != c.want {
			t.Errorf("%s: got %s, want %s", c.mark, got, c.want)
		}
	}
}

func TestPassedAtThePassMark(t *testing.T) {
	for _, c := range []struct {
		final  *big.Rat
		topics int
		part   bool
		want   bool
	}{
		{big.NewRat(70, 1), 1, false, true},
		{big.NewRat(69999, 1000), 1, false, false},
		{big.NewRat(100, 1), 1, false, true},
		{big.NewRat(100, 1), 1, true, false},
		{big.NewRat(70, 1), 0, false, false},
	} {
		v := GradeView{Marks: result.Marks{Final: c.final, Topics: c.topics}, Pass: 70, Part: c.part}
		if got := v.passed(); got != c.want {
			t.Errorf("%s of %d topics, part %v: got %v, want %v", c.final, c.topics, c.part, got, c.want)
		}
	}
}

func TestCleanHasBlanksForTabs(t *testing.T) {
	if got, want := clean("tab\there\n\x1b[2J"), "tab    here\n"+`\x1b[2J`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestWrapKeepsEveryWord(t *testing.T) {
	text := "a control frame may stand between the fragments of averyveryverylongword message"
	lines := wrap(text, 20)
	if got := strings.Join(lines, " "); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
	for _, line := range lines {
		if len(line) > 20 && strings.Contains(line, " ") {
			t.Errorf("line too long: %q", line)
		}
	}
	if got := wrap("", 20); !slices.Equal(got, []string{""}) {
		t.Errorf("empty text: got %q", got)
	}
}

func TestOutputIsWithoutTheFramework(t *testing.T) {
	got := printed("=== RUN   TestX\n    x_test.go:3: no frame\n    x_test.go:3: no frame\n    --- FAIL: TestX/a (0.00s)\n--- FAIL: TestX (0.00s)\nmine\x07\n\nFAIL\n")
	want := []string{"    x_test.go:3: no frame", `mine\x07`}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLongOutputIsShortened(t *testing.T) {
	c := &result.Clause{Output: strings.Repeat("a\nb\n", 50), Reason: "panic"}
	var short, full page
	full.full = true
	short.output(c)
	full.output(c)
	if got := short.String(); strings.Count(got, "\n") != 1+maxOutput+1 || !strings.Contains(got, "70 lines more; --trace shows them") {
		t.Errorf("short: got %s", got)
	}
	if got := full.String(); strings.Count(got, "\n") != 1+100 {
		t.Errorf("full: got %s", got)
	}
}

func TestRowsStandBesideEachOther(t *testing.T) {
	got := rows([]string{" a", "-b", "-c", "+d", " e", "+f"})
	want := []row{{" a", " a"}, {"-b", "+d"}, {"-c", ""}, {" e", " e"}, {"", "+f"}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMeterOnATerminalIsOneLine(t *testing.T) {
	var b strings.Builder
	m := Meter{W: &b, Terminal: true}
	m.Update("first build", "protocols/ip", 0, 2)
	m.Update("run", "protocols/ip", 1, 2)
	m.Clear()
	m.Clear()
	want := "\r\x1b[K░░░░░░░░░░░░░░░░░░░░  building the suites 0/2  protocols/ip (the first time takes about a minute)" +
		"\r\x1b[K██████████░░░░░░░░░░  running the clauses 1/2  protocols/ip" +
		"\r\x1b[K"
	if got := b.String(); got != want {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestMeterElsewhereIsOneLineAStage(t *testing.T) {
	var b strings.Builder
	m := Meter{W: &b}
	for n := range 3 {
		m.Update("first build", "protocols/ip", n, 2)
	}
	m.Update("run", "protocols/ip", 0, 2)
	m.Clear()
	want := "checker: building the suites (the first time takes about a minute)\nchecker: running the clauses\n"
	if got := b.String(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
