package stateless_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"github.com/wirekata/wirekata/exercises/patterns/stateless"
	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/vectors"
)

// The published example is good, as it is and until it expires, with the key
// that has the empty id. RFC 7515 A.1
func TestPublishedExample(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		v := vectors.JWSExample
		expires := time.Unix(1300819380, 0)
		ring := new(stateless.Keyring)
		must(t, "Add", ring.Add("", v.Key))
		s := stateless.NewTokens(ring, ttl)
		contract.Step(t, "the token of A.1")
		wantClaims(t, wantGood(t, s, v.Compact), stateless.Claims{Expires: expires})
		contract.Step(t, "the same members without the line breaks")
		h, p, sig := parts(t, v.Compact)
		wantError(t, s, h+"."+b64(strings.ReplaceAll(v.Payload, "\r\n ", ""))+"."+sig, stateless.ErrSignature)
		wantError(t, s, b64(strings.ReplaceAll(v.Header, "\r\n ", ""))+"."+p+"."+sig, stateless.ErrSignature)
		contract.Step(t, "a token of our own with this key: it has no kid")
		must(t, "Sign", ring.Sign(""))
		own := login(t, s, "", "joe")
		if h, _, _ := parts(t, own); strings.Contains(unb64(t, h), "kid") {
			contract.Mismatch(t, "the header of a token of the key with the empty id", unb64(t, h), "no kid")
		}
		wantSession(t, s, own, "joe", midnight)
		contract.Step(t, "the clock goes to a millisecond before 2011-03-22 18:43:00, and then on")
		contract.Pass(time.Until(expires) - time.Millisecond)
		wantClaims(t, wantGood(t, s, v.Compact), stateless.Claims{Expires: expires})
		contract.Pass(time.Millisecond)
		wantError(t, s, v.Compact, stateless.ErrExpired)
	})
}

// No character of a token can be another, and no octet of the signature can be
// missing. RFC 7515 §5.2 MUST
func TestEveryCharacterIsSigned(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		token := login(t, s, "", "ann")
		contract.Control(t, "the token as it is")
		wantSession(t, s, token, "ann", midnight)
		h, p, sig := parts(t, token)
		contract.Step(t, "the token with one other character, at each place")
		for i, c := range []byte(token) {
			if c == '.' {
				continue
			}
			allowed := []error{stateless.ErrSignature}
			switch {
			case i < len(h):
				allowed = append(allowed, stateless.ErrMalformed, stateless.ErrAlgorithm, stateless.ErrKey)
			case i == len(h)+len(p), i == len(token)-1: // the last of a part has unused bits
				allowed = append(allowed, stateless.ErrMalformed)
			}
			wantError(t, s, token[:i]+string(otherCharacter(t, c))+token[i+1:], allowed...)
		}
		mac := unb64(t, sig)
		for _, c := range []struct{ what, mac string }{
			{"without a signature", ""}, {"with half a signature", mac[:len(mac)/2]}, {"with an octet less", mac[:len(mac)-1]},
			{"with an octet more", mac + "\x00"}, {"with the signature twice", mac + mac}, {"with zeros", strings.Repeat("\x00", len(mac))},
		} {
			contract.Step(t, "the token %s", c.what)
			wantError(t, s, h+"."+p+"."+b64(c.mac), stateless.ErrSignature)
		}
		wantSession(t, s, token, "ann", midnight)
	})
}

// otherCharacter chooses a character of the alphabet that is not c.
func otherCharacter(t *testing.T, c byte) byte {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(alphabet, c)
	if at < 0 {
		contract.Failf(t, "%q is no character of a token", c)
	}
	return alphabet[(at+1+contract.Rand(t).IntN(len(alphabet)-1))%len(alphabet)]
}

// The algorithm is HS256, whatever a header says: none, in any case of
// letters, a longer hash with the right MAC, and an algorithm with a public
// key are refused. RFC 8725 §3.1
func TestAlgorithmIsNotTheTokensChoice(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		payload := b64(`{"sub":"ann","exp":946685000}`)
		contract.Control(t, "HS256")
		wantGood(t, s, forge("may", `{"alg":"HS256","kid":"may"}`, unb64(t, payload)))
		for _, alg := range []string{"none", "None", "NONE", "nOnE", "", "hs256", "Hs256", "HS256 ", "HS-256", "RS256", "ES256", "PS256", "EdDSA", "dir"} {
			contract.Step(t, "alg %q", alg)
			h := b64(fmt.Sprintf(`{"alg":%q,"kid":"may"}`, alg))
			wantError(t, s, h+"."+payload+".", stateless.ErrAlgorithm)
			wantError(t, s, h+"."+payload+"."+b64(string(sign(secretOf("may"), h+"."+payload))), stateless.ErrAlgorithm)
		}
		for alg, of := range map[string]func() hash.Hash{"HS384": sha512.New384, "HS512": sha512.New} {
			contract.Step(t, "alg %s, with the MAC that belongs to it", alg)
			h := b64(fmt.Sprintf(`{"alg":%q,"kid":"may"}`, alg))
			mac := hmac.New(of, secretOf("may"))
			mac.Write([]byte(h + "." + payload))
			wantError(t, s, h+"."+payload+"."+b64(string(mac.Sum(nil))), stateless.ErrAlgorithm)
		}
	})
}

// A token is checked with the key that its kid names and with no other; one
// without kid with the key whose id is empty; never with a key that it brings.
// README
func TestKeyIsTheOneThatKidNames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ring := newRing(t, "june", "may", "june")
		s := stateless.NewTokens(ring, ttl)
		const payload = `{"sub":"ann","exp":946685000}`
		contract.Control(t, "tokens of both keys")
		wantGood(t, s, forge("may", `{"alg":"HS256","kid":"may"}`, payload))
		wantGood(t, s, forge("june", `{"alg":"HS256","kid":"june"}`, payload))
		brought, _ := json.Marshal(map[string]string{"kty": "oct", "k": b64(string(secretOf("mallory")))})
		for _, c := range []struct {
			key, header string
			want        error
		}{
			{"june", `{"alg":"HS256","kid":"may"}`, stateless.ErrSignature},
			{"may", `{"alg":"HS256","kid":"june"}`, stateless.ErrSignature},
			{"may", `{"alg":"HS256","kid":"July"}`, stateless.ErrKey},
			{"may", `{"alg":"HS256","kid":"May"}`, stateless.ErrKey},
			{"june", `{"alg":"HS256"}`, stateless.ErrKey},
			{"mallory", fmt.Sprintf(`{"alg":"HS256","kid":"may","jwk":%s}`, brought), stateless.ErrSignature},
			{"mallory", fmt.Sprintf(`{"alg":"HS256","jwk":%s}`, brought), stateless.ErrKey},
		} {
			contract.Step(t, "%s's secret, header %s", c.key, c.header)
			wantError(t, s, forge(c.key, c.header, payload), c.want)
		}
		contract.Step(t, "the ring gets a key with the empty id")
		must(t, "Add", ring.Add("", secretOf("")))
		wantGood(t, s, forge("", `{"alg":"HS256"}`, payload))
		wantError(t, s, forge("june", `{"alg":"HS256"}`, payload), stateless.ErrSignature)
		wantError(t, s, forge("", `{"alg":"HS256","kid":"may"}`, payload), stateless.ErrSignature)
		wantError(t, s, forge("", `{"alg":"HS256","kid":"July"}`, payload), stateless.ErrKey)
	})
}

// A header that demands what nobody here understands is refused; one that only
// mentions it is not. RFC 7515 §4.1.11 MUST
func TestCriticalHeader(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		const payload = `{"sub":"ann","exp":946685000}`
		for _, members := range []string{`"crit":["b64"],"b64":false`, `"crit":["exp"],"exp":1`, `"crit":[]`, `"crit":"b64"`} {
			contract.Control(t, "a header that mentions things")
			wantGood(t, s, forge("may", `{"alg":"HS256","kid":"may","typ":"at+jwt","cty":"JWT","exp":1,"jku":"http://mallory/"}`, payload))
			contract.Step(t, "a header with %s", members)
			wantError(t, s, forge("may", `{"alg":"HS256","kid":"may",`+members+`}`, payload), stateless.ErrMalformed)
		}
	})
}

// Names are compared as they are: no case of letters is as good as another,
// and an escape in JSON is the character that it stands for. Of a name that is
// there twice the first never counts. RFC 7515 §4, §5.3 MUST
func TestMemberNames(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may", "june"), ttl)
		const header, exp = `{"alg":"HS256","kid":"may"}`, `"exp":946685000`
		wantSubject := func(payload string) {
			t.Helper()
			contract.Step(t, "payload %s", payload)
			if c := wantGood(t, s, forge("may", header, payload)); c.Subject != "ann" || c.Expires.Unix() != 946685000 {
				contract.Mismatch(t, "the claims that Check returned", render(c), `Subject "ann" and the exp of the payload`)
			}
		}
		wantSubject(`{"sub":"ann",` + exp + `}`)
		wantSubject(`{"sub":"ann","Sub":"root","SUB":"root","ſub":"root",` + exp + `,"Exp":1,"EXP":"never","NBF":1e9,"AUD":"x","Jti":7}`)
		wantSubject(`{"Sub":"root","sub":"ann","EXP":1,` + exp + `}`)
		wantSubject(`{"s\u0075b":"a\u006en","\u0065xp":946685000}`)
		for _, c := range []struct {
			header, payload string
			want            error
		}{
			{header, `{"sub":"ann","EXP":946685000}`, stateless.ErrMalformed},
			{`{"ALG":"HS256","kid":"may"}`, `{"sub":"ann",` + exp + `}`, stateless.ErrMalformed},
			{`{"alg":"none","ALG":"HS256","kid":"may"}`, `{"sub":"ann",` + exp + `}`, stateless.ErrAlgorithm},
			{`{"alg":"HS256","Kid":"may"}`, `{"sub":"ann",` + exp + `}`, stateless.ErrKey},
		} {
			contract.Step(t, "header %s, payload %s", c.header, c.payload)
			wantError(t, s, forge("may", c.header, c.payload), c.want)
		}
		contract.Step(t, "names that are there twice")
		wantError(t, s, forge("may", `{"alg":"HS256","kid":"may","alg":"none"}`, `{"sub":"ann",`+exp+`}`), stateless.ErrMalformed, stateless.ErrAlgorithm)
		wantError(t, s, forge("may", `{"alg":"HS256","kid":"may","kid":"june"}`, `{"sub":"ann",`+exp+`}`), stateless.ErrMalformed, stateless.ErrSignature)
		wantError(t, s, forge("may", header, `{"sub":"ann",`+exp+`,"exp":1}`), stateless.ErrMalformed, stateless.ErrExpired)
		if o := check(t, s, forge("may", header, `{"sub":"root",`+exp+`,"sub":"ann"}`)); o.claims.Subject != "ann" && !errors.Is(o.err, stateless.ErrMalformed) {
			contract.Mismatch(t, `the subject of {"sub":"root",...,"sub":"ann"}`, fmt.Sprintf("%q, %s", o.claims.Subject, nameOf(o.err)), `"ann", or ErrMalformed`)
		}
	})
}

// Of one token there is one spelling: no padding, no line break, no other
// alphabet, no bits that nobody reads, even if they are signed. RFC 7515 §2,
// RFC 4648 §3.5
func TestOneSpelling(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		// Each part ends in a character with unused bits, and has both
		// characters in which the alphabets of base64 differ.
		h, p, sig := "", "", ""
		for n := 0; !strings.Contains(sig, "-") || !strings.Contains(sig, "_"); n++ {
			h, p, sig = parts(t, forge("may", `{"alg":"HS256","kid":"may","x":"~~>~~?"}`, fmt.Sprintf(`{"exp":94668%04d,"x":"~~>~~?~~>~"}`, 5001+n)))
		}
		signed := func(h, p string) string { return h + "." + p + "." + b64(string(sign(secretOf("may"), h+"."+p))) }
		loose := func(part string) string { return part[:len(part)-1] + string(part[len(part)-1]+1) }
		std := strings.NewReplacer("-", "+", "_", "/")
		for _, part := range []string{h, p, sig} {
			if len(part)%4 == 0 || !strings.ContainsAny(part, "-_") {
				contract.Failf(t, "BUG: %q has one spelling anyway", part)
			}
		}
		for _, c := range []struct{ what, token string }{
			{"padding behind the signature", h + "." + p + "." + sig + "="},
			{"padding behind the payload", signed(h, p+strings.Repeat("=", 4-len(p)%4))},
			{"padding behind the header", signed(h+strings.Repeat("=", 4-len(h)%4), p)},
			{"a line break in the signature", h + "." + p + "." + sig[:20] + "\n" + sig[20:]},
			{"a line break behind the signature", h + "." + p + "." + sig + "\r\n"},
			{"a line break in the payload", signed(h, p[:16]+"\r\n"+p[16:])},
			{"a line break in the header", signed(h[:16]+"\n"+h[16:], p)},
			{"a blank before the token", " " + h + "." + p + "." + sig},
			{"a blank behind the signature", h + "." + p + "." + sig + " "},
			{"the other alphabet in the signature", h + "." + p + "." + std.Replace(sig)},
			{"the other alphabet in the payload", signed(h, std.Replace(p))},
			{"the other alphabet in the header", signed(std.Replace(h), p)},
			{"unused bits set in the signature", h + "." + p + "." + loose(sig)},
			{"unused bits set in the payload", signed(h, loose(p))},
			{"unused bits set in the header", signed(loose(h), p)},
			{"a part with one character too many", signed(h, p+strings.Repeat("A", (5-len(p)%4)%4))},
			{"an octet that no alphabet has", h + "." + p + "." + sig[:42] + "\xff"},
		} {
			contract.Control(t, "the token in its one spelling")
			wantGood(t, s, h+"."+p+"."+sig)
			contract.Step(t, "%s", c.what)
			wantError(t, s, c.token, stateless.ErrMalformed)
		}
	})
}

// A token has three parts, and two of them are JSON objects in UTF-8 with
// nothing behind. RFC 7515 §5.2, RFC 7519 §7.2 MUST
func TestThreePartsOfJSON(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		const header, payload = `{"alg":"HS256","kid":"may"}`, `{"sub":"ann","exp":946685000}`
		good := forge("may", header, payload)
		h, p, sig := parts(t, good)
		contract.Control(t, "a token, also with white space in its JSON")
		wantGood(t, s, good)
		wantGood(t, s, forge("may", "\r\n{ \"alg\" :\t\"HS256\" , \"kid\":\"may\" } ", "\n{\"exp\" : 946685000}\n"))
		for _, token := range []string{
			"", ".", "..", "...", "x", h, h + "." + p, h + "." + p + "." + sig + ".", "." + good, good + "." + sig, h + ".." + p + "." + sig,
			h + "." + p + "." + sig + "." + sig + "." + sig, "." + p + "." + sig, `{"protected":"` + h + `","payload":"` + p + `","signature":"` + sig + `"}`,
			"Bearer " + good,
		} {
			contract.Step(t, "the token %.60q", token)
			wantError(t, s, token, stateless.ErrMalformed)
		}
		for _, text := range []string{"", "null", "7", `"HS256"`, "[]", "[%s]", "%s%s", "%s x", "%s\x00", "x%s", "{\"x\":\"\xff\",%s", "{'x':7,%s", "{\"x\":01,%s", "{,%s"} {
			contract.Step(t, "instead of the object %q", text)
			wantError(t, s, forge("may", wrapped(text, header), payload), stateless.ErrMalformed)
			wantError(t, s, forge("may", header, wrapped(text, payload)), stateless.ErrMalformed)
		}
		wantGood(t, s, good)
	})
}

// wrapped puts an object where text says; behind "{" without its own brace.
func wrapped(text, object string) string {
	if strings.HasPrefix(text, "{") {
		object = object[1:]
	}
	return strings.ReplaceAll(text, "%s", object)
}

// A member of another type than its own is refused, and so is a token without
// alg or exp. A time may have a fraction. RFC 7515 §4.1, RFC 7519 §2, §4.1
func TestTypesOfMembers(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		check := func(payload string) string { return forge("may", `{"alg":"HS256","kid":"may"}`, payload) }
		for _, c := range []struct {
			payload string
			want    stateless.Claims
		}{
			{`{"exp":946685000}`, stateless.Claims{Expires: time.Unix(946685000, 0)}},
			{`{"sub":"","jti":"","exp":253402300799,"nbf":0,"iat":0}`, stateless.Claims{Expires: time.Unix(253402300799, 0), NotBefore: time.Unix(0, 0), Issued: time.Unix(0, 0)}},
			{`{"iss":7,"sub":"ann","jti":"7","exp":9.46685e8,"nbf":946684700,"iat":946684701,"x":{"exp":1}}`,
				stateless.Claims{Subject: "ann", ID: "7", Expires: time.Unix(946685000, 0), NotBefore: time.Unix(946684700, 0), Issued: time.Unix(946684701, 0)}},
		} {
			contract.Control(t, "payload %s", c.payload)
			wantClaims(t, wantGood(t, s, check(c.payload)), c.want)
		}
		contract.Control(t, "times with a fraction")
		c := wantGood(t, s, check(`{"exp":946685000.75,"nbf":946684700.5,"iat":946684701.25}`))
		whole := stateless.Claims{Expires: c.Expires.Truncate(time.Second), NotBefore: c.NotBefore.Truncate(time.Second), Issued: c.Issued.Truncate(time.Second)}
		wantClaims(t, whole, stateless.Claims{Expires: time.Unix(946685000, 0), NotBefore: time.Unix(946684700, 0), Issued: time.Unix(946684701, 0)})
		for _, header := range []string{
			`{}`, `{"kid":"may"}`, `{"alg":null,"kid":"may"}`, `{"alg":256,"kid":"may"}`, `{"alg":["HS256"],"kid":"may"}`,
			`{"alg":"HS256","kid":null}`, `{"alg":"HS256","kid":7}`, `{"alg":"HS256","kid":["may"]}`,
		} {
			contract.Step(t, "header %s", header)
			wantError(t, s, forge("may", header, `{"exp":946685000}`), stateless.ErrMalformed)
		}
		for _, payload := range []string{
			`{}`, `{"sub":"ann"}`, `{"sub":"ann","iat":946684800,"nbf":946684800}`,
			`{"exp":"946685000"}`, `{"exp":null}`, `{"exp":true}`, `{"exp":[946685000]}`, `{"exp":{}}`, `{"exp":"2001-01-01T00:00:00Z"}`,
			`{"exp":253402300800}`, `{"exp":1e30}`, `{"exp":1e400}`, `{"exp":-1}`, `{"exp":18446744074656236616}`,
			`{"exp":946685000,"nbf":null}`, `{"exp":946685000,"nbf":"0"}`, `{"exp":946685000,"nbf":-1}`, `{"exp":946685000,"nbf":1e30}`,
			`{"exp":946685000,"iat":null}`, `{"exp":946685000,"iat":"now"}`, `{"exp":946685000,"iat":-1}`,
			`{"exp":946685000,"sub":null}`, `{"exp":946685000,"sub":7}`, `{"exp":946685000,"sub":["ann"]}`,
			`{"exp":946685000,"jti":null}`, `{"exp":946685000,"jti":7}`, `{"exp":946685000,"jti":{}}`,
		} {
			contract.Step(t, "payload %s", payload)
			wantError(t, s, check(payload), stateless.ErrMalformed)
		}
		for _, aud := range []string{`"ann"`, `["us","them"]`, `""`} {
			contract.Step(t, "aud %s", aud)
			wantError(t, s, check(`{"exp":946685000,"aud":`+aud+`}`), stateless.ErrAudience)
		}
	})
}

// A token is good from nbf on, and no longer at exp; when it was issued does
// not matter. RFC 7519 §4.1.4 to §4.1.6 MUST
func TestNoLeeway(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		at := func(after int) int64 { return midnight.Unix() + int64(after) }
		token := forge("may", `{"alg":"HS256","kid":"may"}`, fmt.Sprintf(`{"nbf":%d,"exp":%d}`, at(60), at(180)))
		future := forge("may", `{"alg":"HS256","kid":"may"}`, fmt.Sprintf(`{"iat":%d,"exp":%d}`, at(7200), at(3600)))
		for _, c := range []struct {
			at   time.Duration
			want error
		}{
			{0, stateless.ErrNotYet}, {59*time.Second + 999*time.Millisecond, stateless.ErrNotYet}, {60 * time.Second, nil},
			{120 * time.Second, nil}, {179*time.Second + 999*time.Millisecond, nil}, {180 * time.Second, stateless.ErrExpired}, {3 * time.Hour, stateless.ErrExpired},
		} {
			contract.Pass(time.Until(midnight.Add(c.at)))
			contract.Step(t, "%s after midnight, a token for 60 s to 180 s", c.at)
			if c.want == nil {
				wantGood(t, s, token)
			} else {
				wantError(t, s, token, c.want)
			}
			if c.at < time.Hour {
				wantGood(t, s, future)
			}
		}
	})
}

// Of several things that are wrong with a token the README's order decides;
// nothing that is not signed decides anything. README
func TestFirstErrorCounts(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		s := stateless.NewTokens(newRing(t, "may", "may"), ttl)
		const header = `{"alg":"HS256","kid":"may"}`
		contract.Control(t, "a token with nothing wrong")
		wantGood(t, s, forge("may", header, `{"sub":"ann","exp":946685000}`))
		for _, c := range []struct {
			what, key, header, payload string
			want                       error
		}{
			{"crit and another algorithm", "may", `{"alg":"HS384","kid":"may","crit":["x"]}`, `{"exp":946685000}`, stateless.ErrMalformed},
			{"another algorithm and no such key", "may", `{"alg":"HS384","kid":"july"}`, `{"exp":946685000}`, stateless.ErrAlgorithm},
			{"no such key, and all the rest", "june", `{"alg":"HS256","kid":"july"}`, `{"exp":1,"aud":"x"}`, stateless.ErrKey},
			{"no signature, and expired", "june", header, `{"exp":1}`, stateless.ErrSignature},
			{"no signature, and not yet good", "june", header, `{"exp":946685000,"nbf":946684900}`, stateless.ErrSignature},
			{"no signature, and for somebody else", "june", header, `{"exp":946685000,"aud":"x"}`, stateless.ErrSignature},
			{"no signature, and no exp", "june", header, `{}`, stateless.ErrSignature},
			{"no signature, and no JSON", "june", header, `exp`, stateless.ErrSignature},
			{"no string as subject, and expired", "may", header, `{"sub":7,"exp":1}`, stateless.ErrMalformed},
			{"no string as ID, and for somebody else", "may", header, `{"jti":7,"exp":946685000,"aud":"x"}`, stateless.ErrMalformed},
			{"no exp, and for somebody else", "may", header, `{"aud":"x"}`, stateless.ErrMalformed},
			{"for somebody else, and expired", "may", header, `{"exp":1,"aud":"x"}`, stateless.ErrAudience},
			{"expired, and not yet good", "may", header, `{"exp":946684700,"nbf":946684900}`, stateless.ErrExpired},
		} {
			contract.Step(t, "%s", c.what)
			wantError(t, s, forge(c.key, c.header, c.payload), c.want)
		}
	})
}

// An independent implementation reads what Login issues, and Check reads what
// that implementation issues. RFC 7519 §7
func TestPeer(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, size := range []int{32, 64, 131} { // the hash's, its block's, and more
			secret := []byte(strings.Repeat("0123456789abcdef", 9))[:size]
			ring := new(stateless.Keyring)
			must(t, "Add", ring.Add("may", secret))
			must(t, "Sign", ring.Sign("may"))
			s := stateless.NewTokens(ring, ttl)
			contract.Step(t, "a key of %d octets: go-jose reads ours", size)
			token := login(t, s, "", "ann")
			parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.HS256})
			if err != nil {
				contract.Mismatch(t, "go-jose cannot parse\n"+describe(token), err.Error(), "no error")
			}
			var c struct {
				jwt.Claims
				Audience any `json:"aud"`
			}
			if err := parsed.Claims(secret, &c); err != nil {
				contract.Mismatch(t, "go-jose does not accept\n"+describe(token), err.Error(), "no error")
			}
			if c.IssuedAt == nil || c.Expiry == nil || c.NotBefore != nil || c.Audience != nil || parsed.Headers[0].KeyID != "may" {
				contract.Mismatch(t, "the members of a token that Login issued", describe(token), "kid, sub, jti, iat, exp, and neither nbf nor aud")
			}
			own := wantGood(t, s, token)
			wantClaims(t, stateless.Claims{Subject: c.Subject, ID: c.ID, Issued: c.IssuedAt.Time(), Expires: c.Expiry.Time()}, own)
			wantClaims(t, own, stateless.Claims{Subject: "ann", ID: own.ID, Issued: midnight, Expires: midnight.Add(ttl)})

			contract.Step(t, "a key of %d octets: we read go-jose's", size)
			signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: secret}, (&jose.SignerOptions{}).WithType("JWT").WithHeader("kid", "may"))
			if err != nil {
				contract.Failf(t, "BUG: %v", err)
			}
			want := stateless.Claims{Subject: "bob", ID: "7", Issued: midnight.Add(-time.Minute), NotBefore: midnight.Add(-time.Second), Expires: midnight.Add(time.Hour)}
			theirs, err := jwt.Signed(signer).Claims(jwt.Claims{Issuer: "go-jose", Subject: want.Subject, ID: want.ID, IssuedAt: jwt.NewNumericDate(want.Issued),
				NotBefore: jwt.NewNumericDate(want.NotBefore), Expiry: jwt.NewNumericDate(want.Expires)}).Claims(map[string]any{"roles": []string{"admin"}}).Serialize()
			if err != nil {
				contract.Failf(t, "BUG: %v", err)
			}
			wantClaims(t, wantGood(t, s, theirs), want)
		}
	})
}

// A subject comes back as it was, whatever is in it, and the token is still one
// that fits into a cookie. RFC 6265 §4.1.1
func TestAnySubject(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		for _, s := range []stateless.Sessions{stateless.NewTokens(newRing(t, "may", "may"), ttl), stateless.NewStored(new(stateless.Memory), ttl)} {
			for _, subject := range []string{
				"ann", `ann","sub":"root`, `a"b\c`, "a.b.c", "Łukasz Żółć", "安", "🦉", "a\x00b\r\n\tc\x1f\x7f", "<ann>&'", "\u2028\u2029\ufeff", "  ann  ", "null", "7", strings.Repeat("long ", 200),
			} {
				contract.Step(t, "%.40q logs in at %T", subject, s)
				token := login(t, s, "", subject)
				wantSession(t, s, token, subject, midnight)
				if i := strings.IndexFunc(token, notInCookies); i >= 0 {
					contract.Failf(t, "the token %q has %q, which no cookie may have", token, token[i])
				}
			}
		}
	})
}

// notInCookies is what is not cookie-octet.
func notInCookies(r rune) bool { return r <= ' ' || r >= 0x7f || strings.ContainsRune(`",;\`, r) }

// What a keyring refuses changes nothing in it, and nothing outside of it
// changes its secrets. A secret has at least 256 bits. RFC 7518 §3.2 MUST
func TestKeyring(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ring := new(stateless.Keyring)
		s := stateless.NewTokens(ring, ttl)
		contract.Step(t, "an empty ring")
		wantLoginError(t, s, stateless.ErrKey)
		want(t, "Sign of an id that is not there", ring.Sign("may"), stateless.ErrKey)
		want(t, "Add of 31 octets", ring.Add("may", secretOf("may")[:31]), stateless.ErrWeakKey)
		want(t, "Add of no octets", ring.Add("may", nil), stateless.ErrWeakKey)
		want(t, "Sign of an id that was refused", ring.Sign("may"), stateless.ErrKey)
		contract.Step(t, "a key, which nobody has chosen yet")
		secret := slices.Clone(secretOf("may"))
		must(t, "Add", ring.Add("may", secret))
		wantLoginError(t, s, stateless.ErrKey)
		must(t, "Sign", ring.Sign("may"))
		token := login(t, s, "", "ann")
		contract.Step(t, "the caller wipes the secret it has handed over")
		clear(secret)
		wantSession(t, s, token, "ann", midnight)
		wantSession(t, s, login(t, stateless.NewTokens(newRing(t, "may", "may"), ttl), "", "bob"), "bob", midnight)
		contract.Step(t, "what is refused changes nothing")
		want(t, "Add of an id that is taken", ring.Add("may", secretOf("june")), stateless.ErrTaken)
		want(t, "Add of a key that is there", ring.Add("may", secretOf("may")), stateless.ErrTaken)
		want(t, "Sign of an id that is not there", ring.Sign("june"), stateless.ErrKey)
		must(t, "Add", ring.Add("june", secretOf("june")))
		ring.Drop("july")
		wantSession(t, s, token, "ann", midnight)
		wantSession(t, stateless.NewTokens(newRing(t, "", "may"), ttl), login(t, s, "", "bob"), "bob", midnight)
		contract.Step(t, "the key that signs is dropped")
		ring.Drop("may")
		ring.Drop("may")
		wantLoginError(t, s, stateless.ErrKey)
		wantError(t, s, token, stateless.ErrKey)
		contract.Step(t, "its id is given to another secret, which nobody has chosen")
		must(t, "Add", ring.Add("may", secretOf("July")))
		wantLoginError(t, s, stateless.ErrKey)
		wantError(t, s, token, stateless.ErrSignature)
		contract.Step(t, "another is chosen")
		must(t, "Sign", ring.Sign("june"))
		wantSession(t, stateless.NewTokens(newRing(t, "", "june"), ttl), login(t, s, "", "ann"), "ann", midnight)
	})
}

func want(t *testing.T, what string, got, want error) {
	t.Helper()
	if nameOf(got) != nameOf(want) {
		contract.Mismatch(t, what, nameOf(got), nameOf(want))
	}
}

// wantLoginError checks that nobody can log in.
func wantLoginError(t *testing.T, s stateless.Sessions, err error) {
	t.Helper()
	o := contract.Call(t, "Login to return", func() outcome {
		token, err := s.Login(t.Context(), "", "ann")
		return outcome{token: token, err: err}
	})
	want(t, "what Login returned", o.err, err)
	if o.token != "" {
		contract.Failf(t, "Login returned the token %q beside %s", o.token, nameOf(o.err))
	}
}

// Keys are added, chosen and dropped while sessions of both kinds begin and are
// checked from many goroutines, and every token is good. README
func TestRotationWhileServing(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const workers, rounds = 5, 12
		ring, store := newRing(t, "0", "0"), new(stateless.Memory)
		signed, stored := stateless.NewTokens(ring, ttl), stateless.NewStored(store, ttl)
		contract.Step(t, "%d goroutines log in and check while %d keys come, and others go", 2*workers, rounds)
		var working []*contract.Pending[error]
		for range workers {
			working = append(working,
				contract.Go("the goroutines to end", func() error { return serveFor(t.Context(), signed, rounds+3, stateless.ErrSignature) }),
				contract.Go("the goroutines to end", func() error { return serveFor(t.Context(), stored, rounds+3, stateless.ErrRevoked) }))
		}
		for i := 1; i <= rounds; i++ {
			id, never := fmt.Sprint(i), fmt.Sprint("never ", i)
			must(t, "Add", ring.Add(id, secretOf(id)))
			must(t, "Add", ring.Add(never, secretOf(never)))
			must(t, "Sign", ring.Sign(id))
			ring.Drop(never)
			time.Sleep(7 * time.Millisecond)
		}
		for _, w := range working {
			must(t, "Login or Check", w.Await(t))
		}
	})
}

// serveFor logs in and checks every 7 ms, also a token that is longer than it
// was.
func serveFor(ctx context.Context, s stateless.Sessions, rounds int, longer error) error {
	for range rounds {
		token, err := s.Login(ctx, "", "ann")
		if err != nil {
			return err
		}
		c, err := s.Check(ctx, token)
		if err != nil {
			return err
		}
		if c.Subject != "ann" {
			return fmt.Errorf("subject %q", c.Subject)
		}
		if _, err := s.Check(ctx, token+"AAAA"); !errors.Is(err, longer) {
			return fmt.Errorf("four characters more: %v, want %w", err, longer)
		}
		time.Sleep(7 * time.Millisecond)
	}
	return nil
}

// Logging in again leaves the token from before good, so does logging out, and
// so it stays on every replica until exp. The brake is to drop the key. README
func TestLimitOfSignedTokens(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		ring := newRing(t, "may", "may")
		s, replica := stateless.NewTokens(ring, ttl), stateless.NewTokens(newRing(t, "", "may"), time.Second)
		old := login(t, s, "", "ann")
		contract.Step(t, "ann logs in with the token from before, and logs out")
		token := login(t, s, old, "ann")
		for _, k := range []string{old, token, "", "no token", old + "x"} {
			want(t, fmt.Sprintf("what Logout returned for %.20q", k), s.Logout(t.Context(), k), stateless.ErrCannotRevoke)
		}
		contract.Step(t, "both tokens are good until the last millisecond")
		contract.Pass(ttl - time.Millisecond)
		for _, k := range []string{old, token} {
			wantSession(t, s, k, "ann", midnight)
			wantSession(t, replica, k, "ann", midnight)
		}
		contract.Step(t, "the key is dropped at one replica")
		ring.Drop("may")
		wantError(t, s, old, stateless.ErrKey)
		wantSession(t, replica, old, "ann", midnight)
		contract.Step(t, "exp")
		contract.Pass(time.Millisecond)
		wantError(t, replica, old, stateless.ErrExpired)
	})
}

// Tokens and IDs of stored sessions and IDs of signed ones have 128 bits that
// nobody can foretell, whoever logs in, when and where. README
func TestUnguessable(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		const each = 128
		store := new(stateless.Memory)
		for _, c := range []struct {
			what     string
			one, two stateless.Sessions
			opaque   bool
		}{
			{"signed tokens", stateless.NewTokens(newRing(t, "may", "may"), ttl), stateless.NewTokens(newRing(t, "may", "may"), ttl), false},
			{"stored sessions", stateless.NewStored(store, ttl), stateless.NewStored(store, ttl), true},
		} {
			contract.Step(t, "%s: ann logs in %d times at the same instant, at two replicas", c.what, 2*each)
			var tokens, ids []string
			for range each {
				for _, s := range []stateless.Sessions{c.one, c.two} {
					token := login(t, s, "", "ann")
					tokens, ids = append(tokens, token), append(ids, wantGood(t, s, token).ID)
				}
			}
			wantDifferent(t, "token", tokens)
			wantDifferent(t, "ID", ids)
			if c.opaque {
				wantBits(t, "token", tokens)
			} else {
				wantBits(t, "ID", ids)
			}
		}
	})
}

func wantDifferent(t *testing.T, what string, list []string) {
	t.Helper()
	seen := map[string]bool{}
	for _, s := range list {
		if seen[s] {
			contract.Failf(t, "two sessions have the %s %q", what, s)
		}
		seen[s] = true
	}
}

// wantBits measures how much of a list's strings varies: for each place the
// logarithm of how many characters were seen there, none included. With 256 strings that is
// a little less than what was random; the bound of 116 forgives 12 bits.
func wantBits(t *testing.T, what string, list []string) {
	t.Helper()
	bits := 0.0
	for i := range slices.MaxFunc(list, func(a, b string) int { return len(a) - len(b) }) {
		seen := map[string]bool{}
		for _, s := range list {
			seen[s[min(i, len(s)):min(i+1, len(s))]] = true
		}
		bits += math.Log2(float64(len(seen)))
	}
	if bits < 116 {
		contract.Mismatch(t, fmt.Sprintf("of a %s about %.0f bits vary", what, bits), strings.Join(list[:4], "\n"), "at least 128 random bits in each")
	}
}

// What the store knows opens nothing: no key and no claim in it contains a
// token or is one. README
func TestStoreHoldsNoTokens(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		store := &scripted{}
		s := stateless.NewStored(store, ttl)
		contract.Step(t, "ann and bob log in, bob twice")
		ann, bob := login(t, s, "", "ann"), login(t, s, "", "bob")
		again := login(t, s, bob, "bob")
		tokens := []string{ann, bob, again}
		contract.Control(t, "their tokens are good")
		wantSession(t, s, ann, "ann", midnight)
		wantSession(t, s, again, "bob", midnight)
		for _, known := range store.known() {
			contract.Step(t, "the store knows %q", known)
			for _, token := range tokens {
				if strings.Contains(known, token) {
					contract.Mismatch(t, "the store knows a token", known, "nothing that contains "+token)
				}
			}
			wantError(t, s, known, stateless.ErrRevoked)
		}
		contract.Step(t, "so does what a log may know: the ID")
		for _, token := range []string{ann, again} {
			id := wantGood(t, s, token).ID
			if strings.Contains(id, token) {
				contract.Mismatch(t, "the ID of a session", id, "nothing that contains "+token)
			}
			wantError(t, s, id, stateless.ErrRevoked)
		}
	})
}

// A login ends what the browser had before, whoever planted it there, and
// never makes a session of a token that somebody chose. RFC 6265 §8.4, README
func TestFixation(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		store := new(stateless.Memory)
		s, replica := stateless.NewStored(store, ttl), stateless.NewStored(store, ttl)
		contract.Step(t, "mallory logs in, plants her token in ann's browser, and ann logs in")
		planted := login(t, s, "", "mallory")
		wantSession(t, s, planted, "mallory", midnight)
		ann := login(t, replica, planted, "ann")
		if ann == planted {
			contract.Failf(t, "ann's token is the one that mallory knows")
		}
		wantSession(t, s, ann, "ann", midnight)
		wantError(t, s, planted, stateless.ErrRevoked)
		contract.Step(t, "ann logs in once more: her token from before is dead too")
		again := login(t, s, ann, "ann")
		wantSession(t, replica, again, "ann", midnight)
		wantError(t, replica, ann, stateless.ErrRevoked)
		contract.Step(t, "mallory plants tokens that nobody has issued, and some that are dead")
		for _, chosen := range []string{"chosen-by-mallory", strings.Repeat("A", 43), strings.Repeat("0", 64), planted, ann, wantGood(t, s, again).ID} {
			wantError(t, s, chosen, stateless.ErrRevoked)
			bob := login(t, s, chosen, "bob")
			if slices.Contains([]string{chosen, planted, ann, again}, bob) {
				contract.Failf(t, "bob's token %q has been seen before", bob)
			}
			wantSession(t, s, bob, "bob", midnight)
			wantError(t, s, chosen, stateless.ErrRevoked)
		}
		contract.Control(t, "ann's session is what it was")
		wantSession(t, s, again, "ann", midnight)
	})
}

// When Logout has returned, the session has ended on every replica, also on
// those that have checked it before. The subject's others go on. README
func TestLogoutEverywhere(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		store := new(stateless.Memory)
		one, two := stateless.NewStored(store, ttl), stateless.NewStored(store, ttl)
		phone, laptop := login(t, one, "", "ann"), login(t, one, "", "ann")
		contract.Control(t, "both replicas have seen both sessions")
		for _, s := range []stateless.Sessions{one, two, one, two} {
			wantSession(t, s, phone, "ann", midnight)
			wantSession(t, s, laptop, "ann", midnight)
		}
		contract.Step(t, "the laptop is logged out at one replica")
		logout(t, one, laptop)
		wantError(t, two, laptop, stateless.ErrRevoked)
		wantError(t, one, laptop, stateless.ErrRevoked)
		wantSession(t, two, phone, "ann", midnight)
		contract.Step(t, "what has no session can be logged out too")
		for _, nothing := range []string{laptop, "", "no token", wantGood(t, one, phone).ID, "ann"} {
			logout(t, two, nothing)
		}
		wantSession(t, one, phone, "ann", midnight)
		contract.Step(t, "what is no token, and what is one at another store")
		wantError(t, stateless.NewStored(new(stateless.Memory), ttl), phone, stateless.ErrRevoked)
		for _, nothing := range []string{"", "no token", "a.b.c", phone + "x", phone[1:], "ann", strings.Repeat("x", 10_000)} {
			wantError(t, two, nothing, stateless.ErrRevoked)
		}
	})
}

// A stored session ends at its Expires, however often it is checked. README
func TestStoredSessionExpires(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		store := new(stateless.Memory)
		s := stateless.NewStored(store, ttl)
		contract.Pass(20*time.Second + 590*time.Millisecond)
		issued := midnight.Add(20 * time.Second)
		ann, bob := login(t, s, "", "ann"), login(t, s, "", "bob")
		contract.Step(t, "ann comes back every two minutes and 17 s")
		for time.Until(issued.Add(ttl)) > 137*time.Second {
			wantSession(t, s, ann, "ann", issued)
			contract.Pass(137 * time.Second)
		}
		contract.Step(t, "a millisecond before the end, and at the end")
		contract.Pass(time.Until(issued.Add(ttl - time.Millisecond)))
		wantSession(t, s, ann, "ann", issued)
		contract.Pass(time.Millisecond)
		wantError(t, s, ann, stateless.ErrExpired)
		wantError(t, stateless.NewStored(store, ttl), bob, stateless.ErrExpired)
		wantError(t, s, ann, stateless.ErrExpired, stateless.ErrRevoked)
		contract.Step(t, "both log in again with what they had, and bob logs out what is dead")
		again := login(t, s, ann, "ann")
		logout(t, s, bob)
		wantSession(t, s, again, "ann", issued.Add(ttl))
		wantError(t, s, ann, stateless.ErrRevoked, stateless.ErrExpired)
	})
}

// A store that cannot be asked has not said no: its error comes through, and
// is none of ours. README
func TestStoreFails(t *testing.T) {
	contract.Virtual(t, func(t *testing.T) {
		store := &scripted{}
		s := stateless.NewStored(store, ttl)
		token := login(t, s, "", "ann")
		contract.Control(t, "the store works, and wraps what it says")
		wantSession(t, s, token, "ann", midnight)
		wantError(t, s, "no token", stateless.ErrRevoked)
		contract.Step(t, "the store is down")
		store.fails("put", "get", "delete")
		wantError(t, s, token, errDown)
		wantLoginError(t, s, errDown)
		want(t, "what Logout returned", s.Logout(t.Context(), token), errDown)
		contract.Control(t, "the store is back, and with it the session")
		store.fails()
		wantSession(t, s, token, "ann", midnight)
		contract.Step(t, "the store takes nothing new")
		store.fails("put")
		wantLoginError(t, s, errDown)
		contract.Step(t, "the store forgets nothing: then ann cannot log in and leave her old token good")
		store.fails("delete")
		if next, err := s.Login(t.Context(), token, "ann"); err == nil {
			wantError(t, s, token, stateless.ErrRevoked, stateless.ErrExpired)
			wantSession(t, s, next, "ann", midnight)
		} else {
			want(t, "what Login returned", err, errDown)
		}
		store.fails()
		contract.Step(t, "the caller has gone: the store is told")
		ctx, cancel := context.WithCancel(t.Context())
		token = login(t, s, "", "ann")
		cancel()
		want(t, "what Check returned", checkWith(t, ctx, s, token).err, context.Canceled)
		want(t, "what Logout returned", s.Logout(ctx, token), context.Canceled)
		_, err := s.Login(ctx, "", "ann")
		want(t, "what Login returned", err, context.Canceled)
		contract.Control(t, "the next one has not gone")
		wantSession(t, s, token, "ann", midnight)
	})
}

// A scripted store remembers what it was given and fails on cue. What it does
// not have it says in words of its own.
type scripted struct {
	stateless.Memory
	mu     sync.Mutex
	seen   []string
	broken []string
}

func (s *scripted) fails(operations ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken = operations
}

func (s *scripted) fail(operation string, seen ...string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, seen...)
	if slices.Contains(s.broken, operation) {
		return fmt.Errorf("%s: %w", operation, errDown)
	}
	return nil
}

// known is what the store was told, each once.
func (s *scripted) known() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := slices.Clone(s.seen)
	slices.Sort(list)
	return slices.Compact(list)
}

func (s *scripted) Put(ctx context.Context, key string, c stateless.Claims) error {
	if err := s.fail("put", key, c.ID, c.Subject); err != nil {
		return err
	}
	return s.Memory.Put(ctx, key, c)
}

func (s *scripted) Get(ctx context.Context, key string) (stateless.Claims, error) {
	if err := s.fail("get", key); err != nil {
		return stateless.Claims{}, err
	}
	c, err := s.Memory.Get(ctx, key)
	if err != nil {
		err = fmt.Errorf("get %q: %w", key, err)
	}
	return c, err
}

func (s *scripted) Delete(ctx context.Context, key string) error {
	if err := s.fail("delete", key); err != nil {
		return err
	}
	return s.Memory.Delete(ctx, key)
}

// forge returns a token with these texts as header and payload, signed with
// the secret that the suite's rings have under id.
func forge(id, header, payload string) string {
	input := b64(header) + "." + b64(payload)
	return input + "." + b64(string(sign(secretOf(id), input)))
}
