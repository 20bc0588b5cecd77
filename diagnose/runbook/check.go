package runbook

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
)

// Known are the names that a tree may use; they join the data with the code.
type Known struct {
	// Probes are the ids of the probes.
	Probes []string
	// Codes are the findings of the catalogue.
	Codes []finding.Code
}

func (k Known) codes() []string {
	out := make([]string, len(k.Codes))
	for i, c := range k.Codes {
		out[i] = string(c)
	}
	return out
}

func questions() []string {
	return []string{estate.AnswerADDomain, estate.AnswerUser, estate.AnswerFrom}
}

// exitNames lists the ways out of a branch.
func (f *treeFile) exitNames() []string {
	if len(f.exits) == 0 {
		return []string{exitTarget}
	}
	var out []string
	for _, e := range f.exits {
		out = append(out, e.text)
	}
	return out
}

// exitOf says which way out of a branch a target is.
func (f *treeFile) exitOf(target string) (string, bool) {
	if !f.branch {
		return "", false
	}
	name, named := strings.CutPrefix(target, exitTarget+"/")
	if !named {
		name = target
	}
	if named != (len(f.exits) > 0) {
		return "", false
	}
	return name, slices.Contains(f.exitNames(), name)
}

// outcomes lists the edges that a node must have.
func (l *loader) outcomes(n *fileNode) []string {
	switch n.Kind {
	case ProbeNode:
		return probeOutcomes()
	case QuestionNode:
		return []string{Answered, DontKnow}
	case StepNode:
		return []string{Done}
	case branchNode:
		if b := l.branches[n.ref.text]; b != nil {
			return b.exitNames()
		}
	}
	return nil
}

// check looks at one file: the names it uses and the shape of its graph.
func (l *loader) check(f *treeFile) {
	for _, e := range f.exits {
		if slices.Index(f.exitNames(), e.text) != slices.Index(f.exits, e) {
			f.mistake(e.at, lang.Both("%s stands here twice", "%s が重複").With(quote(e.text)))
		}
	}
	for _, n := range f.nodes {
		l.checkNames(f, n)
		l.checkEdges(f, n)
	}
	if !f.start.missing() && !f.has(f.start.text) {
		f.unknown(f.start, lang.Both("node", "ノード"), f.nodeIDs())
		return
	}
	// The shape of a graph with holes would only repeat what was said.
	if len(f.mistakes) == 0 {
		l.checkShape(f)
	}
}

func (l *loader) checkNames(f *treeFile, n *fileNode) {
	switch n.Kind {
	case ProbeNode:
		if !n.ref.missing() && !slices.Contains(l.known.Probes, n.ref.text) {
			f.unknown(n.ref, lang.Both("probe", "確認項目"), l.known.Probes)
		}
	case QuestionNode:
		if !n.ref.missing() && !slices.Contains(questions(), n.ref.text) {
			f.unknown(n.ref, lang.Both("question", "質問"), questions())
		}
	case FindingsNode:
		if len(n.list) == 0 {
			f.mistake(n.at, lang.Both("a list of findings needs at least one code", "検出結果のコードが 1 つ以上必要"))
		}
		codes := l.known.codes()
		for i, c := range n.list {
			switch {
			case !slices.Contains(codes, c.text):
				f.unknown(c, lang.Both("finding code", "検出結果コード"), codes)
			case slices.ContainsFunc(n.list[:i], func(o word) bool { return o.text == c.text }):
				f.mistake(c.at, lang.Both("%s stands here twice", "%s が重複").With(quote(c.text)))
			}
		}
	}
}

func (l *loader) checkEdges(f *treeFile, n *fileNode) {
	if n.Kind == FindingsNode {
		if len(n.next) > 0 || !n.then.missing() {
			f.mistake(n.at, lang.Both("a list of findings is an end: no edge leaves it", "検出結果のノードは終端。遷移先は指定不可"))
		}
		return
	}
	outcomes := l.outcomes(n)
	if outcomes == nil {
		return // the branch could not be read; that is noted
	}
	for _, e := range n.next {
		if !slices.Contains(outcomes, e.on.text) {
			f.unknown(e.on, lang.Both("outcome", "結果"), outcomes)
			continue
		}
		f.checkTarget(e.to)
	}
	missing := slices.DeleteFunc(slices.Clone(outcomes), func(o string) bool {
		return slices.ContainsFunc(n.next, func(e edge) bool { return e.on.text == o })
	})
	switch {
	case !n.then.missing() && len(missing) == 0:
		f.mistake(n.then.at, lang.Both("`then` is never used: every outcome has its own edge", "`then` は不使用。すべての結果に遷移先の指定あり"))
	case !n.then.missing():
		f.checkTarget(n.then)
	case len(missing) > 0:
		f.mistake(n.at, lang.Both("no edge for %s; write it under `next`, or `then` for all that are left",
			"%s の遷移先なし。`next` に記述、または残りすべてを `then` で指定").With(strings.Join(missing, ", ")))
	}
}

func (f *treeFile) checkTarget(to word) {
	switch {
	case to.missing(), to.text == endTarget && !f.branch, f.has(to.text):
		return
	}
	if _, out := f.exitOf(to.text); out {
		return
	}
	switch {
	case to.text == endTarget:
		f.mistake(to.at, lang.Both("a branch does not end the story: leave it by an exit, or end in a list of findings",
			"分岐の中では end は使用不可。exit で抜けるか、検出結果のノードで終端"))
	case to.text == exitTarget && !f.branch:
		f.mistake(to.at, lang.Both("only a branch has exits; a tree ends with %q", "exit は分岐のみで使用可。切り分けフローの終了は %q").With(endTarget))
	case to.text == exitTarget:
		f.mistake(to.at, lang.Both("the branch has several exits; write one of %s", "分岐に複数の出口あり。%s のいずれかを指定").With(
			lang.Truncate(strings.Join(f.targets()[len(f.nodes):], ", "), 200)))
	default:
		f.unknown(to, lang.Both("node", "ノード"), f.targets())
	}
}

// has reports whether the file has a node with this id, readable or not.
func (f *treeFile) has(id string) bool { return f.byID[id] != nil || f.broken[id] }

func (f *treeFile) nodeIDs() []string {
	var out []string
	for _, n := range f.nodes {
		out = append(out, n.id.text)
	}
	return out
}

// targets lists what an edge of this file can lead to: nodes first, then the ways out.
func (f *treeFile) targets() []string {
	out := f.nodeIDs()
	switch {
	case !f.branch:
		out = append(out, endTarget)
	case len(f.exits) == 0:
		out = append(out, exitTarget)
	default:
		for _, e := range f.exits {
			out = append(out, exitTarget+"/"+e.text)
		}
	}
	return out
}

// checkShape looks for nodes and exits that nothing leads to, and for circles.
func (l *loader) checkShape(f *treeFile) {
	const (
		unseen = iota
		open
		closed
	)
	state := map[string]int{}
	left := map[string]bool{}
	var path []string
	var visit func(id string)
	visit = func(id string) {
		n := f.byID[id]
		state[id] = open
		path = append(path, id)
		for _, to := range n.targets(l.outcomes(n)) {
			if exit, out := f.exitOf(to.text); out {
				left[exit] = true
				continue
			}
			if f.byID[to.text] == nil {
				continue
			}
			switch state[to.text] {
			case unseen:
				visit(to.text)
			case open:
				circle := append(slices.Clone(path[slices.Index(path, to.text):]), to.text)
				f.mistake(to.at, lang.Both("the story goes round in a circle: %s", "遷移が循環: %s").With(lang.Truncate(strings.Join(circle, " -> "), 200)))
			}
		}
		path = path[:len(path)-1]
		state[id] = closed
	}
	if f.byID[f.start.text] == nil {
		return // said already: without a start there is no story to follow
	}
	visit(f.start.text)
	for _, n := range f.nodes {
		if state[n.id.text] == unseen {
			f.mistake(n.id.at, lang.Both("nothing leads to %q", "%q に到達する経路なし").With(n.id.text))
		}
	}
	if !f.branch {
		return
	}
	for i, name := range f.exitNames() {
		if left[name] {
			continue
		}
		at := f.name.at
		if len(f.exits) > 0 {
			at = f.exits[i].at
		}
		f.mistake(at, lang.Both("nothing leaves the branch by %q", "出口 %q に到達する経路なし").With(name))
	}
}
