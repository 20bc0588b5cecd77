package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lab"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
)

// explain prints the page of a finding. A subject after @ is accepted, since that
// is how findings are shown.
func (a *app) explain(k *knowledge, f *flags, arg string) error {
	code, _, _ := strings.Cut(arg, "@")
	e, ok := k.catalogue.Entry(finding.Code(code))
	if !ok {
		return usage(lang.Both("there is no finding %q; like it: %s", "検出結果コード %q は存在しない。近いもの: %s").With(code, strings.Join(similar(code, k.catalogue.Codes()), ", ")))
	}
	fmt.Fprintln(a.out, strings.TrimSpace(e.Page.In(f.lang)))
	return nil
}

// similar lists the codes of the same family, else those that hold the word.
func similar(code string, all []finding.Code) []string {
	family, name, _ := strings.Cut(code, ".")
	var out []string
	for _, c := range all {
		if f, n, _ := strings.Cut(string(c), "."); f == family || (name != "" && strings.Contains(n, name)) {
			out = append(out, string(c))
		}
	}
	if len(out) == 0 {
		for _, c := range all {
			out = append(out, string(c))
		}
	}
	return out
}

func (a *app) labList(f *flags) error {
	for _, s := range slices.Concat(lab.Scenarios(), lab.Fleets()) {
		fmt.Fprintf(a.out, "%-24s %-24s %s\n", s.Name, s.Symptom, s.Title.In(f.lang))
	}
	return nil
}

func (a *app) labShow(f *flags, name string) error {
	l, err := lab.Open(name, lab.Options{})
	if err != nil {
		return badInput(lang.Same("monshin lab show"), err)
	}
	s := l.Scenario()
	fmt.Fprintf(a.out, "%s  %s\n\n", s.Name, s.Title.In(f.lang))
	for _, line := range lang.Wrap(s.Lesson.In(f.lang), 78) {
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintf(a.out, "\n%s: %s\n%s: %s (%s, %s)\n%s: %s\n\n  monshin --lab %s\n",
		lang.Both("symptom", "事象").In(f.lang), s.Symptom,
		lang.Both("instance", "インスタンス").In(f.lang), s.InstanceID, s.Region, s.Account,
		lang.Both("time", "時刻").In(f.lang), s.Now.In(f.zone).Format("2006-01-02 15:04:05 -07:00"), s.Name)
	return nil
}

func (a *app) runbookList(f *flags) error {
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	for _, t := range k.library.Trees() {
		fmt.Fprintf(a.out, "%-24s %s\n", t.Symptom, t.Title.In(f.lang))
	}
	return nil
}

func (a *app) symptomTree(s runbook.Symptom) (*runbook.Tree, *knowledge, error) {
	k, err := learn()
	if err != nil {
		return nil, nil, failed(lang.Same("monshin"), err)
	}
	if _, err := (&account{}).pick(string(s), k.library.Symptoms()); err != nil {
		return nil, nil, err
	}
	t, err := k.tree(s, "")
	return t, k, err
}

// runbookShow prints a tree node by node, with what each node does.
func (a *app) runbookShow(f *flags, s runbook.Symptom) error {
	t, k, err := a.symptomTree(s)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "%s  %s\n", t.Symptom, t.Title.In(f.lang))
	for _, line := range lang.Wrap(t.About.In(f.lang), 78) {
		fmt.Fprintln(a.out, line)
	}
	fmt.Fprintln(a.out)
	for _, n := range t.Nodes {
		title := n.Title
		if p, ok := k.probes.Get(n.Probe); ok && title.Zero() {
			title = p.Title
		}
		fmt.Fprintf(a.out, "%-34s %s\n", n.ID, title.In(f.lang))
		switch n.Kind {
		case runbook.ProbeNode:
			fmt.Fprintf(a.out, "    %s %s\n", lang.Both("probe", "確認項目").In(f.lang), n.Probe)
		case runbook.QuestionNode:
			fmt.Fprintf(a.out, "    %s\n", n.Question.Text.In(f.lang))
		case runbook.StepNode:
			fmt.Fprintf(a.out, "    %s\n", n.Step.Do.In(f.lang))
			if n.Step.Command != "" {
				fmt.Fprintf(a.out, "    > %s\n", n.Step.Command)
			}
			fmt.Fprintf(a.out, "    = %s\n", n.Step.Expect.In(f.lang))
		case runbook.FindingsNode:
			for _, c := range n.Findings {
				fmt.Fprintf(a.out, "    - %s\n", c)
			}
		}
	}
	return nil
}

func (a *app) runbookGraph(f *flags, s runbook.Symptom, form string) error {
	t, k, err := a.symptomTree(s)
	if err != nil {
		return err
	}
	drawing := runbook.Drawing{Lang: f.lang, ProbeTitle: func(id string) lang.Text {
		p, _ := k.probes.Get(id)
		return p.Title
	}}
	switch form {
	case "text":
		fmt.Fprint(a.out, drawing.Text(t))
	case "dot":
		fmt.Fprint(a.out, drawing.DOT(t))
	case "mermaid":
		fmt.Fprint(a.out, drawing.Mermaid(t))
	default:
		return usage(lang.Both("-o %q: the forms are text, dot and mermaid", "-o %q: 指定できる形式は text、dot、mermaid").With(form))
	}
	return nil
}

func (a *app) runbookCheck(f *flags, file string) error {
	k, err := learn()
	if err != nil {
		return failed(lang.Same("monshin"), err)
	}
	t, err := k.tree("", file)
	if err != nil {
		return err
	}
	fmt.Fprintln(a.out, lang.Both("%s: %d nodes, %d probes, no mistakes", "%s: ノード %d 件、確認項目 %d 件、誤りなし").With(file, len(t.Nodes), len(t.Probes())).In(f.lang))
	return nil
}

// branches are the shared branches a tree from a file may include: those that lie
// in "branches" beside it, and monshin's own.
func (k *knowledge) branches(file string) fs.FS {
	return overlay{os.DirFS(filepath.Join(filepath.Dir(file), "branches")), runbook.Branches()}
}

// overlay looks in the first file system, then in the second.
type overlay struct{ over, under fs.FS }

func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.over.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return o.under.Open(name)
	}
	return f, err
}
