package sandbox

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Where the numbers of a system call stand in struct seccomp_data. The first
// argument's lower half comes first on all architectures that have a filter.
const (
	offCall     = 0
	offArch     = 4
	offArgument = 16
)

// The architectures' own numbers (linux/audit.h); each has clone's flags in
// the first argument.
var auditArch = map[string]uint32{
	"amd64":   unix.AUDIT_ARCH_X86_64,
	"arm64":   unix.AUDIT_ARCH_AARCH64,
	"riscv64": unix.AUDIT_ARCH_RISCV64,
	"loong64": unix.AUDIT_ARCH_LOONGARCH64,
}

// otherABI is the bit of system call numbers of x32, a second set on amd64.
const otherABI = 0x40000000

// newNamespaces are the flags of clone that make namespaces.
const newNamespaces = unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWNS |
	unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// filterCalls refuses the system calls that would get the process a user
// namespace, in which it had capabilities again, and those of the kernel's
// keyrings, which no namespace confines; with group also those that leave the
// process group. clone3 hides its flags from a filter: as on a kernel that
// lacks it, callers fall back to clone.
func filterCalls(group bool) error {
	arch, ok := auditArch[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("none for %s", runtime.GOARCH)
	}
	refused := []uint32{unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY}
	if group {
		refused = append(refused, unix.SYS_SETSID, unix.SYS_SETPGID)
	}
	const refuse = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
	program := []unix.SockFilter{
		load(offArch),
		jump(unix.BPF_JEQ, arch, 1, 0),
		give(unix.SECCOMP_RET_KILL_PROCESS),
		load(offCall),
		jump(unix.BPF_JGE, otherABI, 0, 1),
		give(unix.SECCOMP_RET_KILL_PROCESS),
		jump(unix.BPF_JEQ, unix.SYS_CLONE3, 0, 1),
		give(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS)),
	}
	for _, call := range refused {
		program = append(program, jump(unix.BPF_JEQ, call, 0, 1), give(refuse))
	}
	program = append(program,
		jump(unix.BPF_JEQ, unix.SYS_CLONE, 1, 0),
		give(unix.SECCOMP_RET_ALLOW),
		load(offArgument),
		jump(unix.BPF_JSET, newNamespaces, 0, 1),
		give(refuse),
		give(unix.SECCOMP_RET_ALLOW),
	)
	return install(program)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

// jump compares, and skips so many instructions.
func jump(test uint16, with uint32, then, otherwise uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | test | unix.BPF_K, K: with, Jt: then, Jf: otherwise}
}

func give(verdict uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: verdict}
}

func install(program []unix.SockFilter) error {
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	return unix.Prctl(unix.PR_SET_SECCOMP, unix.SECCOMP_MODE_FILTER, uintptr(unsafe.Pointer(&filter)), 0, 0)
}
