//go:build !unix

package runner

import "os/exec"

// ownGroup does nothing: there are no process groups here.
func ownGroup(*exec.Cmd) {}

// endGroup kills the process alone.
func endGroup(cmd *exec.Cmd) error { return cmd.Process.Kill() }
