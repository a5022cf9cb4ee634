package credential

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/big"
	"slices"
	"strings"
)

// A did:key is a public key written as a DID: "did:key:", the letter z for
// base58btc, and in that the multicodec of the key's kind and the key itself.
const didKey = "did:key:"

// ed25519Codec is the multicodec ed25519-pub, 0xed, as a varint.
var ed25519Codec = []byte{0xed, 0x01}

// didOf returns the key's did:key.
func didOf(key ed25519.PublicKey) string {
	return didKey + "z" + base58(append(slices.Clone(ed25519Codec), key...))
}

// didURL is the key's own name within the document that its did:key stands
// for.
func didURL(did string) string { return did + "#" + strings.TrimPrefix(did, didKey) }

// keyOf returns the key that a did:key is.
func keyOf(did string) (ed25519.PublicKey, error) {
	text, ok := strings.CutPrefix(did, didKey+"z")
	if !ok || len(text) > 64 {
		return nil, errors.New("no did:key in base58btc")
	}
	data, ok := fromBase58(text)
	key, known := bytes.CutPrefix(data, ed25519Codec)
	if !ok || !known || len(key) != ed25519.PublicKeySize {
		return nil, errors.New("no did:key of an Ed25519 key")
	}
	return key, nil
}

// The alphabet of base58btc has no 0, O, I and l.
const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

func base58(data []byte) string {
	n, digit, base := new(big.Int).SetBytes(data), new(big.Int), big.NewInt(58)
	var text []byte
	for n.Sign() > 0 {
		n.QuoRem(n, base, digit)
		text = append(text, alphabet[digit.Int64()])
	}
	for _, b := range data { // zeros in front are digits of their own
		if b != 0 {
			break
		}
		text = append(text, alphabet[0])
	}
	slices.Reverse(text)
	return string(text)
}

func fromBase58(text string) ([]byte, bool) {
	n, base := new(big.Int), big.NewInt(58)
	for i := range len(text) {
		digit := strings.IndexByte(alphabet, text[i])
		if digit < 0 {
			return nil, false
		}
		n.Mul(n, base).Add(n, big.NewInt(int64(digit)))
	}
	zeros := len(text) - len(strings.TrimLeft(text, alphabet[:1]))
	return append(make([]byte, zeros), n.Bytes()...), true
}
