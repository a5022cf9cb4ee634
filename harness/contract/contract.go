// Package contract is the vocabulary of a clause: the two entry points that
// run it, the steps it reports, the waits it may do, the way it fails and what
// must not be left behind.
//
// A clause is one top-level test whose body is exactly one call:
//
//	// A ping is answered by a pong with the same payload. RFC 6455 §5.5.3 MUST
//	func TestPingIsAnswered(t *testing.T) {
//		contract.Virtual(t, func(t *testing.T) {
//			contract.Step(t, "→ PING %q", "hi")
//			...
//		})
//	}
//
// The doc comment is the contract's sentence and ends in the reference.
// [Virtual] runs the body in a synctest bubble, where time is virtual and
// starts at midnight UTC on 2000-01-01. [Real] runs it in real time, for
// clauses whose subject is the kernel.
//
// # Rules for bodies
//
// What a body starts it stops, with defer: when it returns, goroutines and
// connections that are left are the candidate's leak and fail the clause.
// t.Cleanup functions run only after that check. Every wait that can last is
// an [Await] or a [Call], which name what they wait for. t.Run is not for
// bodies: a table is a loop of steps.
//
// A body that records no step and calls nothing of this package that can fail
// has checked nothing, and its clause cannot be judged: a loop over an empty
// table must not be a pass. So a body that asserts with t.Fatal alone says
// with [Step] what it tries.
//
// # Evidence
//
// Under the checker the clause writes its records ([evidence.Record]) to the
// directory in the environment; under a plain go test the same transcript is
// the test's failure message.
package contract

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/wirekata/wirekata/harness/evidence"
	"github.com/wirekata/wirekata/harness/loopback"
)

// Patience is how long, in real time, a clause may run before it counts as
// stuck. It is a dead man's handle: clauses end within a fraction of a second.
const Patience = 15 * time.Second

// A clause is the state of one running clause.
type clause struct {
	name  string
	file  string // of the suite, for the sentence
	mode  string
	seed  uint64
	start time.Time
	sink  *evidence.Sink

	mu        sync.Mutex
	records   []evidence.Record
	steps     int
	failed    bool // a Fail record was made
	resources []Resource
	onFailure []func()
	rand      *rand.Rand // see Rand

	mallocs  uint64        // of the process, when the body began
	cost     evidence.Cost // once the body has returned
	messages atomic.Int64  // wire messages recorded
	checks   atomic.Int64  // what could have failed, or said that it was tried
}

// running maps the *testing.T of a body to its clause.
var running sync.Map

// Virtual runs body in a synctest bubble and reports how it ended.
func Virtual(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	c := begin(t, "virtual", callerFile())
	defer c.watch()()
	defer func() {
		// The bubble ends with a panic if goroutines are left that nothing can
		// wake. After a failure that is only a consequence.
		switch p := recover(); {
		case p == nil || c.hasFailed():
		case strings.HasPrefix(fmt.Sprint(p), "deadlock:"):
			c.deadlocked(t)
		default:
			panic(p)
		}
	}()
	passed := false
	synctest.Test(t, func(t *testing.T) {
		c.start = time.Now()
		before := goleak.IgnoreCurrent()
		c.run(t, body, func() error {
			synctest.Wait()
			if n := runtime.NumGoroutine(); n > crowd {
				return fmt.Errorf("%d goroutines", n)
			}
			return goleak.Find(before)
		})
		passed = !c.hasFailed()
	})
	if passed {
		c.end(c.cost)
	}
}

// Real runs body in real time and reports how it ended. File descriptors that
// it leaves open count as left behind too, where the system can tell. The
// garbage collector rests meanwhile: it closes a forgotten file when it finds
// one, and would hide the leak from some runs.
func Real(t *testing.T, body func(t *testing.T)) {
	t.Helper()
	c := begin(t, "real", callerFile())
	defer c.watch()()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	before, files := goleak.IgnoreCurrent(), loopback.Descriptors()
	c.start = time.Now()
	c.run(t, body, func() error { return settled(before, files) })
	if !c.hasFailed() {
		c.end(c.cost)
	}
}

func (c *clause) end(spent evidence.Cost) {
	c.put(evidence.Record{Kind: evidence.End, Checks: int(c.checks.Load()), Spent: spent})
}

// spent is what the clause has spent so far.
func (c *clause) spent() evidence.Cost {
	cost := evidence.Cost{Allocations: int(mallocs() - c.mallocs)}
	if c.mode == "virtual" {
		cost.Time = time.Since(c.start)
	}
	for _, r := range c.taken() {
		if s, ok := r.(Spender); ok {
			cost.Add(s.Spent())
		}
	}
	return cost
}

// mallocs is the number of objects that the process has allocated.
func mallocs() uint64 {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.Mallocs
}

// crowd is a number of goroutines that goleak would take minutes to look at,
// and that no clause leaves for a good reason.
const crowd = 10_000

// Unsupported ends the test as one that this system cannot judge, with the
// reason. It stands before the entry point, never inside a body.
func Unsupported(t *testing.T, why string) {
	t.Helper()
	c := newClause(t, "", "")
	c.put(evidence.Record{Kind: evidence.Unsupported, Clause: t.Name(), Text: why})
	t.Skip("unsupported here: " + why)
}

func newClause(t testing.TB, mode, file string) *clause {
	sink, err := evidence.Open()
	if err != nil {
		t.Fatalf("BUG: %v", err)
	}
	return &clause{name: t.Name(), file: file, mode: mode, seed: seed(t), start: time.Now(), sink: sink}
}

func begin(t *testing.T, mode, file string) *clause {
	t.Helper()
	c := newClause(t, mode, file)
	c.put(evidence.Record{Kind: evidence.Begin, Clause: c.name, Mode: mode, Seed: c.seed})
	return c
}

// run calls body and judges what it leaves behind.
func (c *clause) run(t *testing.T, body func(t *testing.T), leftovers func() error) {
	running.Store(t, c)
	defer running.Delete(t)
	returned := false
	defer func() {
		switch {
		case t.Failed() && !c.hasFailed():
			c.fail(evidence.Record{Text: evidence.SeeOutput})
		case returned && !t.Failed() && !t.Skipped():
			c.checkLeft(t, leftovers)
		}
		if c.hasFailed() {
			c.abandon()
		}
	}()
	c.mallocs = mallocs()
	body(t)
	c.cost = c.spent()
	returned = true
}

// checkLeft fails the clause if goroutines or resources are left.
func (c *clause) checkLeft(t *testing.T, leftovers func() error) {
	if err := leftovers(); err != nil {
		r := evidence.Record{Text: "something was left running when the clause was over", Got: trimLeak(err.Error())}
		if open := errLeftOpen(""); errors.As(err, &open) {
			r = evidence.Record{Text: "something was left open when the clause was over", Got: open.Error()}
		}
		c.report(t, r)
		return
	}
	for _, r := range c.taken() {
		for _, left := range r.Left() {
			c.report(t, evidence.Record{Text: "something was left open when the clause was over", Got: left})
			return
		}
	}
}

// abandon ends a failed clause. The checker has what it needs, and what the
// candidate left behind may never end, so its process ends here; a plain go
// test goes on to the next clause with everything closed that can be.
func (c *clause) abandon() {
	c.conclude()
	for _, r := range c.taken() {
		r.Close()
	}
}

// conclude does what is to be done after a failure and, under the checker,
// ends the process.
func (c *clause) conclude() {
	c.mu.Lock()
	hooks := c.onFailure
	c.onFailure = nil
	c.mu.Unlock()
	for _, f := range hooks {
		f()
	}
	if c.sink != nil {
		os.Exit(1)
	}
}

// A Resource is something of the harness that a clause must not leave open.
type Resource interface {
	// Left names what is still open, one string each.
	Left() []string
	// Close closes all of it. It may be called more than once.
	Close()
}

// A Spender is a resource that knows what went over it.
type Spender interface {
	Spent() evidence.Cost
}

// Own makes r's leftovers the clause's and closes r when the clause is over.
// Outside a clause r is closed with the test and may leave what it likes.
func Own(t testing.TB, r Resource) {
	t.Cleanup(r.Close)
	if c, ok := running.Load(t); ok {
		c := c.(*clause)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.resources = append(c.resources, r)
	}
}

func (c *clause) taken() []Resource {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Resource(nil), c.resources...)
}

func (c *clause) hasFailed() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failed
}

// put completes r, keeps it and writes it.
func (c *clause) put(r evidence.Record) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Kind != evidence.Begin {
		r.At = time.Since(c.start)
	}
	switch r.Kind {
	case evidence.Step:
		c.checks.Add(1)
		c.steps++
		r.Number = c.steps
	case evidence.Wire:
		r.Number = c.steps
	}
	if r.Kind == evidence.Fail || r.Kind == evidence.Stuck {
		c.failed = true
	}
	c.records = append(c.records, r)
	if err := c.sink.Put(r); err != nil {
		fmt.Fprintln(os.Stderr, "evidence cannot be written:", err)
		os.Exit(evidence.ExitUnrecorded)
	}
}

// fail records a failure: a Fail record unless it says Stuck.
func (c *clause) fail(r evidence.Record) {
	r.Kind = cmp.Or(r.Kind, evidence.Fail)
	c.put(r)
}

// of returns t's clause. Outside a clause (the harness's own tests) it is one
// that only prints.
func of(t testing.TB) *clause {
	if c, ok := running.Load(t); ok {
		return c.(*clause)
	}
	c := newClause(t, "", "")
	actual, loaded := running.LoadOrStore(t, c)
	if !loaded {
		t.Cleanup(func() { running.Delete(t) })
	}
	return actual.(*clause)
}

func callerFile() string {
	_, file, _, _ := runtime.Caller(2)
	return file
}

// DefaultSeed is used where the environment names none: the same code gets
// the same verdict.
const DefaultSeed = 1

func seed(t testing.TB) uint64 {
	s := os.Getenv(evidence.SeedEnv)
	if s == "" {
		return DefaultSeed
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("%s: %q is no seed: want a decimal number below 2^64", evidence.SeedEnv, s)
	}
	return n
}
