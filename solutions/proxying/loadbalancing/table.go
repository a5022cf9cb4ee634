package loadbalancing

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
)

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
	const free = -1
	entries := slices.Repeat([]int{free}, size)
	wish := make([]int, len(backends)) // the best entry that may still be free
	for i, b := range backends {
		wish[i] = b.Offset
	}
	for taken := 0; ; {
		for i, b := range backends {
			for entries[wish[i]] != free {
				wish[i] = (wish[i] + b.Skip) % size
			}
			entries[wish[i]] = i
			if taken++; taken == size {
				return entries
			}
		}
	}
}

// A Table maps keys to names, nearly equally many to each, and to nearly the
// same ones when a name comes or goes. Its methods may be called concurrently.
type Table struct {
	names   []string // sorted
	entries []int    // indices of names
}

// NewTable returns a table for names, in whatever order they come.
func NewTable(names []string, size int) (*Table, error) {
	// Who has the first turn gets the better entries: two balancers agree only
	// if they agree on the order.
	t := &Table{names: slices.Sorted(slices.Values(names))}
	if len(names) == 0 || len(slices.Compact(slices.Clone(t.names))) < len(names) {
		return nil, ErrNames
	}
	if size < len(names) || !big.NewInt(int64(size)).ProbablyPrime(0) {
		return nil, fmt.Errorf("%w: %d for %d", ErrTableSize, size, len(names))
	}
	backends := make([]Preference, len(names))
	for i, name := range t.names {
		backends[i] = Preference{
			Offset: int(Hash(0, name) % uint64(size)),
			Skip:   int(Hash(1, name)%uint64(size-1)) + 1,
		}
	}
	t.entries = Populate(backends, size)
	return t, nil
}

// Pick returns the name in entry key modulo the table's size, or, if that is
// one of not, in the next entry whose name is none of them; "" if there is
// none.
func (t *Table) Pick(key uint64, not ...string) string {
	at := int(key % uint64(len(t.entries)))
	for range t.entries {
		if name := t.names[t.entries[at]]; !slices.Contains(not, name) {
			return name
		}
		at = (at + 1) % len(t.entries)
	}
	return ""
}
