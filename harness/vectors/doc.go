// Package vectors holds what the standards publish to check an implementation
// against: worked examples, tables and traces, one file per subject, each entry
// with the section it comes from. Nothing in it was computed by code of this
// repository.
package vectors
