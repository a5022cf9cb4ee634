package runner

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/wirekata/wirekata/checker/internal/wholefile"
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
	data, err := readPlain(src, maxCapture+1)
	if err != nil || len(data) > maxCapture {
		return ""
	}
	name := captureName(topic, clause)
	if wholefile.Write(filepath.Join(root, filepath.FromSlash(name)), data) != nil {
		return ""
	}
	return name
}

// readPlain reads the first bytes of a file that a clause's process has left.
// It does not follow a link, which may lead out of the sandbox, and does not
// wait at a pipe.
func readPlain(name string, most int64) ([]byte, error) {
	info, err := os.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, most))
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
	return wholefile.Write(to, data)
}
