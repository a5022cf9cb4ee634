// Package doctor examines whether this machine can judge the course, and what
// on it is missing: each finding with what to do about it.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/wirekata/wirekata/checker/internal/gotool"
	"github.com/wirekata/wirekata/checker/internal/runner"
	"github.com/wirekata/wirekata/checker/internal/sandbox"
	lo "github.com/wirekata/wirekata/harness/loopback"
)

// A State says how much a finding matters.
type State int

// The states of findings.
const (
	Good    State = iota
	Lacking       // some clauses cannot be judged here, or something is less comfortable
	Broken        // nothing can be judged
)

// A Finding is what was found about one thing that judging needs or uses.
type Finding struct {
	Subject string // "race detector"
	State   State
	Text    string // what was found
	Remedy  string // what to do about it, "" where it is good
}

// Examine examines the machine for the repository at root. It changes nothing
// but for files of its own that it removes again.
func Examine(ctx context.Context, root string) []Finding {
	return []Finding{
		toolchain(ctx, root),
		raceDetector(ctx, root),
		folder("working copy", root, "the progress file and captures are kept there; make it writable"),
		cacheFolder(),
		space(),
		loopback("IPv4 loopback", "127.0.0.1:0", "the topics about sockets cannot be judged; bring the interface lo up"),
		loopback("IPv6 loopback", "[::1]:0", "no topic depends on it; bring it up to try what the READMEs show"),
		reusePort(),
		udpBuffers("/proc/sys/net/core/rmem_max"),
		descriptors(),
		sandboxed(),
		program("tshark", "captures can be read with any pcapng reader; Wireshark is the usual one"),
	}
}

func good(subject, format string, args ...any) Finding {
	return Finding{Subject: subject, Text: fmt.Sprintf(format, args...)}
}

func toolchain(ctx context.Context, root string) Finding {
	const subject = "go command"
	out, err := gotool.Output(ctx, root, "version")
	if err != nil {
		return Finding{subject, Broken, firstLine(err.Error()), "install the version that go.mod names, or a later one, from https://go.dev/dl"}
	}
	return good(subject, "%s", strings.TrimPrefix(firstLine(string(out)), "go version "))
}

func raceDetector(ctx context.Context, root string) Finding {
	const subject = "race detector"
	missing, err := runner.RaceMissing(ctx, root)
	switch {
	case err != nil:
		return Finding{subject, Lacking, firstLine(err.Error()), "see that the go command works"}
	case missing != "":
		return Finding{subject, Lacking, missing, "the clause NoDataRace is left out of the marks until then"}
	}
	return good(subject, "works")
}

// folder tries to write in dir.
func folder(subject, dir, remedy string) Finding {
	f, err := os.CreateTemp(dir, ".doctor-")
	if err != nil {
		return Finding{subject, Broken, cause(err), remedy}
	}
	f.Close()
	os.Remove(f.Name())
	return good(subject, "%s is writable", dir)
}

func cacheFolder() Finding {
	const subject, remedy = "cache", "set XDG_CACHE_HOME to a folder that you may write in; without one every run builds everything again"
	dir, err := runner.CacheDir()
	if err == nil {
		err = os.MkdirAll(dir, 0o755)
	}
	if err != nil {
		return Finding{subject, Lacking, cause(err), remedy}
	}
	f := folder(subject, dir, remedy)
	f.State = min(f.State, Lacking)
	return f
}

// enoughSpace is what the suites of the course and what they are built from
// take, with room to spare, in bytes.
const enoughSpace = 3 << 30

func space() Finding {
	const subject = "disk space"
	dir, err := runner.CacheDir()
	if err != nil {
		dir = os.TempDir()
	}
	free, ok := freeSpace(existing(dir))
	switch {
	case !ok:
		return good(subject, "not known on this system")
	case free < enoughSpace:
		return Finding{subject, Lacking, gib(free) + " free", fmt.Sprintf("building all suites takes up to %s at %s; \"go clean -cache\" frees what older builds left", gib(enoughSpace), dir)}
	}
	return good(subject, "%s free", gib(free))
}

// existing returns the folder, or the nearest one above it that is there.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

func gib(n uint64) string { return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30)) }

// loopback sends an octet to itself.
func loopback(subject, addr, remedy string) Finding {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return Finding{subject, Lacking, cause(err), remedy}
	}
	defer l.Close()
	c, err := net.DialTimeout("tcp", l.Addr().String(), 5*time.Second)
	if err != nil {
		return Finding{subject, Lacking, cause(err), remedy}
	}
	c.Close()
	return good(subject, "works")
}

func reusePort() Finding {
	const subject = "SO_REUSEPORT"
	if why := lo.NoReusePort(); why != "" {
		return Finding{subject, Lacking, why, "execution/socketsharding is judged on Linux, from version 3.9"}
	}
	return good(subject, "works")
}

// wantedBuffer is the receive buffer that quic-go asks the kernel for, in
// bytes. The clauses about QUIC run in memory; what their READMEs show live
// does not.
const wantedBuffer = 7_500_000

// udpBuffers looks at the greatest receive buffer, which Linux has in a file.
func udpBuffers(file string) Finding {
	const subject = "UDP buffers"
	text, err := os.ReadFile(file)
	n, bad := strconv.Atoi(strings.TrimSpace(string(text)))
	switch {
	case err != nil || bad != nil:
		return good(subject, "no limit is known on this system")
	case n < wantedBuffer:
		return Finding{subject, Lacking, fmt.Sprintf("up to %d KiB", n>>10),
			fmt.Sprintf("no clause depends on it; for QUIC on a real network: sysctl -w net.core.rmem_max=%d", wantedBuffer)}
	}
	return good(subject, "up to %d KiB", n>>10)
}

// enoughFiles is the number of open files that the busiest clause stays under.
const enoughFiles = 1024

func descriptors() Finding {
	const subject = "open files"
	n, ok := fileLimit()
	switch {
	case !ok:
		return good(subject, "no limit is known on this system")
	case n < enoughFiles:
		return Finding{subject, Lacking, fmt.Sprintf("at most %d", n), fmt.Sprintf("raise the hard limit (ulimit -Hn) to %d or more", enoughFiles)}
	}
	return good(subject, "up to %d", n)
}

// sandboxed tries the levels of the sandbox that others' code is judged in.
func sandboxed() Finding {
	const subject = "sandbox"
	b := sandbox.Best()
	lacks := strings.Join(b.Lacks, "; ")
	switch {
	case b.Level == sandbox.Namespaces && lacks == "":
		return good(subject, "%s", b)
	case b.Level == sandbox.Namespaces:
		return good(subject, "%s (%s)", b, lacks)
	}
	return Finding{subject, Lacking, fmt.Sprintf("%s: %s (%s)", b, b.Level.Open(), lacks), sandboxRemedy}
}

const sandboxRemedy = "it only matters for \"grade --candidate\"; for the level namespaces take Linux 5.12 or later and let users make user namespaces " +
	"(on Ubuntu from 24.04 on: sysctl kernel.apparmor_restrict_unprivileged_userns=0; in a container: do not filter clone and unshare)"

func program(name, remedy string) Finding {
	if path, err := exec.LookPath(name); err == nil {
		return good(name, "%s", path)
	}
	return Finding{name, Lacking, "not installed", remedy}
}

// cause is an error without the operation that it belongs to.
func cause(err error) string {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Path + ": " + e.Err.Error()
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		return e.Err.Error()
	}
	return firstLine(err.Error())
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line
}
