package procgroup

import (
	"os/exec"
	"syscall"
)

// Own makes the command, which has not started, the leader of a group. On
// Linux its process, but not the group, gets the signal atEnd when the thread
// that starts it ends, and so with this process, however that ends.
func Own(cmd *exec.Cmd, atEnd syscall.Signal) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: atEnd}
}
