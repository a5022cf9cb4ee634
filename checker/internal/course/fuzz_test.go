package course

import (
	"os"
	"strings"
	"testing"
	"testing/fstest"
)

// A syllabus is read or refused in words, whatever it is.
func FuzzLoad(f *testing.F) {
	f.Add(small)
	f.Add(strings.Replace(small, "policy:", "policy: &a\n  <<: *a", 1))
	f.Add("title: [\n")
	if real, err := os.ReadFile("../../contracts/course.yaml"); err == nil {
		f.Add(string(real))
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Load(fstest.MapFS{syllabus: {Data: []byte(text)}})
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without a word")
			}
			return
		}
		names := map[string]bool{}
		for _, topic := range c.Topics() {
			if topic.Section == "" || names[topic.Name] || c.Topic(topic.ID()) != topic {
				t.Errorf("topic %q of section %q", topic.Name, topic.Section)
			}
			names[topic.Name] = true
		}
	})
}

// A suite's clauses are read or refused in words, whatever its source is.
func FuzzClauses(f *testing.F) {
	f.Add("// A line comes back. README\nfunc TestA(t *testing.T) { contract.Virtual(t, func(t *testing.T) {}) }\n")
	f.Add("// A. README\nfunc TestA(t *testing.T) {\n\tif x() {\n\t\tcontract.Unsupported(t, \"no\")\n\t}\n\tcontract.Real(t, func(t *testing.T) {})\n}\n")
	f.Add("func TestMain(")
	f.Fuzz(func(t *testing.T, src string) {
		clauses, err := Clauses(suites(src, ""), &Topic{Section: "start", Name: "echo"})
		for _, c := range clauses {
			if err != nil || c.Name == "" || c.Text == "" || c.Ref == "" || c.Mode == "" || c.Line == 0 {
				t.Errorf("%+v, %v", c, err)
			}
		}
	})
}
