package runner

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// watchMemory ends the process's group when it takes more memory than
// the limit. The returned function stops watching and reports whether that
// happened. Where the system does not tell a process's size (all but Linux),
// nothing is watched.
func watchMemory(cmd *exec.Cmd, limit int) (stop func() bool) {
	var large atomic.Bool
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(100 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
			}
			if n, ok := residentSize(cmd.Process.Pid); ok && n > limit {
				large.Store(true)
				endGroup(cmd)
				return
			}
		}
	}()
	return func() bool {
		close(done)
		<-stopped
		return large.Load()
	}
}

// residentSize returns the bytes of memory that a process holds.
func residentSize(pid int) (int, bool) {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(data))
	if len(fields) < 2 {
		return 0, false
	}
	pages, err := strconv.Atoi(fields[1])
	return pages * os.Getpagesize(), err == nil
}
