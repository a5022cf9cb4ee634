package sidecar

// TODO: traceparent, read and written.
