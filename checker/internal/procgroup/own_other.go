//go:build !unix

package procgroup

import (
	"os/exec"
	"syscall"
)

// Own does nothing: there are no process groups here.
func Own(*exec.Cmd, syscall.Signal) {}

// Signal sends the signal to the command's process alone.
func Signal(cmd *exec.Cmd, s syscall.Signal) error { return cmd.Process.Signal(s) }
