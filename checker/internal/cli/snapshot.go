package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"

	"github.com/wirekata/wirekata/checker/internal/candidate"
	"github.com/wirekata/wirekata/checker/internal/course"
)

// A snapshot is a source that reads each topic once: what is judged, what is
// remembered as judged and what is shown beside the reference are the same
// bytes, whatever an editor saves meanwhile. It is for one goroutine, or for
// several once every topic was read.
type snapshot struct {
	source candidate.Source
	read   map[*course.Topic]folder
}

type folder struct {
	files map[string][]byte
	err   error
}

func newSnapshot(src candidate.Source) *snapshot {
	return &snapshot{source: src, read: make(map[*course.Topic]folder)}
}

// Files implements [candidate.Source].
func (s *snapshot) Files(t *course.Topic) (map[string][]byte, error) {
	f, ok := s.read[t]
	if !ok {
		f.files, f.err = s.source.Files(t)
		s.read[t] = f
	}
	return f.files, f.err
}

// readAll reads the topics that are not read yet.
func (s *snapshot) readAll(topics []*course.Topic) *snapshot {
	for _, t := range topics {
		s.Files(t)
	}
	return s
}

// stubSum names the content of the topic's stub, as far as it is the learner's
// to change.
func (s *session) stubSum(t *course.Topic) string {
	h := sha256.New()
	files, _ := candidate.Stub(s.Originals).Files(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if !candidate.IsGiven(name) {
			fmt.Fprintf(h, "%q %d\n%s", name, len(files[name]), files[name])
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

// fingerprint names the content of a topic's files together with the suites
// that judge them, so that new suites make a topic worth checking again.
func (s *session) fingerprint(t *course.Topic, src candidate.Source) string {
	h := sha256.New()
	put := func(name string, data []byte) { fmt.Fprintf(h, "%q %d\n%s", name, len(data), data) }

	files, err := src.Files(t)
	if err != nil {
		put("error", []byte(err.Error()))
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		put(name, files[name])
	}
	for _, name := range []string{"assignment_test.go", "assessment_test.go"} {
		suite, err := fs.ReadFile(s.Originals, path.Join(t.Contract(), name))
		if err == nil {
			put(name, suite)
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}
