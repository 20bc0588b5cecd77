package runbook

import (
	"regexp"
	"strings"
	"testing"

	"github.com/monshin/monshin/diagnose/lang"
)

func TestGraphs(t *testing.T) {
	tree, err := Load("own.yaml", []byte(good), goodBranches, known(t))
	if err != nil {
		t.Fatal(err)
	}
	titles := func(id string) lang.Text {
		if id == "instance.ending" {
			return lang.Both("Who ended it", "終了・停止の実行者")
		}
		return lang.Text{}
	}
	for _, l := range lang.All() {
		d := Drawing{Lang: l, ProbeTitle: titles}
		golden(t, "testdata/graph/own."+string(l)+".txt", d.Text(tree))
		golden(t, "testdata/graph/own."+string(l)+".dot", d.DOT(tree))
		golden(t, "testdata/graph/own."+string(l)+".mmd", d.Mermaid(tree))
	}
}

// Labels are somebody's words: whatever they hold, the graph stays a graph.
func TestLabelsCannotBreakOut(t *testing.T) {
	nasty := lang.Both("\"]; evil [label=\"x\\\" --> <script> `#quot;` |a| %% end\n-->", "」\"] \\ <b> 終わり")
	tree := &Tree{Symptom: `a"b`, Title: nasty, Start: "n", Nodes: []Node{
		{ID: "n", Kind: ProbeNode, Probe: "p", Title: nasty, Next: map[string]string{"ok": "f", "problem": "f", "unknown": "", "not-applicable": "f"}},
		{ID: "f", Kind: FindingsNode, Title: nasty, Findings: codesOf("endpoint.missing")},
	}}
	quoted := regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	for _, l := range lang.All() {
		d := Drawing{Lang: l}
		dot := quoted.ReplaceAllString(d.DOT(tree), "Q")
		for _, line := range strings.Split(strings.TrimSpace(dot), "\n")[3:] {
			if ok := regexp.MustCompile(`^  Q( -> Q)?( \[(shape=[a-z]+, )?(style=rounded, )?label=Q\])?;$|^\}$`).MatchString(line); !ok {
				t.Errorf("%s: the DOT line %q is not of the expected shape", l, line)
			}
		}
		for _, line := range strings.Split(strings.TrimSpace(d.Mermaid(tree)), "\n")[4:] {
			if ok := regexp.MustCompile(`^  (n\d|theEnd)(\["[^"<>]*(<br/>[^"<>]*)*"\]|\(\["[^"<>]*(<br/>[^"<>]*)*"\]\)|\(\("[^"<>]*"\)\)| -->(\|"[^"<>]*"\|)? (n\d|theEnd))$`).MatchString(line); !ok {
				t.Errorf("%s: the Mermaid line %q is not of the expected shape", l, line)
			}
		}
	}
}

func TestEveryTreeCanBeDrawn(t *testing.T) {
	for _, tree := range library(t).Trees() {
		for _, l := range lang.All() {
			d := Drawing{Lang: l}
			for name, out := range map[string]string{"text": d.Text(tree), "dot": d.DOT(tree), "mermaid": d.Mermaid(tree)} {
				if !strings.Contains(out, tree.Title.In(l)) {
					t.Errorf("%s: %s (%s) has no title", tree.Symptom, name, l)
				}
				for _, n := range tree.Nodes {
					if !strings.Contains(out, d.TitleOf(&n)) {
						t.Errorf("%s: %s (%s) lacks %s", tree.Symptom, name, l, n.ID)
					}
				}
			}
		}
	}
}
