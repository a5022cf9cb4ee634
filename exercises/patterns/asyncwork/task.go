package asyncwork

import "context"

// A Task is a piece of work. It should end soon after ctx has ended.
type Task func(ctx context.Context) (any, error)

// TODO: how is a task run, and how does it end? It may return, panic, or call
// runtime.Goexit, and each of that must leave as many workers as before.
