package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/wirekata/wirekata/checker/internal/candidate"
)

// handin returns the source of the candidate: the folder, or the exercises
// where none is given. A folder that has no section of the course is most
// likely not the one that was meant.
func (s *session) handin(dir string) (*snapshot, error) {
	if dir == "" {
		return s.learner(), nil
	}
	at := s.from(dir)
	if s.hasSection(at) {
		return newSnapshot(candidate.Dir(at)), nil
	}
	remedy := fmt.Sprintf("give the folder that holds the sections, like %s/", s.course.Sections[0].ID)
	if s.hasSection(filepath.Join(at, "exercises")) {
		remedy = fmt.Sprintf("did you mean %s?", filepath.Join(dir, "exercises"))
	}
	return nil, usage(remedy, "--candidate %s has no section of the course", dir)
}

func (s *session) hasSection(dir string) bool {
	for _, section := range s.course.Sections {
		if info, err := os.Stat(filepath.Join(dir, section.ID)); err == nil && info.IsDir() {
			return true
		}
	}
	return false
}
