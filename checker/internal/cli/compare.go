package cli

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"io/fs"
	"path"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/checker/internal/runner"
)

func (a *app) compare() *cobra.Command {
	var spoil, comments bool
	cmd := &cobra.Command{
		Use:   "compare TOPIC",
		Short: "Show your marks, costs and code beside the reference",
		Long:  "compare shows your marks, what the clauses cost with your code and with the reference, and both codes\nbeside each other, once the assignment passes.",
		Args:  cobra.MaximumNArgs(1),
		RunE: a.run(func(ctx context.Context, s *session, args []string) error {
			return compare(ctx, s, args, spoil, comments)
		}),
	}
	cmd.Flags().BoolVar(&spoil, "spoil", false, "show the reference before the assignment passes")
	cmd.Flags().BoolVar(&comments, "comments", false, "compare the comments too")
	return cmd
}

func compare(ctx context.Context, s *session, args []string, spoil, comments bool) error {
	t, err := s.chooseOne(args)
	if err != nil {
		return err
	}
	files := s.learner()
	yours, err := files.Files(t)
	if err != nil {
		return &failure{code: exitNotPassed, err: fmt.Errorf("%s cannot be compared: %w", t.Exercise(), err)}
	}
	mine, err := s.judgeOne(ctx, t, files)
	if err != nil {
		return err
	}
	if err := unfinished(mine); err != nil && !spoil {
		err.remedy += "; --spoil shows the reference all the same"
		return err
	}
	solutions := candidate.FS(s.Originals, "solutions")
	reference, err := solutions.Files(t)
	if err != nil {
		return err
	}
	theirs, err := s.judgeOne(ctx, t, solutions)
	if err != nil {
		return err
	}
	return report.Compare(s.Stdout, s.style(s.Terminals.Stdout), report.CompareView{
		Topic: mine, ReferenceTopic: theirs, Yours: code(yours, comments), Reference: code(reference, comments), Benchmark: hasBenchmark(s, t),
	})
}

// judgeOne has one topic judged.
func (s *session) judgeOne(ctx context.Context, t *course.Topic, source candidate.Source) (result.Topic, error) {
	topics, err := s.judge(ctx, runner.Options{Candidate: source, Topics: []*course.Topic{t}})
	if err != nil {
		return result.Topic{}, err
	}
	return topics[0], nil
}

// unfinished is the failure of a topic whose assignment does not pass, or nil.
func unfinished(t result.Topic) *failure {
	mark := t.Mark(result.Assignment)
	if mark.Full() {
		return nil
	}
	return &failure{
		code:   exitNotPassed,
		err:    fmt.Errorf("the assignment of %s does not pass yet: %d of %d clauses", t.ID, mark.Passed, mark.Total),
		remedy: fmt.Sprintf("%q shows why", report.Command+" check "+t.ID),
	}
}

// code returns the files without their comments, unless those are wanted. A
// file that cannot be parsed stays as it is.
func code(files map[string][]byte, comments bool) map[string][]byte {
	if comments {
		return files
	}
	bare := map[string][]byte{}
	for name, data := range files {
		bare[name] = withoutComments(data)
	}
	return bare
}

func withoutComments(data []byte) []byte {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, "", data, parser.SkipObjectResolution) // without parser.ParseComments
	if err != nil {
		return data
	}
	var b bytes.Buffer
	if err := format.Node(&b, fset, file); err != nil {
		return data
	}
	return b.Bytes()
}

// hasBenchmark reports whether there is something for the command bench.
func hasBenchmark(s *session, t *course.Topic) bool {
	_, err := fs.Stat(s.Originals, path.Join(t.Solution(), runner.BenchmarkFile))
	return err == nil
}
