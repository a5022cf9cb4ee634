package runner

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
)

// A Bench judges many candidates of the same topics: the contributor's gate
// puts the reference, the stub, every fault and every variant on it. All of a
// topic's candidates are linked into one program.
type Bench struct {
	Jobs int // processes at a time

	o       Options
	room    *kept
	builder *builder
	cache   *cache
}

// A Specimen is one candidate on the bench.
type Specimen struct {
	Topic *course.Topic
	Name  string // for people
	Files map[string][]byte
	// Clauses are the names of those that it will be tried on; none for all.
	Clauses []string
	// Refusal says why it does not run, once it is built.
	Refusal string

	candidate *candidate.Candidate
	programs  map[bool]*program // by whether it is for the race detector
}

// OpenBench returns a bench. Of the options, Candidate, Topics, Clause, Seed,
// Race, Trace and Progress mean nothing to it.
func OpenBench(o Options) (*Bench, error) {
	o = o.withDefaults()
	room, err := openKept(o.Root + " bench")
	if err != nil {
		return nil, err
	}
	b := &Bench{Jobs: o.Jobs, o: o, room: room}
	b.builder = newBuilder(o, room)
	if !o.NoCache {
		if b.cache = openCache(sourcesOf(o.Root)); b.cache != nil {
			b.cache.all = true // a fault that hangs is meant to
		}
	}
	return b, nil
}

// Close gives up what the bench holds.
func (b *Bench) Close() { b.room.close() }

// Load holds the specimens to the rules of candidates. Those that break one
// get a Refusal.
func (b *Bench) Load(ctx context.Context, specimens []*Specimen) error {
	var loaded []*candidate.Candidate
	for _, s := range specimens {
		var err error
		p := candidate.PolicyOf(b.o.Course, s.Topic)
		s.candidate, err = candidate.Load(candidate.Files(s.Files), b.o.Originals, s.Topic, p)
		if err != nil {
			s.Refusal = err.Error()
			continue
		}
		loaded = append(loaded, s.candidate)
	}
	checker, err := candidate.NewChecker(ctx, b.o.Root, loaded)
	if err != nil {
		return err
	}
	for _, s := range specimens {
		if s.Refusal != "" {
			continue
		}
		if err := checker.Check(s.candidate, candidate.PolicyOf(b.o.Course, s.Topic)); err != nil {
			s.Refusal = err.Error()
		}
	}
	return nil
}

// Build compiles the loaded specimens with one go command. Those that the
// suites do not compile against get a Refusal.
func (b *Bench) Build(ctx context.Context, specimens []*Specimen, race bool) error {
	topics := map[*course.Topic][]*Specimen{}
	for _, s := range specimens {
		if s.Refusal == "" {
			topics[s.Topic] = append(topics[s.Topic], s)
		}
	}
	for len(topics) > 0 {
		bundles, err := b.compile(ctx, topics, race)
		if err != nil {
			return err
		}
		clear(topics)
		for _, u := range bundles {
			if u.drop() {
				topics[u.topic] = u.left()
			}
		}
	}
	return nil
}

// compile makes one attempt at building the topics' bundles. A bundle that failed has
// the messages of its packages; the others' specimens have their program.
func (b *Bench) compile(ctx context.Context, topics map[*course.Topic][]*Specimen, race bool) ([]*bundle, error) {
	over, err := newOverlay(b.o.Root, b.room)
	if err != nil {
		return nil, err
	}
	var bundles []*bundle
	var packages []string
	for _, t := range slices.SortedFunc(maps.Keys(topics), byID) {
		clauses, err := course.Clauses(b.o.Originals, t)
		if err != nil {
			return nil, err
		}
		u := &bundle{topic: t, specimens: topics[t], clauses: clauses}
		if err := u.lay(over, b.o.Originals); err != nil {
			return nil, err
		}
		bundles = append(bundles, u)
		packages = append(packages, u.importPath())
	}
	failed, err := b.builder.compile(ctx, over, packages, race)
	if err != nil {
		return nil, err
	}
	for _, u := range bundles {
		if message, ok := failed[u.importPath()]; ok {
			u.failed, u.message = true, message
			continue
		}
		for _, s := range u.specimens {
			if s.programs == nil {
				s.programs = map[bool]*program{}
			}
			s.programs[race] = &program{path: b.builder.binary(u.topic.Name, race), sum: u.sum(over, s), candidate: s.folder()}
		}
	}
	return bundles, nil
}

func byID(x, y *course.Topic) int { return strings.Compare(x.ID(), y.ID()) }
