//go:build linux || darwin

package doctor

import "golang.org/x/sys/unix"

// fileLimit returns how many files a process may open: Go programs raise
// their own limit as far as the hard one.
func fileLimit() (n uint64, ok bool) {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return r.Max, true
}

// freeSpace returns the bytes that are free where dir is.
func freeSpace(dir string) (n uint64, ok bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return s.Bavail * uint64(s.Bsize), true
}
