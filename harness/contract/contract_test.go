package contract_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wirekata/wirekata/harness/contract"
	"github.com/wirekata/wirekata/harness/evidence"
	"github.com/wirekata/wirekata/harness/loopback"
	"github.com/wirekata/wirekata/harness/memnet"
	"github.com/wirekata/wirekata/harness/wire"
)

// The clauses that a test here judges run in a process of their own, as under
// the checker: this binary again, with one of these by name.
var clauses = map[string]func(t *testing.T){
	"passes": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			contract.Step(t, "an hour passes")
			contract.Pass(time.Hour)
		})
	},
	"checks nothing": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			for range []int{} {
				contract.Step(t, "never")
			}
		})
	},
	"fails": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			contract.Control(t, "first")
			contract.Step(t, "second")
			contract.Bytes(t, "the answer", []byte("hellO"), []byte("hello"))
		})
	},
	"fails with something left": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			go func() {
				for range time.Tick(time.Second) {
				}
			}()
			contract.Failf(t, "no good")
		})
	},
	"testify": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			contract.Require(t).Equal(1, 2, "the count")
		})
	},
	"plain testify": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) { require.True(t, false) })
	},
	"leaks a blocked goroutine": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			ch := make(chan int)
			go func() { <-ch }()
		})
	},
	"leaks a ticking goroutine": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			go func() {
				for range time.Tick(time.Second) {
				}
			}()
		})
	},
	"leaks a connection": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			a, _ := memnet.New(t).Pipe("client", "server")
			a.Close()
		})
	},
	"waits in vain": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			ch := make(chan int)
			contract.Await(t, "the answer", ch)
		})
	},
	"deadlocks": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) { select {} })
	},
	"panics": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) { panic("oh") })
	},
	"skips": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) { t.Skip() })
	},
	"is unsupported": func(t *testing.T) {
		contract.Unsupported(t, "no kernel")
		contract.Virtual(t, func(t *testing.T) {})
	},
	"real passes": func(t *testing.T) {
		contract.Real(t, func(t *testing.T) { contract.Step(t, "now") })
	},
	"real leaks": func(t *testing.T) {
		contract.Real(t, func(t *testing.T) {
			ch := make(chan int)
			go func() { <-ch }()
		})
	},
	"real leaks a file": func(t *testing.T) {
		contract.Real(t, func(t *testing.T) {
			l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", loopback.Addr())
			contract.Require(t).NoError(err)
			_, err = l.(*net.TCPListener).File()
			contract.Require(t).NoError(err)
			l.Close()
		})
	},
	"spends": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			n := memnet.New(t)
			n.SetLink("client", "server", memnet.Link{Delay: 10 * time.Millisecond})
			a, b := n.Pipe("client", "server")
			defer a.Close()
			defer b.Close()
			contract.Step(t, "ask")
			a.Write([]byte("ping"))
			b.Read(make([]byte, 4))
			b.Write([]byte("pong"))
			a.Read(make([]byte, 4))
		})
	},
	"records the wire": func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			n := memnet.New(t)
			wire.Record(t, n, nil)
			a, _ := n.Pipe("client", "server")
			contract.Step(t, "say hi")
			a.Write([]byte("hi"))
			contract.Failf(t, "no answer")
		})
	},
}

const clauseEnv = "CONTRACT_TEST_CLAUSE"

func TestClause(t *testing.T) {
	name := os.Getenv(clauseEnv)
	if name == "" {
		t.Skip("run by the tests below")
	}
	clauses[name](t)
}

// judge runs a clause and returns its records and whether its process ended
// with status 0.
func judge(t *testing.T, name string) ([]evidence.Record, bool) {
	t.Helper()
	exe, err := os.Executable()
	require.NoError(t, err)
	dir := t.TempDir()
	cmd := exec.Command(exe, "-test.run=^TestClause$", "-test.v", "-test.paniconexit0")
	cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0", clauseEnv+"="+name, evidence.DirEnv+"="+dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	records, readErr := evidence.ReadDir(dir, nil)
	require.NoError(t, readErr)
	t.Logf("%s", out.String())
	return records, err == nil
}

func kinds(records []evidence.Record) string {
	var s []string
	for _, r := range records {
		s = append(s, string(r.Kind))
	}
	return strings.Join(s, " ")
}

func TestWhatClausesLeaveBehind(t *testing.T) {
	for name, want := range map[string]struct {
		kinds  string
		ok     bool
		reason string
	}{
		"passes":                    {"begin step end", true, ""},
		"checks nothing":            {"begin end", true, ""},
		"fails":                     {"begin step step fail", false, "the answer: octet 4 differs"},
		"fails with something left": {"begin fail", false, "no good"},
		"testify":                   {"begin fail", false, "the count: not equal"},
		"plain testify":             {"begin fail", false, "an assertion failed; see the output"},
		"leaks a blocked goroutine": {"begin fail", false, "something was left running when the clause was over"},
		"leaks a ticking goroutine": {"begin fail", false, "something was left running when the clause was over"},
		"leaks a connection":        {"begin fail", false, "something was left open when the clause was over"},
		"waits in vain":             {"begin fail", false, "awaited the answer: nothing for an hour of virtual time"},
		"deadlocks":                 {"begin stuck", false, "deadlock: every goroutine waits for another"},
		"panics":                    {"begin", false, ""},
		"skips":                     {"begin", true, ""},
		"is unsupported":            {"unsupported", true, ""},
		"real passes":               {"begin step end", true, ""},
		"real leaks":                {"begin fail", false, "something was left running when the clause was over"},
		"real leaks a file":         {"begin fail", false, "something was left open when the clause was over"},
		"records the wire":          {"begin step wire fail capture", false, "no answer"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "real leaks a file" && loopback.Descriptors() == nil {
				t.Skip("this system does not tell what is open")
			}
			records, ok := judge(t, name)
			require.Equal(t, want.kinds, kinds(records))
			require.Equal(t, want.ok, ok)
			require.Equal(t, want.reason, evidence.Reason(records))
		})
	}
}

func TestChecksAreCounted(t *testing.T) {
	for name, want := range map[string]int{"passes": 1, "checks nothing": 0, "real passes": 1} {
		records, _ := judge(t, name)
		require.Equal(t, want, records[len(records)-1].Checks, name)
	}
}

func TestWhatAClauseSpends(t *testing.T) {
	records, _ := judge(t, "spends")
	spent := records[len(records)-1].Spent
	require.Positive(t, spent.Allocations)
	spent.Allocations = 0
	require.Equal(t, evidence.Cost{Writes: 2, Segments: 2, Octets: 8, Flights: 2, Time: 20 * time.Millisecond}, spent)
}

func TestTranscript(t *testing.T) {
	records, _ := judge(t, "fails")
	require.Equal(t, `
 1 ✓ first   (control)                                              +0 ms
 2 ✗ second                                                         +0 ms
the answer: octet 4 differs
got   0000  68 65 6c 6c 4f                                   |hellO|
                        ^^
want  0000  68 65 6c 6c 6f                                   |hello|
                        ^^`, "\n"+strings.Join(evidence.Transcript(records, false), "\n"))
}

func TestSeedReplays(t *testing.T) {
	draw := func(seed string) (values [2]uint64) {
		t.Setenv(evidence.SeedEnv, seed)
		contract.Virtual(t, func(t *testing.T) { values = [2]uint64{contract.Rand(t).Uint64(), contract.Rand(t).Uint64()} })
		return values
	}
	one := draw("1")
	require.Equal(t, one, draw("1"))
	require.NotEqual(t, one, draw("7"))
	require.NotEqual(t, one[0], one[1])
}

func TestCutsDeliverTheSameOctets(t *testing.T) {
	b := []byte("some octets to be cut into pieces of many sizes")
	names := map[string]bool{}
	for _, cut := range contract.Cuts(t, b) {
		require.Equal(t, b, bytes.Join(cut.Chunks, nil), cut.Name)
		for _, chunk := range cut.Chunks {
			require.NotEmpty(t, chunk)
		}
		names[cut.Name] = true
	}
	require.Len(t, names, 5)
}

func ExampleVirtual() {
	// In a suite this is a top-level test with the sentence as its doc comment.
	_ = func(t *testing.T) {
		contract.Virtual(t, func(t *testing.T) {
			client, server := memnet.New(t).Pipe("client", "server")
			defer client.Close()
			defer server.Close()
			contract.Step(t, `→ "hi"`)
			client.Write([]byte("hi"))
			got := contract.Call(t, "the question to arrive", func() string {
				b := make([]byte, 2)
				n, _ := server.Read(b)
				return string(b[:n])
			})
			contract.Require(t).Equal("hi", got)
		})
	}
}
