package runner

import (
	"fmt"
	"sync"
)

// maxOutput bounds what is kept of what a process prints.
const maxOutput = 64 << 10

// A capped writer takes everything and keeps the first and the last half of
// maxOutput. It never blocks its writer.
type capped struct {
	mu    sync.Mutex
	head  []byte
	tail  []byte // the newest bytes; at most maxOutput are kept before it is cut
	total int
}

// Write implements io.Writer.
func (c *capped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.total += len(p)
	n := min(len(p), maxOutput/2-len(c.head))
	c.head = append(c.head, p[:n]...)
	c.tail = append(c.tail, p[n:]...)
	if len(c.tail) > maxOutput {
		c.tail = append(c.tail[:0], c.tail[len(c.tail)-maxOutput/2:]...)
	}
	return len(p), nil
}

// String returns what was kept, with a note where something is missing.
func (c *capped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	tail := c.tail[max(0, len(c.tail)-maxOutput/2):]
	if cut := c.total - len(c.head) - len(tail); cut > 0 {
		return fmt.Sprintf("%s\n... %d bytes left out ...\n%s", c.head, cut, tail)
	}
	return string(c.head) + string(tail)
}
