package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The names by which this executable is started again.
const (
	insideName = "wirekata: inside"
	probeName  = "wirekata: probe"
)

// answer is the descriptor of the pipe on which a failure is told. It is
// closed when the program begins, and has no reader when the checker is gone.
const answer = 3

// An executable that was started to be confined never reaches its main. An
// init function runs on the process's first thread alone, and what it confines
// is what becomes the program.
func init() {
	if len(os.Args) == 0 {
		return
	}
	switch os.Args[0] {
	case probeName:
		syscall.Exit(0) // without the second that the race detector waits
	case insideName:
		err := enter()
		os.NewFile(answer, "answer").WriteString("sandbox: " + err.Error())
		syscall.Exit(125)
	}
}

// enter confines this process and becomes the program. It only returns with
// an error.
func enter() error {
	unix.CloseOnExec(answer)
	if len(os.Args) < 3 {
		return unix.EINVAL
	}
	var o order
	if err := json.Unmarshal([]byte(os.Args[1]), &o); err != nil {
		return err
	}
	rest := os.Args[2:]
	if o.Variables < 0 || len(rest) <= o.Variables {
		return unix.EINVAL
	}
	if o.Level == Namespaces {
		if err := o.isolate(); err != nil {
			return err
		}
	}
	if err := o.confine(); err != nil {
		return err
	}
	if err := dieWithChecker(); err != nil {
		return err
	}
	return fmt.Errorf("program: %w", syscall.Exec(o.Program, rest[o.Variables:], rest[:o.Variables]))
}

// isolate furnishes the namespaces, in which this process is the first.
func (o *order) isolate() error {
	if err := unix.Sethostname([]byte("wirekata")); err != nil {
		return fmt.Errorf("host name: %w", err)
	}
	if err := loopbackUp(); err != nil {
		return fmt.Errorf("loopback: %w", err)
	}
	return o.changeRoot()
}

// loopbackUp brings the interface lo up; the kernel gives it its addresses.
func loopbackUp() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	return unix.IoctlIfreq(s, unix.SIOCSIFFLAGS, ifr)
}

// confine takes from the process what holds at every level, and at the level
// of Landlock the files. The order is that of what each step still needs.
func (o *order) confine() error {
	if err := o.limit(); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	if err := o.dropCapabilities(); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	if o.Level == Landlock {
		if err := o.landlock(); err != nil {
			return err
		}
	}
	if err := filterCalls(o.Level != Namespaces); err != nil {
		return fmt.Errorf("system call filter: %w", err)
	}
	return nil
}

// Limits at every level. The number of processes has those added that the
// user had before, as the kernel counts them together (not in a user namespace
// of its own, from Linux 5.14 on).
const (
	maxProcesses = 2048
	maxFiles     = 4096
	maxFileSize  = 256 << 20
)

func (o *order) limit() error {
	for resource, most := range map[int]uint64{
		unix.RLIMIT_NPROC: o.Processes, unix.RLIMIT_NOFILE: maxFiles, unix.RLIMIT_FSIZE: maxFileSize,
		unix.RLIMIT_CORE: 0, unix.RLIMIT_MSGQUEUE: 0,
	} {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(resource, &now); err != nil {
			return err
		}
		most = min(most, now.Max)
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return err
		}
	}
	return nil
}

// dropCapabilities empties all five sets, and gives the process to nobody if
// that was ordered. System calls are made raw: they are about this thread.
func (o *order) dropCapabilities() error {
	if err := dropBounding(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return err
	}
	if o.AsNobody {
		for _, call := range [][4]uintptr{{unix.SYS_SETGROUPS}, {unix.SYS_SETRESGID, nobody, nobody, nobody}, {unix.SYS_SETRESUID, nobody, nobody, nobody}} {
			if _, _, errno := unix.RawSyscall(call[0], call[1], call[2], call[3]); errno != 0 {
				return fmt.Errorf("user nobody: %w", errno)
			}
		}
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, errno := unix.RawSyscall(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&header)), uintptr(unsafe.Pointer(&none)), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// dropBounding keeps capabilities from coming back with a new program. Without
// the right to do so there are none that could: no_new_privs sees to it.
func dropBounding() error {
	for c := uintptr(0); c < 64; c++ {
		switch err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err {
		case nil:
		case unix.EINVAL:
			return nil // there are no more
		case unix.EPERM:
			if os.Geteuid() == 0 {
				return err // a new program of root's would have them all
			}
			return nil
		default:
			return err
		}
	}
	return nil
}

// dieWithChecker has the kernel end the process when the checker's thread
// does. A change of capabilities or user takes the order back, so this comes
// after it; meanwhile the checker may have gone.
func dieWithChecker() error {
	if err := unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0); err != nil {
		return fmt.Errorf("death signal: %w", err)
	}
	fds := []unix.PollFd{{Fd: answer}}
	if n, err := unix.Poll(fds, 0); err == nil && n > 0 && fds[0].Revents&unix.POLLERR != 0 {
		syscall.Exit(125)
	}
	return nil
}
