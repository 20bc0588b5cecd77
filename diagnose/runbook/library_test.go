package runbook

import (
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/monshin/monshin/diagnose/lang"
)

func TestEverySymptomHasASoundTree(t *testing.T) {
	l, k := library(t), known(t)
	if d := cmp.Diff(Symptoms(), l.Symptoms()); d != "" {
		t.Fatalf("the library's order (-want +got):\n%s", d)
	}
	for _, s := range Symptoms() {
		tree, ok := l.Tree(s)
		if !ok {
			t.Errorf("%s has no tree", s)
			continue
		}
		checkTree(t, tree, k)
		if len(tree.Search) < 5 || s != Everything && len(tree.Messages) < 5 {
			t.Errorf("%s has %d search words and %d messages; nobody will find it", s, len(tree.Search), len(tree.Messages))
		}
	}
	files, err := fs.Glob(embedded, "trees/*.yaml")
	if err != nil || len(files) != len(Symptoms()) {
		t.Errorf("%d tree files for %d symptoms: %v", len(files), len(Symptoms()), err)
	}
}

// A branch that no tree includes would never be looked at by a test.
func TestEveryBranchIsUsed(t *testing.T) {
	used := map[string]bool{}
	for _, tree := range library(t).Trees() {
		for _, n := range tree.Nodes {
			used[n.Branch] = true
		}
	}
	files, err := fs.Glob(Branches(), "*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no branches: %v", err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(f, ".yaml"); !used[name] {
			t.Errorf("no tree uses the branch %q", name)
		}
	}
}

// Watchers alarm on GetPasswordData: it is read for the one symptom that needs it.
func TestThePasswordIsReadForOneSymptomOnly(t *testing.T) {
	for _, tree := range library(t).Trees() {
		if got, want := slices.Contains(tree.Probes(), "password.data"), tree.Symptom == NoPassword; got != want {
			t.Errorf("%s: password.data is judged: %v, want %v", tree.Symptom, got, want)
		}
	}
}

// Exit codes of `monshin check` rest on this (the design's section on the command line).
func TestOnlyTheseSymptomsNeedWindows(t *testing.T) {
	want := []Symptom{RDPRefused, DomainJoin, NotActivated, NoPassword, Cloned}
	var got []Symptom
	for _, tree := range library(t).Trees() {
		if tree.NeedsGuest {
			got = append(got, tree.Symptom)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestEverythingJudgesEverything(t *testing.T) {
	l := library(t)
	everything, _ := l.Tree(Everything)
	judged := everything.Probes()
	for _, id := range known(t).Probes {
		// A missing password or key pair is no fault of an instance that nobody asked
		// the password of, nor is a closed port of one that nobody wants to reach by RDP.
		// And nobody's screen is looked at without a reason.
		if want := !strings.HasPrefix(id, "password.") && !strings.HasSuffix(id, ".screen") && id != "rdp.port"; slices.Contains(judged, id) != want {
			t.Errorf("everything judges %s: %v, want %v", id, !want, want)
		}
	}
	for _, tree := range l.Trees() {
		for _, n := range tree.Nodes {
			if n.Probe == "network.witness" && !n.Optional {
				t.Errorf("%s: having no neighbour would leave it undecided", tree.Symptom)
			}
			if tree.Symptom == Everything && n.Probe == "license.user" && !n.Optional {
				t.Errorf("everything would ask a question for %s", n.Probe)
			}
		}
	}
}

func TestQuestionsAreAskedWhereTheyAreOfUse(t *testing.T) {
	for s, question := range map[Symptom]string{
		DomainJoin: "ad-domain", OfficeTerminates: "ad-domain", OfficeNotLicensed: "user", RDPNoScreen: "from", RDPRefused: "from",
	} {
		tree, _ := library(t).Tree(s)
		if !slices.ContainsFunc(tree.Nodes, func(n Node) bool { return n.Kind == QuestionNode && n.Question.Name == question }) {
			t.Errorf("%s does not ask %q", s, question)
		}
	}
}

// forbidden are the words that Japanese texts of monshin never use.
var forbidden = []string{"証拠", "証明済み", "健全", "爆発半径", "トランスクリプト", "ゲスト", "足場", "ファインディング", "歩", "正常", "症状", "シミュレーション"}

func TestJapaneseWords(t *testing.T) {
	kana := regexp.MustCompile(`[ぁ-んァ-ヶ一-龠]`)
	polite := regexp.MustCompile(`(です|ます|ください|ません|ですか|ますか)。`)
	for _, tree := range library(t).Trees() {
		check := func(where string, text lang.Text, screen bool) {
			for _, w := range forbidden {
				if strings.Contains(text.Ja, w) {
					t.Errorf("%s: %s: %q has the word %q", tree.Symptom, where, text.Ja, w)
				}
			}
			if !kana.MatchString(text.Ja) || kana.MatchString(text.En) {
				t.Errorf("%s: %s: the languages are mixed up: %+v", tree.Symptom, where, text)
			}
			if screen && polite.MatchString(text.Ja) {
				t.Errorf("%s: %s: %q is no screen style (体言止め)", tree.Symptom, where, text.Ja)
			}
			if lang.CleanLines(text.Ja) != text.Ja || lang.CleanLines(text.En) != text.En {
				t.Errorf("%s: %s: control characters in %+q", tree.Symptom, where, text)
			}
		}
		check("title", tree.Title, false)
		check("about", tree.About, false)
		for _, n := range tree.Nodes {
			if !n.Title.Zero() {
				check(n.ID, n.Title, true)
				// The title stands on one line of a pane.
				if w := max(lang.Width(n.Title.En), lang.Width(n.Title.Ja)); w > 60 {
					t.Errorf("%s: %s: the title is %d cells wide", tree.Symptom, n.ID, w)
				}
			}
			if n.Step != nil {
				check(n.ID, n.Step.Do, true)
				check(n.ID, n.Step.Expect, true)
			}
			if n.Question != nil {
				check(n.ID, n.Question.Text, false)
				check(n.ID, n.Question.Hint, false)
			}
		}
	}
}

// However the judgements come out, the story ends at a node that has no edge, or
// at an edge that leads nowhere, and passes no node twice.
func TestEveryStoryEnds(t *testing.T) {
	l := library(t)
	rapid.Check(t, func(t *rapid.T) {
		tree := rapid.SampledFrom(l.Trees()).Draw(t, "tree")
		path := tree.Path(func(n *Node) string {
			if n.Kind == FindingsNode {
				return ""
			}
			var edges []string
			for _, a := range arrows(n) {
				edges = append(edges, a.outcomes...)
			}
			return rapid.SampledFrom(edges).Draw(t, n.ID)
		})
		if len(path) == 0 || path[0] != tree.Start {
			t.Fatalf("%s: the story is %v, which does not begin at %s", tree.Symptom, path, tree.Start)
		}
		last, ok := tree.Node(path[len(path)-1])
		if !ok || last.Kind != FindingsNode && !slices.ContainsFunc(arrows(last), func(a arrow) bool { return a.to == "" }) {
			t.Fatalf("%s: the story %v stops in the middle", tree.Symptom, path)
		}
	})
}

func TestALibraryWithSomebodysOwnTree(t *testing.T) {
	l := library(t)
	own, err := Load("own.yaml", []byte(good), goodBranches, known(t))
	if err != nil {
		t.Fatal(err)
	}
	more := l.With(own)
	if got, _ := more.Tree("own"); got != own || len(more.Trees()) != len(Symptoms())+1 || len(l.Trees()) != len(Symptoms()) {
		t.Errorf("the library has %v", more.Symptoms())
	}
	if hits := more.Search("it broke"); len(hits) == 0 || hits[0].Symptom != "own" {
		t.Errorf("its message finds %+v", hits)
	}
	mine := *own
	mine.Symptom = NoSession
	replaced := l.With(&mine)
	if got, _ := replaced.Tree(NoSession); got != &mine || len(replaced.Trees()) != len(Symptoms()) {
		t.Errorf("a tree for a symptom that has one does not take its place: %v", replaced.Symptoms())
	}
}

func TestEmbeddedTellsWhatTheCodeLacks(t *testing.T) {
	k := known(t)
	k.Probes = slices.DeleteFunc(k.Probes, func(id string) bool { return id == "ssm.channel" })
	_, err := Embedded(k)
	if err == nil || !strings.Contains(err.Error(), `unknown probe "ssm.channel"`) {
		t.Errorf("got %v", err)
	}
}

func BenchmarkEmbedded(b *testing.B) {
	k := known(b)
	for b.Loop() {
		if _, err := Embedded(k); err != nil {
			b.Fatal(err)
		}
	}
}
