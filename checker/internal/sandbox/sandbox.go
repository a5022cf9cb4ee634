// Package sandbox confines the process of a clause that runs code which is
// not one's own. A [Box] is of one of four levels:
//
//	namespaces  Namespaces of its own for users, processes, mounts, network,
//	            IPC and host name. Its root holds the clause's folder, the
//	            program, the system's libraries if the program needs them, a
//	            /proc of its own, /dev/null, /dev/zero and /dev/urandom, and
//	            an /etc/hosts with localhost. Only the clause's folder can be
//	            written to. The network is a loopback of its own.
//	landlock    The same files, but by rules on the system's own tree, and no
//	            signal to a process outside.
//	limits      Nothing but what holds at every level.
//	off         No confinement.
//
// At every level but off the process has no capabilities and cannot gain any,
// runs as nobody where the checker runs as root, cannot make namespaces of its
// own or reach the keys of the kernel's keyrings, and is limited in
// its processes, open files and the size of a file. At the levels without a
// process namespace it cannot leave its process group either, so that ending
// the group ends all that it started.
//
// There is no second program: a Box starts the running executable anew, which
// finds that out in an init function of this package, confines itself, and
// becomes the program (see inside_linux.go). Any program that links this
// package can do so, a test binary too. Until then it has no environment, and
// leaves standard input, output and error alone: they are the program's.
//
// # Limitations
//
// Landlock rules name ports, not addresses. A clause's own ports are not known
// beforehand, so the network stays open at that level; besides, the TCP rules
// do not see Multipath TCP, which Go's listeners are by default from Go 1.24
// on. Before Linux 6.12 they do not confine signals either.
//
// Memory is the business of the caller: RLIMIT_AS counts what the Go runtime
// only reserves, and a cgroup is there for the asking only where one was
// delegated. The number of files, and so the space on the disk, is not limited.
//
// Only Linux has levels other than off, on amd64, arm64, riscv64 and loong64,
// namespaces from version 5.12 on.
package sandbox

// A Level says how far a process is confined. The greater one is the stronger.
type Level int

// The levels.
const (
	Off Level = iota
	Limits
	Landlock
	Namespaces
)

var names = [...]string{"off", "limits", "landlock", "namespaces"}

func (l Level) String() string { return names[l] }

// ParseLevel returns the level of that name.
func ParseLevel(name string) (Level, bool) {
	for i, n := range names {
		if n == name {
			return Level(i), true
		}
	}
	return Off, false
}

// Open says what a process can still do at the level, in a few words; "" where
// it is only to use its own folder, its share of the processor, and memory.
func (l Level) Open() string {
	return [...]string{
		"everything that you can",
		"files that others may read, the network and the list of processes are open",
		"the network and, before version 9 of Landlock, others' sockets in the file system are open",
		"",
	}[l]
}

// A Box is a way of confining processes that was found to work here. The zero
// value and nil are of the level Off.
type Box struct {
	Level Level
	// Lacks says why there is no stronger level here, or what this one does
	// without, one sentence each.
	Lacks []string

	box
}

// String returns the name of the box's level. A nil box is of the level Off.
func (b *Box) String() string {
	if b == nil {
		return Off.String()
	}
	return b.Level.String()
}

// Best returns the strongest box that works on this machine, as tried out.
func Best() *Box {
	var lacks []string
	for level := Namespaces; level > Off; level-- {
		b, err := At(level)
		if err == nil {
			b.Lacks = append(lacks, b.Lacks...)
			return b
		}
		lacks = append(lacks, err.Error())
	}
	return &Box{Lacks: lacks}
}
