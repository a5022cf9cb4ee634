// Package stateless is about sessions: who is logged in, and who has to be
// asked. A signed token carries the answer with it, as a JWT (RFC 7519) in the
// compact form of a JWS (RFC 7515 §3.1):
//
//	token      header "." payload "." signature, each in base64url
//	header     {"alg":"HS256","kid":"may"}
//	payload    {"sub":"ann","jti":"IZF4...","iat":946684800,"exp":946685700}
//	signature  HMAC SHA-256 over the token's characters before its second dot
//
// A stored session's token is random and says nothing; the store knows.
//
// # Limitations
//
// HS256 is the only algorithm: whoever can check a token can make one. A signed
// token cannot be revoked.
package stateless

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"sync"
)

// A Keyring has the keys that tokens are checked with, each with an id, and
// the choice of the one that new tokens are signed with. The zero Keyring is
// empty. Its methods may be called concurrently.
type Keyring struct {
	mu     sync.RWMutex
	keys   map[string]*key
	chosen *key // signs new tokens; nil if none does
}

// A key never changes once it is in a ring, so that whoever has found it may
// use it without the lock.
type key struct {
	id     string
	secret []byte
}

// Add puts a key into the ring, with a copy of the secret. It returns
// ErrWeakKey for a secret of less than 256 bits, ErrTaken for an id that is
// there already.
func (k *Keyring) Add(id string, secret []byte) error {
	if len(secret) < sha256.Size { // RFC 7518 §3.2: at least as long as the hash
		return ErrWeakKey
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, taken := k.keys[id]; taken {
		return ErrTaken
	}
	if k.keys == nil {
		k.keys = map[string]*key{}
	}
	k.keys[id] = &key{id, bytes.Clone(secret)}
	return nil
}

// Sign chooses the key that new tokens are signed with, or returns ErrKey.
func (k *Keyring) Sign(id string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	found, ok := k.keys[id]
	if !ok {
		return ErrKey
	}
	k.chosen = found
	return nil
}

// Drop takes a key out of the ring, and with it all of its tokens. If it was
// the chosen one, none is.
func (k *Keyring) Drop(id string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.chosen != nil && k.chosen.id == id {
		k.chosen = nil
	}
	delete(k.keys, id)
}

// find returns the key with an id. There is no second guess: trying other
// keys would let a token choose whose it is.
func (k *Keyring) find(id string) (*key, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	found, ok := k.keys[id]
	if !ok {
		return nil, ErrKey
	}
	return found, nil
}

// signer returns the chosen key.
func (k *Keyring) signer() (*key, error) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	if k.chosen == nil {
		return nil, ErrKey
	}
	return k.chosen, nil
}

// mac returns the HMAC SHA-256 of what a token says (RFC 7515 A.1.1).
func (k *key) mac(input string) []byte {
	h := hmac.New(sha256.New, k.secret)
	h.Write([]byte(input))
	return h.Sum(nil)
}
