package stateless

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// NewStored returns sessions that are kept in s, good for ttl.
func NewStored(s Store, ttl time.Duration) Sessions {
	return &stored{s, ttl}
}

type stored struct {
	store Store
	ttl   time.Duration
}

// Login ends the session of old, whoever's it is, and begins a new one under a
// token of its own: who knew the old one knows nothing.
func (s *stored) Login(ctx context.Context, old, subject string) (token string, err error) {
	if err := s.Logout(ctx, old); err != nil {
		return "", err
	}
	token = rand.Text() // at least 128 bits
	issued := time.Now().Truncate(time.Second)
	id := name(token)
	if err := s.store.Put(ctx, id, Claims{Subject: subject, ID: id, Issued: issued, Expires: issued.Add(s.ttl)}); err != nil {
		return "", err
	}
	return token, nil
}

// Check asks the store, each time: an answer that is remembered here is one
// that nobody can take back.
func (s *stored) Check(ctx context.Context, token string) (Claims, error) {
	claims, err := s.store.Get(ctx, name(token))
	switch {
	case errors.Is(err, ErrNotFound):
		return Claims{}, ErrRevoked
	case err != nil: // not asked is not answered
		return Claims{}, err
	case !time.Now().Before(claims.Expires):
		return Claims{}, ErrExpired
	}
	return claims, nil
}

// Logout ends the session of token, if it has one.
func (s *stored) Logout(ctx context.Context, token string) error {
	return s.store.Delete(ctx, name(token))
}

// name returns what the store and the logs may know a session by. No token can
// be had from it, and looking it up tells nobody how much of a guess was right.
func name(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
