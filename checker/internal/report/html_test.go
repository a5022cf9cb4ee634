package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

const ms = time.Millisecond

// conversation is one through a proxy, with a loss of each kind.
func conversation() []evidence.Record {
	return []evidence.Record{
		{Kind: evidence.Begin, Clause: "TestX"},
		{Kind: evidence.Step, Number: 1, Text: "the client asks", Control: true},
		{Kind: evidence.Wire, Number: 1, From: "client", To: "proxy", Text: "GET /", Bytes: []byte("GET / HTTP/1.1\r\n\r\n"), Took: 10 * ms},
		{Kind: evidence.Wire, Number: 1, At: 10 * ms, From: "proxy", To: "server", Text: "GET /", Bytes: []byte("GET / HTTP/1.1\r\n\r\n"), Lost: true, Took: 230 * ms},
		{Kind: evidence.Step, Number: 2, At: 240 * ms, Text: "the server answers"},
		{Kind: evidence.Wire, Number: 2, At: 240 * ms, From: "server", To: "proxy", Text: "200", Bytes: bytes.Repeat([]byte{0}, evidence.MaxWireBytes), Took: 10 * ms},
		{Kind: evidence.Wire, Number: 2, At: 250 * ms, From: "proxy", To: "client", Text: "200", Lost: true},
		{Kind: evidence.Fail, At: time.Hour, Text: "awaited the response", Got: "nothing"},
	}
}

func TestDraw(t *testing.T) {
	d := draw(conversation())
	require.Len(t, d.Lanes, 3)
	require.Len(t, d.Arrows, 4)
	require.Len(t, d.Messages, 4)
	for i, want := range []struct {
		from, to   int
		lost, late bool
		note       string
	}{
		{0, 1, false, false, "arrives +10 ms"},
		{1, 2, false, true, "lost once, arrives +240 ms"},
		{2, 1, false, false, "arrives +250 ms"},
		{1, -1, true, false, "lost"},
	} {
		a := d.Arrows[i]
		require.Equal(t, d.Lanes[want.from].X, a.X1)
		if want.to >= 0 {
			require.Equal(t, d.Lanes[want.to].X, a.X2)
		} else {
			require.Greater(t, a.X2, d.Lanes[0].X, "it ends on the way")
		}
		require.Greater(t, a.Y2, a.Y1, "it took time, or was lost")
		require.Equal(t, want.lost, a.Lost)
		require.Equal(t, want.late, a.Late)
		require.Equal(t, want.note, d.Messages[i].Note)
	}
	require.LessOrEqual(t, d.Arrows[0].Y2, d.Arrows[1].Y1, "what arrives comes before what is sent then")
	require.True(t, d.Steps[1].Failed)
	require.False(t, d.Steps[0].Failed)
	require.True(t, d.Messages[2].Cut)
	require.Nil(t, draw(conversation()[:2]), "nobody said anything")
}

func TestDrawBoundsItself(t *testing.T) {
	var records []evidence.Record
	for range 3 * maxDrawn {
		records = append(records, evidence.Record{Kind: evidence.Wire, From: "a", To: "b", Text: "x"})
	}
	d := draw(records)
	require.Len(t, d.Arrows, maxDrawn)
	require.Equal(t, 2*maxDrawn, d.Left)
	require.Equal(t, 2*maxDrawn+1, d.Messages[0].Number)
}

// script is what a candidate would like to have in the page.
const script = `</script></style></svg><script>document.title="pwned"</script><img src=x onerror='document.title="pwned"'>{{.}}`

// htmlGrade is a grade of all kinds of verdicts, with foreign text everywhere.
func htmlGrade() GradeView {
	v := gradeView()
	v.Title, v.Sections, v.When, v.Candidate = "wirekata", syllabus().Sections, time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC), "../handins/"+script
	for i := range v.Topics {
		for j := range v.Topics[i].Clauses {
			c := &v.Topics[i].Clauses[j]
			if c.Verdict != result.Fail {
				continue
			}
			c.Records = conversation()
			c.Records[1].Text += script
			c.Records[2].Text, c.Records[3].To = script, script
			c.Reason, c.Output, c.Capture = c.Reason+script, script, script
			c.Transcript = append(c.Transcript, script)
		}
	}
	return v
}

func htmlOf(t testing.TB, v GradeView) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, HTML(&b, v))
	return b.String()
}

func TestHTMLShowsForeignTextAsText(t *testing.T) {
	page := htmlOf(t, htmlGrade())
	require.Equal(t, 1, strings.Count(page, "<script"), "its own")
	require.Equal(t, 1, strings.Count(page, "</script"))
	require.Equal(t, 1, strings.Count(page, "</style"))
	require.NotContains(t, page, "<img")
	require.Contains(t, page, "&lt;script&gt;")
	require.NotContains(t, page, "ZgotmplZ", "the template refused something")
}

// The page names nothing that it would have to fetch.
func TestHTMLNeedsNothingElse(t *testing.T) {
	page := htmlOf(t, gradeView())
	for _, s := range []string{"http://", "https://", "src=", "@import", "url("} {
		require.NotContains(t, page, s)
	}
}

func TestHTMLSaysEverything(t *testing.T) {
	v := gradeView()
	page := htmlOf(t, v)
	for i := range v.Topics {
		require.Contains(t, page, `id="`+v.Topics[i].ID+`"`)
		for _, c := range v.Topics[i].Clauses {
			require.Contains(t, page, `data-verdict="`+string(c.Verdict)+`"`)
		}
	}
	require.Contains(t, page, "<b>"+Percent(v.Marks.Final)+"</b>")
	require.Contains(t, page, Command+" check protocols/websocket --clause TestUnmaskedFrame --seed 8121")
}

// Whatever the candidate did in however many clauses, a browser opens the page.
func TestHTMLOfManyFailuresStaysSmall(t *testing.T) {
	c := result.Clause{Name: "TestLong", Suite: result.Assessment, Verdict: result.Fail, Output: strings.Repeat("received a frame of 17 octets\nand another\n", 1500)}
	for i := range 2 * maxDrawn {
		c.Records = append(c.Records, evidence.Record{Kind: evidence.Wire, From: "client", To: "server", Text: fmt.Sprint("DATA ", i), Bytes: make([]byte, evidence.MaxWireBytes)})
	}
	v := gradeView()
	v.Topics[0].Clauses = slices.Repeat([]result.Clause{c}, 200)
	page := htmlOf(t, v)
	require.Less(t, len(page), 8<<20)
	require.Equal(t, maxMessages/maxDrawn, strings.Count(page, "<svg "))
	require.Contains(t, page, "not drawn, because this page is long")
	require.Contains(t, page, "... 2970 lines more; --trace shows them")
}
