package sandbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case hostile:
			be()
			return
		case repeater:
			fmt.Println(early, len(os.Environ()))
			return
		}
	}
	os.Exit(m.Run())
}

// at returns the box of the level, or skips the test.
func at(t *testing.T, level Level) *Box {
	t.Helper()
	b, err := At(level)
	if err != nil {
		t.Skipf("this machine has no such level: %v", err)
	}
	for _, lack := range b.Lacks {
		t.Log(lack)
	}
	return b
}

var levels = []Level{Off, Limits, Landlock, Namespaces}

// A ward is where a hostile program runs, and what it is to be kept from.
type ward struct {
	dir     string
	program string
	target
}

func newWard(t testing.TB) *ward {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	w := &ward{dir: openFolder(t), program: program}
	w.Outside = openFolder(t)
	w.Cache = openFolder(t)
	require.NoError(t, os.WriteFile(filepath.Join(w.Cache, "README"), []byte("built\n"), 0o644))
	require.NoError(t, os.Chmod(w.Cache, 0o700))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	w.Address, w.Parent = l.Addr().String(), os.Getpid()
	return w
}

// openFolder returns a folder that anyone may write to, which those of the
// testing package are not.
func openFolder(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "wirekata-ward-")
	require.NoError(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	require.NoError(t, os.Chmod(dir, 0o777))
	return dir
}

// run has the hostile program do the deeds in the box, and returns what it
// printed.
func (w *ward) run(t *testing.T, b *Box, deeds ...string) string {
	t.Helper()
	said, err := json.Marshal(w.target)
	require.NoError(t, err)
	cmd := exec.Command(w.program, append([]string{hostile, string(said)}, deeds...)...)
	work := filepath.Join(w.dir, "work")
	require.NoError(t, os.MkdirAll(work, 0o755))
	cmd.Dir, cmd.Env = work, []string{"GORACE=atexit_sleep_ms=0"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.WaitDelay = 100 * time.Millisecond
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	confined, err := b.Start(cmd, w.dir)
	require.NoError(t, err)
	err = cmd.Wait()
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	require.NoError(t, confined())
	if err != nil && !errors.Is(err, exec.ErrWaitDelay) { // a child holds the pipe
		fmt.Fprintf(&out, "%v\n", err)
	}
	return out.String()
}

// Each deed is done at each level. Where it succeeds at the level off, the
// refusals of the others are the box's doing.
func TestWhatAHostileProcessCanDo(t *testing.T) {
	root := os.Geteuid() == 0
	for _, tc := range []struct {
		deed  string
		upTo  Level // it succeeds at the levels up to this one
		twist bool  // root gives its processes to nobody, which alone refuses this
	}{
		{"read /etc/passwd", Limits, false},
		{"list /", Limits, false},
		{"list the folder above", Limits, false},
		{"write outside", Limits, false},
		{"list the build cache", Limits, true},
		{"read the build cache", Limits, true},
		{"write the build cache", Limits, true},
		{"connect to the checker", Landlock, false},
		{"see the checker", Limits, false},
		{"signal the checker", Limits, true},
		{"make a user namespace", Off, false},
		{"clone a user namespace", Off, false},
		{"clone3 a user namespace", Off, false},
		{"have 10000 children", Off, false},
		{"write a file of 1 GB", Off, false},
		{"read the keyring", Off, false},

		{"write into its folder", Namespaces, false},
		{"talk to itself, IPv4", Namespaces, false},
		{"talk to itself, IPv6", Namespaces, false},
		{"resolve localhost", Namespaces, false},
		{"open 1024 files", Namespaces, false},
		{"start itself again", Namespaces, false},
		{"read a device", Namespaces, false},
		{"see itself in /proc", Namespaces, false},
	} {
		if tc.twist && root {
			tc.upTo = Off
		}
		for _, level := range levels {
			t.Run(tc.deed+"/"+level.String(), func(t *testing.T) {
				b := at(t, level)
				w := newWard(t)
				if strings.HasPrefix(tc.deed, "have 10000") {
					if level == Off {
						t.Skip("not without a limit")
					}
					b.processes -= maxProcesses - 256 // a fork under the race detector takes milliseconds
				}
				out := w.run(t, b, tc.deed)
				if level <= tc.upTo {
					if level == Off && out != tc.deed+": done\n" {
						t.Skip("nor can it be done here without a sandbox: " + out)
					}
					require.Equal(t, tc.deed+": done\n", out)
				} else {
					require.Regexp(t, "^"+tc.deed+": ", out)
					require.NotContains(t, out, "done")
				}
			})
		}
	}
}

// What nobody can do in any box, although root could outside.
func TestWhatNoBoxAllows(t *testing.T) {
	for _, level := range levels[1:] {
		for _, deed := range []string{"mount", "have capabilities", "write into the root", "change a kernel setting", "dump core", "overwrite the program"} {
			t.Run(deed+"/"+level.String(), func(t *testing.T) {
				b := at(t, level)
				if os.Geteuid() != 0 && deed == "overwrite the program" && level != Namespaces {
					t.Skip("it is the user's own program")
				}
				out := newWard(t).run(t, b, deed)
				require.Regexp(t, "^"+deed+": ", out)
				require.NotContains(t, out, "done")
			})
		}
	}
}

// The root of a process in namespaces has what the package's comment says.
func TestTheNewRoot(t *testing.T) {
	b := at(t, Namespaces)
	w := newWard(t)
	for _, name := range strings.Fields(w.run(t, b, "tell all files")) {
		ours := strings.HasPrefix(w.dir, name) || strings.HasPrefix(name, w.dir) || strings.HasPrefix(w.program, name)
		switch {
		case ours, strings.HasPrefix(name, "/proc"), strings.HasPrefix(name, "/lib"), strings.HasPrefix(name, "/usr/lib"):
		default:
			require.Contains(t, []string{"/usr", "/dev", "/dev/null", "/dev/zero", "/dev/urandom", "/etc", "/etc/hosts", "/etc/ld.so.cache"}, name)
		}
	}
}

// A process that its own clause left behind does not outlive it, wherever it
// hides.
func TestNoChildIsLeftBehind(t *testing.T) {
	for _, level := range levels[1:] {
		t.Run(level.String(), func(t *testing.T) {
			b := at(t, level)
			w := newWard(t)
			require.Empty(t, w.run(t, b, "leave a child", "leave a child"))
			require.Eventually(t, func() bool { return len(processesWith(w.Outside)) == 0 }, time.Minute, 10*time.Millisecond)
		})
	}
}

// processesWith returns the processes whose command line has the text.
func processesWith(text string) []string {
	var found []string
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range lines {
		if line, err := os.ReadFile(name); err == nil && strings.Contains(string(line), text) && !strings.Contains(name, fmt.Sprint(os.Getpid())) {
			found = append(found, name)
		}
	}
	return found
}

// The zero Box confines nothing, and the program runs as it is.
func TestOff(t *testing.T) {
	w := newWard(t)
	require.Equal(t, "read /etc/passwd: done\n", w.run(t, &Box{}, "read /etc/passwd"))
}

// The best box is the first that works, and says why none before it does.
func TestBest(t *testing.T) {
	best := Best()
	for level := best.Level + 1; level <= Namespaces; level++ {
		_, err := At(level)
		require.Error(t, err)
		require.Contains(t, best.Lacks, err.Error())
	}
	_, err := At(best.Level)
	require.NoError(t, err)
}

// What keeps a program from being started is said, and it does not run.
func TestAProgramThatCannotBeStarted(t *testing.T) {
	for _, level := range levels[1:] {
		t.Run(level.String(), func(t *testing.T) {
			b := at(t, level)
			dir := t.TempDir()
			program := filepath.Join(dir, "program")
			w := newWard(t)
			data, err := os.ReadFile(w.program)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(program, data, 0o644))
			cmd := exec.Command(program)
			cmd.Err, cmd.Dir = nil, w.dir
			confined, err := b.Start(cmd, w.dir)
			require.NoError(t, err)
			require.Error(t, cmd.Wait())
			require.EqualError(t, confined(), "sandbox: program: permission denied")
		})
	}
}
