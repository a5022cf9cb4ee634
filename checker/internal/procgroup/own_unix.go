//go:build unix && !linux

package procgroup

import (
	"os/exec"
	"syscall"
)

// Own makes the command, which has not started, the leader of a group.
func Own(cmd *exec.Cmd, _ syscall.Signal) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
