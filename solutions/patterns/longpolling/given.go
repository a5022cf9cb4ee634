package longpolling

import "time"

// An Event is one entry of the feed.
type Event struct {
	Cursor uint64 `json:"cursor"` // from 1, one more for each event
	Data   []byte `json:"data"`   // base64 in JSON, as encoding/json does it
}

// A Page is the JSON body of an answer with events.
type Page struct {
	Events []Event `json:"events"` // oldest first, at least one
}

const (
	// DefaultWait is how long a poll is held that does not say how long.
	DefaultWait = 30 * time.Second
	// MaxWait is how long a poll is held at most, whatever it says.
	MaxWait = 60 * time.Second

	// FirstBackoff is the client's pause after a failed poll. Each further
	// failure in a row doubles it, up to MaxBackoff.
	FirstBackoff = time.Second
	MaxBackoff   = 30 * time.Second
)
