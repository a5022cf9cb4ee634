package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// hostile is the name by which this test binary is started as a program that
// does what a candidate must not. It prints what came of each deed.
const hostile = "hostile"

// A target is what a deed is done to.
type target struct {
	Outside string // a folder that anyone may write to
	Cache   string // a folder of the user's that is closed to others, as the build cache's is
	Address string // of a listener of the checker's
	Parent  int    // the checker's process
}

// deeds each return nil if they succeed.
var deeds = map[string]func(target) error{
	"read /etc/passwd": func(target) error { return read("/etc/passwd") },
	"list /":           func(target) error { return list("/", "var") },
	"list the folder above": func(t target) error {
		wd, err := os.Getwd()
		if err != nil {
			return err
		}
		return list(filepath.Dir(filepath.Dir(wd)), filepath.Base(t.Outside))
	},
	"write outside":           func(t target) error { return write(filepath.Join(t.Outside, "file")) },
	"write into the root":     func(target) error { return write("/file") },
	"write into its folder":   func(target) error { return write("file") },
	"list the build cache":    func(t target) error { return list(t.Cache, "README") },
	"read the build cache":    func(t target) error { return read(filepath.Join(t.Cache, "README")) },
	"write the build cache":   func(t target) error { return write(filepath.Join(t.Cache, "wirekata-was-here")) },
	"overwrite the program":   func(target) error { return os.Chmod("/proc/self/exe", 0o700) },
	"connect to the checker":  func(t target) error { return dial("tcp", t.Address) },
	"talk to itself, IPv4":    func(target) error { return talk("127.0.0.1:0") },
	"talk to itself, IPv6":    func(target) error { return talk("[::1]:0") },
	"resolve localhost":       func(target) error { _, err := net.LookupHost("localhost"); return err },
	"see the checker":         func(t target) error { return list("/proc", strconv.Itoa(t.Parent)) },
	"signal the checker":      func(t target) error { return syscall.Kill(t.Parent, 0) },
	"have 10000 children":     func(target) error { return fork(10_000) },
	"write a file of 1 GB":    func(target) error { return writeAt("large", 1<<30) },
	"dump core":               func(target) error { return limitOf(unix.RLIMIT_CORE, 1) },
	"open 1024 files":         func(target) error { return open(1024) },
	"mount":                   func(target) error { return unix.Mount("x", ".", "tmpfs", 0, "") },
	"make a user namespace":   func(target) error { return unix.Unshare(unix.CLONE_NEWUSER | unix.CLONE_NEWNS) },
	"clone a user namespace":  func(target) error { return clone(unix.CLONE_NEWUSER) },
	"clone3 a user namespace": func(target) error { return clone3() },
	"have capabilities":       func(target) error { return capable() },
	"read the keyring": func(target) error {
		_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_SESSION_KEYRING, false)
		return err
	},
	"start itself again":      func(target) error { return again() },
	"read a device":           func(target) error { return read("/dev/urandom") },
	"see itself in /proc":     func(target) error { return read("/proc/self/maps") },
	"change a kernel setting": func(target) error { return write("/proc/sys/kernel/hostname") },
}

// be is the main function of the hostile program.
func be() {
	var t target
	if err := json.Unmarshal([]byte(os.Args[2]), &t); err != nil {
		panic(err)
	}
	for _, deed := range os.Args[3:] {
		switch deed {
		case "leave a child":
			leave()
			continue
		case "tell all files":
			tell()
			continue
		}
		if err := deeds[deed](t); err != nil {
			fmt.Printf("%s: %v\n", deed, err)
		} else {
			fmt.Printf("%s: done\n", deed)
		}
	}
}

func read(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Read(make([]byte, 16))
	return err
}

func list(name, wanted string) error {
	entries, err := os.ReadDir(name)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() == wanted {
			return nil
		}
	}
	return fmt.Errorf("no %s in %s", wanted, name)
}

func write(name string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if !strings.HasPrefix(name, "/proc") {
		os.Remove(name)
	}
	return nil
}

func writeAt(name string, offset int64) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer os.Remove(name)
	defer f.Close()
	_, err = f.WriteAt([]byte("x"), offset)
	return err
}

func dial(network, address string) error {
	c, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	return c.Close()
}

func talk(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	return dial("tcp", l.Addr().String())
}

// fork makes children that wait for ever, and ends them if it got all.
func fork(n int) error {
	for range n {
		if err := clone(0); err != nil {
			return err
		}
	}
	return nil
}

// clone makes a child that waits for ever.
func clone(flags uintptr) error {
	pid, _, errno := syscall.RawSyscall(unix.SYS_CLONE, flags|uintptr(unix.SIGCHLD), 0, 0)
	for errno == 0 && pid == 0 {
		syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
	}
	if errno != 0 {
		return errno
	}
	return nil
}

func again() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return exec.Command(self, hostile, "{}").Run()
}

func clone3() error {
	_, _, errno := syscall.RawSyscall(unix.SYS_CLONE3, 0, 0, 0)
	if errno == unix.EINVAL {
		return nil // it looked at its arguments
	}
	return errno
}

// leave leaves a child in a session of its own, as far as that is allowed.
func leave() {
	pid, _, errno := syscall.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
	if errno == 0 && pid == 0 {
		syscall.RawSyscall(unix.SYS_SETSID, 0, 0, 0)
		for {
			syscall.RawSyscall6(unix.SYS_PPOLL, 0, 0, 0, 0, 0, 0)
		}
	}
	if errno != 0 {
		fmt.Printf("leave a child: %v\n", errno)
	}
}

// tell prints the name of every file outside of /proc and of the libraries.
func tell() {
	filepath.WalkDir("/", func(name string, e fs.DirEntry, err error) error {
		if name != "/" {
			fmt.Println(name)
		}
		if e != nil && e.IsDir() && (name == "/proc" || strings.HasPrefix(filepath.Base(name), "lib")) {
			return filepath.SkipDir
		}
		return nil
	})
}

func limitOf(resource int, least uint64) error {
	var r unix.Rlimit
	if err := unix.Getrlimit(resource, &r); err != nil {
		return err
	}
	if r.Max < least {
		return fmt.Errorf("limit is %d", r.Max)
	}
	return nil
}

func open(n int) error {
	for range n {
		f, err := os.Open("/dev/null")
		if err != nil {
			return err
		}
		defer f.Close()
	}
	return nil
}

// capable reports whether one of the capability sets has anything in it, or
// no_new_privs is not set.
func capable() error {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(status)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		switch name {
		case "CapInh", "CapPrm", "CapEff", "CapAmb":
			if strings.Trim(value, "0") != "" {
				return nil
			}
		case "NoNewPrivs":
			if value != "1" {
				return nil
			}
		}
	}
	return errors.New("none")
}
