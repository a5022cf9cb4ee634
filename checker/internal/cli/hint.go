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
	tasks, err := s.tasks(t)
	if err != nil {
		return err
	}
	chosen, err := tasksWith(words, tasks)
	if err != nil {
		return err
	}
	p := s.progress()
	v := report.HintView{Topic: t.ID(), Hints: show(t, chosen, p, all)}
	if len(v.Hints) == 0 {
		s.say("you have seen every hint; add --all to see them again")
		return nil
	}
	v.Left = unseen(t, tasks, p, v.Hints)
	if err := report.Hints(s.Stdout, s.style(s.Terminals.Stdout), v); err != nil {
		return err
	}
	s.remember(func(p *progress.Progress) {
		for _, h := range v.Hints {
			p.ShowHints(t.ID(), (&hints.Task{Title: h.Task}).Slug(), h.Number)
		}
	})
	return nil
}

// tasks reads the topic's hints.
func (s *session) tasks(t *course.Topic) ([]hints.Task, error) {
	name := path.Join(t.Exercise(), "HINTS.md")
	text, err := os.ReadFile(s.path(name))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("topic %s has no hints: %s is not there", t.ID(), name)
	}
	if err != nil {
		return nil, err
	}
	tasks, err := hints.Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return tasks, nil
}

// tasksWith returns the tasks whose heading has the words.
func tasksWith(words string, tasks []hints.Task) ([]hints.Task, error) {
	var with []hints.Task
	var titles []string
	for _, task := range tasks {
		titles = append(titles, fmt.Sprintf("%q", task.Title))
		if strings.Contains(strings.ToLower(task.Title), strings.ToLower(words)) {
			with = append(with, task)
		}
	}
	if len(with) == 0 && words != "" {
		return nil, usage("the tasks are "+strings.Join(titles, ", "), "no task's heading has %q", words)
	}
	return with, nil
}

// show chooses the hints to show: all of them, or the first unseen one.
func show(t *course.Topic, tasks []hints.Task, p *progress.Progress, all bool) []report.Hint {
	var chosen []report.Hint
	for _, task := range tasks {
		for i, text := range task.Hints {
			if all || i >= p.Hints(t.ID(), task.Slug()) {
				chosen = append(chosen, report.Hint{Task: task.Title, Number: i + 1, Of: len(task.Hints), Text: text})
			}
		}
	}
	if !all && len(chosen) > 1 {
		return chosen[:1]
	}
	return chosen
}

// unseen counts the hints that are unseen once those of shown are seen.
func unseen(t *course.Topic, tasks []hints.Task, p *progress.Progress, shown []report.Hint) int {
	n := 0
	for _, task := range tasks {
		seen := p.Hints(t.ID(), task.Slug())
		for _, h := range shown {
			if h.Task == task.Title {
				seen = max(seen, h.Number)
			}
		}
		n += max(len(task.Hints)-seen, 0)
	}
	return n
}
