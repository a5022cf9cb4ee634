package cli

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"go/scanner"
	"go/token"
	"io/fs"
	"path"
	"strings"

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

// code returns the files without their comments, unless those are wanted.
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

// withoutComments returns Go source as it would have been written without
// comments: a line that holds nothing else is gone, and no blank one is in its
// place. A file that cannot be parsed stays as it is.
func withoutComments(data []byte) []byte {
	text := bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n"))
	file := token.NewFileSet().AddFile("", -1, len(text))
	var s scanner.Scanner
	s.Init(file, text, func(token.Position, string) {}, scanner.ScanComments)
	var b []byte
	from := 0
	for pos, tok, lit := s.Scan(); tok != token.EOF; pos, tok, lit = s.Scan() {
		if tok != token.COMMENT {
			continue
		}
		b = append(b, text[from:file.Offset(pos)]...)
		from = min(file.Offset(pos)+len(lit), len(text))
		line, rest, _ := bytes.Cut(text[from:], []byte("\n"))
		switch before := bytes.TrimRight(b, " \t"); {
		case len(bytes.TrimSpace(line)) > 0: // as the language takes a comment
			b = append(b, blank(lit)...)
		case len(before) == 0 || before[len(before)-1] == '\n':
			b, from = before, len(text)-len(rest)
		}
	}
	bare, err := format.Source(append(b, text[from:]...))
	if err != nil {
		return data
	}
	return bare
}

// blank is what a comment within a line stands for.
func blank(comment string) string {
	if strings.Contains(comment, "\n") {
		return "\n"
	}
	return " "
}

// hasBenchmark reports whether there is something for the command bench.
func hasBenchmark(s *session, t *course.Topic) bool {
	_, err := fs.Stat(s.Originals, path.Join(t.Solution(), runner.BenchmarkFile))
	return err == nil
}
