package contract

import (
	"runtime"
	"weak"
)

// Reachable counts the values that the garbage collector leaves: those that
// something still refers to. What has just been let go of may still be found
// on a stack, so a clause allows for some.
func Reachable[T any](values []weak.Pointer[T]) int {
	for range 3 { // what has a finalizer outlives the first
		runtime.GC()
	}
	n := 0
	for _, v := range values {
		if v.Value() != nil {
			n++
		}
	}
	return n
}
