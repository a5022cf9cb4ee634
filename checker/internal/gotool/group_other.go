//go:build !unix

package gotool

import (
	"os"
	"os/exec"
)

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// interrupt ends the go command alone.
func interrupt(cmd *exec.Cmd) error { return cmd.Process.Signal(os.Interrupt) }
