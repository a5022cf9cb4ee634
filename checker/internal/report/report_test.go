package report

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/wirekata/wirekata/checker/internal/course"
	"github.com/wirekata/wirekata/checker/internal/result"
	"github.com/wirekata/wirekata/harness/evidence"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// Every view, as text, narrow, wide or in colour. What a view looks like is
// reviewed in testdata, where a change of it shows.
var views = map[string]func(w io.Writer) error{
	"check":       func(w io.Writer) error { return Check(w, Style{}, checkView()) },
	"check-color": func(w io.Writer) error { return Check(w, Style{Color: true, Width: 80}, checkView()) },
	"check-passed": func(w io.Writer) error {
		return Check(w, Style{}, CheckView{Topics: []result.Topic{welcome()}, Next: "protocols/http1"})
	},
	"check-refused": func(w io.Writer) error { return Check(w, Style{}, CheckView{Topics: []result.Topic{refused()}}) },
	"check-clause": func(w io.Writer) error {
		return Check(w, Style{}, CheckView{Topics: []result.Topic{welcome()}, Part: true})
	},
	"check-end":      func(w io.Writer) error { return Check(w, Style{}, CheckView{Topics: []result.Topic{welcome()}}) },
	"check-absent":   func(w io.Writer) error { return Check(w, Style{}, CheckView{Topics: []result.Topic{absent()}}) },
	"check-trace":    func(w io.Writer) error { return Check(w, Style{}, CheckView{Topics: []result.Topic{traced()}}) },
	"list":           func(w io.Writer) error { return List(w, Style{}, listView()) },
	"list-color":     func(w io.Writer) error { return List(w, Style{Color: true}, listView()) },
	"list-finished":  func(w io.Writer) error { return List(w, Style{}, finishedView()) },
	"certificate":    func(w io.Writer) error { return Certificate(w, Style{}, certificateView()) },
	"verified":       func(w io.Writer) error { return Verified(w, Style{}, verifiedView()) },
	"verified-color": func(w io.Writer) error { return Verified(w, Style{Color: true, Width: 60}, verifiedView()) },
	"grade":          func(w io.Writer) error { return Grade(w, Style{}, gradeView()) },
	"grade-color":    func(w io.Writer) error { return Grade(w, Style{Color: true, Width: 80}, gradeView()) },
	"grade-passed":   func(w io.Writer) error { return Grade(w, Style{}, passedView()) },
	"grade-handin":   func(w io.Writer) error { return Grade(w, Style{}, handinView()) },
	"grade.json":     func(w io.Writer) error { return JSON(w, gradeView()) },
	"grade.junit":    func(w io.Writer) error { return JUnit(w, gradeView()) },
	"hint":           func(w io.Writer) error { return Hints(w, Style{}, hintView()) },
	"hint-last":      func(w io.Writer) error { return Hints(w, Style{Color: true}, lastHintView()) },
	"compare":        func(w io.Writer) error { return Compare(w, Style{}, compareView()) },
	"compare-beside": func(w io.Writer) error { return Compare(w, Style{Width: 140}, compareView()) },
	"compare-costs":  func(w io.Writer) error { return Compare(w, Style{}, costsView()) },
	"bench":          func(w io.Writer) error { return Bench(w, Style{}, benchView()) },
	"watch":          func(w io.Writer) error { return Watch(w, Style{Width: 80}, websocket()) },
	"watch-color":    func(w io.Writer) error { return Watch(w, Style{Width: 80, Color: true}, websocket()) },
	"watch-hidden":   func(w io.Writer) error { return Watch(w, Style{Width: 80}, hiddenToGo()) },
	"watch-passed":   func(w io.Writer) error { return Watch(w, Style{Width: 80}, welcome()) },
	"watch-refused":  func(w io.Writer) error { return Watch(w, Style{Width: 80}, refused()) },
	"grade.html":     func(w io.Writer) error { return HTML(w, htmlGrade()) },
	"compare-color":  func(w io.Writer) error { return Compare(w, Style{Width: 140, Color: true}, compareView()) },
}

// hiddenToGo is a topic whose assignment passes.
func hiddenToGo() result.Topic {
	t := websocket()
	t.Clauses[1].Verdict, t.Clauses[1].Reason, t.Clauses[1].Transcript = result.Pass, "", nil
	return t
}

// costsView has clauses that passed for both, and one that only passed for the
// reference.
func costsView() CompareView {
	v := CompareView{Topic: welcome(), ReferenceTopic: welcome(), Benchmark: true}
	v.Topic.Clauses = append(v.Topic.Clauses, result.Clause{Name: "TestLog", Verdict: result.Fail})
	v.ReferenceTopic.Clauses = append(v.ReferenceTopic.Clauses, result.Clause{Name: "TestLog", Verdict: result.Pass, Spent: evidence.Cost{Writes: 1000}})
	for i := range 2 {
		v.Topic.Clauses[i].Spent = evidence.Cost{Connections: 1, Writes: 12, Segments: 12, Octets: 90, Flights: 5, Allocations: 150, Time: 1500 * time.Millisecond}
		v.ReferenceTopic.Clauses[i].Spent = evidence.Cost{Connections: 1, Writes: 2, Segments: 2, Octets: 90, Flights: 2, Allocations: 90, Time: 500 * time.Millisecond}
	}
	return v
}

func benchView() BenchView {
	v := BenchView{First: []string{"yours", "reference"}}
	for round := range 3 {
		for i, by := range []string{"gorilla", "yours", "reference"} {
			ns := []float64{1.5, 812.4, 40_000, 12_500_000}
			for j, name := range []string{"BenchmarkMask", "BenchmarkRead/size=20", "BenchmarkRead/size=2000", "BenchmarkDial"} {
				v.Measured = append(v.Measured, Measured{Name: name, By: by, Nanoseconds: ns[j] * float64(i+1+round), Octets: uint64(ns[j]), Allocations: uint64(i)})
			}
		}
	}
	return v
}

func TestViews(t *testing.T) {
	for name, write := range views {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := write(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o666); err != nil {
					t.Fatal(err)
				}
				return
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs (-update rewrites it); got\n%s", path, &got)
			}
		})
	}
}

func TestEveryGoldenHasAView(t *testing.T) {
	paths, err := filepath.Glob("testdata/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if views[strings.TrimSuffix(filepath.Base(path), ".golden")] == nil {
			t.Errorf("%s: no view writes it", path)
		}
	}
}

// Without colour no view has an escape sequence; with it the text is the same.
func TestColourOnlyRepeats(t *testing.T) {
	var plainText, coloured bytes.Buffer
	if err := Check(&plainText, Style{Width: 80}, checkView()); err != nil {
		t.Fatal(err)
	}
	if err := Check(&coloured, Style{Width: 80, Color: true}, checkView()); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(plainText.String(), "\x1b") {
		t.Error("plain text has escape sequences")
	}
	text := coloured.String()
	for _, i := range []ink{bold, dim, red, green, yellow, cyan, reset} {
		text = strings.ReplaceAll(text, string(i), "")
	}
	if strings.ReplaceAll(text, " \n", "\n") != plainText.String() {
		t.Errorf("coloured text says something else:\n%s", text)
	}
}

func welcome() result.Topic {
	return result.Topic{ID: "start/welcome", Title: "Is the toolchain ready?", Warmup: true, Clauses: []result.Clause{
		{Suite: result.Assignment, Name: "TestGreets", Text: "A greeting names the guest.", Ref: "README", Verdict: result.Pass, Cached: true},
		{Suite: result.Assessment, Name: "TestGreetsEmpty", Text: "A guest without a name is refused.", Ref: "README", Verdict: result.Pass, Cached: true},
	}}
}

func websocket() result.Topic {
	return result.Topic{ID: "protocols/websocket", Title: "WebSocket", Clauses: []result.Clause{
		{Suite: result.Assignment, Name: "TestHandshake", Text: "The handshake's answer proves that the key was read.", Ref: "RFC 6455 §4.2.2 MUST", Verdict: result.Pass, Cached: true},
		{
			Suite: result.Assignment, Name: "TestUnmaskedFrame", Text: "A client frame that is not masked closes the connection with 1002.", Ref: "RFC 6455 §5.1 MUST",
			Verdict: result.Fail, Reason: "awaited CLOSE 1002, idle 2 s", By: result.ByAssertion, Seed: 8121,
			Capture: ".wirekata/protocols.websocket/TestUnmaskedFrame.pcapng",
			Transcript: []string{
				" 1 ✓ handshake                                                      +0 ms",
				` 2 ✓ → TEXT fin mask "hi"   (control)                               +0 ms`,
				` 3 ✗ → TEXT fin "zz"                                                +0 ms`,
				"awaited CLOSE 1002, idle 2 s",
				"got   ← frame 2, byte 4: TEXT fin len 2",
				"      0000  81 02 7a 7a                                     |..zz|",
				"            ^^ opcode 1 (text), wanted 8 (close)",
			},
		},
		{
			Suite: result.Assessment, Name: "TestFragmentedControl", Text: "A control frame may stand between the fragments of a message, " +
				"but is never itself in fragments, however it was cut on the way.", Ref: "RFC 6455 §5.4 MUST",
			Verdict: result.Fail, Reason: "panicked: runtime error: index out of range [2] with length 2", By: result.ByPanic, Seed: 1,
			Output: "panic: runtime error: index out of range [2] with length 2\n\ngoroutine 7 [running]:\nexercises/protocols/websocket/frame.go:31\n",
		},
		{
			Suite: result.Assessment, Name: "TestCloseIsAnswered", Text: "A close frame is answered with a close frame.", Ref: "RFC 6455 §5.5.1 MUST",
			Verdict: result.Fail, Reason: "hung: nothing happened any more", By: result.ByHang, Seed: 3, Transcript: []string{" 1 ✗ → CLOSE 1000\x1b[2J                                              +2 ms"},
		},
		{Suite: result.Assessment, Name: "TestPing", Text: "A ping is answered with its own payload.", Ref: "RFC 6455 §5.5.3 MUST", Verdict: result.Pass},
		{Suite: result.Assessment, Name: "TestBacklog", Text: "A full backlog delays nobody.", Ref: "README", Verdict: result.Unsupported, Reason: "this kernel has no SO_REUSEPORT"},
		{Suite: result.Assessment, Name: "NoDataRace", Text: "No clause meets a data race.", Ref: "Go memory model", Verdict: result.Error, Reason: "the go command was ended by signal 9"},
	}}
}

func refused() result.Topic {
	t := result.Topic{ID: "protocols/http1", Title: "HTTP/1.1", Refusal: "exercises/protocols/http1/request.go:5: imports net/http: this exercise writes it\n" +
		"exercises/protocols/http1/request.go:9: //go:linkname is no part of an exercise"}
	for _, s := range []result.Suite{result.Assignment, result.Assessment} {
		t.Clauses = append(t.Clauses, result.Clause{Suite: s, Name: "TestX", Text: "Some sentence.", Ref: "RFC 9112 §3 MUST", Verdict: result.Refused, Reason: "imports net/http"})
	}
	return t
}

func absent() result.Topic {
	t := refused()
	t.ID, t.Title, t.Absent, t.Refusal = "protocols/hpack", "HPACK", true, ""
	return t
}

// traced is a topic that was checked with --trace, and whose failing clause
// was found by a plain assertion.
func traced() result.Topic {
	t := welcome()
	t.Clauses[0].Transcript = []string{" 1 ✓ greet Ada                                                      +0 ms"}
	t.Clauses[1] = result.Clause{
		Suite: result.Assessment, Name: "TestGreetsEmpty", Text: "A guest without a name is refused.", Ref: "README",
		Verdict: result.Fail, By: result.ByAssertion, Reason: "Not equal:", Seed: 1,
		Output: "Error:  Not equal:\n        expected: \"hello\"\n        actual  : \"\"\n",
	}
	t.Clauses = append(t.Clauses, result.Clause{
		Suite: result.Assessment, Name: "TestLog", Text: "Every guest is in the log.", Ref: "README",
		Verdict: result.Fail, By: result.ByAssertion, Reason: "an assertion failed; see the output", Seed: 1,
		Transcript: []string{" 1 ✗ read the log                                                   +0 ms", "an assertion failed; see the output"},
		Output:     "    welcome_test.go:12: no Ada in the log\n",
	})
	return t
}

func unsupported() result.Topic {
	return result.Topic{ID: "https/tfo", Title: "TCP Fast Open with TLS 1.3", Clauses: []result.Clause{
		{Suite: result.Assignment, Name: "TestA", Text: "Data rides in the SYN.", Ref: "RFC 7413 §4", Verdict: result.Unsupported, Reason: "net.ipv4.tcp_fastopen is 0"},
		{Suite: result.Assessment, Name: "TestB", Text: "A cookie is asked for.", Ref: "RFC 7413 §4", Verdict: result.Unsupported, Reason: "net.ipv4.tcp_fastopen is 0"},
	}}
}

func checkView() CheckView {
	return CheckView{Topics: []result.Topic{welcome(), websocket()}, WithoutRace: []string{"protocols/websocket"}}
}

func syllabus() *course.Course {
	return &course.Course{Title: "wirekata", Sections: []course.Section{
		{ID: "start", Title: "Start here"}, {ID: "protocols", Title: "Protocols"}, {ID: "https", Title: "HTTPS, measured in round trips"},
	}}
}

func listView() ListView {
	return ListView{
		Course: syllabus(),
		Topics: []*course.Topic{
			{Section: "start", Name: "welcome", Title: "Is the toolchain ready?", Minutes: 10, Warmup: true, Built: true},
			{Section: "protocols", Name: "http1", Title: "HTTP/1.1", Minutes: 120, Built: true},
			{Section: "protocols", Name: "websocket", Title: "WebSocket", Minutes: 120, Built: true},
			{Section: "protocols", Name: "hpack", Title: "HPACK", Minutes: 80, Built: true},
			{Section: "https", Name: "tfo", Title: "TCP Fast Open with TLS 1.3", Minutes: 90},
		},
		Standings: map[string]Standing{
			"start/welcome":       {Assignment: result.Mark{Passed: 3, Total: 3}, Assessment: result.Mark{Passed: 2, Total: 2}},
			"protocols/http1":     {Assignment: result.Mark{Passed: 3, Total: 6}, Assessment: result.Mark{Passed: 4, Total: 17}, Changed: true},
			"protocols/websocket": {Assignment: result.Mark{Passed: 5, Total: 5}, Assessment: result.Mark{Passed: 11, Total: 14}},
		},
		Next: "protocols/http1",
	}
}

func finishedView() ListView {
	v := listView()
	v.Topics, v.Next = v.Topics[:1], ""
	return v
}

func gradeView() GradeView {
	topics := []result.Topic{welcome(), websocket(), refused(), absent(), unsupported()}
	w := result.Weights{Assignment: 20, Assessment: 80}
	return GradeView{Topics: topics, Marks: result.Compute(topics, w), Weights: w, Pass: 70, Announced: []string{"https/tls13", "https/quic"}, NoRace: true, Sandbox: "off"}
}

func passedView() GradeView {
	v := gradeView()
	full := welcome()
	full.ID, full.Warmup = "protocols/http1", false
	started := full
	started.ID = "protocols/ip"
	started.Clauses = []result.Clause{{Suite: result.Assignment, Verdict: result.Pass}, {Suite: result.Assessment, Verdict: result.Fail}}
	untouched := full
	untouched.ID = "protocols/udp"
	untouched.Clauses = []result.Clause{{Suite: result.Assignment, Verdict: result.Fail}, {Suite: result.Assessment, Verdict: result.Fail}}
	v.Topics = []result.Topic{full, full, full, full, started, untouched}
	v.Marks = result.Compute(v.Topics, v.Weights)
	v.Announced, v.NoRace = nil, false
	return v
}

func handinView() GradeView {
	v := gradeView()
	v.Candidate, v.Part, v.NoRace = "../handins/ada", true, false
	return v
}

func hintView() HintView {
	return HintView{Topic: "protocols/websocket", Left: 2, Hints: []Hint{
		{Task: "Masking", Number: 2, Of: 3, Text: "The key's octet for octet i is `key[i%4]`:\n\n\tout[i] = in[i] ^ key[i%4]\n"},
	}}
}

func lastHintView() HintView {
	v := hintView()
	v.Left = 0
	return v
}

func compareView() CompareView {
	return CompareView{
		Topic: welcome(),
		Yours: map[string][]byte{
			"greet.go": []byte("package welcome\n\n// Greet greets.\nfunc Greet(guest string) string {\n\ts := \"hello, \"\n\ts = s + guest + \"; this line is far too long to stand in one of two columns of sixty-odd signs each, so it is folded\"\n\treturn s\n}"),
			"mine.go":  []byte("package welcome\n"),
			"given.go": []byte("package welcome\n"),
		},
		Reference: map[string][]byte{
			"greet.go": []byte("package welcome\n\n// Greet greets.\nfunc Greet(guest string) string {\n\treturn \"hello, \" + guest\n}\n"),
			"given.go": []byte("package welcome\n"),
			"guest.go": []byte("package welcome\n\ntype guest string\n"),
		},
	}
}

// What a hostile candidate can put wherever it has a word.
const hostile = "\x1b[2J\x1b]0;x\a\u202e\u0085\x00\xff\r\n::error file=x::owned\n ##[error]owned ##vso[task.complete]"

func hostileTopics() []result.Topic {
	ran := result.Topic{ID: "start/x", Title: "X"}
	for _, v := range []result.Verdict{result.Pass, result.Fail, result.Error, result.Unsupported} {
		for _, reason := range []string{hostile, "an assertion failed; see the output"} {
			ran.Clauses = append(ran.Clauses, result.Clause{
				Suite: result.Assignment, Name: "TestX", Text: "Some sentence.", Ref: "README", Verdict: v,
				Reason: reason, By: result.ByPanic, Seed: 1, Capture: hostile,
				Transcript: []string{" 1 ✗ " + hostile, "an assertion failed; see the output"}, Output: hostile,
			})
		}
	}
	refused := result.Topic{ID: "start/y", Title: "Y", Refusal: hostile + ": no", Clauses: []result.Clause{
		{Suite: result.Assessment, Name: "TestY", Text: "Some sentence.", Ref: "README", Verdict: result.Refused, Reason: hostile},
	}}
	first := refused
	first.ID, first.Refusal = "start/z", "::error::"+strings.Repeat("long ", 10_000)
	return []result.Topic{ran, refused, first}
}

// No view, for a person or a machine, lets a candidate's words move a cursor,
// turn the text around, or order anything.
func TestNoViewObeysACandidate(t *testing.T) {
	topics := hostileTopics()
	grade := GradeView{Topics: topics, Marks: result.Compute(topics, result.Weights{Assignment: 20, Assessment: 80}), Weights: result.Weights{Assignment: 20, Assessment: 80}, Candidate: hostile}
	files := map[string][]byte{hostile: []byte(hostile), "x.go": []byte("package x\n" + hostile + "\n")}
	for name, write := range map[string]func(w io.Writer) error{
		"check":      func(w io.Writer) error { return Check(w, Style{}, CheckView{Topics: topics}) },
		"check full": func(w io.Writer) error { return Check(w, Style{Width: 60}, CheckView{Topics: topics, Full: true}) },
		"grade":      func(w io.Writer) error { return Grade(w, Style{}, grade) },
		"json":       func(w io.Writer) error { return JSON(w, grade) },
		"junit":      func(w io.Writer) error { return JUnit(w, grade) },
		"compare": func(w io.Writer) error {
			return Compare(w, Style{}, CompareView{Topic: topics[0], Yours: files, Reference: map[string][]byte{"x.go": []byte("package x\n")}})
		},
		"compare wide": func(w io.Writer) error {
			return Compare(w, Style{Width: 140}, CompareView{Topic: topics[0], Yours: files, Reference: map[string][]byte{"x.go": []byte("package x\n")}})
		},
		"hint": func(w io.Writer) error {
			return Hints(w, Style{}, HintView{Topic: "x", Hints: []Hint{{Task: hostile, Text: hostile}}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := write(&b); err != nil {
				t.Fatal(err)
			}
			for line := range strings.SplitSeq(b.String(), "\n") {
				if bad := strings.IndexFunc(line, func(r rune) bool { return !unicode.IsPrint(r) }); bad >= 0 {
					t.Errorf("not printable: %q", line)
				}
				if order.MatchString(line) {
					t.Errorf("an order: %q", line)
				}
				if len(line) > 8000 {
					t.Errorf("%d octets in a line", len(line))
				}
			}
		})
	}
}

var order = regexp.MustCompile(`##\w*\[|::[a-z-]+(::| .*::)`)
