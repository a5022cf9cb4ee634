//go:build unix

package runner

import (
	"errors"
	"os"
	"os/exec"
	"syscall"

	"github.com/wirekata/wirekata/checker/internal/gotool"
)

// ownGroup makes the process the leader of a process group.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	gotool.DieWithUs(cmd, syscall.SIGKILL)
}

// endGroup kills what is left of the process's group.
func endGroup(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
