package stateless

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// NewTokens returns sessions that are signed tokens, good for ttl. Replicas
// need nothing in common but the keys in their rings.
func NewTokens(k *Keyring, ttl time.Duration) Sessions {
	return &tokens{k, ttl}
}

type tokens struct {
	ring *Keyring
	ttl  time.Duration
}

// A header is what Login writes. Check reads no struct: encoding/json would
// take "ALG" for alg.
type header struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid,omitempty"`
}

// A payload is what Login writes.
type payload struct {
	Subject string `json:"sub"`
	ID      string `json:"jti"`
	Issued  int64  `json:"iat"`
	Expires int64  `json:"exp"`
}

// Login returns a new token. Nothing can be done about the old one.
func (t *tokens) Login(ctx context.Context, old, subject string) (token string, err error) {
	key, err := t.ring.signer()
	if err != nil {
		return "", err
	}
	now := time.Now()
	input := encode(header{"HS256", key.id}) + "." + encode(payload{
		Subject: subject,
		ID:      rand.Text(), // at least 128 bits: no other replica will have the same
		Issued:  now.Unix(),
		Expires: now.Unix() + int64(t.ttl/time.Second),
	})
	return input + "." + base64.RawURLEncoding.EncodeToString(key.mac(input)), nil
}

// Check returns what a token says, if it is good.
func (t *tokens) Check(ctx context.Context, token string) (Claims, error) {
	signed, err := t.open(token)
	if err != nil {
		return Claims{}, err
	}
	claims, err := parseClaims(signed)
	if err != nil {
		return Claims{}, err
	}
	now := time.Now()
	switch {
	case !now.Before(claims.Expires): // RFC 7519 §4.1.4: on or after
		return Claims{}, ErrExpired
	case now.Before(claims.NotBefore): // RFC 7519 §4.1.5
		return Claims{}, ErrNotYet
	}
	return claims, nil
}

// Logout returns ErrCannotRevoke: every replica with the key accepts the token
// until it expires, and none of them asks anybody.
func (t *tokens) Logout(ctx context.Context, token string) error {
	return ErrCannotRevoke
}

// open returns what was signed, once the signature is known to be right. Until
// then nothing in the payload has been looked at.
func (t *tokens) open(token string) (signed object, err error) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, ErrMalformed
	}
	signature, err := decode(parts[2])
	if err != nil {
		return nil, err
	}
	id, err := parseHeader(parts[0])
	if err != nil {
		return nil, err
	}
	key, err := t.ring.find(id)
	if err != nil {
		return nil, err
	}
	// The MAC is over the characters that came. Encoding the JSON again could
	// bring out others for the same members (RFC 7515 A.1 is an example).
	if !hmac.Equal(signature, key.mac(parts[0]+"."+parts[1])) {
		return nil, ErrSignature
	}
	return parseObject(parts[1])
}

// parseHeader returns the id of the key that a header asks for.
func parseHeader(part string) (id string, err error) {
	h, err := parseObject(part)
	if err != nil {
		return "", err
	}
	algorithm, ok, err := h.text("alg")
	if err != nil || !ok {
		return "", ErrMalformed
	}
	if id, _, err = h.text("kid"); err != nil {
		return "", err
	}
	// What crit lists must be understood (RFC 7515 §4.1.11), and nothing is.
	if _, ok := h["crit"]; ok {
		return "", ErrMalformed
	}
	// The header does not choose the algorithm, it says whether this is the one
	// (RFC 8725 §3.1).
	if algorithm != "HS256" {
		return "", ErrAlgorithm
	}
	return id, nil
}

// parseClaims reads a payload. It does not look at the clock.
func parseClaims(o object) (c Claims, err error) {
	if c.Subject, _, err = o.text("sub"); err != nil {
		return Claims{}, err
	}
	if c.ID, _, err = o.text("jti"); err != nil {
		return Claims{}, err
	}
	if c.Issued, err = o.date("iat"); err != nil {
		return Claims{}, err
	}
	if c.NotBefore, err = o.date("nbf"); err != nil {
		return Claims{}, err
	}
	if c.Expires, err = o.date("exp"); err != nil {
		return Claims{}, err
	}
	if c.Expires.IsZero() { // a session that never ends is none
		return Claims{}, ErrMalformed
	}
	if _, ok := o["aud"]; ok {
		return Claims{}, ErrAudience
	}
	return c, nil
}

// An object is a JSON object by exact names (RFC 7515 §5.3). Of a name that is
// there twice the last counts, as §4 allows.
type object map[string]json.RawMessage

// parseObject reads a part of a token.
func parseObject(part string) (object, error) {
	b, err := decode(part)
	if err != nil {
		return nil, err
	}
	if !utf8.Valid(b) { // encoding/json would mend it
		return nil, ErrMalformed
	}
	var o object
	if json.Unmarshal(b, &o) != nil || o == nil { // null leaves it nil
		return nil, ErrMalformed
	}
	return o, nil
}

// text returns a member that must be a string if it is there.
func (o object) text(name string) (s string, ok bool, err error) {
	raw, ok := o[name]
	if !ok {
		return "", false, nil
	}
	if raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false, ErrMalformed
	}
	return s, true, nil
}

// endOfTime is the last second of the year 9999.
const endOfTime = 253402300799

// date returns a member that must be a NumericDate (RFC 7519 §2) if it is
// there, cut to the second, else the zero Time.
func (o object) date(name string) (time.Time, error) {
	raw, ok := o[name]
	if !ok {
		return time.Time{}, nil
	}
	seconds, err := strconv.ParseFloat(string(raw), 64) // no string, no null
	if err != nil || seconds < 0 || seconds >= endOfTime+1 {
		return time.Time{}, ErrMalformed
	}
	return time.Unix(int64(seconds), 0), nil
}

// encode returns a part of a token.
func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decode reads base64url in its one right spelling. Strict sees to the unused
// bits; line breaks it ignores.
func decode(part string) ([]byte, error) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, ErrMalformed
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(part)
	if err != nil {
		return nil, ErrMalformed
	}
	return b, nil
}
