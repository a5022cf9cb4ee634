package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/progress"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
)

func (a *app) list() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "Show the syllabus, your marks so far and the next topic",
		Args:  cobra.NoArgs,
		RunE:  a.run(list),
	}
}

func list(_ context.Context, s *session, _ []string) error {
	topics, err := s.choose(nil)
	if err != nil {
		return err
	}
	p := s.progress()
	v := report.ListView{Course: s.course, Topics: topics, Standings: s.standings(topics, p)}
	if next := s.next(topics, p); next != nil {
		v.Next = next.ID()
	}
	return report.List(s.Stdout, s.style(s.Terminals.Stdout), v)
}

// standings returns what is remembered of the topics that were checked.
func (s *session) standings(topics []*course.Topic, p *progress.Progress) map[string]report.Standing {
	all := make(map[string]report.Standing)
	files := s.learner()
	for _, t := range topics {
		visible, ok := p.Mark(t.ID(), result.Assignment)
		if !ok || !t.Built {
			continue
		}
		hidden, _ := p.Mark(t.ID(), result.Assessment)
		all[t.ID()] = report.Standing{
			Assignment: visible,
			Assessment: hidden,
			Changed:    len(s.changed([]*course.Topic{t}, p, files)) > 0,
		}
	}
	return all
}
