package sandbox

import (
	"bytes"
	"debug/elf"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// nobody is the user and the group that root's processes are given to.
const nobody = 65534

// A box is what was found out about this machine.
type box struct {
	asNobody  bool // the process is given to nobody
	noProc    bool // no /proc can be mounted
	processes uint64
	dynamic   sync.Map // by the program's path, whether it needs the system's libraries
}

// An order is what the program is told that confines itself, in JSON.
type order struct {
	Level     Level
	Dir       string // the folder that can be written to
	Work      string // the working directory, in it
	Program   string
	Variables int  // how many of the arguments are the program's environment
	Libraries bool // the program needs the system's libraries
	AsNobody  bool
	NoProc    bool
	Processes uint64
}

// At returns the box of exactly that level, if it works on this machine.
func At(level Level) (*Box, error) {
	if level == Off {
		return &Box{}, nil
	}
	var failed error
	for _, try := range attempts(level) {
		try.Level, try.processes = level, processesOfUser()+maxProcesses
		err := try.probe()
		if err == nil && failed != nil {
			try.Lacks = append(try.Lacks, fmt.Sprintf("with more: %v", failed))
		}
		if err == nil {
			return try, nil
		}
		failed = err
	}
	return nil, fmt.Errorf("%s: %w", level, failed)
}

// attempts are the boxes to be tried, the best first. Root of a container may
// have no other user to give its processes to, and no /proc that it may mount.
func attempts(level Level) []*Box {
	const (
		asRoot = "the process keeps your user, as it cannot be given to nobody"
		noProc = "there is no /proc inside, as none can be mounted (does a container hide parts of its own?)"
	)
	var list []*Box
	for _, hidden := range []bool{false, true} {
		if hidden && level != Namespaces {
			continue
		}
		b := &Box{box: box{noProc: hidden}}
		if hidden {
			b.Lacks = append(b.Lacks, noProc)
		}
		if os.Geteuid() == 0 {
			if knowsNobody() {
				list = append(list, &Box{Lacks: b.Lacks, box: box{noProc: hidden, asNobody: true}})
			}
			b.Lacks = append(b.Lacks[:len(b.Lacks):len(b.Lacks)], asRoot)
		}
		list = append(list, b)
	}
	return list
}

// knowsNobody reports whether there is such a user in this user namespace.
func knowsNobody() bool {
	ids, err := os.ReadFile("/proc/self/uid_map")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(ids)) {
		var inside, outside, size uint64
		if _, err := fmt.Sscan(line, &inside, &outside, &size); err == nil && inside <= nobody && nobody-inside < size {
			return true
		}
	}
	return false
}

// probe runs this executable in the box, where it ends at once.
func (b *Box) probe() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "wirekata-probe-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(self)
	cmd.Args[0], cmd.Dir, cmd.Env = probeName, dir, []string{}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	confined, err := b.Start(cmd, dir)
	if err != nil {
		return err
	}
	err = cmd.Wait()
	if err := confined(); err != nil {
		return err
	}
	if err != nil {
		return fmt.Errorf("%w %s", err, bytes.TrimSpace(out.Bytes()))
	}
	return nil
}

// Start starts the command confined to the folder dir, which its working
// directory is in. It gives the two to the process's user. The function
// that it returns says, once the command has ended, that it could not be
// confined; the program has not run then.
//
// The process dies with the thread that calls Start.
func (b *Box) Start(cmd *exec.Cmd, dir string) (confined func() error, err error) {
	if b == nil || b.Level == Off {
		return func() error { return nil }, cmd.Start()
	}
	if err := b.direct(cmd, dir); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd.ExtraFiles = []*os.File{write}
	err = cmd.Start()
	write.Close()
	if err != nil {
		read.Close()
		return nil, err
	}
	return func() error {
		defer read.Close()
		if said, _ := io.ReadAll(io.LimitReader(read, 1<<10)); len(said) > 0 {
			return errors.New(string(said))
		}
		return nil
	}, nil
}

// direct makes the command this executable, with the order to become what the
// command was. This executable has no environment then, as whatever else is
// linked into it may act on one before anything is confined, and read the
// standard input that is the program's.
func (b *Box) direct(cmd *exec.Cmd, dir string) error {
	libraries, err := b.needsLibraries(cmd.Path)
	if err != nil {
		return err
	}
	program := cmd.Path
	if b.asNobody {
		if program, err = b.admitNobody(program, dir, cmd.Dir); err != nil {
			return err
		}
	}
	environment := cmd.Environ()
	said, err := json.Marshal(order{
		Level: b.Level, Dir: dir, Work: cmd.Dir, Program: program, Variables: len(environment), Libraries: libraries,
		AsNobody: b.asNobody, NoProc: b.noProc, Processes: b.processes,
	})
	if err != nil {
		return err
	}
	cmd.Args = slices.Concat([]string{insideName, string(said)}, environment, cmd.Args)
	cmd.Path, cmd.Env = "/proc/self/exe", []string{}
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	if b.Level == Namespaces {
		b.isolate(cmd.SysProcAttr)
	}
	return nil
}

// isolate gives the process its namespaces. Until the program runs it has the
// capabilities there that confining needs.
func (b *Box) isolate(attr *syscall.SysProcAttr) {
	attr.Cloneflags = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS
	uid, gid := os.Geteuid(), os.Getegid()
	attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}}
	attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}}
	if b.asNobody {
		other := syscall.SysProcIDMap{ContainerID: nobody, HostID: nobody, Size: 1}
		attr.UidMappings, attr.GidMappings = append(attr.UidMappings, other), append(attr.GidMappings, other)
		attr.GidMappingsEnableSetgroups = true
	}
	attr.AmbientCaps = []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SETPCAP, unix.CAP_SETUID, unix.CAP_SETGID}
}

// admitNobody gives the folders to nobody and returns the program's place.
// Without mounts nobody may not be let through to where the program is, and a
// clause may start its program again, so it gets a name in the clause's
// folder, still root's own.
func (b *Box) admitNobody(program, dir, work string) (string, error) {
	for _, folder := range []string{dir, work} {
		if err := os.Lchown(folder, nobody, nobody); err != nil {
			return "", err
		}
	}
	if b.Level == Namespaces {
		return program, nil
	}
	beside := filepath.Join(dir, filepath.Base(program))
	os.Remove(beside)
	info, err := os.Stat(program)
	if err != nil {
		return "", err
	}
	mode := info.Mode().Perm()
	if mode&0o005 == 0o005 && os.Link(program, beside) == nil {
		return beside, nil
	}
	data, err := os.ReadFile(program) // from another file system, or root's alone
	if err != nil {
		return "", err
	}
	return beside, os.WriteFile(beside, data, mode|mode&0o500>>3|mode&0o500>>6)
}

// needsLibraries reports whether the program is linked dynamically.
func (b *Box) needsLibraries(program string) (bool, error) {
	if known, ok := b.dynamic.Load(program); ok {
		return known.(bool), nil
	}
	f, err := elf.Open(program)
	if err != nil {
		return false, fmt.Errorf("program: %w", err)
	}
	defer f.Close()
	needs := false
	for _, p := range f.Progs {
		needs = needs || p.Type == elf.PT_INTERP
	}
	b.dynamic.Store(program, needs)
	return needs, nil
}

// processesOfUser counts the threads that the limit on processes counts too.
func processesOfUser() uint64 {
	uid := os.Geteuid()
	if uid == 0 {
		uid = nobody
	}
	var n uint64
	tasks, _ := filepath.Glob("/proc/[0-9]*")
	for _, task := range tasks {
		info, err := os.Stat(task)
		if err != nil || info.Sys().(*syscall.Stat_t).Uid != uint32(uid) {
			continue
		}
		n += threads(task)
	}
	return n
}

func threads(task string) uint64 {
	status, _ := os.ReadFile(filepath.Join(task, "status"))
	for line := range strings.Lines(string(status)) {
		var n uint64
		if _, err := fmt.Sscanf(line, "Threads: %d", &n); err == nil {
			return max(n, 1) // one that nobody has waited for has 0, and counts
		}
	}
	return 1
}
