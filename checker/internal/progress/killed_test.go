package progress

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

const writerEnv = "PROGRESS_TEST_ROOT"

// TestMain is also the program that TestKilledWhileWriting kills: it writes
// one fact again and again, and says each time which.
func TestMain(m *testing.M) {
	root := os.Getenv(writerEnv)
	if root == "" {
		os.Exit(m.Run())
	}
	f := &File{Root: root}
	for n := 1; ; n++ {
		fmt.Println(n)
		if err := f.Update(func(p *Progress) { p.ShowHints("start/welcome", "task", n) }); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// Whenever the process is killed, the file is the old one or the new one.
func TestKilledWhileWriting(t *testing.T) {
	root := t.TempDir()
	written := 0
	for round := range 40 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+root)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		begun := 0
		for range round + 1 {
			require.True(t, lines.Scan())
			begun, err = strconv.Atoi(lines.Text())
			require.NoError(t, err)
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() { // what it had said before it died
			begun, _ = strconv.Atoi(lines.Text())
		}
		require.Error(t, cmd.Wait())
		p, err := (&File{Root: root}).Load()
		require.NoError(t, err)
		got := p.Hints("start/welcome", "task")
		if begun == 1 { // the file of the round before may still be there
			require.Contains(t, []int{written, 1}, got)
		} else {
			require.Contains(t, []int{begun - 1, begun}, got)
		}
		written = got
	}
}
