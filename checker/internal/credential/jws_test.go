package credential

import (
	"crypto"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/require"
)

var now = time.Date(2026, 11, 21, 10, 30, 0, 0, time.UTC)

func newKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte(strings.Repeat(string(rune(seed)), ed25519.SeedSize)))
}

// learner is an issuer of its own; its key is fixed.
func learner() *Issuer {
	key := newKey('L')
	return &Issuer{ID: didOf(key.Public().(ed25519.PublicKey)), SelfIssued: true, key: key, alg: jose.EdDSA}
}

func university(t *testing.T, key crypto.Signer) *Issuer {
	alg, err := algorithmOf(key.Public())
	require.NoError(t, err)
	return &Issuer{ID: "https://uni.example/backend", key: key, alg: alg}
}

func claim() Claim {
	return Claim{
		ID: "urn:uuid:00000000-0000-4000-8000-000000000001", At: now, Learner: "Ada", Achievement: "course",
		Name: "wirekata", Extent: "9 of 47 topics", Description: "The course.", Criteria: "A final mark of 70.", Mark: "87.5", Needed: "70", Narrative: "Unproctored.",
		Documents: []Document{{"urn:uuid:00000000-0000-4000-8000-000000000002", "application/json", []byte("{}\n")}},
	}
}

func sign(t *testing.T, by *Issuer, c *Credential) string {
	t.Helper()
	token, err := Sign(by, c)
	require.NoError(t, err)
	return token
}

func part(t *testing.T, token string, n int) map[string]any {
	t.Helper()
	data, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[n])
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

// The header and the claims are those of OB 3.0 §8.2.3 and §8.2.4.1, and no
// other member is in the header.
func TestTokenIsThatOfOpenBadges(t *testing.T) {
	by := learner()
	token := sign(t, by, New(by, claim()))
	x := base64.RawURLEncoding.EncodeToString(by.key.Public().(ed25519.PublicKey))
	require.Equal(t, map[string]any{
		"alg": "EdDSA", "typ": "JWT", "kid": didURL(by.ID),
		"jwk": map[string]any{"kty": "OKP", "crv": "Ed25519", "x": x},
	}, part(t, token, 0))
	got := part(t, token, 1)
	for member, want := range map[string]any{
		"iss": by.ID, "sub": by.ID, "jti": claim().ID, "nbf": float64(now.Unix()),
		"id": claim().ID, "validFrom": "2026-11-21T10:30:00Z", "name": "wirekata, 9 of 47 topics",
		"@context": []any{vcContext, badgeContext}, "type": []any{"VerifiableCredential", "OpenBadgeCredential"},
		"issuer": map[string]any{"id": by.ID, "type": []any{"Profile"}},
		"relatedResource": []any{map[string]any{
			"id": claim().Documents[0].ID, "mediaType": "application/json",
			// printf '{}\n' | openssl dgst -sha256 -binary | base64
			"digestSRI": "sha256-yj0WO6sFU4GCciYUBWjzvvfqrBh869doeOC2Pp5EI1Y=",
		}},
	} {
		require.Equal(t, want, got[member], member)
	}
	subject := got["credentialSubject"].(map[string]any)
	require.Equal(t, []any{map[string]any{"type": "IdentityObject", "hashed": false, "identityHash": "Ada", "identityType": "name"}}, subject["identifier"])
	require.NotContains(t, got, "exp")
}

func TestStandings(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	self, edUni, rsaUni := learner(), university(t, newKey('U')), university(t, rsaKey)
	other := newKey('O').Public()
	for name, tc := range map[string]struct {
		by    *Issuer
		trust crypto.PublicKey
		want  Standing
	}{
		"self-issued":                    {self, nil, SelfIssued},
		"self-issued, another trusted":   {self, other, SelfIssued},
		"self-issued by a trusted key":   {self, self.key.Public(), Trusted},
		"institution, nobody trusted":    {edUni, nil, Unknown},
		"institution, another trusted":   {edUni, other, Unknown},
		"institution, trusted (Ed25519)": {edUni, edUni.key.Public(), Trusted},
		"institution, trusted (RSA)":     {rsaUni, rsaUni.key.Public(), Trusted},
	} {
		t.Run(name, func(t *testing.T) {
			c, standing, err := Verify(sign(t, tc.by, New(tc.by, claim()))+"\n", tc.trust, now)
			require.NoError(t, err)
			require.Equal(t, tc.want, standing)
			require.Equal(t, "Ada", c.Learner())
			reached, needed := c.Mark()
			require.Equal(t, []string{"87.5", "70"}, []string{reached, needed})
			require.Equal(t, "Unproctored.", c.Narrative())
			require.True(t, c.Matches("application/json", []byte("{}\n")))
			require.False(t, c.Matches("application/json", []byte("{}")))
			require.False(t, c.Matches("text/html", []byte("{}\n")))
		})
	}
}

// Somebody who credits another by a did:key is an issuer like any other.
func TestSelfIssuedIsAboutOneself(t *testing.T) {
	by := learner()
	c := New(by, claim())
	c.Subject.ID = "urn:uuid:someone-else"
	_, standing, err := Verify(sign(t, by, c), nil, now)
	require.NoError(t, err)
	require.Equal(t, Unknown, standing)
}

// A forger makes tokens that no library would.
type forger struct {
	header, payload map[string]any
	key             crypto.Signer
	secret          []byte // HS256
}

func (f *forger) token(t *testing.T) string {
	t.Helper()
	encode := func(v any) string {
		data, err := json.Marshal(v)
		require.NoError(t, err)
		return base64.RawURLEncoding.EncodeToString(data)
	}
	text := encode(f.header) + "." + encode(f.payload)
	var sig []byte
	var err error
	switch key := f.key.(type) {
	case ed25519.PrivateKey:
		sig = ed25519.Sign(key, []byte(text))
	case *rsa.PrivateKey:
		sum := sha256.Sum256([]byte(text))
		sig, err = rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	}
	require.NoError(t, err)
	if f.secret != nil {
		mac := hmac.New(sha256.New, f.secret)
		mac.Write([]byte(text))
		sig = mac.Sum(nil)
	}
	return text + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func jwk(t *testing.T, key any) map[string]any {
	t.Helper()
	data, err := json.Marshal(jose.JSONWebKey{Key: key})
	require.NoError(t, err)
	var m map[string]any
	require.NoError(t, json.Unmarshal(data, &m))
	return m
}

// Each of these is refused for its own reason. The forger starts from a
// credential that would pass (the control), and signs what it has changed.
func TestHostileTokens(t *testing.T) {
	by := learner()
	good := sign(t, by, New(by, claim()))
	mallory := newKey('M')
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	set := func(m map[string]any, path ...any) { // the last is the value
		for _, name := range path[:len(path)-2] {
			m = m[name.(string)].(map[string]any)
		}
		m[path[len(path)-2].(string)] = path[len(path)-1]
	}
	for name, tc := range map[string]struct {
		forge func(f *forger)
		want  string // "" for none
	}{
		"nothing changed": {func(*forger) {}, ""},

		"alg none": {func(f *forger) { f.header["alg"], f.key = "none", nil }, "signature: none"},
		"alg NoNe": {func(f *forger) { f.header["alg"], f.key = "NoNe", nil }, "signature: none"},
		"HS256 with the public key": {func(f *forger) {
			f.header["alg"], f.secret = "HS256", by.key.Public().(ed25519.PublicKey)
		}, "a shared secret's"},
		"ES256":                     {func(f *forger) { f.header["alg"] = "ES256" }, "neither EdDSA nor RS256"},
		"no alg":                    {func(f *forger) { delete(f.header, "alg") }, "no alg"},
		"RS256 with an Ed25519 key": {func(f *forger) { f.header["alg"] = "RS256" }, "the key is one for EdDSA"},
		"EdDSA with an RSA key":     {func(f *forger) { set(f.payload, "iss", "https://uni.example"); f.header["jwk"] = jwk(t, rsaOf(t)) }, "the key is one for RS256"},
		"an RSA key of 1024 bits": {func(f *forger) {
			set(f.payload, "iss", "https://uni.example")
			f.header["jwk"], f.header["alg"], f.key = jwk(t, small.Public()), "RS256", small
		}, "1024 bits"},
		"typ of something else":        {func(f *forger) { f.header["typ"] = "secevent+jwt" }, "typ"},
		"a member that is not allowed": {func(f *forger) { f.header["jku"] = "https://evil.example/keys" }, `member "jku" is not allowed`},
		"an unencoded payload":         {func(f *forger) { f.header["b64"], f.header["crit"] = false, []string{"b64"} }, "is not allowed"},

		"another's signature":        {func(f *forger) { f.key = mallory }, "something was altered"},
		"another's jwk":              {func(f *forger) { f.header["jwk"], f.key = jwk(t, mallory.Public()), mallory }, "jwk is not the key of the issuer"},
		"another's kid":              {func(f *forger) { f.header["kid"] = didURL(didOf(mallory.Public().(ed25519.PublicKey))) }, "is not the key of the issuer"},
		"a private jwk":              {func(f *forger) { f.header["jwk"] = jwk(t, by.key) }, "private parameters"},
		"a secret as jwk":            {func(f *forger) { f.header["jwk"] = map[string]any{"kty": "oct", "k": "c2VjcmV0"} }, "private parameters"},
		"another's issuer":           {func(f *forger) { set(f.payload, "issuer", "id", "did:key:z6Mkother") }, "iss"},
		"no issuer":                  {func(f *forger) { delete(f.payload, "iss") }, "nobody issued it"},
		"a did:key that is none":     {func(f *forger) { set(f.payload, "iss", "did:key:zQmNotAKey") }, "no did:key of an Ed25519 key"},
		"a did:key of another base":  {func(f *forger) { set(f.payload, "iss", "did:key:m"+by.ID) }, "no did:key in base58btc"},
		"another's subject":          {func(f *forger) { set(f.payload, "sub", "did:key:z6Mkother") }, "sub"},
		"no subject":                 {func(f *forger) { delete(f.payload, "sub"); set(f.payload, "credentialSubject", "id", "") }, "sub"},
		"another id":                 {func(f *forger) { set(f.payload, "jti", "urn:uuid:other") }, "jti"},
		"valid from another time on": {func(f *forger) { set(f.payload, "nbf", now.Unix()-1) }, "nbf"},
		"expires for JWT alone":      {func(f *forger) { set(f.payload, "exp", now.Unix()+60) }, "exp is not validUntil"},
		"expires for badges alone":   {func(f *forger) { set(f.payload, "validUntil", "2027-01-01T00:00:00Z") }, "exp is not validUntil"},
		"expires at two times": {func(f *forger) {
			set(f.payload, "validUntil", "2027-01-01T00:00:00Z")
			set(f.payload, "exp", now.Unix()+60)
		}, "exp is not validUntil"},
		"expired": {func(f *forger) {
			set(f.payload, "validUntil", "2026-11-21T10:30:00Z")
			set(f.payload, "exp", now.Unix())
		}, "expired at 2026-11-21T10:30:00Z"},
		"not valid yet": {func(f *forger) {
			set(f.payload, "validFrom", "2026-11-21T10:31:01Z")
			set(f.payload, "nbf", now.Unix()+61)
		}, "not valid before 2026-11-21T10:31:01Z"},
		"a clock that is a minute ahead": {func(f *forger) {
			set(f.payload, "validFrom", "2026-11-21T10:31:00Z")
			set(f.payload, "nbf", now.Unix()+60)
		}, ""},
		"no credential": {func(f *forger) { f.payload["type"] = []string{"VerifiableCredential"} }, "no OpenBadgeCredential"},
		"of the data model before": {func(f *forger) {
			f.payload["@context"] = []string{"https://www.w3.org/2018/credentials/v1", badgeContext}
		}, "not of Open Badges 3.0"},
		"another course's": {func(f *forger) {
			set(f.payload, "credentialSubject", "achievement", "id", "https://uni.example/teamwork")
		}, "none of this course"},
		"claims of another kind":     {func(f *forger) { set(f.payload, "nbf", "yesterday") }, "claims:"},
		"claims wrapped in vc":       {func(f *forger) { f.payload = map[string]any{"iss": by.ID, "vc": f.payload} }, "claims: iss"},
		"more than there is to tell": {func(f *forger) { f.payload["name"] = strings.Repeat("x", MaxSize) }, "bytes are more"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &forger{header: part(t, good, 0), payload: part(t, good, 1), key: by.key}
			tc.forge(f)
			requireRefused(t, f.token(t), tc.want)
		})
	}
}

func rsaOf(t *testing.T) crypto.PublicKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return key.Public()
}

func requireRefused(t *testing.T, token, want string) {
	t.Helper()
	c, _, err := Verify(token, nil, now)
	if want == "" {
		require.NoError(t, err)
		return
	}
	var refused *Refused
	require.ErrorAs(t, err, &refused)
	require.ErrorContains(t, err, want)
	require.NotEmpty(t, refused.Remedy)
	require.Nil(t, c)
}

// What is no compact JWS, or says two things at once.
func TestMalformedTokens(t *testing.T) {
	by := learner()
	good := sign(t, by, New(by, claim()))
	p := strings.Split(good, ".")
	encode := base64.RawURLEncoding.EncodeToString
	resigned := func(header, payload string) string {
		text := header + "." + payload
		return text + "." + encode(ed25519.Sign(by.key.(ed25519.PrivateKey), []byte(text)))
	}
	twice := func(part, member string) string {
		data, err := base64.RawURLEncoding.DecodeString(part)
		require.NoError(t, err)
		return encode([]byte("{" + member + "," + string(data[1:])))
	}
	for name, tc := range map[string]struct{ token, want string }{
		"nothing":                {"", "no compact JWS"},
		"two parts":              {p[0] + "." + p[1], "no compact JWS"},
		"four parts":             {good + ".", "no compact JWS"},
		"JSON serialization":     {`{"payload":"` + p[1] + `","protected":"` + p[0] + `","signature":"` + p[2] + `"}`, "no compact JWS"},
		"an altered claim":       {p[0] + "." + encode([]byte(strings.Replace(decode(t, p[1]), "87.5", "97.5", 1))) + "." + p[2], "something was altered"},
		"an altered header":      {encode([]byte(strings.Replace(decode(t, p[0]), "JWT", "JWS", 1))) + "." + p[1] + "." + p[2], "typ"},
		"a signature cut short":  {good[:len(good)-4], "something was altered"},
		"no signature":           {p[0] + "." + p[1] + ".", "something was altered"},
		"a header that is none":  {resigned(encode([]byte("[]")), p[1]), "header:"},
		"two algs":               {resigned(twice(p[0], `"alg":"none"`), p[1]), "header:"},
		"two issuers":            {resigned(p[0], twice(p[1], `"iss":"https://uni.example"`)), "claims:"},
		"a payload that is none": {resigned(p[0], encode([]byte("hi"))), "claims:"},
		"something behind it":    {resigned(p[0], encode([]byte(decode(t, p[1])+"{}"))), "claims:"},
	} {
		t.Run(name, func(t *testing.T) { requireRefused(t, tc.token, tc.want) })
	}
}

func decode(t *testing.T, part string) string {
	data, err := base64.RawURLEncoding.DecodeString(part)
	require.NoError(t, err)
	return string(data)
}

// A key that is only named is not looked up; the trusted one is tried.
func TestKeyThatIsOnlyNamed(t *testing.T) {
	uni := university(t, newKey('U'))
	f := &forger{payload: part(t, sign(t, uni, New(uni, claim())), 1), key: uni.key,
		header: map[string]any{"alg": "EdDSA", "kid": "https://uni.example/keys#1"}}
	token := f.token(t)
	_, _, err := Verify(token, nil, now)
	var unverifiable *Unverifiable
	require.ErrorAs(t, err, &unverifiable)
	require.ErrorContains(t, err, "https://uni.example/keys#1")
	_, standing, err := Verify(token, uni.key.Public(), now)
	require.NoError(t, err)
	require.Equal(t, Trusted, standing)
	_, _, err = Verify(token, newKey('M').Public(), now)
	require.ErrorContains(t, err, "something was altered")
}

// RFC 8037, appendices A.1 to A.5: the key, its JWS over "Example of Ed25519
// signing". It goes by way of the did:key, as in Verify.
func TestVectorOfRFC8037(t *testing.T) {
	const token = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
	seed, err := base64.RawURLEncoding.DecodeString("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")
	require.NoError(t, err)
	x, err := base64.RawURLEncoding.DecodeString("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
	require.NoError(t, err)

	key, err := keyOf(didOf(x))
	require.NoError(t, err)
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.EdDSA})
	require.NoError(t, err)
	payload, err := jws.Verify(key)
	require.NoError(t, err)
	require.Equal(t, "Example of Ed25519 signing", string(payload))

	f := &forger{key: ed25519.NewKeyFromSeed(seed)}
	sig := ed25519.Sign(f.key.(ed25519.PrivateKey), []byte(token[:strings.LastIndexByte(token, '.')]))
	require.True(t, strings.HasSuffix(token, "."+base64.RawURLEncoding.EncodeToString(sig)))
}
