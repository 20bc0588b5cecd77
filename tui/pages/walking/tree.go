package walking

import (
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// treeLines draws the tree, one line a node.
func (p *Page) treeLines(e page.Env, width int) []string {
	if p.tree == nil {
		return nil
	}
	out := make([]string, 0, len(p.tree.Nodes))
	words := leastWord
	for i := range p.tree.Nodes {
		_, word, _ := p.nodeState(e, &p.tree.Nodes[i])
		words = max(words, cell.Width(word.In(e.Lang)))
	}
	for i := range p.tree.Nodes {
		out = append(out, p.nodeLine(e, &p.tree.Nodes[i], i == p.cursors[treePane].At, width, words))
	}
	return out
}

// leastWord is the width of the words that most checks end with, in Japanese: the
// column does not jump when the first of them arrives.
const leastWord = 8

// nodeLine draws a node; words is the width of the column of states.
func (p *Page) nodeLine(e page.Env, n *runbook.Node, selected bool, width, words int) string {
	t := e.Theme
	sign, word, style := p.nodeState(e, n)
	l, mark := cell.NewLine(width), " "
	if selected {
		l, mark = cell.On(width, t.Selected), ">"
	}
	way, title := " ", t.Plain
	switch {
	case p.onPath[n.ID]:
		way, title = "*", t.Strong
	case n.Kind != runbook.ProbeNode:
		title = t.Dim // nothing is judged there, and the way does not lead through it
	}
	l.Add(t.Focus, mark).Add(t.Focus, way).Space(1)
	l.Column(style, sign, say.SignWidth).Space(1)
	l.Within(title, p.nodeTitle(n).In(e.Lang), l.Left()-words-1)
	l.Space(l.Left() - words)
	return l.Add(style, word.In(e.Lang)).String()
}

func (p *Page) nodeState(e page.Env, n *runbook.Node) (sign string, word lang.Text, style theme.Style) {
	t := e.Theme
	switch n.Kind {
	case runbook.QuestionNode:
		a, answered := p.answers[n.Question.Name]
		switch {
		case answered && a == "":
			return "[?]", lang.Both("don't know", "わからない"), t.Unknown
		case answered || p.passed(n):
			return "[A]", lang.Both("answered", "回答済み"), t.OK
		case p.d != nil && (p.wanted(n.Question.Name) || p.stoppedAt(n)):
			return "[Q]", lang.Both("needs an answer", "回答待ち"), t.Key
		case p.bypassed(n):
			return "[Q]", notReached(), t.Dim
		}
		return "[Q]", lang.Both("question", "質問"), t.Dim
	case runbook.StepNode:
		if p.bypassed(n) {
			return "[>]", notReached(), t.Dim
		}
		return "[>]", lang.Both("to do", "手順"), t.Dim
	case runbook.FindingsNode:
		for _, c := range n.Findings {
			if p.foundOf(c) != nil {
				return "[x]", lang.Both("found", "検出あり"), t.Problem
			}
		}
		if p.bypassed(n) {
			return "[=]", notReached(), t.Dim
		}
		return "[=]", lang.Both("conclusion", "判断"), t.Dim
	}
	v, settled := p.verdict(n.Probe)
	switch {
	case settled:
		sign, style = say.Outcome(t, v.Outcome)
		return sign, say.OutcomeWord(v), style
	case p.Lively():
		return say.Spinner(e.Tick), say.Running(), t.Running
	}
	return "[?]", lang.Both("not read", "未取得"), t.Unknown
}

// bypassed reports whether the walk ended without coming to a node. Its title can
// be a statement, which must not read as one that holds.
func (p *Page) bypassed(n *runbook.Node) bool {
	return p.d != nil && p.d.Complete && !p.Lively() && !p.onPath[n.ID]
}

func notReached() lang.Text { return lang.Both("not reached", "未到達") }

// passed reports whether the way went on behind a node.
func (p *Page) passed(n *runbook.Node) bool {
	if p.d == nil || !p.onPath[n.ID] {
		return false
	}
	last := p.d.Path[len(p.d.Path)-1]
	return last != n.ID
}

// nodeTitle is the node's name; a probe's where it has none of its own.
func (p *Page) nodeTitle(n *runbook.Node) lang.Text {
	switch {
	case !n.Title.Zero():
		return n.Title
	case n.Question != nil:
		return n.Question.Text
	case n.Step != nil:
		return n.Step.Do
	}
	if p.d != nil && n.Kind == runbook.ProbeNode {
		if i, ok := p.judged[n.Probe]; ok {
			return p.d.Probes[i].Title
		}
	}
	if n.Probe != "" {
		return lang.Same(n.Probe)
	}
	return lang.Same(n.ID)
}

// edges lists a node's edges in the order of their outcomes.
func edges(n *runbook.Node) []string {
	var out []string
	order := []string{string(probe.OK), string(probe.Problem), string(probe.Unknown), string(probe.NotApplicable),
		runbook.Answered, runbook.DontKnow, runbook.Done}
	for _, e := range order {
		if n.Next[e] != "" {
			out = append(out, e)
		}
	}
	return out
}
