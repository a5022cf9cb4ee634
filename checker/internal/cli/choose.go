package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/progress"
	"github.com/wirekata/wirekata/checker/internal/report"
)

var seeList = fmt.Sprintf("%q shows all topics", report.Command+" list")

// choose returns the topics that names and --topics allow: both, where both
// are given; every topic, where neither is. It never returns none.
func (s *session) choose(names []string) ([]*course.Topic, error) {
	topics := s.course.Topics()
	if s.narrowed {
		var err error
		if topics, err = s.named("--topics: ", s.topics); err != nil {
			return nil, err
		}
	}
	if len(names) == 0 {
		return topics, nil
	}
	wanted, err := s.named("", names)
	if err != nil {
		return nil, err
	}
	wanted = slices.DeleteFunc(wanted, func(t *course.Topic) bool { return !slices.Contains(topics, t) })
	if len(wanted) == 0 {
		return nil, usage("leave one of them out", "no topic is both named and in --topics")
	}
	return wanted, nil
}

func (s *session) named(where string, names []string) ([]*course.Topic, error) {
	clean := make([]string, len(names))
	for i, name := range names {
		clean[i] = s.topicName(name)
	}
	topics, err := s.course.Select(clean)
	if err != nil {
		return nil, usage(seeList, "%s%w", where, err)
	}
	return topics, nil
}

// topicName lets a topic be named by its folder too, as a shell completes it,
// from wherever the command is run.
func (s *session) topicName(arg string) string {
	rel, err := filepath.Rel(s.path("exercises"), s.from(arg))
	if err != nil || !filepath.IsLocal(rel) {
		return strings.TrimSpace(arg)
	}
	if _, err := os.Stat(s.from(arg)); err != nil {
		return strings.TrimSpace(arg)
	}
	return filepath.ToSlash(rel)
}

// chooseBuilt is choose for commands that need a topic's contract: where
// topics are named, announced ones are an error; elsewhere they are passed
// over.
func (s *session) chooseBuilt(names []string) ([]*course.Topic, error) {
	topics, err := s.choose(names)
	if err != nil {
		return nil, err
	}
	if len(names) > 0 || s.narrowed {
		for _, t := range topics {
			if !t.Built {
				return nil, usage(seeList, "topic %s is announced, and not there yet", t.ID())
			}
		}
	}
	topics = slices.DeleteFunc(slices.Clone(topics), func(t *course.Topic) bool { return !t.Built })
	if len(topics) == 0 {
		return nil, usage("", "the course has no topic yet")
	}
	return topics, nil
}

// chooseOne is chooseBuilt for commands that work on one topic.
func (s *session) chooseOne(names []string) (*course.Topic, error) {
	if len(names) == 0 && !s.narrowed {
		return nil, usage(seeList, "no topic named")
	}
	topics, err := s.chooseBuilt(names)
	if err != nil {
		return nil, err
	}
	if len(topics) > 1 {
		return nil, usage("name one of them", "%d topics named", len(topics))
	}
	return topics[0], nil
}

// changed returns those of the topics whose files are no longer those of
// their last check; for a topic that was never checked, no longer the stub's.
func (s *session) changed(topics []*course.Topic, p *progress.Progress, files candidate.Source) []*course.Topic {
	stub := candidate.Stub(s.Originals)
	return slices.DeleteFunc(slices.Clone(topics), func(t *course.Topic) bool {
		before := p.Files(t.ID())
		if before == "" {
			before = s.fingerprint(t, stub)
		}
		return s.fingerprint(t, files) == before
	})
}

// begun reports whether the topic's files are no longer the stub's.
func (s *session) begun(t *course.Topic, files candidate.Source) bool {
	return s.fingerprint(t, files) != s.fingerprint(t, candidate.Stub(s.Originals))
}

// next returns the topic to go on with: the first of the topics that is not
// done and whose needs are, or the first that is not done, or nil.
func (s *session) next(topics []*course.Topic, p *progress.Progress) *course.Topic {
	var first *course.Topic
	for _, t := range topics {
		if !t.Built || p.Done(t.ID()) {
			continue
		}
		if s.needsDone(t, p) {
			return t
		}
		if first == nil {
			first = t
		}
	}
	return first
}

// needsDone reports whether every topic that t needs is done. Announced ones
// keep nobody waiting.
func (s *session) needsDone(t *course.Topic, p *progress.Progress) bool {
	return !slices.ContainsFunc(t.Needs, func(name string) bool {
		need := s.course.Topic(name)
		return need.Built && !p.Done(need.ID())
	})
}
