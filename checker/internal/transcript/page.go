package transcript

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"

	"github.com/wirekata/wirekata/checker/internal/result"
)

//go:embed page.html
var pageText string

// WritePage writes the page to print: one file that loads nothing.
func (t *Transcript) WritePage(w io.Writer) error {
	page, err := template.New("page").Funcs(template.FuncMap{"fraction": fraction}).Parse(pageText)
	if err != nil {
		return err
	}
	return page.Execute(w, t)
}

// fraction is "11/14", or "n/a" where nothing could be judged.
func fraction(m result.Mark) string {
	if m.Total == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%d/%d", m.Passed, m.Total)
}
