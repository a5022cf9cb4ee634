//go:build linux

package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// On a full disk what was found out is shown, the document and the progress
// file that were there stay, and a reset changes nothing.
func TestFullDisk(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	small := mountOver(t, e.Dir, "size=256k")
	if status := Run(t.Context(), e, []string{"grade", "--json", "marks.json"}); status != 0 {
		t.Fatalf("exit status %d: %s", status, stderr)
	}
	progress, marks := readAll(t, small, ".wirekata/progress"), readAll(t, small, "marks.json")
	fill(t, filepath.Join(small, "filler"))

	stdout.Reset()
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"check", "echo"}); status != 0 || !strings.Contains(stdout.String(), "✓ A line comes back.") {
		t.Errorf("check: exit status %d: %s%s", status, stdout, stderr)
	}
	if !strings.Contains(stderr.String(), "checker: .wirekata/progress cannot be written: ") || !strings.Contains(stderr.String(), "make room") {
		t.Errorf("check: got %q", stderr)
	}
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"grade", "--json", "marks.json"}); status != exitCannotJudge || !strings.Contains(stderr.String(), "marks.json cannot be written, and is as it was: ") {
		t.Errorf("grade: exit status %d: %s", status, stderr)
	}
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"reset", "echo", "--yes"}); status != exitCannotJudge || !strings.Contains(stderr.String(), "your files are as they were; make room") {
		t.Errorf("reset: exit status %d: %s", status, stderr)
	}
	if got := readAll(t, small, "exercises/start/echo/echo.go"); got != mine {
		t.Errorf("the learner's file is now %q", got)
	}
	if readAll(t, small, ".wirekata/progress") != progress || readAll(t, small, "marks.json") != marks {
		t.Error("what was there is lost")
	}
}

// In a folder that cannot be written all is judged, and nothing remembered.
func TestReadOnlyFolder(t *testing.T) {
	e, stdout, stderr := testEnv(t)
	small := mountOver(t, e.Dir, "size=256k")
	if err := unix.Mount("", small, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=256k"); err != nil {
		t.Fatal(err)
	}
	if status := Run(t.Context(), e, []string{"check", "echo"}); status != 0 || !strings.Contains(stdout.String(), "✓ A line comes back.") {
		t.Errorf("check: exit status %d: %s%s", status, stdout, stderr)
	}
	if !strings.Contains(stderr.String(), "read-only file system") || !strings.Contains(stderr.String(), "this run is not remembered; make room, or the folder writable") {
		t.Errorf("check: got %q", stderr)
	}
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"reset", "echo", "--yes"}); status != exitCannotJudge || !strings.Contains(stderr.String(), "your files are as they were") {
		t.Errorf("reset: exit status %d: %s", status, stderr)
	}
}

// On a full disk nothing is left of a certificate, and in a folder that cannot
// be written nothing is judged for one.
func TestCertificateHasNoPlace(t *testing.T) {
	config := t.TempDir()
	t.Setenv("XDG_CONFIG_HOME", config)
	writeTestFile(t, filepath.Join(config, "go", "telemetry", "mode"), "off") // or the go command writes there when it has ended
	e, _, stderr := testEnv(t)
	small := mountOver(t, e.Dir, "size=256k")
	fill(t, filepath.Join(small, "filler"))
	if status := Run(t.Context(), e, []string{"certificate"}); status != exitCannotJudge || !strings.Contains(stderr.String(), "certificate cannot be written, and nothing is left of it: ") {
		t.Errorf("full: exit status %d: %s", status, stderr)
	}
	if _, err := os.Lstat(filepath.Join(small, "certificate")); !os.IsNotExist(err) {
		t.Errorf("full: certificate is left: %v", err)
	}
	if err := unix.Mount("", small, "", unix.MS_REMOUNT|unix.MS_RDONLY, "size=256k"); err != nil {
		t.Fatal(err)
	}
	stderr.Reset()
	if status := Run(t.Context(), e, []string{"certificate"}); status != exitCannotJudge || !strings.Contains(stderr.String(), "read-only file system") || strings.Contains(stderr.String(), "building") {
		t.Errorf("read-only: exit status %d: %s", status, stderr)
	}
}

var mine = "package echo // " + strings.Repeat("mine ", 4<<10) + "\n"

// mountOver mounts a small file system over dir, with the learner's files.
func mountOver(t *testing.T, dir, options string) string {
	t.Helper()
	gomod := readAll(t, dir, "go.mod")
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
		t.Skip("NOT TESTED: a small disk needs the right to mount one: ", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	writeTestFile(t, filepath.Join(dir, "go.mod"), gomod)
	writeTestFile(t, filepath.Join(dir, "exercises", "start", "echo", "echo.go"), mine)
	return dir
}

// fill writes to the file until the disk is full.
func fill(t *testing.T, name string) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 4096); err == nil; {
		_, err = f.Write(block)
	}
}

func readAll(t *testing.T, dir, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
