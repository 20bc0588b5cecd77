package runbook

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/monshin/monshin/diagnose/lang"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares got with a file, or writes the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v (write it with -update)", err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// Each file of testdata/bad has the mistake that it is named after.
func TestEveryKindOfMistakeIsShownInItsPlace(t *testing.T) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil || len(files) < 30 {
		t.Fatalf("found %d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			src, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			tree, err := Load(filepath.Base(file), src, os.DirFS("testdata/bad/branches"), known(t))
			if err == nil {
				t.Fatalf("no mistake was found; the tree has %d nodes", len(tree.Nodes))
			}
			var ms Mistakes
			if !errors.As(err, &ms) {
				t.Fatalf("the error is a %T: %v", err, err)
			}
			golden(t, strings.TrimSuffix(file, ".yaml")+".golden", ms.In(lang.En)+"\n\n"+ms.In(lang.Ja)+"\n")
		})
	}
}

const good = `symptom: own
title: {en: My tree, ja: 独自の切り分け}
about: {en: About it., ja: 説明文。}
search: {en: [mine], ja: [自作]}
messages: ["it broke"]
needs-guest: true
start: first
nodes:
  - id: first
    branch: outer
    optional: [instance.health]
    next: {good: who, bad: ends}
  - id: who
    question: user
    title: {en: Who, ja: 利用者}
    text: {en: Who is it?, ja: 誰ですか。}
    hint: {en: a name, ja: 名前}
    next: {answered: do, dont-know: end}
  - id: do
    title: {en: Do, ja: 実施}
    step: {en: Do it., ja: 実施。}
    command: do it
    expect: {en: It is done., ja: 完了。}
    then: end
  - id: ends
    title: {en: Ends, ja: 原因}
    findings: [endpoint.missing]
`

var goodBranches = fstest.MapFS{
	"outer.yaml": {Data: []byte(`branch: outer
exits: [good, bad]
start: in
nodes:
  - id: in
    branch: inner
    then: ending
  - id: ending
    probe: instance.ending
    optional: true
    next: {problem: exit/bad}
    then: exit/good
`)},
	"inner.yaml": {Data: []byte(`branch: inner
start: health
nodes:
  - id: health
    probe: instance.health
    title: {en: Healthy?, ja: 状態}
    then: exit
`)},
}

func TestATreeWithBranches(t *testing.T) {
	got, err := Load("own.yaml", []byte(good), goodBranches, known(t))
	if err != nil {
		t.Fatal(err)
	}
	to := func(id string) map[string]string {
		return map[string]string{"ok": id, "problem": id, "unknown": id, "not-applicable": id}
	}
	want := &Tree{
		Symptom: "own", Title: lang.Both("My tree", "独自の切り分け"), About: lang.Both("About it.", "説明文。"),
		Search: []string{"mine", "自作"}, Messages: []string{"it broke"}, NeedsGuest: true,
		Start: "first/in/health",
		Nodes: []Node{
			{ID: "first/in/health", Kind: ProbeNode, Title: lang.Both("Healthy?", "状態"), Branch: "inner",
				Probe: "instance.health", Optional: true, Next: to("first/ending")},
			{ID: "first/ending", Kind: ProbeNode, Branch: "outer", Probe: "instance.ending", Optional: true,
				Next: map[string]string{"ok": "who", "problem": "ends", "unknown": "who", "not-applicable": "who"}},
			{ID: "who", Kind: QuestionNode, Title: lang.Both("Who", "利用者"), Next: map[string]string{Answered: "do", DontKnow: ""},
				Question: &Question{Name: "user", Text: lang.Both("Who is it?", "誰ですか。"), Hint: lang.Both("a name", "名前")}},
			{ID: "do", Kind: StepNode, Title: lang.Both("Do", "実施"), Next: map[string]string{Done: ""},
				Step: &Step{Do: lang.Both("Do it.", "実施。"), Command: "do it", Expect: lang.Both("It is done.", "完了。")}},
			{ID: "ends", Kind: FindingsNode, Title: lang.Both("Ends", "原因"), Findings: codesOf("endpoint.missing")},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What a text editor or a terminal does to a file changes nothing.
func TestLineEndsAndByteOrderMark(t *testing.T) {
	want, err := Load("own.yaml", []byte(good), goodBranches, known(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, src := range map[string]string{
		"CRLF": strings.ReplaceAll(good, "\n", "\r\n"),
		"BOM":  "\ufeff" + good,
		"---":  "---\n" + good,
	} {
		got, err := Load("own.yaml", []byte(src), goodBranches, known(t))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// Files that are made to be expensive are refused before they cost anything.
func TestExpensiveFilesAreRefused(t *testing.T) {
	node := func(i int, to string) string {
		return fmt.Sprintf("  - {id: n%d, title: {en: A, ja: あ}, step: {en: A, ja: あ}, expect: {en: A, ja: あ}, then: %s}\n", i, to)
	}
	head := good[:strings.Index(good, "start:")]
	var long strings.Builder
	long.WriteString(head + "start: n0\nnodes:\n")
	for i := range maxNodes + 1 {
		long.WriteString(node(i, fmt.Sprintf("n%d", i+1)))
	}
	doubling := fstest.MapFS{}
	for i := range 40 {
		doubling[fmt.Sprintf("b%d.yaml", i)] = &fstest.MapFile{Data: fmt.Appendf(nil,
			"branch: b%d\nstart: x\nnodes:\n  - {id: x, branch: b%d, then: y}\n  - {id: y, branch: b%d, then: exit}\n", i, i+1, i+1)}
	}
	doubling["b40.yaml"] = &fstest.MapFile{Data: []byte("branch: b40\nstart: n1\nnodes:\n" + node(1, "exit"))}
	for name, src := range map[string]string{
		"too large":         good + strings.Repeat("# remark\n", maxSize/9),
		"brackets":          head + "start: " + strings.Repeat("[", 200_000),
		"braces":            head + "start: " + strings.Repeat("{a: ", 200_000),
		"dashes":            strings.Repeat("- ", 200_000),
		"indentation":       indented(1400),
		"question marks":    strings.Repeat("? ", 200_000),
		"laughs":            "a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n",
		"too many nodes":    long.String(),
		"doubling branches": head + "start: n\nnodes:\n  - {id: n, branch: b0, optional: [x.y], then: end}\n",
		"mistakes":          head + "start: n\nnodes:\n" + strings.Repeat("  - {id: n, probe: q, next: {a: b, c: d}}\n", 20_000),
		"one line":          "symptom: {" + strings.Repeat("あ: い, ", 50_000) + "}",
	} {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			_, err := Load("big.yaml", []byte(src), doubling, known(t))
			var ms Mistakes
			if !errors.As(err, &ms) {
				t.Fatalf("got %v, want mistakes", err)
			}
			if text := ms.In(lang.Ja); len(text) > 50_000 {
				t.Errorf("the mistakes fill %d bytes", len(text))
			}
			// Generous: a shared build machine must not fail it, a blow-up must.
			if took := time.Since(start); took > 10*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func indented(depth int) string {
	var b strings.Builder
	for i := range depth {
		b.WriteString(strings.Repeat(" ", i) + "a:\n")
	}
	return b.String()
}

type brokenFS struct{}

func (brokenFS) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrPermission}
}

func TestABranchThatCannotBeReadIsNotCalledUnknown(t *testing.T) {
	_, err := Load("own.yaml", []byte(good), brokenFS{}, known(t))
	if !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), `"outer"`) {
		t.Errorf("got %v, want the permission error with the branch's name", err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(good))
	files, _ := filepath.Glob("testdata/bad/*.yaml")
	for _, file := range files {
		src, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(src)
	}
	k := known(f)
	branches := maps.Clone(goodBranches)
	bad, err := fs.Glob(os.DirFS("testdata/bad/branches"), "*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range bad {
		src, err := os.ReadFile("testdata/bad/branches/" + name)
		if err != nil {
			f.Fatal(err)
		}
		branches[name] = &fstest.MapFile{Data: src}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		tree, err := Load("fuzz.yaml", src, branches, k)
		if err == nil {
			checkTree(t, tree, k)
			return
		}
		var ms Mistakes
		if !errors.As(err, &ms) || len(ms) == 0 {
			t.Fatalf("got a %T without mistakes: %v", err, err)
		}
		for _, m := range ms {
			if !m.Text.Complete() || m.Line < 0 || m.Line > 0 && (m.Column < 1 || m.Column > utf8.RuneCountInString(m.Source)+2) {
				t.Errorf("a mistake without words or outside its line: %+v", m)
			}
		}
		if out := ms.In(lang.Ja) + ms.Error(); lang.CleanLines(out) != out {
			t.Errorf("the mistakes hold control characters: %q", out)
		}
	})
}

// checkTree checks what every tree that was loaded promises to those who walk it.
func checkTree(t testing.TB, tree *Tree, k Known) {
	t.Helper()
	if tree.Symptom == "" || !tree.Title.Complete() || !tree.About.Complete() {
		t.Errorf("%q has no symptom, title or about: %+v, %+v", tree.Symptom, tree.Title, tree.About)
	}
	place := map[string]int{}
	for i, n := range tree.Nodes {
		if _, twice := place[n.ID]; twice {
			t.Errorf("%s: the id %q is there twice", tree.Symptom, n.ID)
		}
		place[n.ID] = i
	}
	probes := map[string]bool{}
	for _, n := range tree.Nodes {
		var edges []string
		switch n.Kind {
		case ProbeNode:
			edges = probeOutcomes()
			if probes[n.Probe] || !slices.Contains(k.Probes, n.Probe) {
				t.Errorf("%s: %s: the probe %q is unknown or there twice", tree.Symptom, n.ID, n.Probe)
			}
			probes[n.Probe] = true
		case QuestionNode:
			edges = []string{Answered, DontKnow}
			if n.Question == nil || !n.Question.Text.Complete() || !n.Question.Hint.Complete() || !slices.Contains(questions(), n.Question.Name) {
				t.Errorf("%s: %s: a question without words or name: %+v", tree.Symptom, n.ID, n.Question)
			}
		case StepNode:
			edges = []string{Done}
			if n.Step == nil || !n.Step.Do.Complete() || !n.Step.Expect.Complete() {
				t.Errorf("%s: %s: a step without words: %+v", tree.Symptom, n.ID, n.Step)
			}
		case FindingsNode:
			if len(n.Findings) == 0 {
				t.Errorf("%s: %s lists no findings", tree.Symptom, n.ID)
			}
			for _, c := range n.Findings {
				if !slices.Contains(k.Codes, c) {
					t.Errorf("%s: %s lists %q, which does not exist", tree.Symptom, n.ID, c)
				}
			}
		default:
			t.Errorf("%s: %s is of kind %q", tree.Symptom, n.ID, n.Kind)
		}
		if n.Kind != ProbeNode && !n.Title.Complete() {
			t.Errorf("%s: %s has no title in both languages: %+v", tree.Symptom, n.ID, n.Title)
		}
		if got := slices.Sorted(maps.Keys(n.Next)); !slices.Equal(got, slices.Sorted(slices.Values(edges))) {
			t.Errorf("%s: %s has edges for %v, want %v", tree.Symptom, n.ID, got, edges)
		}
		for o, to := range n.Next {
			if _, there := place[to]; to != "" && !there {
				t.Errorf("%s: %s leads by %q to %q, which does not exist", tree.Symptom, n.ID, o, to)
			}
		}
	}
	// Every node can be reached, and every story comes to an end.
	const open, closed = 1, 2
	state := map[string]int{}
	var visit func(id string)
	visit = func(id string) {
		state[id] = open
		n, ok := tree.Node(id)
		if !ok {
			t.Errorf("%s: no node %q", tree.Symptom, id)
			return
		}
		for _, to := range n.Next {
			switch {
			case to == "":
			case state[to] == open:
				t.Errorf("%s: %s and %s lie on a circle", tree.Symptom, id, to)
			case state[to] == 0:
				visit(to)
			}
		}
		state[id] = closed
	}
	visit(tree.Start)
	for _, n := range tree.Nodes {
		if state[n.ID] == 0 {
			t.Errorf("%s: nothing leads to %s", tree.Symptom, n.ID)
		}
	}
}
