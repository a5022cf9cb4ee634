package runner

import (
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wirekata/wirekata/harness/evidence"
)

// maxCapture bounds the size of a capture that is kept.
const maxCapture = 16 << 20

// keepCapture copies the clause's capture out of the evidence directory, and
// returns its path from the repository's root, or "".
func (p *process) keepCapture(root, topic, clause string) string {
	rec := p.find(evidence.Capture)
	if rec == nil || filepath.Base(rec.Text) != rec.Text {
		return ""
	}
	src := filepath.Join(p.dir, rec.Text)
	if info, err := os.Lstat(src); err != nil || !info.Mode().IsRegular() || info.Size() > maxCapture {
		return ""
	}
	name := captureName(topic, clause)
	if copyFile(src, filepath.Join(root, filepath.FromSlash(name))) != nil {
		return ""
	}
	return name
}

func captureName(topic, clause string) string {
	return path.Join(".wirekata", strings.ReplaceAll(topic, "/", "."), short(clause)+".pcapng")
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	data, err := io.ReadAll(src)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return writeAtomically(to, data)
}
