package dev

import (
	"io/fs"
	"path"
)

// Strays reports folders in the topics' trees that are no topic of the
// syllabus.
func (g *Gate) Strays() Report {
	r := Report{ID: "course"}
	known := map[string]bool{"checker/contracts/course.yaml": true, "exercises/README.md": true}
	trees := []string{"exercises", "solutions", "checker/contracts"}
	for _, s := range g.Course.Sections {
		for _, tree := range trees {
			known[path.Join(tree, s.ID)] = true
			for _, t := range s.Topics {
				known[path.Join(tree, s.ID, t.Name)] = true
			}
		}
		known[path.Join("exercises", s.ID, "README.md")] = true
	}
	for _, tree := range trees {
		for _, name := range g.children(tree) {
			if !known[name] {
				r.bad("remove it, or add it to checker/contracts/course.yaml", "%s is no section of the syllabus", name)
				continue
			}
			for _, inside := range g.children(name) {
				if !known[inside] {
					r.bad("remove it, or add it to checker/contracts/course.yaml", "%s is no topic of the syllabus", inside)
				}
			}
		}
	}
	return r
}

// children returns the entries of a folder that are not hidden.
func (g *Gate) children(folder string) []string {
	entries, _ := fs.ReadDir(g.Originals, folder)
	var names []string
	for _, e := range entries {
		if e.Name()[0] != '.' {
			names = append(names, path.Join(folder, e.Name()))
		}
	}
	return names
}
