package gotool

import (
	"os/exec"
	"syscall"
)

// DieWithUs has the command's process sent the signal when the thread that
// starts it ends, and so with this process, however that ends. Only Linux can
// do that.
func DieWithUs(cmd *exec.Cmd, s syscall.Signal) {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{}
	}
	cmd.SysProcAttr.Pdeathsig = s
}
