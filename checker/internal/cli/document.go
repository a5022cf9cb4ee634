package cli

import (
	"bytes"
	"io"
	"os"

	"github.com/wirekata/wirekata/checker/internal/report"
)

// writeGrade writes the report and the documents that were asked for. The
// report leaves standard output to a document that goes there.
func (s *session) writeGrade(v report.GradeView, f gradeFlags) error {
	w, style := s.Stdout, s.style(s.Terminals.Stdout)
	if f.json == "-" || f.junit == "-" {
		w, style = s.Stderr, s.style(s.Terminals.Stderr)
	}
	if err := report.Grade(w, style, v); err != nil {
		return err
	}
	if err := s.document(f.json, v, report.JSON); err != nil {
		return err
	}
	return s.document(f.junit, v, report.JUnit)
}

// document writes v to the named file, or to standard output for "-".
func (s *session) document(name string, v report.GradeView, write func(io.Writer, report.GradeView) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(s.Stdout, v)
	}
	var whole bytes.Buffer
	if err := write(&whole, v); err != nil {
		return err
	}
	return writeWhole(s.from(name), whole.Bytes())
}

// writeWhole writes a file that others see whole or not at all; of what is no
// file, like a pipe, that cannot be said.
func writeWhole(name string, data []byte) error {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(name, data, 0o666)
	}
	beside := name + ".new"
	err := os.WriteFile(beside, data, 0o666)
	if err == nil {
		err = os.Rename(beside, name)
	}
	if err != nil {
		os.Remove(beside)
	}
	return err
}
