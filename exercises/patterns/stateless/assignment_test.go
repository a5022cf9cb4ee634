package stateless_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/wirekata/wirekata/exercises/patterns/stateless"
	"github.com/wirekata/wirekata/harness/contract"
)

// A token that Login has issued says who logged in, when, and until when.
// README
func TestSignedToken(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		contract.Pass(7*time.Second + 730*time.Millisecond)
		contract.Step(t, "ann logs in, 7.73 s past midnight")
		token := login(t, s, "", "ann")
		contract.Pass(3 * time.Second)
		wantSession(t, s, token, "ann", midnight.Add(7*time.Second))
	})
}

// A replica that has the keys, and nothing else, accepts what another has
// issued; so does one that has just started. README
func TestAnyReplicaAccepts(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		one, two := stateless.NewTokens(newRing(t, "may", "may"), ttl), stateless.NewTokens(newRing(t, "may", "may"), ttl)
		contract.Step(t, "ann logs in at one replica, bob at another")
		ann, bob := login(t, one, "", "ann"), login(t, two, "", "bob")
		for _, replica := range []stateless.Sessions{two, one, stateless.NewTokens(newRing(t, "", "june", "may"), time.Hour)} {
			wantSession(t, replica, ann, "ann", midnight)
			wantSession(t, replica, bob, "bob", midnight)
		}
		contract.Step(t, "a replica that lacks the key")
		wantError(t, stateless.NewTokens(newRing(t, "june", "june"), ttl), ann, stateless.ErrKey)
	})
}

// What was changed on the way is not what was signed. RFC 7515 §5.2 MUST
func TestTamperedToken(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		token := login(t, s, "", "mallory")
		contract.Control(t, "the token as it is")
		wantSession(t, s, token, "mallory", midnight)
		h, p, sig := parts(t, token)
		contract.Step(t, "the same token with another subject")
		wantError(t, s, h+"."+b64(strings.Replace(unb64(t, p), "mallory", "ann", 1))+"."+sig, stateless.ErrSignature)
		contract.Step(t, "the same token with another token's signature")
		_, _, other := parts(t, login(t, s, "", "ann"))
		wantError(t, s, h+"."+p+"."+other, stateless.ErrSignature)
		contract.Step(t, "a token that says that it needs no signature")
		wantError(t, s, b64(`{"alg":"none"}`)+"."+p+".", stateless.ErrAlgorithm)
		contract.Step(t, "no token")
		wantError(t, s, "let me in", stateless.ErrMalformed)
	})
}

// A token is good until its exp, and not at it. RFC 7519 §4.1.4 MUST
func TestSignedTokenExpires(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		contract.Pass(400 * time.Millisecond)
		token := login(t, s, "", "ann")
		contract.Control(t, "a millisecond before exp")
		contract.Pass(ttl - 401*time.Millisecond)
		wantSession(t, s, token, "ann", midnight)
		contract.Step(t, "at exp")
		contract.Pass(time.Millisecond)
		wantError(t, s, token, stateless.ErrExpired)
		contract.Step(t, "an hour later")
		contract.Pass(time.Hour)
		wantError(t, s, token, stateless.ErrExpired)
	})
}

// Keys overlap: the new one signs, the old one's tokens are good until it is
// dropped. README
func TestRotation(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ring := newRing(t, "may", "may")
		s := stateless.NewTokens(ring, ttl)
		before := login(t, s, "", "ann")
		contract.Step(t, "a new key is added and chosen")
		must(t, "Add", ring.Add("june", secretOf("june")))
		must(t, "Sign", ring.Sign("june"))
		after := login(t, s, "", "bob")
		if h, _, _ := parts(t, after); !strings.Contains(unb64(t, h), `"june"`) {
			contract.Mismatch(t, "the header of a new token", unb64(t, h), `kid "june"`)
		}
		wantSession(t, s, before, "ann", midnight)
		wantSession(t, s, after, "bob", midnight)
		contract.Step(t, "the old key is dropped")
		ring.Drop("may")
		wantError(t, s, before, stateless.ErrKey)
		wantSession(t, s, after, "bob", midnight)
	})
}

// A stored session ends when it is logged out. README
func TestStoredSession(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewStored(new(stateless.Memory), ttl)
		contract.Pass(11*time.Second + 270*time.Millisecond)
		contract.Step(t, "ann logs in, 11.27 s past midnight")
		token := login(t, s, "", "ann")
		wantSession(t, s, token, "ann", midnight.Add(11*time.Second))
		contract.Step(t, "ann logs out")
		logout(t, s, token)
		wantError(t, s, token, stateless.ErrRevoked)
		contract.Control(t, "ann logs in again")
		wantSession(t, s, login(t, s, token, "ann"), "ann", midnight.Add(11*time.Second))
		wantError(t, s, token, stateless.ErrRevoked)
	})
}

// A signed token is not ended by logging out, and Logout says so. README
func TestSignedTokenCannotBeRevoked(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		token := login(t, s, "", "ann")
		contract.Step(t, "ann logs out")
		if err := contract.Call(t, "Logout to return", func() error { return s.Logout(t.Context(), token) }); !errors.Is(err, stateless.ErrCannotRevoke) {
			contract.Mismatch(t, "what Logout returned", nameOf(err), "ErrCannotRevoke")
		}
		contract.Step(t, "the token is as good as before")
		wantSession(t, s, token, "ann", midnight)
	})
}

const ttl = 15 * time.Minute

// midnight is when a clause begins.
var midnight = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// secretOf returns the 32 octets that every ring of the suite has under an id.
func secretOf(id string) []byte {
	sum := sha256.Sum256([]byte("the secret of " + id))
	return sum[:]
}

// newRing returns a keyring with these keys, one of which signs unless it is
// "".
func newRing(t *testing.T, signs string, ids ...string) *stateless.Keyring {
	t.Helper()
	ring := new(stateless.Keyring)
	for _, id := range ids {
		must(t, "Add", ring.Add(id, secretOf(id)))
	}
	if signs != "" {
		must(t, "Sign", ring.Sign(signs))
	}
	return ring
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		contract.Mismatch(t, "what "+what+" returned", nameOf(err), "no error")
	}
}

// An outcome is what a method returned.
type outcome struct {
	token  string
	claims stateless.Claims
	err    error
}

func login(t *testing.T, s stateless.Sessions, old, subject string) string {
	t.Helper()
	o := contract.Call(t, "Login to return", func() outcome {
		token, err := s.Login(t.Context(), old, subject)
		return outcome{token: token, err: err}
	})
	must(t, "Login", o.err)
	if o.token == "" {
		contract.Mismatch(t, "what Login returned", `the token "" and no error`, "a token")
	}
	return o.token
}

func logout(t *testing.T, s stateless.Sessions, token string) {
	t.Helper()
	must(t, "Logout", contract.Call(t, "Logout to return", func() error { return s.Logout(t.Context(), token) }))
}

func check(t *testing.T, s stateless.Sessions, token string) outcome {
	t.Helper()
	return checkWith(t, t.Context(), s, token)
}

func checkWith(t *testing.T, ctx context.Context, s stateless.Sessions, token string) outcome {
	t.Helper()
	return contract.Call(t, "Check to return", func() outcome {
		claims, err := s.Check(ctx, token)
		return outcome{claims: claims, err: err}
	})
}

// wantGood checks that a token is good, and returns its claims.
func wantGood(t *testing.T, s stateless.Sessions, token string) stateless.Claims {
	t.Helper()
	o := check(t, s, token)
	if o.err != nil {
		contract.Mismatch(t, "Check refused a token that is good\n"+describe(token), nameOf(o.err), "no error")
	}
	return o.claims
}

// wantSession checks that a token is good and stands for a login of subject at
// that second.
func wantSession(t *testing.T, s stateless.Sessions, token, subject string, issued time.Time) {
	t.Helper()
	got := wantGood(t, s, token)
	if got.ID == "" {
		contract.Failf(t, "the session has no ID\n%s", describe(token))
	}
	wantClaims(t, got, stateless.Claims{Subject: subject, ID: got.ID, Issued: issued, Expires: issued.Add(ttl)})
}

func wantClaims(t *testing.T, got, want stateless.Claims) {
	t.Helper()
	if got.Subject != want.Subject || got.ID != want.ID ||
		!got.Issued.Equal(want.Issued) || !got.NotBefore.Equal(want.NotBefore) || !got.Expires.Equal(want.Expires) {
		contract.Mismatch(t, "the claims that Check returned", render(got), render(want))
	}
}

// wantError checks that a token is refused with one of these errors, and with
// one alone.
func wantError(t *testing.T, s stateless.Sessions, token string, want ...error) {
	t.Helper()
	o := check(t, s, token)
	names := nameOf(want[0])
	ok := nameOf(o.err) == names
	for _, w := range want[1:] {
		names += " or " + nameOf(w)
		ok = ok || nameOf(o.err) == nameOf(w)
	}
	if !ok {
		contract.Mismatch(t, "what Check returned for\n"+describe(token), nameOf(o.err), names)
	}
	if o.claims != (stateless.Claims{}) {
		contract.Mismatch(t, "what Check returned beside "+nameOf(o.err), render(o.claims), "no claims")
	}
}

var sentinels = []struct {
	name string
	err  error
}{
	{"ErrMalformed", stateless.ErrMalformed}, {"ErrAlgorithm", stateless.ErrAlgorithm}, {"ErrKey", stateless.ErrKey},
	{"ErrSignature", stateless.ErrSignature}, {"ErrAudience", stateless.ErrAudience}, {"ErrExpired", stateless.ErrExpired},
	{"ErrNotYet", stateless.ErrNotYet}, {"ErrRevoked", stateless.ErrRevoked}, {"ErrCannotRevoke", stateless.ErrCannotRevoke},
	{"ErrWeakKey", stateless.ErrWeakKey}, {"ErrTaken", stateless.ErrTaken},
	{"the store's error", errDown}, {"context.Canceled", context.Canceled},
}

// errDown is what a store says that cannot be asked.
var errDown = errors.New("the store is down")

// nameOf names an error by what it is, whatever its text.
func nameOf(err error) string {
	if err == nil {
		return "no error"
	}
	var names []string
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			names = append(names, s.name)
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("an error that is none of those in the README: %q", err)
	}
	return strings.Join(names, " and ")
}

func render(c stateless.Claims) string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "zero"
		}
		return t.UTC().Format("2006-01-02T15:04:05.999999999Z")
	}
	return fmt.Sprintf("Subject %q  ID %q\nIssued %s  NotBefore %s  Expires %s", c.Subject, c.ID, at(c.Issued), at(c.NotBefore), at(c.Expires))
}

// describe shows a token as it is, and what its parts say where they can be
// read. It is more forgiving than any Check may be.
func describe(token string) string {
	s := fmt.Sprintf("%q", token)
	texts := strings.Split(token, ".")
	if len(texts) != 3 {
		return s
	}
	for i, name := range []string{"header", "payload"} {
		b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(texts[i], "="))
		if err != nil {
			return s
		}
		s += fmt.Sprintf("\n%s %s", name, strings.ToValidUTF8(string(b), "\uFFFD"))
	}
	return s
}

// parts takes a token apart.
func parts(t *testing.T, token string) (header, payload, signature string) {
	t.Helper()
	p := strings.Split(token, ".")
	if len(p) != 3 {
		contract.Mismatch(t, "what Login returned", fmt.Sprintf("%q", token), "three parts between dots")
	}
	return p[0], p[1], p[2]
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

func unb64(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		contract.Mismatch(t, "a part of the token", fmt.Sprintf("%q", part), "base64url without padding")
	}
	return string(b)
}

// sign returns the signature of an input.
func sign(secret []byte, input string) []byte {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(input))
	return mac.Sum(nil)
}
