package stateless_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/solutions/patterns/stateless"
)

var secret = bytes.Repeat([]byte("wirekata"), 4)

func signed(b *testing.B) stateless.Sessions {
	ring := new(stateless.Keyring)
	require.NoError(b, ring.Add("may", secret))
	require.NoError(b, ring.Sign("may"))
	return stateless.NewTokens(ring, time.Hour)
}

// BenchmarkCheck asks who a token stands for. The floor is the MAC alone, the
// least that a signed token can cost; the peer verifies, parses and validates
// the same token. A stored session is looked up in memory, in this process:
// what a store costs that others can ask too is a round trip, and is not here.
func BenchmarkCheck(b *testing.B) {
	s := signed(b)
	token, err := s.Login(b.Context(), "", "ann")
	require.NoError(b, err)
	b.Run("signed/by=floor", func(b *testing.B) {
		input := token[:strings.LastIndex(token, ".")]
		b.ReportAllocs()
		for b.Loop() {
			mac := hmac.New(sha256.New, secret)
			mac.Write([]byte(input))
			mac.Sum(nil)
		}
	})
	b.Run("signed/by=reference", func(b *testing.B) { check(b, s, token) })
	b.Run("signed/by=go-jose", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
			if err != nil {
				b.Fatal(err)
			}
			var c jwt.Claims
			if err := parsed.Claims(secret, &c); err != nil {
				b.Fatal(err)
			}
			if err := c.ValidateWithLeeway(jwt.Expected{Time: time.Now()}, 0); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stored/by=reference", func(b *testing.B) {
		s := stateless.NewStored(new(stateless.Memory), time.Hour)
		token, err := s.Login(b.Context(), "", "ann")
		require.NoError(b, err)
		check(b, s, token)
	})
}

func check(b *testing.B, s stateless.Sessions, token string) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Check(b.Context(), token); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLogin begins sessions.
func BenchmarkLogin(b *testing.B) {
	b.Run("signed/by=reference", func(b *testing.B) { login(b, signed(b)) })
	b.Run("signed/by=go-jose", func(b *testing.B) {
		signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithHeader("kid", "may"))
		require.NoError(b, err)
		b.ReportAllocs()
		for b.Loop() {
			now := time.Now()
			c := jwt.Claims{Subject: "ann", ID: "IZF4PLAY3HIWKMLSZ6KQH7XWQ4", IssuedAt: jwt.NewNumericDate(now), Expiry: jwt.NewNumericDate(now.Add(time.Hour))}
			if _, err := jwt.Signed(signer).Claims(c).Serialize(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("stored/by=reference", func(b *testing.B) { login(b, stateless.NewStored(new(stateless.Memory), time.Hour)) })
}

func login(b *testing.B, s stateless.Sessions) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.Login(b.Context(), "", "ann"); err != nil {
			b.Fatal(err)
		}
	}
}
