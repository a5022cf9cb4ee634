package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/cli"
	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/dev"
	"github.com/wirekata/wirekata/checker/internal/report"
)

// devCommand is the contributor's side of the checker.
func devCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dev",
		Short: "The contributor's gate: verify, sync, new, mutate, certify",
		Args:  cobra.NoArgs,
	}
	cmd.AddCommand(devVerify(), devSync(), devNew(), devMutate(), devCertify())
	return cmd
}

// notSound ends a command whose report has said what is wrong.
type notSound struct{ text string }

func (e *notSound) Error() string { return e.text }

// ExitCode is the exit status that the command line ends with.
func (e *notSound) ExitCode() int { return 1 }

// misunderstood is an error in what the arguments ask for.
type misunderstood struct{ error }

// ExitCode is that of a usage error.
func (misunderstood) ExitCode() int { return 2 }

func (m misunderstood) Unwrap() error { return m.error }

// openGate opens the gate of the working directory's repository, and selects
// the topics that the arguments name.
func openGate(cmd *cobra.Command, names []string) (*dev.Gate, []*course.Topic, error) {
	g, err := gateHere()
	if err != nil {
		return nil, nil, err
	}
	m := meter(cmd.ErrOrStderr())
	g.Progress = func(stage string, done, total int) { m.Update(stage, "", done, total) }
	g.Done = m.Clear
	topics, err := g.Select(names)
	if err != nil {
		return nil, nil, misunderstood{err}
	}
	if len(topics) == 0 {
		err = fmt.Errorf("no topic has a contract yet; begin one with: go tool checker dev new SECTION/TOPIC")
	}
	return g, topics, err
}

func gateHere() (*dev.Gate, error) {
	here, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := cli.FindRoot(here)
	if err != nil {
		return nil, err
	}
	return dev.Open(root)
}

// meter shows how far the gate is, on w.
func meter(w io.Writer) *report.Meter {
	t := cli.System(nil).Terminals
	return &report.Meter{W: w, Style: report.Style{Color: t.Color, Width: t.Width}, Terminal: t.Stderr && w == os.Stderr}
}

func devVerify() *cobra.Command {
	var strict, noCache bool
	cmd := &cobra.Command{
		Use:   "verify [TOPIC...]",
		Short: "Hold topics to the rules for contributions",
		RunE: func(cmd *cobra.Command, names []string) error {
			g, topics, err := openGate(cmd, names)
			if err != nil {
				return err
			}
			g.NoCache = noCache
			reports, err := g.Verify(cmd.Context(), topics)
			if err != nil {
				return err
			}
			if len(names) == 0 {
				if r := g.Strays(); !r.OK() {
					reports = append(reports, r)
				}
			}
			return printReports(cmd.OutOrStdout(), reports, strict)
		},
	}
	cmd.Flags().BoolVar(&strict, "strict", false, "unfinished topics are findings too")
	cmd.Flags().BoolVar(&noCache, "no-cache", false, "run also what has been judged before")
	return cmd
}

func printReports(w io.Writer, reports []dev.Report, strict bool) error {
	findings, unfinished := 0, 0
	for _, r := range reports {
		findings += len(r.Findings)
		mark := "✓"
		if len(r.Missing) > 0 {
			unfinished++
			mark = "○"
		}
		if !r.OK() {
			mark = "✗"
		}
		fmt.Fprintf(w, "%s %-28s %3d clauses  %3d faults  %3d variants  %2d cheats%s\n", mark, r.ID, r.Clauses, r.Faults, r.Variants, r.Cheats, cheated(r))
		for _, f := range r.Findings {
			fmt.Fprintf(w, "    %s\n      → %s\n", strings.ReplaceAll(f.Text, "\n", "\n    "), f.Remedy)
		}
		for _, m := range r.Missing {
			fmt.Fprintf(w, "    unfinished: %s\n", m)
		}
		for _, n := range r.Notes {
			fmt.Fprintf(w, "    note: %s\n", n)
		}
	}
	fmt.Fprintf(w, "%s, %d unfinished, %s\n", count(len(reports), "topic"), unfinished, count(findings, "finding"))
	switch {
	case findings > 0:
		return &notSound{"dev verify: " + count(findings, "finding")}
	case strict && unfinished > 0:
		return &notSound{"dev verify: " + count(unfinished, "topic") + " unfinished"}
	}
	return nil
}

// cheated says what the best of the cheats earns.
func cheated(r dev.Report) string {
	if r.Cheated.Total == 0 {
		return ""
	}
	return fmt.Sprintf(" for %d of %d", r.Cheated.Passed, r.Cheated.Total)
}

// count is "1 finding" or "2 findings".
func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func devSync() *cobra.Command {
	var force bool
	cmd := &cobra.Command{
		Use:   "sync [TOPIC...]",
		Short: "Copy stubs, given files and visible suites from the contracts",
		RunE: func(cmd *cobra.Command, names []string) error {
			g, topics, err := openGate(cmd, names)
			if err != nil {
				return err
			}
			written, err := g.Sync(topics, force)
			for _, name := range written {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			if err != nil {
				return &notSound{err.Error()}
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&force, "force", false, "put the stub back over a changed exercise")
	return cmd
}

func devNew() *cobra.Command {
	return &cobra.Command{
		Use:   "new SECTION/TOPIC",
		Short: "Begin a topic of the syllabus",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			g, err := gateHere()
			if err != nil {
				return err
			}
			names, err := g.New(args[0])
			if err != nil && len(names) == 0 {
				return misunderstood{err}
			}
			for _, name := range names {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			if err == nil {
				fmt.Fprintf(cmd.ErrOrStderr(), "checker: what is missing, says: go tool checker dev verify %s\n", args[0])
			}
			return err
		},
	}
}

func devMutate() *cobra.Command {
	return &cobra.Command{
		Use:   "mutate [TOPIC...]",
		Short: "Show the slips in a reference that no clause notices",
		Long: `mutate changes the reference in one place after the other: a statement left out,
a condition turned, a number one too high. It runs every clause on what comes of
it, and shows what passes them all. Much of that changes nothing that can be
seen; the rest is either open by the README, or a clause is missing.`,
		RunE: func(cmd *cobra.Command, names []string) error {
			g, topics, err := openGate(cmd, names)
			if err != nil {
				return err
			}
			surveys, err := g.Survey(cmd.Context(), topics)
			if err != nil {
				return err
			}
			w := cmd.OutOrStdout()
			for _, s := range surveys {
				fmt.Fprintf(w, "%s: %s, %d refused, %s\n", s.ID, count(s.Mutants, "mutant"), s.Refused, count(len(s.Survivors), "survivor"))
				for _, m := range s.Survivors {
					fmt.Fprintf(w, "    %s\n", m)
				}
			}
			return nil
		},
	}
}

func devCertify() *cobra.Command {
	var runs int
	var matrixOnly, steadyOnly bool
	cmd := &cobra.Command{
		Use:   "certify [TOPIC...]",
		Short: "Write the kill matrices, and run all candidates until trust is earned",
		RunE: func(cmd *cobra.Command, names []string) error {
			g, topics, err := openGate(cmd, names)
			if err != nil {
				return err
			}
			if !steadyOnly {
				if err := g.Matrix(cmd.Context(), topics); err != nil || matrixOnly {
					return err
				}
			}
			return certify(cmd.Context(), cmd.OutOrStdout(), g, topics, runs)
		},
	}
	cmd.Flags().IntVar(&runs, "runs", 200, "how often each reference is run in each condition; variants, faults and cheats a tenth of that")
	cmd.Flags().BoolVar(&matrixOnly, "matrix-only", false, "write MATRIX.md, run nothing else")
	cmd.Flags().BoolVar(&steadyOnly, "steady-only", false, "write no MATRIX.md")
	cmd.MarkFlagsMutuallyExclusive("matrix-only", "steady-only")
	return cmd
}

func certify(ctx context.Context, w io.Writer, g *dev.Gate, topics []*course.Topic, runs int) error {
	all, err := g.Steady(ctx, topics, runs)
	if err != nil {
		return err
	}
	changes := 0
	for _, s := range all {
		changes += len(s.Changes)
		if s.Skipped != "" {
			fmt.Fprintf(w, "- %-28s %-14s not run: %s\n", s.ID, s.Condition, s.Skipped)
			continue
		}
		mark := "✓"
		if len(s.Changes) > 0 {
			mark = "✗"
		}
		fmt.Fprintf(w, "%s %-28s %-14s %5d runs, %3d on each of %d variants, %d faults, %d cheats  %3d changes\n",
			mark, s.ID, s.Condition, s.Runs, s.OtherRuns, s.Variants, s.Faults, s.Cheats, len(s.Changes))
		for _, c := range s.Changes[:min(len(s.Changes), 5)] {
			fmt.Fprintf(w, "    %s\n", c)
		}
	}
	if changes > 0 {
		return &notSound{"dev certify: " + count(changes, "verdict") + " changed"}
	}
	return nil
}
