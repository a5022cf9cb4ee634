package hints

import (
	"errors"
	"strings"
	"testing"
)

// Hints that are read have words, a task and a name of its own.
func FuzzParse(f *testing.F) {
	f.Add("# Hints\n## Masking\n### Hint 1\nThe key repeats.\n### Hint 2\n```go\n## no heading\n```\n## Close\r\n### Hint 1\r\nx\r\n")
	f.Add("## a\n### \n```\n")
	f.Fuzz(func(t *testing.T, text string) {
		tasks, err := Parse(text)
		if err != nil {
			if !errors.Is(err, ErrForm) {
				t.Errorf("got %v, want ErrForm", err)
			}
			return
		}
		slugs := map[string]bool{}
		for _, task := range tasks {
			if slugs[task.Slug()] || strings.ContainsAny(task.Slug(), " \n") || len(task.Hints) == 0 {
				t.Errorf("task %q, slug %q, %d hints", task.Title, task.Slug(), len(task.Hints))
			}
			slugs[task.Slug()] = true
			for _, hint := range task.Hints {
				if strings.TrimSpace(hint) == "" {
					t.Errorf("task %q has an empty hint", task.Title)
				}
			}
		}
	})
}
