package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/credential"
	"github.com/wirekata/wirekata/checker/internal/report"
)

// certificateFlags are the flags of certificate.
type certificateFlags struct {
	grade     gradeFlags
	section   string
	name, out string
	key       string
	issuer    string
}

func (a *app) certificate() *cobra.Command {
	var f certificateFlags
	f.grade.noCache = true // a certificate says what this run has found
	cmd := &cobra.Command{
		Use:   "certificate",
		Short: "Write a signed credential and a transcript, once the course is passed",
		Long: "certificate judges the course anew, as grade does. Where it is passed, it writes a\n" +
			"transcript and an Open Badges 3.0 credential, signed with a key of your own that is\n" +
			"made at first use. A section is worth having by itself: --section.\n\n" +
			"An institution judges what was handed in and signs with its own key:\n" +
			"--candidate, --key, --issuer and --name.\n\n" +
			"What it says is what was judged, by what and how. It does not say who wrote the code.",
		Example: "  " + report.Command + " certificate --name \"Ada Lovelace\"\n" +
			"  " + report.Command + " certificate --section patterns",
		Args: cobra.NoArgs,
		RunE: a.run(func(ctx context.Context, s *session, _ []string) error {
			return certify(ctx, s, &f)
		}),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.section, "section", "", "of this section alone, by its `ID`")
	flags.StringVar(&f.name, "name", "", "the learner's `NAME`, as it is to be read")
	flags.StringVar(&f.out, "out", "", "write into the folder `DIR`, which has none yet (default certificate, or certificate-ID)")
	flags.StringVar(&f.key, "key", "", "sign with the private key in `FILE` (PEM, PKCS #8; Ed25519 or RSA)")
	flags.StringVar(&f.issuer, "issuer", "", "the `URL` that the owner of --key is known by")
	flags.StringVar(&f.grade.candidate, "candidate", "", "judge the folder `DIR`, laid out like exercises/")
	flags.StringVar(&f.grade.sandbox, "sandbox", "", "confine the clauses, like grade's")
	return cmd
}

// certify finds what can be wrong before minutes are spent on judging, judges,
// and writes.
func certify(ctx context.Context, s *session, f *certificateFlags) error {
	if err := f.check(s); err != nil {
		return err
	}
	topics, err := s.certified(f.section)
	if err != nil {
		return err
	}
	if err := f.place(s); err != nil {
		return err
	}
	by, err := f.signer(s, false)
	if err != nil {
		return err
	}
	v, err := s.graded(ctx, topics, f.grade)
	if err != nil {
		return err
	}
	if err := s.passed(v, f.section); err != nil {
		return err
	}
	if by == nil {
		if by, err = f.signer(s, true); err != nil {
			return err
		}
		s.say("a key was made that signs for you: %s; keep it, it is what your certificates are known by", ownKey())
	}
	papers, err := s.papers(ctx, f, by, v)
	if err != nil {
		return err
	}
	if err := papers.write(s.from(f.out)); err != nil {
		return unwritten(err)
	}
	return report.Certificate(s.Stdout, s.style(s.Terminals.Stdout), papers.view(f.out))
}

// check finds what is wrong with the flags.
func (f *certificateFlags) check(s *session) error {
	if s.narrowed {
		return usage("--section is for one section", "a certificate is of the course or of a section, not of --topics")
	}
	if why := unfit(f.name); why != "" {
		return usage("give a name on one line, of up to 100 letters", "--name %q %s", f.name, why)
	}
	switch {
	case (f.key == "") != (f.issuer == ""):
		return usage("give both, or neither to sign with a key of your own", "--key and --issuer belong together")
	case f.key != "" && f.name == "":
		return usage("give the learner's name with --name", "an institution certifies somebody by name")
	case f.key != "" && !credential.IsURL(f.issuer):
		return usage("give it like https://example.edu/backend", "--issuer %q is no https URL", f.issuer)
	case f.key == "" && f.grade.candidate != "":
		return usage("give --key, --issuer and --name", "what others handed in is certified by an institution, with its key")
	}
	return nil
}

// place settles where to write, and finds out whether that can be done.
func (f *certificateFlags) place(s *session) error {
	if f.out == "" {
		f.out = "certificate"
		if f.section != "" {
			f.out += "-" + f.section
		}
	}
	for _, name := range paperNames {
		if _, err := os.Lstat(filepath.Join(s.from(f.out), name)); err == nil {
			return usage("give another folder with --out, or move that one away", "%s is there already, and no certificate is overwritten", filepath.Join(f.out, name))
		}
	}
	if err := writable(s.from(f.out)); err != nil {
		return unwritten(err)
	}
	return nil
}

// unfit says why a name cannot be printed; "" where it can, or is none.
func unfit(name string) string {
	switch {
	case name == "":
		return ""
	case !utf8.ValidString(name):
		return "is no UTF-8"
	case utf8.RuneCountInString(name) > 100:
		return "is longer than 100 letters"
	case strings.TrimSpace(name) != name:
		return "begins or ends with a blank"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) && r != '\u200c' && r != '\u200d' }): // some scripts join letters by these
		return "has letters that cannot be seen"
	}
	return ""
}

// certified returns the topics that a certificate is about.
func (s *session) certified(section string) ([]*course.Topic, error) {
	if section == "" {
		return s.chooseBuilt(nil)
	}
	s.narrowed = true
	var ids []string
	for i := range s.course.Sections {
		c := &s.course.Sections[i]
		ids = append(ids, c.ID)
		if c.ID != section {
			continue
		}
		topics := slices.DeleteFunc(s.course.Topics(), func(t *course.Topic) bool { return t.Section != section || !t.Built })
		if !slices.ContainsFunc(topics, func(t *course.Topic) bool { return !t.Warmup }) {
			return nil, usage(seeList, "section %s has no topic yet that counts towards a mark", section)
		}
		return topics, nil
	}
	return nil, usage(seeList, "section %q: no such section%s", section, course.Suggest(section, ids))
}

// ownKey is the file of the learner's own key, or "" where there is no place
// for one.
func ownKey() string {
	dir, err := os.UserConfigDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "wirekata", "issuer.pem")
}

// signer returns who signs: the institution, or the learner. It is nil where
// the learner has no key yet and none is to be made.
func (f *certificateFlags) signer(s *session, create bool) (by *credential.Issuer, err error) {
	switch own := ownKey(); {
	case f.key != "":
		by, err = credential.Institution(s.from(f.key), f.issuer)
	case own == "":
		err = &credential.KeyError{File: "issuer.pem", Err: errors.New("this system knows no folder for it"), Remedy: "set HOME, or XDG_CONFIG_HOME"}
	default:
		if _, gone := os.Lstat(own); errors.Is(gone, fs.ErrNotExist) && !create {
			if err := writable(filepath.Dir(own)); err != nil {
				return nil, &failure{code: exitCannotJudge, err: fmt.Errorf("key %s: cannot be made: %w", own, err), remedy: "make its folder writable, or set XDG_CONFIG_HOME"}
			}
			return nil, nil
		}
		by, _, err = credential.Self(own)
	}
	if bad, ok := errors.AsType[*credential.KeyError](err); ok {
		return nil, &failure{code: exitCannotJudge, err: bad, remedy: bad.Remedy}
	}
	return by, err
}

// passed shows the table and fails where the mark is not reached.
func (s *session) passed(v report.GradeView, section string) error {
	if err := unjudged(v.Topics); err != nil {
		return err
	}
	if v.Marks.Reach(v.Pass) {
		return nil
	}
	if err := report.Grade(s.Stdout, s.style(s.Terminals.Stdout), v); err != nil {
		return err
	}
	what := "the course"
	if section != "" {
		what = "section " + section
	}
	if v.Marks.Topics == 0 {
		return &failure{code: exitNotPassed, err: fmt.Errorf("no certificate: nothing of %s could be judged on this system", what), remedy: fmt.Sprintf("%q says what it lacks", report.Command+" doctor")}
	}
	var open []string
	for i := range v.Topics {
		if t := &v.Topics[i]; !t.Warmup && !t.Finished() {
			open = append(open, t.ID)
		}
	}
	return &failure{
		code:   exitNotPassed,
		err:    fmt.Errorf("no certificate: %s is not passed yet, with %s where %d are needed", what, report.Percent(v.Marks.Final), v.Pass),
		remedy: "still to do: " + strings.Join(open, ", "),
	}
}
