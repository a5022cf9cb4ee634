package report

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/require"
)

// A browser with the page of htmlGrade open in it.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	errors   []string
	requests []string
}

// openPage opens the page in a browser of its own. Without one the test is left
// out, unless WIREKATA_BROWSER says that there is one.
func openPage(t *testing.T, width, height int64) *browser {
	t.Helper()
	program := os.Getenv("WIREKATA_BROWSER")
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if found, err := exec.LookPath(name); err == nil && program == "" {
			program = found
		}
	}
	if program == "" {
		t.Skip("no chromium here; set WIREKATA_BROWSER to its path")
	}
	file := filepath.Join(t.TempDir(), "report.html")
	require.NoError(t, os.WriteFile(file, []byte(htmlOf(t, htmlGrade())), 0o644))

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(time.Minute))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx}
	require.NoError(t, chromedp.Listen(ctx, b.hear))
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute) // a dead man's handle
	t.Cleanup(cancel)
	b.ctx = ctx
	var viewport []chromedp.EmulateViewportOption
	if width < 500 {
		viewport = append(viewport, chromedp.EmulateMobile)
	}
	b.do(chromedp.EmulateViewport(width, height, viewport...), chromedp.Navigate("file://"+file))
	return b
}

func (b *browser) hear(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.errors = append(b.errors, e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		b.errors = append(b.errors, "console."+string(e.Type))
	case *log.EventEntryAdded:
		b.errors = append(b.errors, e.Entry.Text)
	case *network.EventRequestWillBeSent:
		b.requests = append(b.requests, e.Request.URL)
	}
}

func (b *browser) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	require.NoError(b.t, chromedp.Do(b.ctx, actions...))
}

// ask returns the value of a JavaScript expression.
func ask[T any](b *browser, expression string) T {
	b.t.Helper()
	value, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	require.NoError(b.t, err)
	return value
}

// prefer sets a feature that style sheets ask for.
func (b *browser) prefer(feature, value string) {
	b.t.Helper()
	b.do(chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: feature, Value: value}},
		})
		return err
	}))
}

// shot writes what is seen to the folder that WIREKATA_SHOTS names.
func (b *browser) shot(name string) {
	b.t.Helper()
	dir := os.Getenv("WIREKATA_SHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644))
}

// quiet demands that the page fetched nothing, and that nothing went wrong.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	require.Empty(b.t, b.errors)
	require.Len(b.t, b.requests, 1, "itself")
}

const shownClauses = `[...document.querySelectorAll(".clause")].filter(n => n.checkVisibility()).map(n => n.dataset.verdict).join(" ")`

func TestPageFiltersAndUnfolds(t *testing.T) {
	b := openPage(t, 1200, 1000)
	require.Equal(t, "wirekata", ask[string](b, `document.querySelector("h1").textContent`))
	require.Empty(t, ask[string](b, shownClauses), "topics are folded at first")
	require.NotContains(t, ask[string](b, "document.title"), "pwned"+"$")
	b.shot("top")

	b.do(chromedp.KeyEvent("/"))
	require.Equal(t, "find", ask[string](b, "document.activeElement.id"))
	ask[any](b, `document.activeElement.value = ""`) // the key that is only played here is also typed
	b.do(chromedp.SendKeys(chromedp.CSS("#find"), "masked"))
	require.Equal(t, "fail", ask[string](b, shownClauses))
	require.Equal(t, "1 of 15 clauses", ask[string](b, `document.getElementById("found").textContent`))
	b.do(chromedp.SendKeys(chromedp.CSS("#find"), kb.Escape), chromedp.KeyEvent("f"))
	require.NotContains(t, ask[string](b, shownClauses), "pass")

	b.do(chromedp.KeyEvent("j"))
	const first = `document.activeElement.closest(".clause")`
	require.Equal(t, "protocols.websocket.TestUnmaskedFrame", ask[string](b, first+".id"))
	require.True(t, ask[bool](b, first+`.querySelector("svg").checkVisibility()`), "a failure unfolds with its drawing")
	require.Equal(t, 4, ask[int](b, first+`.querySelectorAll(".arrow").length`))
	b.shot("failure")
	require.False(t, ask[bool](b, first+`.querySelector(".messages pre").checkVisibility()`))
	ask[any](b, first+`.querySelector(".messages summary").click()`)
	require.True(t, ask[bool](b, first+`.querySelector(".messages pre").checkVisibility()`))
	require.Contains(t, ask[string](b, first+`.querySelector(".messages pre").textContent`), "GET / HTTP/1.1")
	b.do(chromedp.KeyEvent("j"))
	require.Equal(t, "protocols.websocket.TestFragmentedControl", ask[string](b, first+".id"))
	b.do(chromedp.KeyEvent("k"))
	require.Equal(t, "protocols.websocket.TestUnmaskedFrame", ask[string](b, first+".id"))
	b.quiet()
}

// What a candidate wrote stands there as text.
func TestPageRunsNothingOfACandidate(t *testing.T) {
	b := openPage(t, 1200, 1000)
	require.NotEqual(t, "pwned", ask[string](b, "document.title"))
	require.Equal(t, 1, ask[int](b, "document.scripts.length"))
	require.Contains(t, ask[string](b, `document.querySelector(".facts").textContent`), script)
	require.Contains(t, ask[string](b, `document.querySelector(".arrow title").textContent`), script)
	ask[any](b, `document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='document.title=1'>")`)
	require.NotEqual(t, "1", ask[string](b, "document.title"), "its policy would not have run it either")
}

func TestPageFitsAPhone(t *testing.T) {
	b := openPage(t, 375, 700)
	b.do(chromedp.KeyEvent("j"))
	require.LessOrEqual(t, ask[int](b, "document.documentElement.scrollWidth"), 375, "only drawings and octets scroll sideways")
	require.True(t, ask[bool](b, `document.activeElement.querySelector(".ref").checkVisibility()`), "the reference has a line of its own")
	b.shot("phone")
	b.quiet()
}

func TestPageInTheDarkAndOnPaper(t *testing.T) {
	b := openPage(t, 1200, 1000)
	const paper = `getComputedStyle(document.body).backgroundColor`
	b.prefer("prefers-color-scheme", "dark")
	dark := ask[string](b, paper)
	b.do(chromedp.KeyEvent("j"))
	b.shot("dark")
	b.prefer("prefers-color-scheme", "light")
	require.NotEqual(t, dark, ask[string](b, paper))
	pdf, err := chromedp.Run(b.ctx, chromedp.PrintToPDF())
	require.NoError(t, err)
	require.True(t, strings.HasPrefix(string(pdf), "%PDF-"))
	require.Zero(t, ask[int](b, `document.querySelectorAll(".topic:not([open])").length`), "everything is on the paper")
	b.quiet()
}
