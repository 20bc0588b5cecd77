package walking

import (
	"slices"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.asking != nil {
		return p.editAnswer(a)
	}
	switch a {
	case keys.Retry, keys.Answer, keys.DontKnow, keys.Inside:
	default:
		p.touched = true
	}
	switch a {
	case keys.NextPane, keys.PreviousPane:
		p.turn(a)
	case keys.NextFault:
		return p.seek(1)
	case keys.Previous:
		return p.seek(-1)
	case keys.Choose:
		return p.open()
	case keys.Commands:
		return p.commands()
	case keys.Retry:
		return p.retry()
	case keys.Answer:
		return p.ask()
	case keys.DontKnow:
		return p.dontKnow()
	case keys.Inside:
		return p.openInside()
	case keys.Fixes:
		return p.openFixes()
	case keys.Shell:
		return p.openShell()
	case keys.Changes:
		return p.openChanges()
	default:
		return p.move(a)
	}
	return page.Next{}
}

// turn gives the keys to the next pane: tree, results, evidence.
func (p *Page) turn(a keys.Action) {
	step := pane(1)
	if a == keys.PreviousPane {
		step = panes - 1
	}
	p.setFocus((p.focus + step) % panes)
}

func (p *Page) setFocus(to pane) {
	p.focus = to
	if to != detailPane && to != p.subject {
		p.subject = to
		p.cursors[detailPane].Offset = 0
	}
}

func (p *Page) move(a keys.Action) page.Next {
	c := &p.cursors[p.focus]
	if p.focus == detailPane {
		if !c.Scroll(a, len(p.parts[detailPane].Lines())) {
			return page.Ignore()
		}
		return page.Next{}
	}
	n := p.nodes()
	if p.focus == resultPane {
		n = len(p.items)
	}
	if !c.Act(a, n) {
		return page.Ignore()
	}
	p.cursors[detailPane].Offset = 0
	return page.Next{}
}

func (p *Page) nodes() int {
	if p.tree == nil {
		return 0
	}
	return len(p.tree.Nodes)
}

// node is the selected node of the tree.
func (p *Page) node() *runbook.Node {
	if at := p.cursors[treePane].At; at < p.nodes() {
		return &p.tree.Nodes[at]
	}
	return nil
}

// verdict is what is known of a probe; ok is false while it is being judged.
func (p *Page) verdict(id string) (probe.Verdict, bool) {
	if p.d == nil {
		return probe.Verdict{}, false
	}
	i, ok := p.judged[id]
	if !ok {
		return probe.Verdict{}, false
	}
	v := p.d.Probes[i].Verdict
	return v, !(v.Outcome == probe.Unknown && v.Pending())
}

// seek goes to the next node that is not fine.
func (p *Page) seek(step int) page.Next {
	n := p.nodes()
	c := &p.cursors[treePane]
	for k := 1; k <= n; k++ {
		i := ((c.At+k*step)%n + n) % n
		node := &p.tree.Nodes[i]
		if node.Kind != runbook.ProbeNode {
			continue
		}
		if v, ok := p.verdict(node.Probe); ok && (v.Outcome == probe.Problem || v.Outcome == probe.Unknown) {
			c.At = i
			p.cursors[detailPane].Offset = 0
			p.setFocus(treePane)
			return page.Next{}
		}
	}
	return page.Tell("No problem and nothing unchecked so far", "「問題あり」「確認できず」の項目なし")
}

// open goes into what is selected.
func (p *Page) open() page.Next {
	if p.subject == resultPane {
		if f := p.item().found; f != nil {
			return page.Do(page.OpenFinding{Diagnosis: p.d, Finding: *f})
		}
		p.focus = detailPane
		return page.Next{}
	}
	n := p.node()
	if n == nil {
		return page.Next{}
	}
	switch n.Kind {
	case runbook.QuestionNode:
		return p.askAbout(n.Question)
	case runbook.ProbeNode:
		if v, ok := p.verdict(n.Probe); ok && len(v.Findings) > 0 {
			return page.Do(page.OpenFinding{Diagnosis: p.d, Finding: p.weighed(v.Findings[0])})
		}
	case runbook.FindingsNode:
		for _, code := range n.Findings {
			if f := p.foundOf(code); f != nil {
				return page.Do(page.OpenFinding{Diagnosis: p.d, Finding: *f})
			}
		}
		if len(n.Findings) > 0 {
			return page.Do(page.OpenCode{Code: n.Findings[0]})
		}
	}
	p.focus = detailPane
	return page.Next{}
}

func (p *Page) foundOf(code finding.Code) *walk.Weighed {
	if p.d == nil {
		return nil
	}
	for i := range p.d.Findings {
		if p.d.Findings[i].Code == code {
			return &p.d.Findings[i]
		}
	}
	return nil
}

// weighed is a verdict's finding as the whole walk weighs it.
func (p *Page) weighed(f finding.Finding) walk.Weighed {
	for i := range p.d.Findings {
		if p.d.Findings[i].ID() == f.ID() {
			return p.d.Findings[i]
		}
	}
	return walk.Weighed{Finding: f, Severity: f.Severity}
}

// evidence is what the selection stands on, with a name for it.
func (p *Page) evidence() (lang.Text, []finding.Evidence) {
	if p.subject == resultPane {
		switch i := p.item(); {
		case i.found != nil:
			return lang.Same(i.found.ID()), i.found.Evidence
		case i.open != nil:
			v, _ := p.verdict(i.open.Probe)
			return i.open.Title, evidenceOf(v)
		}
		return lang.Text{}, nil
	}
	n := p.node()
	if n == nil || n.Kind != runbook.ProbeNode {
		return lang.Text{}, nil
	}
	v, _ := p.verdict(n.Probe)
	return p.nodeTitle(n), evidenceOf(v)
}

func evidenceOf(v probe.Verdict) []finding.Evidence {
	var out []finding.Evidence
	for _, f := range v.Findings {
		out = append(out, f.Evidence...)
	}
	return append(out, v.Evidence...)
}

func (p *Page) commands() page.Next {
	title, list := p.evidence()
	for _, ev := range list {
		if ev.Origin.CLI != "" {
			return page.Do(page.OpenCommands{Title: title, Evidence: list})
		}
	}
	return page.Tell("The selection has no evidence from an AWS call", "選択項目に AWS API 由来の根拠なし")
}

// retry reads again what could not be read, and goes on after a pause.
func (p *Page) retry() page.Next {
	switch {
	case p.starting:
		return page.Tell("Still starting", "開始処理中")
	case p.walk == nil:
		return page.Next{Cmd: p.Start()}
	case p.d != nil && p.d.Complete && p.d.Paused == nil && p.err == nil && !p.retryable():
		return page.Tell("Nothing to read again", "再取得する項目なし")
	}
	p.walk.Retry()
	return page.Next{Do: page.Say{Text: lang.Both("Reading again what could not be read", "確認できなかった項目を再取得中")}, Cmd: p.runOnce()}
}

// retryable reports whether reading again could tell more.
func (p *Page) retryable() bool {
	return slices.ContainsFunc(p.d.Unknowns, func(u walk.Open) bool { return retryable(u.Why.Reason) })
}

// retryable are the reasons that can be gone the next time.
func retryable(r fact.Reason) bool {
	switch r {
	case fact.Denied, fact.Throttled, fact.Timeout, fact.NotSupported, fact.TooEarly:
		return true
	}
	return false
}
