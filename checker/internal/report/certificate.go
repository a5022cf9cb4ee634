package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/credential"
	"github.com/wirekata/wirekata/checker/internal/foreign"
)

// A CertificateView is a certificate that was written.
type CertificateView struct {
	Title     string
	Mark      string
	Needed    int64
	Covers    string // over what the mark is
	Statement string // what the certificate does not show
	Issuer    string
	Files     []CertificateFile
}

// A CertificateFile is one of its files, and what that is.
type CertificateFile struct{ Name, Text string }

// Certificate writes what was certified and where it stands.
func Certificate(w io.Writer, s Style, v CertificateView) error {
	p := &page{Style: s}
	p.line(p.paint(green, "✓"), " ", p.paint(bold, v.Title), fmt.Sprintf(": passed with %s (%d needed)", v.Mark, v.Needed))
	p.paragraph("  ", v.Covers)
	p.paragraph("  ", v.Statement)
	width := 0
	for _, f := range v.Files {
		width = max(width, len(f.Name))
	}
	p.gap()
	for _, f := range v.Files {
		p.line(pad(clean(f.Name), width), "  ", p.paint(dim, f.Text))
	}
	p.gap()
	p.labelled("", "issuer", v.Issuer)
	p.labelled("", "verify", Command+" verify "+clean(v.Files[0].Name))
	return p.writeTo(w)
}

func (p *page) paragraph(indent, text string) {
	for _, line := range wrap(text, p.textWidth()-len(indent)) {
		p.line(indent, p.paint(dim, line))
	}
}

// A VerifiedView is a credential that is as it was signed. Its words are those
// of whoever signed it.
type VerifiedView struct {
	Standing      credential.Standing
	Issuer        string
	Learner       string
	Title         string
	Mark, Needed  string
	Signed        time.Time
	Same, Missing []string // documents beside the credential, or not there
	Narrative     string
}

// Verified writes what an intact credential says.
func Verified(w io.Writer, s Style, v VerifiedView) error {
	p := &page{Style: s}
	who := map[credential.Standing]string{
		credential.Trusted:    "signed by the key that you trust",
		credential.SelfIssued: "signed by the learner",
		credential.Unknown:    "signed by an issuer that is not known here",
	}[v.Standing]
	p.line(p.paint(green, "✓"), " intact: nothing was altered since it was signed")
	row := func(label, text string) {
		if text == "" {
			return
		}
		for i, line := range wrap(text, p.textWidth()-13) {
			if i > 0 {
				label = ""
			}
			p.line(p.paint(dim, pad(label, 11)), "  ", foreign.Line(line))
		}
	}
	row("issuer", v.Issuer+", "+who)
	row("learner", v.Learner)
	row("achievement", v.Title)
	if v.Mark != "" {
		row("mark", fmt.Sprintf("%s of 100 (%s needed)", v.Mark, v.Needed))
	}
	row("signed", v.Signed.UTC().Format("2006-01-02 15:04 UTC"))
	row("transcript", compared(v.Same, v.Missing))
	row("says", cut(v.Narrative, 4000))
	return p.writeTo(w)
}

// compared says which documents are the signed ones.
func compared(same, missing []string) string {
	var parts []string
	if len(same) > 0 {
		parts = append(parts, "as it was signed: "+strings.Join(same, ", "))
	}
	if len(missing) > 0 {
		parts = append(parts, "not there, not compared: "+strings.Join(missing, ", "))
	}
	return strings.Join(parts, "; ")
}
