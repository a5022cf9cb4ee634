package cli

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/credential"
	"github.com/wirekata/wirekata/checker/internal/report"
)

func (a *app) verify() *cobra.Command {
	trust := ""
	cmd := &cobra.Command{
		Use:   "verify FILE",
		Short: "Verify a certificate, offline",
		Long: "verify takes a certificate's folder, its credential, the badge, or the transcript beside\n" +
			"the credential, and says whether it is as it was signed, and by whom. A transcript that\n" +
			"stands beside the credential is compared with what was signed.\n\n" +
			"The exit status is 0 if the key of --trust signed it, 4 if the learner did, 5 if somebody\n" +
			"else did, 1 if it is not to be relied on, 3 if that cannot be found out.",
		Example: "  " + report.Command + " verify certificate\n" +
			"  " + report.Command + " verify ada/badge.svg --trust university.pem",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if cmd.Flags().Changed("topics") {
				return usage("leave it out", "%q does not look at --topics", cmd.CommandPath())
			}
			return verify(&session{app: a}, args[0], trust)
		},
	}
	cmd.Flags().StringVar(&trust, "trust", "", "the public key of an issuer that you trust, in `FILE` (PEM)")
	return cmd
}

// verify needs no repository.
func verify(s *session, name, trust string) error {
	var key crypto.PublicKey
	if trust != "" {
		var err error
		if key, err = credential.PublicKey(s.from(trust)); err != nil {
			return trustFailure(err)
		}
	}
	file, err := s.paper(name)
	if err != nil {
		return err
	}
	c, standing, err := file.verify(s, key)
	if err != nil {
		return refusal(err)
	}
	same, missing, err := file.compare(c)
	if err != nil {
		return refusal(err)
	}
	reached, needed := c.Mark()
	if err := report.Verified(s.Stdout, s.style(s.Terminals.Stdout), report.VerifiedView{
		Standing: standing, Issuer: c.Issuer.ID, Learner: c.Learner(), Title: c.Name,
		Mark: reached, Needed: needed, Signed: c.ValidFrom, Same: same, Missing: missing, Narrative: c.Narrative(),
	}); err != nil {
		return err
	}
	return standingStatus(standing, trust)
}

func trustFailure(err error) error {
	if bad, ok := errors.AsType[*credential.KeyError](err); ok {
		return usage(bad.Remedy, "--trust: %w", bad)
	}
	return err
}

// A paper is a file that somebody wants verified, with the credential that it
// is or belongs to.
type paper struct {
	credential string            // the file with the JWS
	documents  map[string]string // files by media type, there or not
}

// paper returns what the name stands for.
func (s *session) paper(name string) (*paper, error) {
	at := s.from(name)
	info, err := os.Stat(at)
	if err != nil {
		return nil, usage("give a certificate's folder, or one of the files in it", "%s cannot be read: %w", name, err)
	}
	dir := filepath.Dir(at)
	if info.IsDir() {
		dir, at = at, filepath.Join(at, credentialFile)
	}
	p := &paper{at, map[string]string{jsonType: filepath.Join(dir, jsonFile), pageType: filepath.Join(dir, pageFile)}}
	for ext, kind := range map[string]string{".json": jsonType, ".html": pageType} {
		if strings.EqualFold(filepath.Ext(at), ext) {
			p.credential, p.documents[kind] = filepath.Join(dir, credentialFile), at
		}
	}
	if _, err := os.Stat(p.credential); err != nil {
		return nil, usage("give the credential or the badge; a transcript alone proves nothing", "%s: there is no %s with it", name, credentialFile)
	}
	return p, nil
}

func (p *paper) verify(s *session, trust crypto.PublicKey) (*credential.Credential, credential.Standing, error) {
	data, err := readSmall(p.credential)
	if err != nil {
		return nil, 0, err
	}
	token := string(data)
	if strings.EqualFold(filepath.Ext(p.credential), ".svg") {
		if token, err = credential.FromSVG(data); err != nil {
			return nil, 0, err
		}
	}
	return credential.Verify(token, trust, s.Now())
}

// compare compares the documents that are there with those that the
// credential holds, and names those that agree and those that are not there.
func (p *paper) compare(c *credential.Credential) (same, missing []string, err error) {
	for _, kind := range []string{jsonType, pageType} {
		name := filepath.Base(p.documents[kind])
		data, err := readSmall(p.documents[kind])
		switch {
		case errors.Is(err, fs.ErrNotExist) && !c.Holds(kind):
		case errors.Is(err, fs.ErrNotExist):
			missing = append(missing, name)
		case err != nil:
			return nil, nil, err
		case !c.Matches(kind, data):
			return nil, nil, &credential.Refused{
				Problem: fmt.Sprintf("transcript: %s is not the one that was signed", name),
				Remedy:  "it was altered, or belongs to another credential; that may be intact: verify it in a folder of its own",
			}
		default:
			same = append(same, name)
		}
	}
	return same, missing, nil
}

// readSmall reads a file of no more than a credential's size.
func readSmall(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, credential.MaxSize+1))
	if err == nil && len(data) > credential.MaxSize {
		err = &credential.Refused{Problem: fmt.Sprintf("%s: greater than any of a certificate", filepath.Base(name)), Remedy: "see that it is the file that was meant"}
	}
	return data, err
}

// refusal is the failure that stands for a credential which is not to be
// relied on, or cannot be verified.
func refusal(err error) error {
	if r, ok := errors.AsType[*credential.Refused](err); ok {
		return &failure{code: exitNotPassed, err: fmt.Errorf("refused: %w", r), remedy: r.Remedy}
	}
	if u, ok := errors.AsType[*credential.Unverifiable](err); ok {
		return &failure{code: exitCannotJudge, err: u, remedy: "get the public key from the issuer, and give it with --trust; verify asks no network"}
	}
	return &failure{code: exitCannotJudge, err: err}
}

// standingStatus is the failure that stands for what is known of the issuer of
// an intact credential, or nil.
func standingStatus(s credential.Standing, trust string) error {
	not := ""
	if trust != "" {
		not = ", not with the key in " + trust
	}
	switch s {
	case credential.Trusted:
		return nil
	case credential.SelfIssued:
		return &failure{
			code:   exitSelfIssued,
			err:    fmt.Errorf("self-issued: the learner signed it%s", not),
			remedy: "it is worth what you trust the learner with; to be sure, grade the code yourself",
		}
	}
	return &failure{
		code:   exitUnknown,
		err:    fmt.Errorf("issuer unknown: it is signed%s, but the signature does not show whose key that is", not),
		remedy: "get the public key from the issuer by a way that you trust, and give it with --trust",
	}
}
