package sandbox

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"golang.org/x/sys/unix"
)

// A tree is something of the system's file system that the new root has too,
// at the same place.
type tree struct {
	path string
	deny uint64 // MOUNT_ATTR_*
	link string // where a symbolic link leads
	fd   int    // of what is no link
}

func (o *order) trees() []tree {
	const plain = unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV
	list := []tree{
		{path: o.Dir, deny: plain},
		{path: o.Program, deny: plain | unix.MOUNT_ATTR_RDONLY},
	}
	for _, device := range []string{"/dev/null", "/dev/zero", "/dev/urandom"} {
		list = append(list, tree{path: device, deny: unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NOEXEC})
	}
	if o.Libraries {
		for _, name := range present(libraries, ldCache) {
			list = append(list, tree{path: name, deny: plain | unix.MOUNT_ATTR_RDONLY})
		}
	}
	return list
}

// changeRoot makes a root of its own: a small file system in memory with the
// trees in it, which cannot be written to but in the clause's folder. What
// else there was is unmounted.
//
// The new root is mounted over the clause's folder, whose own tree has been
// taken out before; any folder would do, and this one is certainly there.
func (o *order) changeRoot() error {
	defer unix.Umask(unix.Umask(0o022))
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("mounts: %w", err)
	}
	trees := o.trees()
	for i := range trees {
		if err := trees[i].take(); err != nil {
			return fmt.Errorf("%s: %w", trees[i].path, err)
		}
	}
	root := o.Dir
	if err := unix.Mount("wirekata", root, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=0755,size=256k,nr_inodes=256"); err != nil {
		return fmt.Errorf("new root: %w", err)
	}
	for i := range trees {
		if err := trees[i].put(root); err != nil {
			return fmt.Errorf("new root: %s: %w", trees[i].path, err)
		}
	}
	if err := o.furnish(root); err != nil {
		return err
	}
	return o.pivot(root)
}

// furnish puts in what is the new root's own.
func (o *order) furnish(root string) error {
	for _, name := range []string{"etc", "proc"} {
		if err := os.MkdirAll(filepath.Join(root, name), 0o755); err != nil {
			return fmt.Errorf("new root: %w", err)
		}
	}
	const hosts = "127.0.0.1 localhost\n::1 localhost\n"
	if err := os.WriteFile(filepath.Join(root, "etc/hosts"), []byte(hosts), 0o644); err != nil {
		return fmt.Errorf("new root: %w", err)
	}
	if o.NoProc {
		return nil
	}
	const flags = unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
	if err := unix.Mount("proc", filepath.Join(root, "proc"), "proc", flags, ""); err != nil {
		return fmt.Errorf("new root: /proc: %w", err)
	}
	return nil
}

// pivot goes to the new root and takes the old one away.
func (o *order) pivot(root string) error {
	if err := unix.Chdir(root); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("pivot_root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("old root: %w", err)
	}
	if err := unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}); err != nil {
		return fmt.Errorf("new root: %w", err)
	}
	return unix.Chdir(o.Work)
}

// take copies the mount, with those below it, out of the tree. Of a symbolic
// link it takes where it leads.
func (t *tree) take() (err error) {
	if t.link, err = os.Readlink(t.path); err == nil {
		return nil
	}
	t.fd, err = unix.OpenTree(unix.AT_FDCWD, t.path, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return err
	}
	return unix.MountSetattr(t.fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: t.deny})
}

// put mounts what was taken at its place under the new root.
func (t *tree) put(root string) error {
	place := filepath.Join(root, t.path)
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	if t.link != "" {
		return os.Symlink(t.link, place)
	}
	defer unix.Close(t.fd)
	if err := t.mountPoint(place); err != nil {
		return err
	}
	return unix.MoveMount(t.fd, "", unix.AT_FDCWD, place, unix.MOVE_MOUNT_F_EMPTY_PATH)
}

// mountPoint makes the folder or the file that the tree is mounted on.
func (t *tree) mountPoint(place string) error {
	var s unix.Stat_t
	if err := unix.Fstat(t.fd, &s); err != nil {
		return err
	}
	if s.Mode&unix.S_IFMT == unix.S_IFDIR {
		return os.MkdirAll(place, 0o755)
	}
	return os.WriteFile(place, nil, 0o644)
}

// Where a dynamically linked program finds the system's libraries.
var (
	libraries = []string{"/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/nix/store", "/gnu/store"}
	ldCache   = []string{"/etc/ld.so.cache"}
)

// present are those of the lists that are there.
func present(lists ...[]string) []string {
	return slices.DeleteFunc(slices.Concat(lists...), func(name string) bool {
		_, err := os.Lstat(name)
		return err != nil
	})
}
