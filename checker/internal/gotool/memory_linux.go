package gotool

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// BoundMemory bounds what each process of a started command may allocate from
// now on. A compiler that needs more ends with "out of memory".
func BoundMemory(cmd *exec.Cmd, bytes uint64) {
	limit := unix.Rlimit{Cur: bytes, Max: bytes}
	unix.Prlimit(cmd.Process.Pid, unix.RLIMIT_DATA, &limit, nil) // where it cannot, there is still the time
}
