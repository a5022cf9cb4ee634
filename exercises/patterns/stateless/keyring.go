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

import "errors"

// ErrTODO marks what is still to be written.
var ErrTODO = errors.New("not written yet")

// A Keyring has the keys that tokens are checked with, each with an id, and
// the choice of the one that new tokens are signed with. The zero Keyring is
// empty. Its methods may be called concurrently.
type Keyring struct {
	// TODO: the keys, and which of them signs
}

// Add puts a key into the ring, with a copy of the secret. It returns
// ErrWeakKey for a secret of less than 256 bits, ErrTaken for an id that is
// there already.
func (k *Keyring) Add(id string, secret []byte) error {
	// TODO
	return ErrTODO
}

// Sign chooses the key that new tokens are signed with, or returns ErrKey.
func (k *Keyring) Sign(id string) error {
	// TODO
	return ErrTODO
}

// Drop takes a key out of the ring, and with it all of its tokens. If it was
// the chosen one, none is.
func (k *Keyring) Drop(id string) {
	// TODO
}
