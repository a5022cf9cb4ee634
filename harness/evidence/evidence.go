// Package evidence is what a clause leaves behind: an append-only file of
// records, one JSON object a line, written by [harness/contract] in the
// process that runs the clause and read by the checker, which judges by the
// records and never by what that process prints.
//
// A clause that ran to its end leaves
//
//	begin    clause, mode, seed
//	step     number, text, control            any number of them
//	wire     sender, receiver, text, bytes    what crossed the wire meanwhile
//	fail     text, got, want                  the first is the verdict's reason
//	end      failed, checks, what was spent
//
// A clause that could not be judged here leaves one unsupported record and
// nothing else. A clause that got stuck leaves a stuck record and no end.
//
// Each line begins with a seal, a code over the record and the seal before it
// (HMAC-SHA-256 cut to 16 octets, in hexadecimal). Its key comes over standard
// input and is read before any other package of the process can, because the
// checker has the candidate's package import this one. So a record that the
// harness did not write, or that is missing, repeated or out of order, is seen.
//
// # Limitations
//
// The seal holds against code that can write files and descriptors. It does
// not hold against code that reads or writes this process's memory from
// outside Go's type system, or that may import this package.
//
// [harness/contract]: https://pkg.go.dev/github.com/wirekata/wirekata/harness/contract
package evidence

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// Environment variables that the checker sets for the process of a clause.
const (
	// DirEnv names the directory that the records and captures are written
	// to. Without it (a plain go test) nothing is written.
	DirEnv = "WIREKATA_EVIDENCE"
	// SeedEnv is the seed of the clause's random choices, a decimal uint64.
	SeedEnv = "WIREKATA_SEED"
)

// File is the name of the record file inside the evidence directory.
const File = "records.jsonl"

// Kind says what a [Record] is.
type Kind string

// The kinds of records.
const (
	Begin       Kind = "begin"
	Step        Kind = "step"
	Wire        Kind = "wire"
	Fail        Kind = "fail"
	Stuck       Kind = "stuck"
	Unsupported Kind = "unsupported"
	Capture     Kind = "capture"
	End         Kind = "end"
)

// A Record is one line of a clause's evidence. Which fields are set depends
// on the kind; At is set on all of them.
type Record struct {
	Kind Kind `json:"kind"`
	// At is the time since the clause began, virtual in a bubble.
	At time.Duration `json:"at"`

	Clause string `json:"clause,omitempty"` // Begin, Unsupported: the test's name
	Mode   string `json:"mode,omitempty"`   // Begin: "virtual" or "real"
	Seed   uint64 `json:"seed,omitempty"`   // Begin

	Number  int    `json:"number,omitempty"`  // Step: from 1; Wire: the step during which it was sent
	Control bool   `json:"control,omitempty"` // Step: a positive control
	Text    string `json:"text,omitempty"`    // Step, Wire, Fail, Stuck, Unsupported, Capture (the file's name)

	From  string `json:"from,omitempty"`  // Wire: the sender's name
	To    string `json:"to,omitempty"`    // Wire: the receiver's name
	Bytes []byte `json:"bytes,omitempty"` // Wire: cut to at most MaxWireBytes
	Lost  bool   `json:"lost,omitempty"`  // Wire: the network dropped it; with Took, it was sent again
	// Took is the time until the receiver could have it; 0 where nobody knows.
	Took time.Duration `json:"took,omitempty"` // Wire

	Got   string `json:"got,omitempty"`   // Fail: may be several lines
	Want  string `json:"want,omitempty"`  // Fail: likewise
	Stack string `json:"stack,omitempty"` // Stuck: the goroutine that holds the clause up

	Failed bool `json:"failed,omitempty"` // End
	Checks int  `json:"checks,omitempty"` // End: the steps, waits and assertions that there were
	Spent  Cost `json:"spent,omitzero"`   // End
}

// A Cost is what a clause spent, its own peers' part included: two candidates
// that ran the same clause can be compared by it.
type Cost struct {
	Connections int           `json:"connections,omitempty"` // streams dialled
	Writes      int           `json:"writes,omitempty"`      // calls of Write and WriteTo
	Segments    int           `json:"segments,omitempty"`    // of streams
	Datagrams   int           `json:"datagrams,omitempty"`
	Octets      int           `json:"octets,omitempty"`      // of payload
	Flights     int           `json:"flights,omitempty"`     // stretches of writes without an answer between; two make a round trip
	Allocations int           `json:"allocations,omitempty"` // objects on the heap
	Time        time.Duration `json:"time,omitempty"`        // virtual; 0 outside a bubble
}

// Add adds another cost to c.
func (c *Cost) Add(d Cost) {
	c.Connections += d.Connections
	c.Writes += d.Writes
	c.Segments += d.Segments
	c.Datagrams += d.Datagrams
	c.Octets += d.Octets
	c.Flights += d.Flights
	c.Allocations += d.Allocations
	c.Time += d.Time
}

// SeeOutput is the text of a failure that the clause did not make itself: an
// assertion of another library has failed, and the output says which.
const SeeOutput = "an assertion failed; see the output"

// MaxWireBytes bounds what one wire record keeps of a message.
const MaxWireBytes = 256

// MaxRecords and MaxBytes bound what [Read] takes from one clause.
const (
	MaxRecords = 20_000
	MaxBytes   = 8 << 20
)

// A Sink appends records to the evidence directory. A nil *Sink drops them.
type Sink struct {
	dir  string
	mu   sync.Mutex
	f    *os.File
	last []byte // the newest record's seal
}

// opened are the sinks of this process by directory: a clause's records are
// one file, and one chain of seals, however often it asks for a sink.
var opened struct {
	sync.Mutex
	sinks map[string]*Sink
}

// Open returns the sink for the directory that [DirEnv] names, or nil where
// it is unset.
func Open() (*Sink, error) {
	dir := os.Getenv(DirEnv)
	if dir == "" {
		return nil, nil
	}
	opened.Lock()
	defer opened.Unlock()
	if s := opened.sinks[dir]; s != nil {
		return s, nil
	}
	f, err := os.OpenFile(filepath.Join(dir, File), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("evidence directory: %w", err)
	}
	if opened.sinks == nil {
		opened.sinks = map[string]*Sink{}
	}
	opened.sinks[dir] = &Sink{dir: dir, f: f}
	return opened.sinks[dir], nil
}

// Dir returns the evidence directory, or "" on a nil sink.
func (s *Sink) Dir() string {
	if s == nil {
		return ""
	}
	return s.dir
}

// Put appends r with one write.
func (s *Sink) Put(r Record) error {
	if s == nil {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	seal := sealOf(key, s.last, line)
	if _, err := s.f.Write(sealed(seal, line)); err != nil {
		return err
	}
	s.last = seal
	return nil
}

// ExitUnrecorded is the exit status of a process that could not write its
// evidence: the disk is full, say. Its clause cannot be judged.
const ExitUnrecorded = 97

// ErrDamaged is returned by [Read] for evidence that is not as the harness
// wrote it. The records before the damage are returned too.
var ErrDamaged = errors.New("evidence damaged")

// Read returns the records in r, which were sealed with the key. A last line
// without its newline is a record that was being written when the process
// ended, and is left out.
func Read(r io.Reader, key []byte) ([]Record, error) {
	limited := &io.LimitedReader{R: r, N: MaxBytes}
	br := bufio.NewReader(limited)
	var records []Record
	var last []byte
	damaged := func(format string, args ...any) ([]Record, error) {
		return records, fmt.Errorf("%w: %s", ErrDamaged, fmt.Sprintf(format, args...))
	}
	for {
		line, err := br.ReadBytes('\n')
		switch {
		case errors.Is(err, io.EOF) && limited.N == 0:
			return damaged("more than %d bytes", MaxBytes)
		case errors.Is(err, io.EOF):
			return records, nil
		case err != nil:
			return records, err
		case len(records) == MaxRecords:
			return damaged("more than %d records", MaxRecords)
		}
		seal, data, ok := unseal(key, last, line)
		if !ok {
			return damaged("record %d was not written by the harness, or one before it is missing", len(records)+1)
		}
		var rec Record
		dec := json.NewDecoder(bytes.NewReader(data))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&rec); err != nil {
			return damaged("record %d: %v", len(records)+1, err)
		}
		records, last = append(records, rec), seal
	}
}

// ReadDir returns the records of the clause that wrote to dir; none, and no
// error, where it never began. It reads a regular file only: the process may
// have put a link or a pipe in its place.
func ReadDir(dir string, key []byte) ([]Record, error) {
	name := filepath.Join(dir, File)
	info, err := os.Lstat(name)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrDamaged, File)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return Read(f, key)
}
