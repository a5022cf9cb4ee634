package stateless

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Sessions says who is logged in. Its methods may be called concurrently.
type Sessions interface {
	// Login begins a session of subject and returns the token that stands for
	// it. old is the token that the client had before, or "": it is dead
	// afterwards where that is possible.
	Login(ctx context.Context, old, subject string) (token string, err error)
	// Check returns the claims of a token that is good, or the error that says
	// what is wrong with it.
	Check(ctx context.Context, token string) (Claims, error)
	// Logout ends the session of a token, or returns ErrCannotRevoke.
	Logout(ctx context.Context, token string) error
}

// Claims are what a token says, or what the store says about it. A time that
// is not given is zero.
type Claims struct {
	Subject, ID                string
	Issued, NotBefore, Expires time.Time
}

// What is wrong with a token.
var (
	ErrMalformed = errors.New("token is malformed")
	ErrAlgorithm = errors.New("token has another algorithm")
	ErrKey       = errors.New("no such key")
	ErrSignature = errors.New("signature is wrong")
	ErrAudience  = errors.New("token is for somebody else")
	ErrExpired   = errors.New("session has expired")
	ErrNotYet    = errors.New("token is not good yet")
	ErrRevoked   = errors.New("session has ended or never was")
)

// ErrCannotRevoke is what Logout says of a token that nobody needs to ask for.
var ErrCannotRevoke = errors.New("a signed token cannot be revoked")

// What is wrong with a key.
var (
	ErrWeakKey = errors.New("secret has less than 256 bits")
	ErrTaken   = errors.New("key id is taken")
)

// A Store keeps the claims of sessions, each under a key. All replicas have the
// same one. Its methods may be called concurrently, and may take their time.
type Store interface {
	// Put keeps c under key.
	Put(ctx context.Context, key string, c Claims) error
	// Get returns what is kept under key, or an error that is (errors.Is)
	// ErrNotFound. Every other error means that it could not find out.
	Get(ctx context.Context, key string) (Claims, error)
	// Delete forgets key. If there is nothing to forget, it returns nil.
	Delete(ctx context.Context, key string) error
}

// ErrNotFound is a store's answer when it has nothing under a key.
var ErrNotFound = errors.New("not found")

// A Memory is a Store for one process. The zero Memory is empty.
type Memory struct {
	sessions sync.Map // of Claims, by key
}

// Put keeps c under key.
func (m *Memory) Put(ctx context.Context, key string, c Claims) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.sessions.Store(key, c)
	return nil
}

// Get returns what is kept under key, or ErrNotFound.
func (m *Memory) Get(ctx context.Context, key string) (Claims, error) {
	if err := ctx.Err(); err != nil {
		return Claims{}, err
	}
	c, ok := m.sessions.Load(key)
	if !ok {
		return Claims{}, ErrNotFound
	}
	return c.(Claims), nil
}

// Delete forgets key.
func (m *Memory) Delete(ctx context.Context, key string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.sessions.Delete(key)
	return nil
}
