//go:build unix

package runner

import (
	"os"
	"syscall"
)

// tryLock locks f until it is closed, if nobody else has.
func tryLock(f *os.File) bool {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) == nil
}
