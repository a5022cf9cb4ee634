package sandbox

import (
	"fmt"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// leastLandlock is the first version of Landlock that sees all ways of
// changing a file.
const leastLandlock = 3

// landlock leaves the process the files that it would have in namespaces. The
// network is left alone (see the package's comment).
func (o *order) landlock() error {
	if version, err := ll.LandlockGetABIVersion(); err != nil {
		return fmt.Errorf("landlock: %w", err)
	} else if version < leastLandlock {
		return fmt.Errorf("landlock: the kernel has version %d, which is before %d", version, leastLandlock)
	}
	rules := []landlock.Rule{
		landlock.RWDirs(o.Dir).WithRefer().WithResolveUnix(),
		landlock.ROFiles(o.Program, "/dev/zero", "/dev/urandom"),
		landlock.RWFiles("/dev/null"),
		landlock.RODirs("/proc/self"),
		landlock.ROFiles("/etc/hosts", "/proc/sys/net/core/somaxconn").IgnoreIfMissing(),
	}
	if o.Libraries {
		rules = append(rules, landlock.RODirs(present(libraries)...), landlock.ROFiles(present(ldCache)...))
	}
	config := landlock.V9
	config.HandledAccessNet = 0
	return config.BestEffort().Restrict(rules...)
}
