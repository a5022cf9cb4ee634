package hints

import (
	"errors"
	"reflect"
	"testing"
)

func TestParse(t *testing.T) {
	got, err := Parse("# Hints\n\nRead them one at a time.\n\n" +
		"## Masking, in place\n### Hint 1\n\nThe key repeats.\n\n### Hint 2\n```go\n## no heading\n### neither\n```\n" +
		"#tag\n## Close\r\n### Hint 1\r\nAnswer it.\r\n")
	want := []Task{
		{Title: "Masking, in place", Hints: []string{"The key repeats.", "```go\n## no heading\n### neither\n```\n#tag"}},
		{Title: "Close", Hints: []string{"Answer it."}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	if slug := got[0].Slug(); slug != "masking-in-place" {
		t.Errorf("slug: got %q", slug)
	}
}

func TestOtherFormsAreErrors(t *testing.T) {
	for name, text := range map[string]string{
		"hint before a task": "# Hints\n### Hint 1\nx\n",
		"task without hints": "## Masking\ntext\n## Close\n### Hint 1\nx\n",
		"same task twice":    "## Mask\n### Hint 1\nx\n## mask!\n### Hint 1\nx\n",
		"task without words": "## ...\n### Hint 1\nx\n",
		"empty hint":         "## Masking\n### Hint 1\n\n### Hint 2\nx\n",
	} {
		if tasks, err := Parse(text); !errors.Is(err, ErrForm) {
			t.Errorf("%s: got %q, %v; want ErrForm", name, tasks, err)
		}
	}
}
