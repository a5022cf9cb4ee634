package course_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata"
	"github.com/wirekata/wirekata/checker/internal/course"
)

func TestReadmeListsTheCourse(t *testing.T) {
	c, err := course.Load(wirekata.Originals)
	require.NoError(t, err)
	readme, err := os.ReadFile("../../../README.md")
	require.NoError(t, err)
	rest, number := string(readme), 0
	for _, s := range c.Sections {
		for _, topic := range s.Topics {
			cell, id := topic.Title, ""
			if topic.Built {
				cell, id = fmt.Sprintf("[%s](exercises/%s)", topic.Title, topic.ID()), "`"+topic.ID()+"`"
			}
			row := fmt.Sprintf("| %s | %s |", cell, id)
			if !topic.Warmup {
				number++
				row = fmt.Sprintf("| %d %s", number, row)
			}
			_, after, ok := strings.Cut(rest, strings.ReplaceAll(row, "|  |", "| |"))
			require.True(t, ok, "the table of topics lacks, or has in the wrong place: %s", row)
			rest = after
		}
	}
	require.Equal(t, 47, number)
}
