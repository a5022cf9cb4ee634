// Package procgroup ends a command together with all that it has started: on
// Unix a command is the leader of a process group of its own, elsewhere it is
// ended alone.
package procgroup
