package runbook

import (
	"fmt"
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
)

// Drawing writes trees as graphs.
type Drawing struct {
	Lang lang.Lang
	// ProbeTitle gives the title of a probe, for the nodes that have none of their
	// own. Nil, or a text that says nothing, leaves the probe's id.
	ProbeTitle func(probe string) lang.Text
}

// OutcomeText names an edge.
func OutcomeText(outcome string) lang.Text {
	switch outcome {
	case "ok":
		return lang.Both("ok", "問題なし")
	case "problem":
		return lang.Both("problem", "問題あり")
	case "unknown":
		return lang.Both("unknown", "確認できず")
	case "not-applicable":
		return lang.Both("not applicable", "対象外")
	case Answered:
		return lang.Both("answered", "回答あり")
	case DontKnow:
		return lang.Both("don't know", "わからない")
	case Done:
		return lang.Both("done", "実施後")
	}
	return lang.Same(outcome)
}

// KindText names a kind of node.
func KindText(k NodeKind) lang.Text {
	switch k {
	case ProbeNode:
		return lang.Both("check", "確認項目")
	case QuestionNode:
		return lang.Both("question", "質問")
	case StepNode:
		return lang.Both("step", "手順")
	case FindingsNode:
		return lang.Both("findings", "検出結果")
	}
	return lang.Same(string(k))
}

// TitleOf is the node's name on a screen.
func (d Drawing) TitleOf(n *Node) string {
	if !n.Title.Zero() {
		return n.Title.In(d.Lang)
	}
	if d.ProbeTitle != nil {
		if t := d.ProbeTitle(n.Probe); !t.Zero() {
			return t.In(d.Lang)
		}
	}
	return n.Probe
}

// arrow is what a node's edges have in common: several outcomes, one target.
type arrow struct {
	outcomes []string
	to       string
}

// arrows groups the edges of a node by their target, in the order of the outcomes.
func arrows(n *Node) []arrow {
	var out []arrow
	for _, o := range slices.Concat(probeOutcomes(), []string{Answered, DontKnow, Done}) {
		to, has := n.Next[o]
		if !has {
			continue
		}
		if i := slices.IndexFunc(out, func(a arrow) bool { return a.to == to }); i >= 0 {
			out[i].outcomes = append(out[i].outcomes, o)
			continue
		}
		out = append(out, arrow{[]string{o}, to})
	}
	return out
}

// label names the outcomes of an arrow; nothing where every outcome goes there.
func (d Drawing) label(n *Node, a arrow) string {
	if len(a.outcomes) == len(n.Next) {
		return ""
	}
	names := make([]string, len(a.outcomes))
	for i, o := range a.outcomes {
		names[i] = OutcomeText(o).In(d.Lang)
	}
	return strings.Join(names, lang.Both(", ", "・").In(d.Lang))
}

// Text writes the tree as a numbered list of nodes with their edges.
func (d Drawing) Text(t *Tree) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", t.Title.In(d.Lang), t.Symptom)
	number := map[string]int{}
	for i, n := range t.Nodes {
		number[n.ID] = i + 1
	}
	end := lang.Both("end", "終端").In(d.Lang)
	for i := range t.Nodes {
		n := &t.Nodes[i]
		start := ""
		if n.ID == t.Start {
			start = " <- " + lang.Both("start", "開始").In(d.Lang)
		}
		fmt.Fprintf(&b, "\n%3d [%s] %s%s\n", i+1, KindText(n.Kind).In(d.Lang), d.TitleOf(n), start)
		fmt.Fprintf(&b, "      %s\n", d.reference(n))
		for _, a := range arrows(n) {
			to := end
			if a.to != "" {
				to = fmt.Sprint(number[a.to])
			}
			if l := d.label(n, a); l != "" {
				l += " "
				fmt.Fprintf(&b, "      %s-> %s\n", l, to)
				continue
			}
			fmt.Fprintf(&b, "      -> %s\n", to)
		}
	}
	return b.String()
}

// reference says what the node stands for.
func (d Drawing) reference(n *Node) string {
	s := n.ID
	switch n.Kind {
	case ProbeNode:
		s += ": " + n.Probe
		if n.Optional {
			s += lang.Both(" (optional)", "（任意）").In(d.Lang)
		}
	case QuestionNode:
		s += ": " + n.Question.Name
	case FindingsNode:
		codes := make([]string, len(n.Findings))
		for i, c := range n.Findings {
			codes[i] = string(c)
		}
		s += ": " + strings.Join(codes, ", ")
	}
	return s
}

// DOT writes the tree for Graphviz.
func (d Drawing) DOT(t *Tree) string {
	var b strings.Builder
	fmt.Fprintf(&b, "digraph %s {\n  label=%s; labelloc=t; rankdir=TB;\n  node [shape=box, fontname=\"sans-serif\"]; edge [fontname=\"sans-serif\"];\n",
		dotString(string(t.Symptom)), dotString(t.Title.In(d.Lang)))
	shapes := map[NodeKind]string{ProbeNode: "box", QuestionNode: "diamond", StepNode: "note", FindingsNode: "box, style=rounded"}
	ends := false
	for i := range t.Nodes {
		n := &t.Nodes[i]
		fmt.Fprintf(&b, "  %s [shape=%s, label=%s];\n", dotString(n.ID), shapes[n.Kind], dotString(d.TitleOf(n)+"\n"+d.reference(n)))
		for _, a := range arrows(n) {
			to := dotString(a.to)
			if a.to == "" {
				// No node id is empty or has a space.
				to, ends = dotString(" end"), true
			}
			fmt.Fprintf(&b, "  %s -> %s", dotString(n.ID), to)
			if l := d.label(n, a); l != "" {
				fmt.Fprintf(&b, " [label=%s]", dotString(l))
			}
			b.WriteString(";\n")
		}
	}
	if ends {
		fmt.Fprintf(&b, "  %s [shape=doublecircle, label=%s];\n", dotString(" end"), dotString(lang.Both("end", "終端").In(d.Lang)))
	}
	b.WriteString("}\n")
	return b.String()
}

// dotString quotes for Graphviz: in a quoted string only the quote and the
// backslash, which begins its layout escapes, have a meaning.
func dotString(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

// Mermaid writes the tree as a Mermaid flowchart.
func (d Drawing) Mermaid(t *Tree) string {
	var b strings.Builder
	fmt.Fprintf(&b, "---\ntitle: %s\n---\nflowchart TD\n", mermaidTitle(t.Title.In(d.Lang)))
	// Mermaid reads words like "end" and dashes in ids as syntax: number the nodes.
	id := map[string]string{"": "theEnd"}
	for i, n := range t.Nodes {
		id[n.ID] = fmt.Sprintf("n%d", i+1)
	}
	shapes := map[NodeKind][2]string{ProbeNode: {"[", "]"}, QuestionNode: {"{", "}"}, StepNode: {"[/", "/]"}, FindingsNode: {"([", "])"}}
	ends := false
	for i := range t.Nodes {
		n := &t.Nodes[i]
		shape := shapes[n.Kind]
		fmt.Fprintf(&b, "  %s%s%s%s\n", id[n.ID], shape[0], mermaidString(d.TitleOf(n)+"\n"+d.reference(n)), shape[1])
		for _, a := range arrows(n) {
			ends = ends || a.to == ""
			if l := d.label(n, a); l != "" {
				fmt.Fprintf(&b, "  %s -->|%s| %s\n", id[n.ID], mermaidString(l), id[a.to])
				continue
			}
			fmt.Fprintf(&b, "  %s --> %s\n", id[n.ID], id[a.to])
		}
	}
	if ends {
		fmt.Fprintf(&b, "  theEnd((%s))\n", mermaidString(lang.Both("end", "終端").In(d.Lang)))
	}
	return b.String()
}

// mermaidString quotes for Mermaid, whose labels are HTML with entities written as
// #name;.
func mermaidString(s string) string {
	return `"` + strings.NewReplacer("#", "#35;", "&", "#amp;", "<", "#lt;", ">", "#gt;", `"`, "#quot;", "`", "#96;", "\n", "<br/>").Replace(s) + `"`
}

// mermaidTitle quotes for the YAML front matter of a Mermaid diagram.
func mermaidTitle(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(s) + `"`
}
