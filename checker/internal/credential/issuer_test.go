package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnKeyIsMadeOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "config", "wirekata", "issuer.pem")
	first, made, err := Self(file)
	require.NoError(t, err)
	require.True(t, made)
	before, err := os.ReadFile(file)
	require.NoError(t, err)

	again, made, err := Self(file)
	require.NoError(t, err)
	require.False(t, made)
	require.Equal(t, first.ID, again.ID)
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, before, after)
	if runtime.GOOS != "windows" {
		requireMode(t, 0o600, file)
		requireMode(t, 0o700, filepath.Dir(file))
	}
}

func requireMode(t *testing.T, want fs.FileMode, name string) {
	t.Helper()
	info, err := os.Stat(name)
	require.NoError(t, err)
	require.Equal(t, want, info.Mode().Perm())
}

// Of runs that are the first at once, each signs with the key that stays, or
// finds it half written and does not sign.
func TestFirstRunsAtOnce(t *testing.T) {
	file := filepath.Join(t.TempDir(), "issuer.pem")
	var wg sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		wg.Go(func() {
			by, _, err := Self(file)
			if err == nil {
				ids[i] = by.ID
			}
		})
	}
	wg.Wait()
	by, made, err := Self(file)
	require.NoError(t, err)
	require.False(t, made)
	for _, id := range ids {
		require.Contains(t, []string{by.ID, ""}, id)
	}
}

// A file that holds no key to sign with stays as it is.
func TestOwnKeyIsNeverOverwritten(t *testing.T) {
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		text []byte
		want string
	}{
		"empty":            {nil, "no PEM block"},
		"cut short":        {[]byte("-----BEGIN PRIVATE KEY-----\nMC4CAQ"), "no PEM block"},
		"damaged":          {pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: []byte{0x30, 0}}), "asn1"},
		"of another kind":  {pkcs8(t, rsaKey), "no Ed25519 key"},
		"another's format": {pem.EncodeToMemory(&pem.Block{Type: "OPENSSH PRIVATE KEY"}), "OPENSSH"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "issuer.pem")
			require.NoError(t, os.WriteFile(file, tc.text, 0o600))
			_, _, err := Self(file)
			requireKeyError(t, err, tc.want)
			got, err := os.ReadFile(file)
			require.NoError(t, err)
			require.Equal(t, string(tc.text), string(got))
		})
	}
}

func requireKeyError(t *testing.T, err error, want string) {
	t.Helper()
	var bad *KeyError
	require.ErrorAs(t, err, &bad)
	require.ErrorContains(t, err, want)
	require.NotEmpty(t, bad.Remedy)
}

func TestLooseKeyIsRefused(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no such modes")
	}
	file := filepath.Join(t.TempDir(), "issuer.pem")
	_, _, err := Self(file)
	require.NoError(t, err)
	for _, mode := range []fs.FileMode{0o640, 0o604, 0o620, 0o602} {
		require.NoError(t, os.Chmod(file, mode))
		_, _, err := Self(file)
		requireKeyError(t, err, "others may read or change it")
		_, err = Institution(file, "https://uni.example")
		requireKeyError(t, err, "others may read or change it")
	}
	require.NoError(t, os.Chmod(file, 0o400))
	_, _, err = Self(file)
	require.NoError(t, err)
}

func TestKeyThatCannotBeMade(t *testing.T) {
	file := filepath.Join(t.TempDir(), "in-the-way")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, _, err := Self(filepath.Join(file, "issuer.pem"))
	require.Error(t, err)
	require.ErrorContains(t, err, "in-the-way")
}

func pkcs8(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der})
}

func pkix(t *testing.T, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: pemPublic, Bytes: der})
}

func TestKeysOfInstitutions(t *testing.T) {
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, data, 0o600))
		return file
	}
	for _, key := range []any{good, newKey('U')} {
		_, err := Institution(write("good", pkcs8(t, key)), "https://uni.example")
		require.NoError(t, err)
	}
	_, err = Institution(write("small", pkcs8(t, small)), "https://uni.example")
	requireKeyError(t, err, "1024 bits")
	_, err = Institution(write("curve", pkcs8(t, curve)), "https://uni.example")
	requireKeyError(t, err, "not in use here")
	_, err = Institution(filepath.Join(dir, "nowhere"), "https://uni.example")
	requireKeyError(t, err, "nowhere")

	for _, key := range []any{good.Public(), newKey('U').Public()} {
		_, err := PublicKey(write("good.pub", pkix(t, key)))
		require.NoError(t, err)
	}
	_, err = PublicKey(write("curve.pub", pkix(t, curve.Public())))
	requireKeyError(t, err, "not in use here")
	_, err = PublicKey(write("private", pkcs8(t, good)))
	requireKeyError(t, err, `"PRIVATE KEY" instead of "PUBLIC KEY"`)
}

func TestIsURL(t *testing.T) {
	for id, want := range map[string]bool{
		"https://uni.example":         true,
		"https://uni.example/issuers": true,
		"http://uni.example":          false,
		"uni.example":                 false,
		"https://":                    false,
		"https://me:pw@uni.example":   false,
		"did:key:z6Mk":                false,
		"":                            false,
	} {
		require.Equal(t, want, IsURL(id), id)
	}
}
