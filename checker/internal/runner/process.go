package runner

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"github.com/wirekata/wirekata/checker/internal/procgroup"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
	"github.com/wirekata/wirekata/harness/evidence"
)

// Limits of the process of one clause. The first is the test binary's own, so
// that its goroutines are printed; the others only end what escapes it.
const (
	testTimeout = 120 * time.Second
	wallTimeout = 150 * time.Second
	memoryLimit = "1GiB" // where the garbage collector begins to work hard
	gcPercent   = "400"  // a clause lives for milliseconds: most never collect
	maxResident = 3 << 30
)

// clausePrefix begins the names of the folders that clauses run in.
const clausePrefix = "wirekata-clause-"

// A job is one clause of one program to be run.
type job struct {
	program *program
	clause  string // the test's name
	seed    uint64
	trace   bool
	race    bool
	procs   int           // GOMAXPROCS; 0 for what the system has
	timeout time.Duration // of the test binary; 0 for testTimeout
	memory  int           // bytes
	box     *sandbox.Box
	many    bool // one of thousands: its conversation is not kept
}

// A process is what is left of a job's process.
type process struct {
	exit     int // the exit status, -1 where a signal ended it
	state    string
	timedOut bool // the wall clock's limit ended it
	tooLarge int  // the bytes of memory that it was not to have, where that ended it
	output   string
	records  []evidence.Record
	damaged  error  // what is wrong with the evidence
	races    string // the race detector's report
	dir      string // the evidence directory, until close
}

func (p *process) close() { os.RemoveAll(p.dir) }

// run runs the job in a fresh directory, in its box and in a process group of
// its own, and ends the whole group before it returns. Where this process ends
// first, the system ends the job's (on Linux). The error says that the process
// could not be run at all.
func (j job) run(ctx context.Context) (*process, error) {
	dir, err := os.MkdirTemp("", clausePrefix)
	if err != nil {
		return nil, err
	}
	p := &process{dir: dir}
	work := filepath.Join(dir, "work")
	if err := os.Mkdir(work, 0o755); err != nil {
		p.close()
		return nil, err
	}
	timeout, wall := testTimeout, wallTimeout
	if j.timeout != 0 {
		timeout, wall = j.timeout, j.timeout+j.timeout/4
	}
	bounded, cancel := context.WithTimeout(ctx, wall)
	defer cancel()
	cmd := exec.CommandContext(bounded, j.program.path,
		"-test.run", "^"+j.clause+"$", "-test.v", "-test.paniconexit0", "-test.timeout", timeout.String())
	cmd.Dir = work
	cmd.Env = j.environment(dir, work)
	key := make([]byte, evidence.MaxKey)
	rand.Read(key) // never fails
	cmd.Stdin = bytes.NewReader(key)
	var out capped
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // for pipes that a grandchild holds open
	procgroup.Own(cmd, syscall.SIGKILL)
	cmd.Cancel = func() error { return endGroup(cmd) }
	runtime.LockOSThread() // its end is what the job's process dies with
	defer runtime.UnlockOSThread()
	confined, err := j.box.Start(cmd, dir)
	if err != nil {
		p.close()
		return nil, fmt.Errorf("suite process: %w", err)
	}
	watch := watchMemory(cmd, j.memory)
	err = cmd.Wait()
	if watch() {
		p.tooLarge = j.memory
	}
	endGroup(cmd)
	if err := cmp.Or(ctx.Err(), confined()); err != nil {
		p.close()
		return nil, err
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) && bounded.Err() == nil {
		p.close()
		return nil, fmt.Errorf("suite process: %w", err)
	}
	p.exit, p.state = cmd.ProcessState.ExitCode(), cmd.ProcessState.String()
	p.timedOut = bounded.Err() != nil
	p.output = out.String()
	p.records, p.damaged = evidence.ReadDir(dir, key)
	p.races = raceReport(dir)
	return p, nil
}

// endGroup kills what is left of the command's process group.
func endGroup(cmd *exec.Cmd) error { return procgroup.Signal(cmd, syscall.SIGKILL) }

// environment is all that the process gets to see of ours.
func (j job) environment(dir, work string) []string {
	env := []string{
		"HOME=" + work, "TMPDIR=" + work, "TEMP=" + work, "TMP=" + work,
		"GOMEMLIMIT=" + memoryLimit, "GOGC=" + gcPercent,
		evidence.DirEnv + "=" + dir,
		evidence.SeedEnv + "=" + strconv.FormatUint(j.seed, 10),
	}
	for _, name := range []string{"PATH", "SYSTEMROOT", "GODEBUG"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	if j.procs > 0 {
		env = append(env, "GOMAXPROCS="+strconv.Itoa(j.procs))
	}
	if j.race {
		env = append(env, "GORACE=atexit_sleep_ms=0 log_path="+filepath.Join(dir, raceLog))
	}
	if j.program.candidate != "" {
		env = append(env, candidateEnv+"="+j.program.candidate)
	}
	return env
}

// candidateEnv chooses one of several candidates in one program.
const candidateEnv = "WIREKATA_CANDIDATE"
