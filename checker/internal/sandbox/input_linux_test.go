package sandbox

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// repeater is the name by which this test binary is started as a program that
// prints its standard input and a variable of its environment.
const repeater = "repeater"

// early is read before this package's init functions run, as a suite reads its
// key: the helper that confines has all of its program's packages, maybe, but
// must leave the program what is the program's.
var early = readEarly()

const earlyEnv = "WIREKATA_EARLY"

func readEarly() string {
	variable, ok := os.LookupEnv(earlyEnv)
	if !ok {
		return ""
	}
	input, _ := io.ReadAll(os.Stdin)
	return fmt.Sprintf("%q %q", variable, input)
}

func TestTheProgramHasItsInputAndItsEnvironment(t *testing.T) {
	const key, variable = "all\x00\xffof it", "not UTF-8: \xff, a line\nand nothing after ="
	for _, level := range levels {
		t.Run(level.String(), func(t *testing.T) {
			b := at(t, level)
			w := newWard(t)
			cmd := exec.Command(w.program, repeater)
			cmd.Dir, cmd.Env = w.dir, []string{"A=", earlyEnv + "=" + variable}
			cmd.Stdin = strings.NewReader(key)
			var out bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &out
			cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			confined, err := b.Start(cmd, w.dir)
			require.NoError(t, err)
			require.NoError(t, cmd.Wait(), out.String())
			require.NoError(t, confined())
			require.Equal(t, fmt.Sprintf("%q %q 2\n", variable, key), out.String())
		})
	}
}
