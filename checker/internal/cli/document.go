package cli

import (
	"bytes"
	"fmt"
	"io"
	"os"

	"github.com/wirekata/wirekata/checker/internal/report"
	"github.com/wirekata/wirekata/checker/internal/wholefile"
)

// writeGrade writes the report and the documents that were asked for. The
// report leaves standard output to a document that goes there.
func (s *session) writeGrade(v report.GradeView, f gradeFlags) error {
	w, style := s.Stdout, s.style(s.Terminals.Stdout)
	if f.json == "-" || f.junit == "-" || f.html == "-" {
		w, style = s.Stderr, s.style(s.Terminals.Stderr)
	}
	if err := report.Grade(w, style, v); err != nil {
		return err
	}
	if err := s.document(f.json, v, report.JSON); err != nil {
		return err
	}
	if err := s.document(f.junit, v, report.JUnit); err != nil {
		return err
	}
	return s.document(f.html, v, report.HTML)
}

// document writes v to the named file, or to standard output for "-".
func (s *session) document(name string, v report.GradeView, write func(io.Writer, report.GradeView) error) error {
	switch name {
	case "":
		return nil
	case "-":
		return write(s.Stdout, v)
	}
	var b bytes.Buffer
	if err := write(&b, v); err != nil {
		return err
	}
	file := s.from(name)
	if info, err := os.Lstat(file); err == nil && !info.Mode().IsRegular() {
		return os.WriteFile(file, b.Bytes(), 0o666) // a pipe, a device, or a link to one
	}
	if err := wholefile.Write(file, b.Bytes()); err != nil {
		return fmt.Errorf("%s cannot be written, and is as it was: %w", name, err)
	}
	return nil
}
