package vectors_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/vectors"
)

// What was typed off RFC 7515 A.1 agrees with itself.
func TestJWSExampleAgreesWithItself(t *testing.T) {
	v := vectors.JWSExample
	b64 := base64.RawURLEncoding.EncodeToString
	input := b64([]byte(v.Header)) + "." + b64([]byte(v.Payload))
	require.Equal(t, v.Compact, input+"."+b64(v.Signature))
	mac := hmac.New(sha256.New, v.Key)
	mac.Write([]byte(input))
	require.Equal(t, v.Signature, mac.Sum(nil))
	// A.1.1's JWK spells the key so.
	require.Equal(t, "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow", b64(v.Key))
}

func ExampleJWSExample() {
	fmt.Printf("%q\n", vectors.JWSExample.Header)
	// Output: "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}"
}
