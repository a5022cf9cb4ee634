//go:build !linux && !darwin

package doctor

func fileLimit() (n uint64, ok bool)           { return 0, false }
func freeSpace(dir string) (n uint64, ok bool) { return 0, false }
