package credential

import (
	"crypto"
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/json" // refuses members that stand twice
)

// MaxSize is more than any credential of the course takes, in bytes.
const MaxSize = 1 << 20

// ClockSkew is how far the clocks of issuer and verifier may be apart.
const ClockSkew = time.Minute

// claims is the payload: the credential, and the claims of a JWT beside it.
type claims struct {
	Credential
	Iss string `json:"iss"`
	Sub string `json:"sub"`
	Jti string `json:"jti"`
	Nbf int64  `json:"nbf"`
	Exp *int64 `json:"exp,omitempty"`
}

// Sign returns the credential as a compact JWS.
func Sign(by *Issuer, c *Credential) (string, error) {
	p := claims{Credential: *c, Iss: c.Issuer.ID, Sub: c.Subject.ID, Jti: c.ID, Nbf: c.ValidFrom.Unix()}
	if c.ValidUntil != nil {
		exp := c.ValidUntil.Unix()
		p.Exp = &exp
	}
	payload, err := json.Marshal(p)
	if err != nil {
		return "", err
	}
	o := (&jose.SignerOptions{EmbedJWK: true}).WithType("JWT")
	if strings.HasPrefix(by.ID, didKey) {
		o.WithHeader("kid", didURL(by.ID))
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: by.alg, Key: by.key}, o)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// A Standing says what is known of who signed a credential that is intact.
type Standing int

// The standings.
const (
	Trusted    Standing = iota // the key that the caller trusts
	SelfIssued                 // the learner's own key
	Unknown                    // somebody else's
)

// A Refused says why a credential is not to be relied on.
type Refused struct {
	Problem string
	Remedy  string
}

func (e *Refused) Error() string { return e.Problem }

const askAgain = "do not rely on it; ask for the file as the issuer made it"

func refuse(format string, args ...any) error {
	return &Refused{fmt.Sprintf(format, args...), askAgain}
}

// An Unverifiable says that whether a credential is intact cannot be found out
// here.
type Unverifiable struct{ Kid string }

func (e *Unverifiable) Error() string {
	return fmt.Sprintf("credential: its key is not in it, only named: %q", e.Kid)
}

// Verify verifies a compact JWS at the time now, trusting the public key, if
// it is not nil. It returns the credential only where that is intact and in
// force; else the error is a *[Refused] or an *[Unverifiable].
func Verify(token string, trust crypto.PublicKey, now time.Time) (*Credential, Standing, error) {
	token = strings.TrimSpace(token)
	if len(token) > MaxSize {
		return nil, 0, refuse("credential: %d bytes are more than any of this course", len(token))
	}
	if err := checkHeader(token); err != nil {
		return nil, 0, err
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA, jose.RS256})
	if err != nil {
		return nil, 0, refuse("credential: no JWS: %v", err)
	}
	key, err := signer(jws, trust)
	if err != nil {
		return nil, 0, err
	}
	payload, err := jws.Verify(key)
	if err != nil {
		return nil, 0, refuse("signature: not by the key of the issuer over these claims; something was altered")
	}
	c, err := readClaims(payload, now)
	if err != nil {
		return nil, 0, err
	}
	return c, standing(c, key, trust), nil
}

func standing(c *Credential, key, trust crypto.PublicKey) Standing {
	switch {
	case trust != nil && same(key, trust):
		return Trusted
	case strings.HasPrefix(c.Issuer.ID, didKey) && c.Subject.ID == c.Issuer.ID:
		return SelfIssued
	}
	return Unknown
}

// checkHeader holds the header to OB 3.0 §8.2.3: these members and no other.
func checkHeader(token string) error {
	first, _, _ := strings.Cut(token, ".")
	text, err := base64.RawURLEncoding.DecodeString(first)
	if err != nil || strings.Count(token, ".") != 2 {
		return refuse("credential: no compact JWS, which is three parts in base64url with dots between")
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return refuse("header: %v", err)
	}
	for name := range members {
		switch name {
		case "alg", "kid", "jwk", "typ":
		default:
			return refuse("header: member %q is not allowed (OB 3.0 §8.2)", name)
		}
	}
	if typ, ok := members["typ"]; ok && string(typ) != `"JWT"` {
		return refuse("header: typ %s instead of \"JWT\"", typ)
	}
	var alg string
	if err := json.Unmarshal(members["alg"], &alg); err != nil {
		return refuse("header: no alg")
	}
	switch {
	case alg == string(jose.EdDSA), alg == string(jose.RS256):
		return nil
	case strings.EqualFold(alg, "none"):
		return refuse("signature: none; alg %q says that nobody signed it", alg)
	case strings.HasPrefix(alg, "HS"):
		return refuse("signature: alg %q is a shared secret's; whoever can check it can have made it", alg)
	}
	return refuse("signature: alg %q is neither EdDSA nor RS256", alg)
}

// signer returns the key by which the issuer signs: the one that its did:key
// is; else the one in the header, or the trusted one where there is none.
func signer(jws *jose.JSONWebSignature, trust crypto.PublicKey) (crypto.PublicKey, error) {
	var p struct {
		Iss string `json:"iss"`
	}
	if err := json.Unmarshal(jws.UnsafePayloadWithoutVerification(), &p); err != nil {
		return nil, refuse("claims: %v", err)
	}
	h := jws.Signatures[0].Protected
	key, err := keyFor(p.Iss, h, trust)
	if err != nil {
		return nil, err
	}
	alg, err := algorithmOf(key)
	if err != nil {
		return nil, refuse("signature: by an %v", err)
	}
	if string(alg) != h.Algorithm {
		return nil, refuse("header: alg %q, but the key is one for %s", h.Algorithm, alg)
	}
	return key, nil
}

func keyFor(iss string, h jose.Header, trust crypto.PublicKey) (crypto.PublicKey, error) {
	switch {
	case iss == "":
		return nil, refuse("claims: no iss: nobody issued it")
	case strings.HasPrefix(iss, didKey):
		key, err := keyOf(iss)
		if err != nil {
			return nil, refuse("issuer: %q is %v", iss, err)
		}
		if h.KeyID != "" && h.KeyID != didURL(iss) {
			return nil, refuse("header: kid %q is not the key of the issuer %q", h.KeyID, iss)
		}
		if h.JSONWebKey != nil && !same(h.JSONWebKey.Key, key) {
			return nil, refuse("header: jwk is not the key of the issuer %q", iss)
		}
		return key, nil
	case h.JSONWebKey != nil:
		return h.JSONWebKey.Key, nil
	case trust != nil:
		return trust, nil
	}
	return nil, &Unverifiable{h.KeyID}
}

// same reports whether two public keys are equal.
func same(a, b crypto.PublicKey) bool {
	key, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && key.Equal(b)
}

// readClaims holds the payload to OB 3.0 §8.2: the JWT's claims say what the
// credential says, and it is in force.
func readClaims(payload []byte, now time.Time) (*Credential, error) {
	var p claims
	if err := json.Unmarshal(payload, &p); err != nil {
		return nil, refuse("claims: %v", err)
	}
	c := &p.Credential
	if err := p.agree(); err != nil {
		return nil, err
	}
	switch {
	case len(c.Context) < 2 || c.Context[0] != vcContext || !strings.HasPrefix(c.Context[1], "https://purl.imsglobal.org/spec/ob/v3p0/"):
		return nil, refuse("credential: not of Open Badges 3.0: its @context is %q", c.Context)
	case !contains(c.Type, "VerifiableCredential") || !contains(c.Type, "OpenBadgeCredential", "AchievementCredential"):
		return nil, refuse("credential: of type %q, no OpenBadgeCredential", c.Type)
	case !strings.HasPrefix(c.Subject.Achievement.ID, Achievements):
		return nil, &Refused{fmt.Sprintf("achievement: %q is none of this course", c.Subject.Achievement.ID), "verify it with the tools of the one who issued it"}
	case now.Add(ClockSkew).Before(c.ValidFrom):
		return nil, &Refused{fmt.Sprintf("credential: not valid before %s", c.ValidFrom.Format(time.RFC3339)), "see that the clock of this machine is right"}
	case c.ValidUntil != nil && !now.Before(*c.ValidUntil):
		return nil, &Refused{fmt.Sprintf("credential: expired at %s", c.ValidUntil.Format(time.RFC3339)), "ask for a new one"}
	}
	return c, nil
}

// agree reports where a claim of the JWT is not what the credential says.
func (p *claims) agree() error {
	switch c := &p.Credential; {
	case p.Iss != c.Issuer.ID:
		return refuse("claims: iss %q is not issuer.id %q", p.Iss, c.Issuer.ID)
	case p.Sub == "" || p.Sub != c.Subject.ID:
		return refuse("claims: sub %q is not credentialSubject.id %q", p.Sub, c.Subject.ID)
	case p.Jti == "" || p.Jti != c.ID:
		return refuse("claims: jti %q is not id %q", p.Jti, c.ID)
	case !time.Unix(p.Nbf, 0).Equal(c.ValidFrom):
		return refuse("claims: nbf %d is not validFrom %s", p.Nbf, c.ValidFrom.Format(time.RFC3339))
	case (p.Exp == nil) != (c.ValidUntil == nil), p.Exp != nil && !time.Unix(*p.Exp, 0).Equal(*c.ValidUntil):
		return refuse("claims: exp is not validUntil")
	}
	return nil
}

// contains reports whether list has one of the words.
func contains(list []string, words ...string) bool {
	for _, have := range list {
		for _, word := range words {
			if have == word {
				return true
			}
		}
	}
	return false
}
