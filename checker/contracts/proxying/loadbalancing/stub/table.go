package loadbalancing

import "errors"

// ErrNames is returned by [NewTable] for names that are none, or not distinct.
var ErrNames = errors.New("names must be distinct, and at least one")

// ErrTableSize is returned by [NewTable] for a size that is no prime, or less
// than the number of names.
var ErrTableSize = errors.New("table size must be a prime, and not less than the number of names")

// A Preference is the order in which a backend would like to have a table's
// entries: Offset, Offset+Skip, Offset+2*Skip and so on, modulo the table's
// size. With a prime size it names each of them once.
type Preference struct {
	Offset int // from 0 to the size less 1
	Skip   int // from 1 to the size less 1
}

// Populate gives each entry of a table of this size to one of the backends,
// by their index: they take turns, and each takes the entry that it likes best
// among those that are left (NSDI'16 §3.4, pseudocode 1).
func Populate(backends []Preference, size int) []int {
	// TODO
	return nil
}

// A Table maps keys to names, nearly equally many to each, and to nearly the
// same ones when a name comes or goes. Its methods may be called concurrently.
type Table struct {
	// TODO
}

// NewTable returns a table for names, in whatever order they come.
func NewTable(names []string, size int) (*Table, error) {
	// TODO
	return &Table{}, ErrTODO
}

// Pick returns the name in entry key modulo the table's size, or, if that is
// one of not, in the next entry whose name is none of them; "" if there is
// none.
func (t *Table) Pick(key uint64, not ...string) string {
	// TODO
	return ""
}
