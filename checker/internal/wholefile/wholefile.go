// Package wholefile writes files that others see whole or not at all, whatever
// ends the writer, and however full the disk is.
package wholefile

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Write writes the file, and makes the folders that it lacks. After an error
// the file is as it was before.
func Write(name string, data []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	// Not os.CreateTemp, whose files are their owner's alone.
	beside := filepath.Join(dir, fmt.Sprintf(".new-%016x", rand.Uint64()))
	f, err := os.OpenFile(beside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	err = cmp.Or(err, f.Close())
	if err == nil {
		err = os.Rename(beside, name)
	}
	if err != nil {
		os.Remove(beside)
	}
	return err
}
