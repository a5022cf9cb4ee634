//go:build !linux

package sandbox

import (
	"fmt"
	"os/exec"
	"runtime"
)

type box struct{}

// At returns the box of exactly that level, if it works on this machine.
func At(level Level) (*Box, error) {
	if level == Off {
		return &Box{}, nil
	}
	return nil, fmt.Errorf("%s: there is no such level on %s", level, runtime.GOOS)
}

// Start starts the command. The function that it returns says, once the
// command has ended, that it could not be confined.
func (b *Box) Start(cmd *exec.Cmd, dir string) (confined func() error, err error) {
	return func() error { return nil }, cmd.Start()
}
