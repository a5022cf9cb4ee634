//go:build !linux

package gotool

import (
	"os/exec"
	"syscall"
)

// DieWithUs does nothing: only Linux can do that.
func DieWithUs(*exec.Cmd, syscall.Signal) {}
