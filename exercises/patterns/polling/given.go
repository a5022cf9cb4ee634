package polling

import "time"

// A State says what has become of a job.
type State string

// The states of a job. The first one is followed by one of the others.
const (
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// A Status is the JSON representation of a job.
type Status struct {
	State  State  `json:"state"`
	Result []byte `json:"result,omitempty"` // of a job that is done; base64 in JSON
	Error  string `json:"error,omitempty"`  // of a job that has failed
}

const (
	// DefaultRetain is how long the status of a job that is over is kept.
	DefaultRetain = time.Hour
	// DefaultMaxBody is how many octets a job's input may have.
	DefaultMaxBody = 1 << 20

	// DefaultFirst is the pause before the first poll.
	DefaultFirst = time.Second
	// DefaultMax is the longest pause that the poller chooses itself.
	DefaultMax = 30 * time.Second
	// MaxRetryAfter is the longest pause that it lets a server choose.
	MaxRetryAfter = 10 * time.Minute
)
