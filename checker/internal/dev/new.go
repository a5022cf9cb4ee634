package dev

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"text/template"

	"github.com/wirekata/wirekata/checker/internal/course"
)

// The skeleton of a topic, as templates by their place. NAME in a place is
// the topic's name; a place ends in ".tmpl" so that no tool takes it for Go.
//
//go:embed skeleton
var skeleton embed.FS

// New lays a small topic that the gate finds sound, but unfinished, at
// "section/topic", and returns the names of its files. The topic must be in
// the syllabus and have no contract yet.
func (g *Gate) New(id string) ([]string, error) {
	t := g.Course.Topic(id)
	if t == nil || t.ID() != id {
		return nil, g.announce(id)
	}
	for _, folder := range []string{t.Contract(), t.Solution(), t.Exercise()} {
		if _, err := fs.Stat(g.Originals, folder); err == nil {
			return nil, fmt.Errorf("%s: is there already; remove it to begin anew", folder)
		}
	}
	files, err := fill(t)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, f := range files {
		if err := g.write(f.name, []byte(f.text)); err != nil {
			return names, err
		}
		names = append(names, f.name)
	}
	again := *g
	again.Originals = os.DirFS(g.Root)
	copied, err := again.Sync([]*course.Topic{t}, false)
	return slices.Concat(names, copied), err
}

// announce says how to get a topic into the syllabus.
func (g *Gate) announce(id string) error {
	section, name := path.Split(id)
	section = strings.TrimSuffix(section, "/")
	if section == "" || name == "" || strings.Contains(section, "/") {
		return fmt.Errorf("topic %q: want SECTION/TOPIC", id)
	}
	line := fmt.Sprintf("      - {id: %s, title: %s, minutes: 75}", name, strings.ToUpper(name[:1])+name[1:])
	for _, s := range g.Course.Sections {
		if s.ID == section {
			return fmt.Errorf("topic %q: not in the syllabus; add this line to section %s of checker/contracts/course.yaml:\n%s", id, section, line)
		}
	}
	return fmt.Errorf("topic %q: no section %s in the syllabus; add it and the topic to checker/contracts/course.yaml:\n  - id: %s\n    title: %s\n    topics:\n%s",
		id, section, section, strings.ToUpper(section[:1])+section[1:], line)
}

type skeletonFile struct{ name, text string }

func fill(t *course.Topic) ([]skeletonFile, error) {
	places := map[string]string{"contract": t.Contract(), "exercise": t.Exercise(), "solution": t.Solution()}
	var files []skeletonFile
	err := fs.WalkDir(skeleton, "skeleton", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		src, err := fs.ReadFile(skeleton, name)
		if err != nil {
			return err
		}
		filled, err := template.New(name).Parse(string(src))
		if err != nil {
			return err
		}
		var b strings.Builder
		if err := filled.Execute(&b, t); err != nil {
			return err
		}
		place, rest, _ := strings.Cut(strings.TrimPrefix(name, "skeleton/"), "/")
		rest = strings.ReplaceAll(strings.TrimSuffix(rest, ".tmpl"), "NAME", t.Name)
		files = append(files, skeletonFile{path.Join(places[place], rest), b.String()})
		return nil
	})
	return files, err
}
