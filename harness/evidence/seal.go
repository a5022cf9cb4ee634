package evidence

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
)

// MaxKey bounds the length of a key, in octets.
const MaxKey = 64

// key seals what this process records. Without the checker it is empty.
var key = readKey()

func readKey() []byte {
	if os.Getenv(DirEnv) == "" {
		return nil
	}
	b, _ := io.ReadAll(io.LimitReader(os.Stdin, MaxKey))
	return b
}

// sealOf returns the seal of a record that follows the one with the seal last.
func sealOf(key, last, record []byte) []byte {
	mac := hmac.New(sha256.New, key)
	mac.Write(last)
	mac.Write(record)
	return mac.Sum(nil)[:16]
}

// sealed returns the line of a record.
func sealed(seal, record []byte) []byte {
	line := hex.AppendEncode(make([]byte, 0, 2*len(seal)+len(record)+2), seal)
	line = append(line, ' ')
	line = append(line, record...)
	return append(line, '\n')
}

// unseal takes a line apart, and reports whether its seal is right.
func unseal(key, last, line []byte) (seal, record []byte, ok bool) {
	head, record, ok := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	seal = sealOf(key, last, record)
	return seal, record, ok && hmac.Equal(head, []byte(hex.EncodeToString(seal)))
}
