// Package dev is the contributor's gate. It holds every topic to the rules
// that make a verdict worth something:
//
//	it bites    every clause rejects a fault, for the reason that it states
//	it is dear  cheats that do next to nothing earn next to nothing
//	it is fair  variants that keep the contract pass everything
//	it is tidy  exercise, stub, reference and contract agree, file by file
//
// A topic can be sound and yet unfinished: too few clauses, faults or
// variants. That is told apart, so that work in progress can be shared.
package dev

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
)

// What a topic must have at least, if it is no warm-up.
const (
	minHidden   = 10
	minFaults   = 10
	minVariants = 4
	minCheats   = 3
)

// A Gate judges the topics of one working copy.
type Gate struct {
	Root      string
	Originals fs.FS // Root itself, so that what is edited is what is judged
	Course    *course.Course
	Jobs      int                                 // processes at a time; 0 for the number of CPUs
	NoCache   bool                                // run also what has been judged before
	Progress  func(stage string, done, total int) // may be nil
	Done      func()                              // takes the progress away; may be nil
}

// Open returns the gate of the repository at root.
func Open(root string) (*Gate, error) {
	originals := os.DirFS(root)
	c, err := course.Load(originals)
	if err != nil {
		return nil, err
	}
	return &Gate{Root: root, Originals: originals, Course: c}, nil
}

// Select returns the topics that the names stand for, or all that have a
// contract where there are no names.
func (g *Gate) Select(names []string) ([]*course.Topic, error) {
	if len(names) == 0 {
		return g.Course.Built(), nil
	}
	topics, err := g.Course.Select(names)
	if err != nil {
		return nil, err
	}
	for _, t := range topics {
		if !t.Built {
			return nil, fmt.Errorf("topic %s: no contract yet; begin it with: go tool checker dev new %s", t.ID(), t.ID())
		}
	}
	return topics, nil
}

func (g *Gate) progress(stage string, done, total int) {
	if g.Progress != nil {
		g.Progress(stage, done, total)
	}
}

func (g *Gate) done() {
	if g.Done != nil {
		g.Done()
	}
}

// path is a place in the repository, given with slashes.
func (g *Gate) path(name string) string { return filepath.Join(g.Root, filepath.FromSlash(name)) }

// A Finding is something wrong, and what to do about it.
type Finding struct {
	Text   string
	Remedy string
}

// A Report is what the gate says of one topic.
type Report struct {
	ID       string
	Findings []Finding
	Missing  []string // what an unfinished topic lacks
	Notes    []string // what could not be checked here

	Clauses, Faults, Variants, Cheats int
	Cheated                           result.Mark // what the best cheat earns of the hidden suite
}

// OK reports whether nothing is wrong with the topic, finished or not.
func (r *Report) OK() bool { return len(r.Findings) == 0 }

func (r *Report) bad(remedy, format string, args ...any) {
	f := Finding{fmt.Sprintf(format, args...), remedy}
	if !slices.Contains(r.Findings, f) {
		r.Findings = append(r.Findings, f)
	}
}

func (r *Report) missing(format string, args ...any) {
	r.Missing = append(r.Missing, fmt.Sprintf(format, args...))
}

// firstLine returns the first line of what may have many.
func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return cmp.Or(line, "no reason given")
}
