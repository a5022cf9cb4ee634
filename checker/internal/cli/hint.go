package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/hints"
	"github.com/wirekata/wirekata/checker/internal/progress"
	"github.com/wirekata/wirekata/checker/internal/report"
)

func (a *app) hint() *cobra.Command {
	var task string
	var all bool
	cmd := &cobra.Command{
		Use:   "hint TOPIC",
		Short: "Show the next hint, and only that",
		Long: "hint shows the next hint that you have not seen, from a nudge to nearly the answer,\n" +
			"in the order of the tasks.",
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(_ context.Context, s *session, args []string) error {
			return hint(s, args, task, all)
		}),
	}
	cmd.Flags().StringVar(&task, "task", "", "only hints of the task whose heading has `WORDS`")
	cmd.Flags().BoolVar(&all, "all", false, "show all hints, those you have seen too")
	return cmd
}

func hint(s *session, args []string, words string, all bool) error {
	t, err := s.chooseOne(args)
	if err != nil {
		return err
	}
	tasks, err := s.tasks(t, words)
	if err != nil {
		return err
	}
	p, err := s.progress()
	if err != nil {
		return err
	}
	v := hintView(t, tasks, p, all)
	if len(v.Hints) == 0 {
		s.say("you have seen every hint; add --all to see them again")
		return nil
	}
	if err := report.Hints(s.Stdout, s.style(), v); err != nil {
		return err
	}
	return s.remember(func(p *progress.Progress) {
		for _, h := range v.Hints {
			slug := (&hints.Task{Title: h.Task}).Slug()
			p.ShowHints(t.ID(), slug, max(h.Number, p.Hints(t.ID(), slug)))
		}
	})
}

// tasks reads the topic's hints, of the tasks whose heading has the words.
func (s *session) tasks(t *course.Topic, words string) ([]hints.Task, error) {
	name := path.Join(t.Exercise(), "HINTS.md")
	text, err := os.ReadFile(s.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("topic %s has no hints: %s is not there", t.ID(), name)
	}
	if err != nil {
		return nil, err
	}
	all, err := hints.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var tasks []hints.Task
	var titles []string
	for _, task := range all {
		titles = append(titles, fmt.Sprintf("%q", task.Title))
		if strings.Contains(strings.ToLower(task.Title), strings.ToLower(words)) {
			tasks = append(tasks, task)
		}
	}
	if len(tasks) == 0 && words != "" {
		return nil, usage("the tasks are "+strings.Join(titles, ", "), "no task's heading has %q", words)
	}
	return tasks, nil
}

// hintView chooses the hints to show: all of them, or the first unseen one.
func hintView(t *course.Topic, tasks []hints.Task, p *progress.Progress, all bool) report.HintView {
	v := report.HintView{Topic: t.ID()}
	for _, task := range tasks {
		seen := p.Hints(t.ID(), task.Slug())
		for i, text := range task.Hints {
			switch {
			case all, i >= seen && len(v.Hints) == 0:
				v.Hints = append(v.Hints, report.Hint{Task: task.Title, Number: i + 1, Of: len(task.Hints), Text: text})
			case i >= seen:
				v.Left++
			}
		}
	}
	return v
}
