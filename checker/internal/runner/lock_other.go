//go:build !unix

package runner

import "os"

// tryLock never succeeds here, so every run has a directory of its own.
func tryLock(*os.File) bool { return false }
