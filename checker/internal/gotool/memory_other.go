//go:build !linux

package gotool

import "os/exec"

// BoundMemory does nothing here: only Linux lets one process bound another.
func BoundMemory(*exec.Cmd, uint64) {}
