package credential

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// The first vector of the did:key specification for Ed25519
// (w3c-ccg/did-key-spec, test-vectors/ed25519-x25519.json): its seed is 32
// zeros, its public key is that of RFC 8032's algorithm for them.
func TestVectorOfDIDKey(t *testing.T) {
	const did = "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp"
	want, err := hex.DecodeString("3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29")
	require.NoError(t, err)
	got, err := keyOf(did)
	require.NoError(t, err)
	require.Equal(t, want, []byte(got))
	require.Equal(t, did, didOf(want))
	require.Equal(t, want, []byte(newKey(0).Public().(ed25519.PublicKey)))
	require.Equal(t, did+"#z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", didURL(did))
}

// The vectors of draft-msporny-base58-03 §5.
func TestVectorsOfBase58(t *testing.T) {
	for text, data := range map[string]string{
		"2NEpo7TZRRrLZSi2U": "Hello World!",
		"USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z": "The quick brown fox jumps over the lazy dog.",
		"11233QC4": "\x00\x00\x28\x7f\xb4\xcd",
	} {
		require.Equal(t, text, base58([]byte(data)))
		got, ok := fromBase58(text)
		require.True(t, ok)
		require.Equal(t, data, string(got))
	}
	_, ok := fromBase58("0OIl")
	require.False(t, ok)
}

func FuzzDIDKey(f *testing.F) {
	f.Add("did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp")
	f.Add("did:key:z1")
	f.Fuzz(func(t *testing.T, did string) {
		key, err := keyOf(did)
		if err == nil && didOf(key) != did {
			t.Errorf("%q and %q are the same key", did, didOf(key))
		}
		if err != nil && !bytes.Equal(key, nil) {
			t.Errorf("%q: a key and an error", did)
		}
	})
}
