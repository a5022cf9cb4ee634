// Package course reads the syllabus (checker/contracts/course.yaml) and the
// manifest of clauses that each topic's two suites declare.
package course

import (
	"path"

	"github.com/wirekata/wirekata/checker/internal/result"
)

// A Course is the syllabus.
type Course struct {
	Title    string         `yaml:"title"`
	Weights  result.Weights `yaml:"weights"`
	Pass     int64          `yaml:"pass"` // percent of the final mark
	Policy   Policy         `yaml:"policy"`
	Sections []Section      `yaml:"sections"`
}

// A Section is a group of topics in order.
type Section struct {
	ID     string  `yaml:"id"`
	Title  string  `yaml:"title"`
	Topics []Topic `yaml:"topics"`
}

// A Topic is one exercise.
type Topic struct {
	Name    string   `yaml:"id"`      // folder and package name, unique in the course
	Section string   `yaml:"-"`       // set by Load
	Title   string   `yaml:"title"`   // as the table of topics shows it
	Minutes int      `yaml:"minutes"` // for an experienced engineer who does not know the standard
	Needs   []string `yaml:"needs"`   // names of topics worth doing first
	Warmup  bool     `yaml:"warmup"`  // shown, but left out of the means
	Race    bool     `yaml:"race"`    // one more hidden clause, NoDataRace
	Policy  Policy   `yaml:"policy"`  // added to the course's
	Built   bool     `yaml:"-"`       // set by Load: the topic has a contract
}

// ID is the topic's path, "section/name".
func (t *Topic) ID() string { return t.Section + "/" + t.Name }

// Contract is the folder of the topic's originals: suites, stub, faults and
// variants.
func (t *Topic) Contract() string { return path.Join(contracts, t.Section, t.Name) }

// Stub is the folder of the topic's stub.
func (t *Topic) Stub() string { return path.Join(t.Contract(), "stub") }

// Exercise is the folder that the learner edits.
func (t *Topic) Exercise() string { return path.Join("exercises", t.Section, t.Name) }

// Solution is the folder of the reference.
func (t *Topic) Solution() string { return path.Join("solutions", t.Section, t.Name) }

// A Policy says what a candidate may import and touch.
type Policy struct {
	// Imports are the packages that may be imported.
	Imports []string `yaml:"imports"`
	// Forbid takes imports away again, with the reason shown to the learner.
	Forbid map[string]string `yaml:"forbid"`
	// Selectors narrows impure packages to these exported names; a name may be
	// a pattern ("Status*").
	Selectors map[string][]string `yaml:"selectors"`
	// Values are package-level variables ("encoding/binary.BigEndian") that may
	// be used as a value although their type is not error.
	Values []string `yaml:"values"`
}

// A Clause is one top-level test of a suite, as its source declares it.
type Clause struct {
	Suite result.Suite
	Name  string // "TestUnmaskedFrameCloses1002"
	Text  string // the doc comment's sentence, without the reference
	Ref   string // "RFC 6455 §5.1 MUST", or "README"
	Mode  string // "virtual" or "real"
	Line  int
}
