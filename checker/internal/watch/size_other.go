//go:build !unix

package watch

import "context"

// watchSize does nothing: nobody tells. The next event's frame has the size
// that the terminal had at first.
func watchSize(context.Context, func()) {}
