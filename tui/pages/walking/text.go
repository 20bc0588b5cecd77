package walking

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
)

// Plain implements page.Page: results, checks, and the evidence of the selection.
func (p *Page) Plain(e page.Env) []string {
	if p.d == nil {
		return nil
	}
	e = evidence.Clock(e, p.d)
	out := []string{p.d.Title.In(e.Lang) + "  " + p.Instance}
	if p.d.Complete {
		out = append(out, walk.OutcomeText(p.d).In(e.Lang))
	}
	last := section(-1)
	for _, it := range p.items {
		if it.section != last {
			last = it.section
			out = append(out, "", p.sectionTitle(last).In(e.Lang))
		}
		lead, _ := p.lead(e, it)
		out = append(out, lead+cell.Clean(p.wording(e, it)))
		if it.found != nil {
			out = append(out, cell.Blank(cell.Width(lead))+cell.Clean(it.found.ID()))
		}
	}
	out = append(out, "", lang.Both("Checks", "確認項目").In(e.Lang))
	for i := range p.nodes() {
		n := &p.tree.Nodes[i]
		sign, word, _ := p.nodeState(e, n)
		out = append(out, sign+" "+cell.Clean(p.nodeTitle(n).In(e.Lang))+": "+word.In(e.Lang))
	}
	if name, list := p.evidence(); len(list) > 0 {
		out = append(out, "", cell.Clean(name.In(e.Lang)))
		out = append(out, evidence.Text(e, list)...)
	}
	return out
}

// Copy implements page.Page.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	e = evidence.Clock(e, p.d)
	if p.subject == resultPane {
		it := p.item()
		switch {
		case it.found != nil:
			return evidence.Summary(e, p.Catalogue, *it.found), lang.Both("the finding", "検出結果")
		case it.open != nil:
			return cell.Clean(p.wording(e, it)) + "\n", lang.Both("what was not checked", "確認できなかった項目")
		}
		return "", lang.Text{}
	}
	n := p.node()
	if n == nil {
		return "", lang.Text{}
	}
	if n.Kind == runbook.StepNode && n.Step.Command != "" {
		return n.Step.Command, lang.Both("the command", "コマンド")
	}
	_, word, _ := p.nodeState(e, n)
	lines := []string{cell.Clean(p.nodeTitle(n).In(e.Lang)) + ": " + word.In(e.Lang)}
	if v, ok := p.verdict(n.Probe); ok {
		for _, f := range v.Findings {
			lines = append(lines, "["+f.Certainty.Text().In(e.Lang)+"] "+cell.Clean(evidence.Say(e, p.Catalogue, f).In(e.Lang)), cell.Clean(f.ID()))
		}
		for _, w := range v.Whys {
			lines = append(lines, cell.Clean(p.why(e, w)))
		}
	}
	_, list := p.evidence()
	lines = append(lines, evidence.Text(e, list)...)
	return strings.Join(lines, "\n") + "\n", lang.Both("the evidence", "根拠")
}
