package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/foreign"
	"github.com/wirekata/wirekata/checker/internal/progress"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

// A session is one command at work in the course's repository.
type session struct {
	*app
	root     string
	course   *course.Course
	narrowed bool // --topics was given
	told     bool // that there is no progress file to work with
}

func (a *app) open(narrowed bool) (*session, error) {
	root, err := FindRoot(a.Dir)
	if err != nil {
		return nil, err
	}
	c, err := course.Load(a.Originals)
	if err != nil {
		return nil, err
	}
	return &session{app: a, root: root, course: c, narrowed: narrowed}, nil
}

// path is a place in the repository, given with slashes.
func (s *session) path(name string) string { return filepath.Join(s.root, filepath.FromSlash(name)) }

// from is a place as the person who typed it means it.
func (s *session) from(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.Dir, name)
}

// say tells a person something that is no part of the report.
func (s *session) say(format string, args ...any) {
	fmt.Fprintln(s.Stderr, "checker: "+foreign.Line(fmt.Sprintf(format, args...)))
}

// learner is the source of the exercises in the working copy.
func (s *session) learner() *snapshot { return newSnapshot(candidate.Dir(s.path("exercises"))) }

// judge has the clauses judged, and shows meanwhile how far that is.
func (s *session) judge(ctx context.Context, o runner.Options) (topics []result.Topic, err error) {
	err = s.watched(o, func(o runner.Options) (err error) {
		topics, err = s.Judge(ctx, o)
		return err
	})
	if ctx.Err() != nil {
		return nil, &failure{code: exitCannotJudge, err: errors.New("interrupted; nothing is remembered of this run")}
	}
	if err != nil {
		return nil, &failure{code: exitCannotJudge, err: fmt.Errorf("could not judge: %w", err)}
	}
	return topics, nil
}

// watched calls f with the options of this repository, and shows meanwhile
// how far the work is.
func (s *session) watched(o runner.Options, f func(runner.Options) error) error {
	meter := &report.Meter{
		W:        s.Stderr,
		Style:    s.style(s.Terminals.Stderr),
		Terminal: s.Terminals.Stderr,
	}
	defer meter.Clear()
	o.Root, o.Originals, o.Course = s.root, s.Originals, s.course
	o.Progress = func(e runner.Event) { meter.Update(e.Stage, e.Topic, e.Done, e.Total) }
	return f(o)
}

// style is that of a stream, by whether it is a terminal.
func (s *session) style(terminal bool) report.Style {
	if !terminal {
		return report.Style{}
	}
	return report.Style{Color: s.Terminals.Color, Width: s.Terminals.Width}
}

func (s *session) progressFile() *progress.File {
	return &progress.File{Root: s.root, Now: s.Now}
}

// progress returns what is remembered. That it is damaged or cannot be read is
// told, and no reason to stop.
func (s *session) progress() *progress.Progress {
	p, err := s.progressFile().Load()
	if err := s.tellDamage(err); err != nil {
		s.unremembered("read", err)
		return new(progress.Progress)
	}
	return p
}

// remember changes what is remembered. That it cannot be written is told, and
// no reason to keep back what was found out.
func (s *session) remember(change func(*progress.Progress)) {
	if err := s.tellDamage(s.progressFile().Update(change)); err != nil {
		s.unremembered("written", err)
	}
}

// unremembered tells, once, that there is no progress file to work with.
func (s *session) unremembered(what string, err error) {
	if s.told {
		return
	}
	s.told = true
	s.say("%s cannot be %s: %v", progress.Path, what, err)
	s.say("this run is not remembered; make room, or the folder writable; no mark depends on it")
}

func (s *session) tellDamage(err error) error {
	var damaged *progress.DamagedError
	if !errors.As(err, &damaged) {
		return err
	}
	s.say("%s: %v", progress.Path, damaged)
	s.say("it is kept as %s, and a new one is begun; no mark depends on it", damaged.Kept)
	return nil
}

// record remembers the outcome of judging the learner's files. A topic that
// could not be judged keeps the marks it had.
func (s *session) record(topics []result.Topic, files *snapshot) {
	s.remember(func(p *progress.Progress) {
		for i := range topics {
			t := s.course.Topic(topics[i].ID)
			if topics[i].Count(result.Error) > 0 {
				continue
			}
			p.Checked(&topics[i], s.fingerprint(t, files))
			if p.Stub(t.ID()) == "" || !s.begun(t, files) {
				p.Began(t.ID(), s.stubSum(t))
			}
		}
	})
}
