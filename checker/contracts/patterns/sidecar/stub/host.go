package sidecar

// TODO: what is remembered of one host, its breaker and its budget.
