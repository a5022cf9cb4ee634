package contract

import (
	"runtime"
	"testing"
)

// OneCPU has goroutines take turns until the clause is over. On one CPU whoever
// is woken does not run before the caller waits or has had its ten
// milliseconds, and a caller that yields some hundred times
// ([runtime.Gosched]) has let every other goroutine run that could. On several
// both are luck, and what shows a fault by luck shows it to some learners only.
func OneCPU(t testing.TB) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}
