// Package polling runs long jobs behind short requests: a server that takes a
// job and says where its status can be fetched, and a client that fetches it
// until the job is over.
//
//	POST   /jobs       202  Location: /jobs/{id}
//	GET    /jobs/{id}  202  running: {"state":"running"}
//	                   200  over: {"state":"done","result":...} or {"state":"failed","error":...}
//	                   304  the same as If-None-Match says
//	                   404  unknown, deleted, or kept for long enough
//	DELETE /jobs/{id}  204  cancelled and forgotten
//
// It follows RFC 9110: §15.3.3 (202), §13.1.2 (If-None-Match), §10.2.3
// (Retry-After).
//
// # Limitations
//
// Jobs live in memory: a server that is restarted has forgotten them.
package polling

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// Options are what may be set about [Jobs]. The zero value works.
type Options struct {
	// Retain is how long the status of a job that is over is kept; 0 means
	// DefaultRetain.
	Retain time.Duration
	// RetryAfter is how long clients are asked to wait before they look
	// again, in whole seconds, rounded up; 0 means that they are not told.
	RetryAfter time.Duration
	// MaxBody is how many octets a job's input may have; 0 means
	// DefaultMaxBody.
	MaxBody int64
}

// Jobs is an http.Handler that runs a job for each POST and serves the status
// of each. Its methods may be called concurrently.
type Jobs struct {
	// TODO: what is known of a job, while it runs and when it is over?
}

// NewJobs returns a handler whose jobs are calls of run with the body of their
// request. The context of run ends when the job is deleted, and with Close.
func NewJobs(run func(ctx context.Context, body []byte) ([]byte, error), o Options) *Jobs {
	// TODO
	return &Jobs{}
}

// ServeHTTP answers one request, at once.
func (j *Jobs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// TODO
	http.Error(w, ErrTODO.Error(), http.StatusNotImplemented)
}

// Close cancels every job and waits until all have returned. From its
// beginning on every request is answered with 503. It returns nil, and may be
// called more than once.
func (j *Jobs) Close() error {
	// TODO
	return ErrTODO
}
