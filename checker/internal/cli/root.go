package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Module is the course's module, by which its repository is known.
const Module = "github.com/wirekata/wirekata"

// FindRoot returns the root of the repository that dir is in.
func FindRoot(dir string) (string, error) {
	for at := dir; ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil && isCourse(string(text)) {
			return at, nil
		}
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
		if at == filepath.Dir(at) {
			return "", &failure{
				code:   exitUsage,
				err:    fmt.Errorf("%s is not inside the course's repository: no go.mod here or above is that of %s", dir, Module),
				remedy: "change to the folder that you cloned the course into, and run it there",
			}
		}
	}
}

// isCourse reports whether a go.mod is that of the course.
func isCourse(gomod string) bool {
	for line := range strings.Lines(gomod) {
		if f := strings.Fields(line); len(f) >= 2 && f[0] == "module" {
			return strings.Trim(f[1], `"`) == Module
		}
	}
	return false
}
