package vectors

import "strings"

// JWSExample is RFC 7515 Appendix A.1: a JWS in compact serialization whose
// MAC is HMAC SHA-256. Its header has no key id, and both its JSON texts break
// their lines with CR LF, which is what signs: no other spelling of the same
// members has this MAC.
var JWSExample = struct {
	Header, Payload string // as they are, before base64url
	Key             []byte // the octets that "k" of A.1.1's JWK stands for
	Signature       []byte
	Compact         string
}{
	Header:  "{\"typ\":\"JWT\",\r\n \"alg\":\"HS256\"}",
	Payload: "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}",
	Key: unhex(`03 23 35 4b 2b 0f a5 bc 83 7e 06 65 77 7b a6 8f  5a b3 28 e6 f0 54 c9 28 a9 0f 84 b2 d2 50 2e bf
	            d3 fb 5a 92 d2 06 47 ef 96 8a b4 c3 77 62 3d 22  3d 2e 21 72 05 2e 4f 08 c0 cd 9a f5 67 d0 80 a3`),
	Signature: unhex("74 18 df b4 97 99 e0 25 4f fa 60 7d d8 ad bb ba  16 d4 25 4d 69 d6 bf f0 5b 58 05 58 53 84 8d 79"),
	Compact: strings.Join([]string{
		"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9",
		"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ",
		"dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
	}, "."),
}
