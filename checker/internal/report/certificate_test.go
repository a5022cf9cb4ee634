package report

import (
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/credential"
)

func certificateView() CertificateView {
	return CertificateView{
		Title: "wirekata", Mark: "87.5", Needed: 70, Issuer: "did:key:z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		Covers:    "The marks are over 10 judged topics. 37 topics are announced, not judged and in no mark.",
		Statement: "Self-issued and unproctored.",
		Files:     []CertificateFile{{"certificate/credential.jws", "the signed credential"}, {"certificate/badge.svg", "the same as an image"}},
	}
}

// verifiedView is a credential by a stranger, who has chosen all of its words.
func verifiedView() VerifiedView {
	return VerifiedView{
		Standing: credential.Unknown, Issuer: "https://uni.example\x1b[2J", Learner: "Ada \u202eecalevoL\n✓ intact", Title: "wirekata",
		Mark: "87.5", Needed: "70", Signed: time.Date(2026, 11, 21, 10, 30, 0, 0, time.FixedZone("", 3600)),
		Same: []string{"transcript.json"}, Missing: []string{"transcript.html"},
		Narrative: strings.Repeat("So it was judged. ", 20),
	}
}
