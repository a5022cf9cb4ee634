package progress

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/checker/internal/result"
)

const sample = `wirekata progress 1
future/topic assessment 1/2
protocols/websocket assessment 11/14
protocols/websocket assignment 5/5
protocols/websocket files 9b74c9897bac770f
protocols/websocket hint masking 2
protocols/websocket mood wonderful
`

func TestUnknownFactsAreKept(t *testing.T) {
	p := parse(t, sample)
	p.ShowHints("protocols/websocket", "masking", 3)
	want := strings.Replace(sample, "masking 2", "masking 3", 1)
	if got := p.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWhatIsRemembered(t *testing.T) {
	p := parse(t, sample)
	if m, ok := p.Mark("protocols/websocket", result.Assessment); !ok || m != (result.Mark{Passed: 11, Total: 14}) {
		t.Errorf("mark: got %v %v", m, ok)
	}
	if _, ok := p.Mark("protocols/http1", result.Assessment); ok {
		t.Error("a topic that was never checked has a mark")
	}
	if got := p.Hints("protocols/websocket", "masking"); got != 2 {
		t.Errorf("hints: got %d, want 2", got)
	}
	if new(Progress).Done("protocols/http1") {
		t.Error("a topic that was never checked is done")
	}
	if got := p.Files("protocols/websocket"); got != "9b74c9897bac770f" {
		t.Errorf("files: got %q", got)
	}
	if p.Done("protocols/websocket") {
		t.Error("11/14 counts as done")
	}
}

func TestCheckedAndForget(t *testing.T) {
	var p Progress
	p.ShowHints("a/b", "masking", 1)
	p.Checked(&result.Topic{ID: "a/b", Clauses: []result.Clause{
		{Suite: result.Assignment, Verdict: result.Pass},
		{Suite: result.Assessment, Verdict: result.Pass},
		{Suite: result.Assessment, Verdict: result.Unsupported},
	}}, "cafe")
	if !p.Done("a/b") || p.Files("a/b") != "cafe" {
		t.Errorf("after Checked: %s", &p)
	}
	p.Forget("a/b")
	if got, want := p.String(), "wirekata progress 1\na/b hint masking 1\n"; got != want {
		t.Errorf("after Forget: got %q, want %q", got, want)
	}
}

func TestDamage(t *testing.T) {
	for name, text := range map[string]string{
		"empty":              "",
		"another format":     "wirekata progress 2\n",
		"cut in a line":      "wirekata progress 1\nprotocols/websocket assi",
		"no value":           "wirekata progress 1\nprotocols/websocket files \n",
		"no topic":           "wirekata progress 1\n files cafe\n",
		"mark above total":   "wirekata progress 1\na/b assignment 6/5\n",
		"mark no number":     "wirekata progress 1\na/b assessment many\n",
		"negative hint":      "wirekata progress 1\na/b hint masking -1\n",
		"escape sequence":    "wirekata progress 1\na/b mood \x1b[31m\n",
		"binary":             "\x00\x01\x02",
		"merge conflict":     "wirekata progress 1\n<<<<<<<\n",
		"very long nonsense": strings.Repeat("x", 100_000),
	} {
		_, err := Parse(text)
		if !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: got %v, want ErrDamaged", name, err)
		} else if len(err.Error()) > 200 {
			t.Errorf("%s: the message repeats the file: %d bytes", name, len(err.Error()))
		}
	}
}

func TestCRLFIsRead(t *testing.T) {
	p := parse(t, strings.ReplaceAll(sample, "\n", "\r\n"))
	if got := p.String(); got != sample {
		t.Errorf("got\n%s\nwant\n%s", got, sample)
	}
}

func TestUpdateWritesAndLeavesNoOtherFile(t *testing.T) {
	f := File{Root: t.TempDir()}
	for n := 1; n <= 2; n++ {
		if err := f.Update(func(p *Progress) { p.ShowHints("a/b", "masking", p.Hints("a/b", "masking")+1) }); err != nil {
			t.Fatal(err)
		}
	}
	p, err := f.Load()
	if err != nil || p.Hints("a/b", "masking") != 2 {
		t.Errorf("got %v, %v; want 2 hints", p, err)
	}
	entries, _ := os.ReadDir(filepath.Join(f.Root, ".wirekata"))
	if len(entries) != 1 {
		t.Errorf("got %v, want the progress file alone", entries)
	}
}

func TestDamagedFileIsKeptAside(t *testing.T) {
	root := t.TempDir()
	path := filepath.Join(root, ".wirekata", "progress")
	os.MkdirAll(filepath.Dir(path), 0o777)
	os.WriteFile(path, []byte("garbage"), 0o666)

	f := File{Root: root, Now: func() time.Time { return time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC) }}
	err := f.Update(func(p *Progress) { p.ShowHints("a/b", "masking", 1) })

	var damaged *DamagedError
	if !errors.As(err, &damaged) || damaged.Kept != ".wirekata/progress.damaged-20261121T103000Z" {
		t.Fatalf("got %v, want a DamagedError", err)
	}
	if kept, _ := os.ReadFile(filepath.Join(root, damaged.Kept)); string(kept) != "garbage" {
		t.Errorf("kept: got %q, want garbage", kept)
	}
	if p, err := f.Load(); err != nil || p.Hints("a/b", "masking") != 1 {
		t.Errorf("afterwards: got %v, %v", p, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := Parse(text)
		if err != nil {
			return
		}
		again, err := Parse(p.String())
		if err != nil || again.String() != p.String() {
			t.Errorf("%q does not survive: %q, %v", text, p, err)
		}
	})
}

func parse(t *testing.T, text string) *Progress {
	t.Helper()
	p, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
