package credential

import (
	"crypto/ed25519"
	"testing"
)

// Whatever is accepted was signed by the key that its issuer is.
func FuzzVerify(f *testing.F) {
	by := learner()
	token, err := Sign(by, New(by, claim()))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("e30.e30.")
	f.Add(`eyJhbGciOiJub25lIn0.e30.`) // {"alg":"none"}
	f.Fuzz(func(t *testing.T, token string) {
		c, standing, err := Verify(token, newKey('U').Public().(ed25519.PublicKey), now)
		if (c == nil) == (err == nil) {
			t.Errorf("a credential %v and an error %v", c, err)
		}
		if err == nil && (standing == Trusted || c.Issuer.ID == by.ID && c.ID != claim().ID) {
			t.Errorf("forged: %+v", c)
		}
	})
}

func FuzzFromSVG(f *testing.F) {
	f.Add([]byte(`<svg xmlns:o="https://purl.imsglobal.org/ob/v3p0"><o:credential verify="a.b.c"/></svg>`))
	f.Add([]byte("<svg>"))
	f.Fuzz(func(t *testing.T, image []byte) {
		if token, err := FromSVG(image); (token == "") == (err == nil) {
			t.Errorf("%q and %v", token, err)
		}
	})
}
