package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/watch"
)

func (a *app) watch() *cobra.Command {
	var o watch.Options
	cmd := &cobra.Command{
		Use:   "watch [TOPIC]",
		Short: "Check a topic whenever you save a file of it",
		Long: "watch checks a topic whenever you save a file of it, and shows what to do next. It begins with\n" +
			"TOPIC, or else with the next one, and follows you to whichever topic you save.\n" +
			"Single keys: n next topic, h hint, l list, c compare, x reset, r run, q quit.",
		Args: cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return watchTopics(ctx, s, args, o)
		}),
	}
	cmd.Flags().BoolVar(&o.Manual, "manual", false, "check only when r is pressed")
	cmd.Flags().BoolVar(&o.Poll, "poll", false, "look at the files twice a second, where the system does not tell of saves")
	return cmd
}

func watchTopics(ctx context.Context, s *session, args []string, o watch.Options) error {
	in, _ := s.Stdin.(*os.File)
	out, _ := s.Stdout.(*os.File)
	if !s.Terminals.Stdin || !s.Terminals.Stdout || in == nil || out == nil {
		return usage(fmt.Sprintf("%q checks once", report.Command+" check"), "watch needs a terminal")
	}
	topics, err := s.chooseBuilt(nil)
	if err != nil {
		return err
	}
	w := &watcher{session: s, topics: topics}
	c := w.course()
	if len(args) > 0 {
		t, err := s.chooseOne(args)
		if err != nil {
			return err
		}
		c.Current = slices.Index(topics, t)
	} else if next := s.next(topics, s.progress()); next != nil {
		c.Current = slices.Index(topics, next)
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	return watch.Run(ctx, c, watch.Screen{In: in, Out: out, Links: s.Terminals.Color}, o)
}

// A watcher does for the loop what the other commands do.
type watcher struct {
	*session
	topics []*course.Topic
}

func (w *watcher) course() *watch.Course {
	p := w.progress()
	c := &watch.Course{Title: w.session.course.Title, Check: w.check, Hint: w.hint, Compare: w.compare, Reset: w.reset}
	for _, t := range w.topics {
		c.Topics = append(c.Topics, watch.Topic{ID: t.ID(), Title: t.Title, Dir: w.path(t.Exercise()), Done: p.Done(t.ID())})
	}
	return c
}

func (w *watcher) check(ctx context.Context, topic, width int, progress func(string)) watch.Outcome {
	s, said := w.speaking(width)
	t := w.topics[topic]
	s.noteSuites([]*course.Topic{t})
	files := s.learner().readAll([]*course.Topic{t})
	outcome, err := s.Judge(ctx, runner.Options{
		Root: s.root, Originals: s.Originals, Course: s.course, Candidate: files, Topics: []*course.Topic{t},
		Progress: func(e runner.Event) { progress(stage(e)) },
	})
	if err != nil {
		return watch.Outcome{Text: "could not judge: " + foreign.Text(err.Error()), Marks: "not judged"}
	}
	s.noteStubs([]*course.Topic{t}, files)
	s.record(outcome, files)
	if err := report.Watch(said, s.style(true), outcome[0]); err != nil {
		return watch.Outcome{Text: err.Error()}
	}
	return watch.Outcome{
		Text: said.String(), Marks: report.MarksOf(&outcome[0]),
		Passes: outcome[0].Mark(result.Assignment).Full(), Done: outcome[0].Finished(),
	}
}

// stage says how far a check is.
func stage(e runner.Event) string {
	if e.Stage == "run" {
		return fmt.Sprintf("running %d/%d", e.Done, e.Total)
	}
	return e.Stage
}

func (w *watcher) hint(topic, width int) string {
	s, said := w.speaking(width)
	return told(said, hint(s, []string{w.topics[topic].ID()}, "", false))
}

func (w *watcher) compare(ctx context.Context, topic, width int) string {
	s, said := w.speaking(width)
	s.Stderr = io.Discard // how far the judging is
	return told(said, compare(ctx, s, []string{w.topics[topic].ID()}, false, false))
}

func (w *watcher) reset(topic, width int) string {
	s, said := w.speaking(width)
	return told(said, reset(s, []string{w.topics[topic].ID()}, true))
}

// told is what a command said, and why it failed.
func told(said *bytes.Buffer, err error) string {
	if err != nil {
		f, ok := errors.AsType[*failure](err)
		if !ok {
			f = &failure{err: err}
		}
		for _, line := range f.lines() {
			fmt.Fprintln(said, foreign.Line(line))
		}
	}
	return said.String()
}

// speaking is the session with a buffer for what it says on a screen of the
// width.
func (w *watcher) speaking(width int) (*session, *bytes.Buffer) {
	said := new(bytes.Buffer)
	a, s := *w.app, *w.session
	a.Stdout, a.Stderr = said, said
	a.Terminals = Terminals{Stdout: true, Color: w.Terminals.Color, Width: width}
	s.app = &a
	return &s, said
}
