package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/wirekata/wirekata/checker/internal/credential"
	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/transcript"
)

// The papers of a certificate, and their media types where the credential
// holds them.
const (
	credentialFile = "credential.jws"
	badgeFile      = "badge.svg"
	pageFile       = "transcript.html"
	jsonFile       = "transcript.json"

	pageType = "text/html"
	jsonType = "application/json"
)

// paperNames are the files of a certificate in the order of writing: the
// credential comes last, so that none lacks what it holds.
var paperNames = []string{jsonFile, pageFile, badgeFile, credentialFile}

// papers are a certificate's files.
type papers struct {
	*transcript.Transcript
	files map[string][]byte
}

func (s *session) papers(ctx context.Context, f *certificateFlags, by *credential.Issuer, v report.GradeView) (*papers, error) {
	judging := transcript.Inspect(ctx, s.root, s.Originals)
	judging.Sandbox = v.Sandbox
	t := transcript.New(s.course, v, transcript.Origin{
		ID: credential.NewID(), Credential: credential.NewID(), Section: f.section,
		Learner: f.name, Issuer: by.ID, SelfIssued: by.SelfIssued, Issued: s.Now(), Judging: judging,
	})
	p := &papers{t, make(map[string][]byte)}
	if err := p.put(jsonFile, t.WriteJSON); err != nil {
		return nil, err
	}
	if err := p.put(pageFile, t.WritePage); err != nil {
		return nil, err
	}
	token, err := credential.Sign(by, credential.New(by, p.claim()))
	if err != nil {
		return nil, err
	}
	if _, _, err := credential.Verify(token, nil, s.Now()); err != nil {
		return nil, fmt.Errorf("credential does not verify, and is not written: %w", err)
	}
	p.files[credentialFile] = []byte(token + "\n")
	return p, p.put(badgeFile, p.badge(token).WriteSVG)
}

func (p *papers) put(name string, write func(io.Writer) error) error {
	var b bytes.Buffer
	err := write(&b)
	p.files[name] = b.Bytes()
	return err
}

// claim is what the credential says of the transcript.
func (p *papers) claim() credential.Claim {
	return credential.Claim{
		ID: p.Credential, At: p.Issued, Learner: p.Learner, Achievement: p.Scope,
		Name:        p.Title,
		Extent:      p.Extent(),
		Description: "Backend communication and protocols, learned by writing them in Go.",
		Criteria: fmt.Sprintf("A final mark of %d or more: of the mean over the judged topics, the visible suites count %d parts and the hidden ones, derived from the standards, %d.",
			p.Pass, p.Weights.Assignment, p.Weights.Assessment),
		Version: transcript.Short(p.Judging.Suites),
		Mark:    string(p.Marks.Final), Needed: fmt.Sprint(p.Pass),
		Narrative: p.Narrative(),
		Documents: []credential.Document{
			{ID: p.ID, MediaType: jsonType, Data: p.files[jsonFile]},
			{ID: p.ID + "#page", MediaType: pageType, Data: p.files[pageFile]},
		},
	}
}

func (p *papers) badge(token string) credential.Badge {
	issuer := p.Issuer
	if p.SelfIssued {
		issuer = "self-issued, unproctored"
	}
	title := "the course"
	if p.Scope != "course" {
		title = p.Sections[0].Title
	}
	return credential.Badge{Title: title, Extent: p.Extent(), Learner: p.Learner, Mark: string(p.Marks.Final) + " of 100", Day: p.Issued.Format("2 January 2006"), Issuer: issuer, JWS: token}
}

// write writes the papers into the folder. After an error none is left, and
// nothing that was there is changed.
func (p *papers) write(dir string) error {
	_, missing := os.Lstat(dir)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for i, name := range paperNames {
		if err := credential.WriteNew(filepath.Join(dir, name), p.files[name], 0o666); err != nil {
			for _, done := range paperNames[:i] {
				os.Remove(filepath.Join(dir, done))
			}
			if missing != nil {
				os.Remove(dir)
			}
			return err
		}
	}
	return nil
}

func (p *papers) view(out string) report.CertificateView {
	return report.CertificateView{
		Title: p.Title + ", " + p.Extent(), Mark: string(p.Marks.Final), Needed: p.Pass, Covers: p.Covers(), Statement: p.Statement, Issuer: p.Issuer,
		Files: []report.CertificateFile{
			{Name: filepath.Join(out, credentialFile), Text: "the signed credential, Open Badges 3.0"},
			{Name: filepath.Join(out, badgeFile), Text: "the same as an image"},
			{Name: filepath.Join(out, pageFile), Text: "the transcript, to print"},
			{Name: filepath.Join(out, jsonFile), Text: "the same for machines"},
		},
	}
}

// unwritten is the failure where the papers have no place.
func unwritten(err error) error {
	return &failure{
		code:   exitCannotJudge,
		err:    fmt.Errorf("certificate cannot be written, and nothing is left of it: %w", err),
		remedy: "make room, or the folder writable, or give another with --out",
	}
}

// writable finds out whether files can be made in the folder, or where it
// would be.
func writable(dir string) error {
	f, err := os.CreateTemp(dir, ".writable-")
	if above := filepath.Dir(dir); errors.Is(err, fs.ErrNotExist) && above != dir {
		return writable(above)
	}
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
