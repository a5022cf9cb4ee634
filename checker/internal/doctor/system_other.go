//go:build !linux

package doctor

import (
	"fmt"
	"runtime"
)

func tryReusePort() error {
	return fmt.Errorf("what %s makes of it is not what the topic is about", runtime.GOOS)
}
