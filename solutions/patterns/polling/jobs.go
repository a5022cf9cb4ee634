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
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

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
	run     func(ctx context.Context, body []byte) ([]byte, error)
	options Options
	mux     *http.ServeMux

	ctx     context.Context // of every job's context the parent; ends with Close
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu     sync.Mutex
	jobs   map[string]*job
	closed bool
}

// A job is one run and what came of it.
type job struct {
	cancel context.CancelFunc
	status Status      // guarded by Jobs.mu
	expiry *time.Timer // nil while it runs; guarded by Jobs.mu
}

// NewJobs returns a handler whose jobs are calls of run with the body of their
// request. The context of run ends when the job is deleted, and with Close.
func NewJobs(run func(ctx context.Context, body []byte) ([]byte, error), o Options) *Jobs {
	o.Retain = cmp.Or(o.Retain, DefaultRetain)
	o.MaxBody = cmp.Or(o.MaxBody, DefaultMaxBody)
	j := &Jobs{run: run, options: o, mux: http.NewServeMux(), jobs: map[string]*job{}}
	j.ctx, j.cancel = context.WithCancel(context.Background())
	// The mux says 405 and Allow for the other methods; its GET is HEAD too.
	j.mux.HandleFunc("POST /jobs", j.submit)
	j.mux.HandleFunc("GET /jobs/{id}", j.show)
	j.mux.HandleFunc("DELETE /jobs/{id}", j.remove)
	return j
}

// ServeHTTP answers one request, at once.
func (j *Jobs) ServeHTTP(w http.ResponseWriter, r *http.Request) { j.mux.ServeHTTP(w, r) }

// Close cancels every job and waits until all have returned. From its
// beginning on every request is answered with 503. It returns nil, and may be
// called more than once.
func (j *Jobs) Close() error {
	j.mu.Lock()
	for _, job := range j.jobs {
		if job.expiry != nil {
			job.expiry.Stop()
		}
	}
	clear(j.jobs)
	j.closed = true
	j.mu.Unlock()
	j.cancel()
	j.running.Wait()
	return nil
}

func (j *Jobs) submit(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, j.options.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		fail(w, http.StatusRequestEntityTooLarge)
		return
	case err != nil: // half an input is none
		fail(w, http.StatusBadRequest)
		return
	}
	id, ok := j.start(body)
	if !ok {
		fail(w, http.StatusServiceUnavailable)
		return
	}
	w.Header().Set("Location", "/jobs/"+id)
	j.askToWait(w)
	write(w, http.StatusAccepted, Status{State: Running})
}

// start begins a job and returns its id, unless the jobs are closed.
func (j *Jobs) start(body []byte) (id string, ok bool) {
	// Not the request's context: that one ends with this very answer.
	ctx, cancel := context.WithCancel(j.ctx)
	id = rand.Text() // 26 letters and digits, 130 bits
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.closed {
		cancel()
		return "", false
	}
	j.jobs[id] = &job{cancel: cancel, status: Status{State: Running}}
	// Under the lock: once Close has it, Wait sees every job that was started.
	j.running.Go(func() {
		defer cancel()
		j.finish(id, outcome(j.run, ctx, body))
	})
	return id, true
}

// outcome runs a job. A panic in a goroutine of ours would end the server.
func outcome(run func(context.Context, []byte) ([]byte, error), ctx context.Context, body []byte) (s Status) {
	defer func() {
		if p := recover(); p != nil {
			s = Status{State: Failed, Error: fmt.Sprint("panic: ", p)}
		}
	}()
	result, err := run(ctx, body)
	if err != nil {
		return Status{State: Failed, Error: err.Error()}
	}
	return Status{State: Done, Result: result}
}

// finish notes what came of a job, for as long as it is to be kept.
func (j *Jobs) finish(id string, s Status) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job, ok := j.jobs[id]
	if !ok { // deleted meanwhile, or closed
		return
	}
	job.status = s
	job.expiry = time.AfterFunc(j.options.Retain, func() { j.forget(id) })
}

// forget drops a job and says how that is to be answered.
func (j *Jobs) forget(id string) (code int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job, code := j.find(id)
	if job == nil {
		return code
	}
	delete(j.jobs, id)
	if job.expiry != nil {
		job.expiry.Stop()
	}
	job.cancel()
	return http.StatusNoContent
}

// find returns a job, or the status that says why there is none. The lock is
// held.
func (j *Jobs) find(id string) (*job, int) {
	switch job := j.jobs[id]; {
	case j.closed:
		return nil, http.StatusServiceUnavailable
	case job == nil:
		return nil, http.StatusNotFound
	default:
		return job, http.StatusOK
	}
}

func (j *Jobs) remove(w http.ResponseWriter, r *http.Request) {
	if code := j.forget(r.PathValue("id")); code != http.StatusNoContent {
		fail(w, code)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (j *Jobs) show(w http.ResponseWriter, r *http.Request) {
	status, code := j.status(r.PathValue("id"))
	if code != http.StatusOK { // not 2xx, so no precondition counts (RFC 9110 §13.2.1)
		fail(w, code)
		return
	}
	// A status follows from its state, once and for all; so does the tag.
	tag := strconv.Quote(string(status.State))
	w.Header().Set("ETag", tag)
	w.Header().Set("Cache-Control", "no-cache")
	if status.State == Running {
		code = http.StatusAccepted
		j.askToWait(w)
	}
	if matches(r.Header["If-None-Match"], tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	write(w, code, status)
}

func (j *Jobs) status(id string) (Status, int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	job, code := j.find(id)
	if job == nil {
		return Status{}, code
	}
	return job.status, code
}

// askToWait says when to look again. Seconds are whole (RFC 9110 §10.2.3), and
// too late is politer than too early.
func (j *Jobs) askToWait(w http.ResponseWriter) {
	if j.options.RetryAfter > 0 {
		seconds := (j.options.RetryAfter + time.Second - 1) / time.Second
		w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}

// matches reports whether tag is in one of the lists, which may be "*". The
// comparison is weak: W/ does not count (RFC 9110 §8.8.3.2). A tag of ours has no comma, so
// that one within a tag of somebody else's does no harm.
func matches(lists []string, tag string) bool {
	for _, list := range lists {
		for item := range strings.SplitSeq(list, ",") {
			item = strings.TrimSpace(item)
			if item == "*" || strings.TrimPrefix(item, "W/") == tag {
				return true
			}
		}
	}
	return false
}

func write(w http.ResponseWriter, code int, s Status) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(s)
}

func fail(w http.ResponseWriter, code int) { http.Error(w, http.StatusText(code), code) }
