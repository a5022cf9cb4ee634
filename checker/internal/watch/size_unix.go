//go:build unix

package watch

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// watchSize calls f whenever the terminal has another size.
func watchSize(ctx context.Context, f func()) {
	changed := make(chan os.Signal, 1)
	signal.Notify(changed, syscall.SIGWINCH)
	defer signal.Stop(changed)
	for {
		select {
		case <-ctx.Done():
			return
		case <-changed:
			f()
		}
	}
}
