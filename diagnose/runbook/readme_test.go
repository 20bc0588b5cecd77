package runbook

import (
	"os"
	"strings"
	"testing"
)

// The examples of the documentation are trees that load.
func TestTheExamplesOfTheReadme(t *testing.T) {
	src, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for rest := string(src); ; {
		_, after, found := strings.Cut(rest, "```yaml\n")
		if !found {
			break
		}
		block, more, _ := strings.Cut(after, "```")
		blocks, rest = append(blocks, block), more
	}
	if len(blocks) != 2 {
		t.Fatalf("found %d examples, want a tree and a branch", len(blocks))
	}
	tree, err := Load("README.md", []byte(blocks[0]), Branches(), known(t))
	if err != nil {
		t.Fatal(err)
	}
	checkTree(t, tree, known(t))
	l := newLoader(Branches(), known(t))
	b := read("README.md", []byte(blocks[1]), true)
	l.include(b, nil)
	l.check(b)
	if len(b.mistakes) > 0 {
		t.Error(b.mistakes)
	}
	branches, err := embedded.ReadDir("branches")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range branches {
		if name := strings.TrimSuffix(f.Name(), ".yaml"); !strings.Contains(string(src), "`"+name+"`") {
			t.Errorf("README.md does not name the branch %q", name)
		}
	}
}
