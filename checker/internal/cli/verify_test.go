package cli

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/wirekata/wirekata/checker/internal/credential"
)

// A transcript proves nothing beside a credential that does not hold it.
func TestTranscriptThatNothingHolds(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	by, _, err := credential.Self(filepath.Join(t.TempDir(), "issuer.pem"))
	if err != nil {
		t.Fatal(err)
	}
	token, err := credential.Sign(by, credential.New(by, credential.Claim{ID: credential.NewID(), At: e.Now(), Achievement: "course"}))
	if err != nil {
		t.Fatal(err)
	}
	writeTestFile(t, filepath.Join(e.Dir, "credential.jws"), token)
	if status := Run(t.Context(), e, []string{"verify", "credential.jws"}); status != exitSelfIssued {
		t.Fatalf("without a transcript: exit status %d: %s", status, stderr)
	}
	stdout.Reset()
	writeTestFile(t, filepath.Join(e.Dir, "transcript.json"), "{}")
	for _, name := range []string{".", "credential.jws", "transcript.json"} {
		stderr.Reset()
		if status := Run(t.Context(), e, []string{"verify", name}); status != exitNotPassed || !strings.Contains(stderr.String(), "transcript.json is not the one that was signed") || stdout.Len() > 0 {
			t.Errorf("%s: exit status %d: %s%s", name, status, stdout, stderr)
		}
	}
}
