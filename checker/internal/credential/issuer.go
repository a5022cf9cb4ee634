package credential

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"

	"github.com/go-jose/go-jose/v4"
)

// An Issuer is who signs.
type Issuer struct {
	ID string // a did:key, or the URL of an institution
	// SelfIssued says that the issuer is the learner.
	SelfIssued bool

	key crypto.Signer
	alg jose.SignatureAlgorithm
}

// subject is the id of the one whom the issuer credits: the issuer itself, or
// somebody who has no id elsewhere.
func (i *Issuer) subject() string {
	if i.SelfIssued {
		return i.ID
	}
	return NewID()
}

// A KeyError says what is wrong with a file that holds a key.
type KeyError struct {
	File   string
	Err    error
	Remedy string
}

func (e *KeyError) Error() string { return fmt.Sprintf("key %s: %v", e.File, e.Err) }

// Unwrap returns the reason.
func (e *KeyError) Unwrap() error { return e.Err }

const (
	pemPrivate = "PRIVATE KEY" // PKCS #8
	pemPublic  = "PUBLIC KEY"  // PKIX
)

// Self returns the issuer that signs for itself with the Ed25519 key in the
// file, and whether the key was made just now. A file that is there is never
// written to.
func Self(file string) (by *Issuer, made bool, err error) {
	key, err := privateKey(file)
	if errors.Is(err, fs.ErrNotExist) {
		made = true
		if err = makeKey(file); err == nil {
			key, err = privateKey(file)
		}
	}
	if err != nil {
		return nil, false, err
	}
	signer, ok := key.(ed25519.PrivateKey)
	if !ok {
		return nil, false, &KeyError{file, errors.New("no Ed25519 key"), "move it away; a new one is made then, and what it signed stays valid"}
	}
	id := didOf(signer.Public().(ed25519.PublicKey))
	return &Issuer{ID: id, SelfIssued: true, key: signer, alg: jose.EdDSA}, made, nil
}

// Institution returns the issuer that is known by the URL and signs with the
// private key in the file.
func Institution(file, id string) (*Issuer, error) {
	key, err := privateKey(file)
	if err != nil {
		return nil, err
	}
	by := &Issuer{ID: id, key: key}
	if by.alg, err = algorithmOf(key.Public()); err != nil {
		return nil, &KeyError{file, err, "take an Ed25519 key, or an RSA key of 2048 to 4096 bits"}
	}
	return by, nil
}

// IsURL reports whether an institution can be known by id.
func IsURL(id string) bool {
	u, err := url.Parse(id)
	return err == nil && u.Scheme == "https" && u.Host != "" && u.User == nil && u.String() == id
}

// algorithmOf returns the one algorithm that signatures by the key may have.
func algorithmOf(public any) (jose.SignatureAlgorithm, error) {
	switch key := public.(type) {
	case ed25519.PublicKey:
		return jose.EdDSA, nil
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < 2048 || n > jose.MaxRSAModulusBits {
			return "", fmt.Errorf("RSA key of %d bits", n)
		}
		return jose.RS256, nil
	}
	return "", errors.New("key of a kind that is not in use here")
}

// makeKey writes a new key into the file, which must not be there.
func makeKey(file string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err = os.MkdirAll(filepath.Dir(file), 0o700); err == nil {
		err = WriteNew(file, pem.EncodeToMemory(&pem.Block{Type: pemPrivate, Bytes: der}), 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) { // another run may have been the first
		return &KeyError{file, fmt.Errorf("cannot be made: %w", err), "make its folder writable"}
	}
	return nil
}

// WriteNew writes a file that must not be there yet. After an error it is not
// there either, unless it is another's.
func WriteNew(name string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		os.Remove(name)
	}
	return err
}

func privateKey(file string) (crypto.Signer, error) {
	block, mode, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	if loose := mode.Perm() & 0o077; loose != 0 && runtime.GOOS != "windows" {
		return nil, &KeyError{file, fmt.Errorf("others may read or change it (mode %04o)", mode.Perm()),
			fmt.Sprintf("if nobody has: chmod 600 %s; else make a new one", file)}
	}
	if block.Type != pemPrivate {
		return nil, &KeyError{file, fmt.Errorf("%q instead of %q", block.Type, pemPrivate), "convert it: openssl pkcs8 -topk8 -nocrypt"}
	}
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, &KeyError{file, err, "see whether it is damaged: openssl pkey -noout -check"}
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, &KeyError{file, errors.New("no key to sign with"), "take an Ed25519 or RSA key"}
	}
	return signer, nil
}

// PublicKey reads the public key in the file, for [Verify].
func PublicKey(file string) (crypto.PublicKey, error) {
	block, _, err := readPEM(file)
	if err != nil {
		return nil, err
	}
	if block.Type != pemPublic {
		return nil, &KeyError{file, fmt.Errorf("%q instead of %q", block.Type, pemPublic), "give the public key of the issuer: openssl pkey -pubout"}
	}
	key, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err == nil {
		_, err = algorithmOf(key)
	}
	if err != nil {
		return nil, &KeyError{file, err, "take an Ed25519 key, or an RSA key of 2048 to 4096 bits"}
	}
	return key, nil
}

// maxKey is more than any key takes, in bytes.
const maxKey = 64 << 10

// readPEM reads the one PEM block of a file.
func readPEM(file string) (*pem.Block, fs.FileMode, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, 0, &KeyError{file, err, "see that it is there, and yours to read"}
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, &KeyError{file, err, "see that it is a file"}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKey))
	if err != nil {
		return nil, 0, &KeyError{file, err, "see that it is a file"}
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, 0, &KeyError{file, errors.New("no PEM block in it"), "it is not overwritten; give another, or move it away if it is damaged"}
	}
	return block, info.Mode(), nil
}
