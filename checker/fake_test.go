package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/tools/benchmark/parse"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
	"github.com/wirekata/wirekata/harness/evidence"
)

// warmNothing says what it was asked to compile.
func warmNothing(_ context.Context, o runner.Options) error {
	for _, t := range o.Topics {
		fmt.Fprintln(os.Stderr, "compiling", t.ID())
	}
	return nil
}

// sandboxByScript returns a box of the level in the file "machine", or of the
// strongest.
func sandboxByScript() *sandbox.Box {
	name, err := os.ReadFile(filepath.Join(os.Getenv("COURSE"), "machine"))
	if err != nil {
		return &sandbox.Box{Level: sandbox.Namespaces}
	}
	level, ok := sandbox.ParseLevel(strings.TrimSpace(string(name)))
	if !ok {
		panic("machine: no level " + string(name))
	}
	return &sandbox.Box{Level: level, Lacks: []string{"namespaces: not on this machine"}}
}

// measureByScript measures nothing and says so of who is named in the file
// "measured".
func measureByScript(_ context.Context, o runner.Options, b runner.Benchmark, each func(runner.Measurement)) error {
	names, err := os.ReadFile(filepath.Join(o.Root, "measured"))
	if err != nil {
		return fmt.Errorf("%w: exit status 2", runner.ErrYours)
	}
	for i, by := range strings.Fields(strings.Repeat(string(names), b.Count)) {
		line := "BenchmarkMask/by=" + by + "\t100\t" + fmt.Sprint(100*(i+1)) + " ns/op\t8 B/op\t1 allocs/op"
		p, err := parse.ParseLine(line)
		if err != nil {
			return err
		}
		each(runner.Measurement{Name: "BenchmarkMask", By: by, Line: line, Benchmark: *p})
	}
	return nil
}

// judgeByScript gives the verdicts of the file "verdicts" in the script's
// folder, one a line:
//
//	frames TestEmpty fail awaited a frame, got EOF
//	frames refused frames.go:3: imports net/http
//	* the go command is missing
//
// The last one says that nothing can be judged. What was asked for is written
// to the file "asked".
func judgeByScript(_ context.Context, o runner.Options) ([]result.Topic, error) {
	verdicts, err := readVerdicts(filepath.Join(o.Root, "verdicts"))
	if err != nil {
		return nil, err
	}
	if err := writeAsked(o); err != nil {
		return nil, err
	}
	o.Progress(runner.Event{Stage: "build", Topic: o.Topics[0].ID(), Total: len(o.Topics)})
	o.Progress(runner.Event{Stage: "run", Topic: o.Topics[0].ID(), Total: len(o.Topics)})
	var topics []result.Topic
	for _, t := range o.Topics {
		topic, err := verdicts.topic(o, t)
		if err != nil {
			return nil, err
		}
		topics = append(topics, topic)
	}
	return topics, nil
}

// scripted are the verdicts of a script: by topic and clause, or by topic.
type scripted map[[2]string]string

func readVerdicts(name string) (scripted, error) {
	s := scripted{}
	f, err := os.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		topic, rest, _ := strings.Cut(lines.Text(), " ")
		switch clause, verdict, _ := strings.Cut(rest, " "); {
		case topic == "*":
			return nil, errors.New(rest)
		case clause == string(result.Refused):
			s[[2]string{topic}] = verdict
		default:
			s[[2]string{topic, clause}] = verdict
		}
	}
	return s, lines.Err()
}

func (s scripted) topic(o runner.Options, t *course.Topic) (result.Topic, error) {
	clauses, err := course.Clauses(o.Originals, t)
	if err != nil {
		return result.Topic{}, err
	}
	if t.Race && o.Race {
		clauses = append(clauses, course.Clause{Suite: result.Assessment, Name: "NoDataRace", Text: "No clause meets a data race.", Ref: "README"})
	}
	topic := result.Topic{ID: t.ID(), Title: t.Title, Warmup: t.Warmup, Refusal: s[[2]string{t.Name}]}
	if _, err := o.Candidate.Files(t); errors.Is(err, fs.ErrNotExist) {
		topic.Absent = true
	}
	for _, c := range clauses {
		if o.Clause == "" || o.Clause == c.Name {
			topic.Clauses = append(topic.Clauses, s.clause(o, t, c, &topic))
		}
	}
	return topic, nil
}

func (s scripted) clause(o runner.Options, t *course.Topic, c course.Clause, topic *result.Topic) result.Clause {
	rc := result.Clause{Suite: c.Suite, Name: c.Name, Text: c.Text, Ref: c.Ref, Verdict: result.Pass}
	rc.Spent = evidence.Cost{Connections: 1, Flights: 3, Allocations: 1000, Time: time.Minute}
	if topic.Refusal != "" || topic.Absent {
		rc.Verdict, rc.Reason = result.Refused, topic.Refusal
		return rc
	}
	verdict, reason, _ := strings.Cut(s[[2]string{t.Name, c.Name}], " ")
	if verdict == "" || verdict == string(result.Pass) {
		return rc
	}
	rc.Verdict, rc.Reason = result.Verdict(verdict), reason
	if rc.Verdict == result.Fail {
		rc.By, rc.Seed = result.ByAssertion, max(o.Seed, 1)
		rc.Transcript = []string{" 1 ✗ → something   +0 ms", reason}
	}
	return rc
}

// writeAsked adds one line for what Judge was asked to do.
func writeAsked(o runner.Options) error {
	f, err := os.OpenFile(filepath.Join(o.Root, "asked"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	defer f.Close()
	var names []string
	for _, t := range o.Topics {
		names = append(names, t.ID())
	}
	_, err = fmt.Fprintf(f, "%s clause=%s seed=%d race=%v trace=%v nocache=%v sandbox=%v\n",
		strings.Join(names, ","), o.Clause, o.Seed, o.Race, o.Trace, o.NoCache, o.Sandbox)
	return err
}
