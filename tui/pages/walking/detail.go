package walking

import (
	"slices"
	"strings"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// detailLines draws what is known about the selection.
func (p *Page) detailLines(e page.Env, width int) []string {
	e = evidence.Clock(e, p.d)
	if p.subject == resultPane {
		switch it := p.item(); {
		case it.found != nil:
			return p.foundDetail(e, it, width)
		case it.open != nil:
			return p.openDetail(e, it, width)
		case it.waiting != (estate.Key{}):
			return evidence.Paragraph(e.Theme.Running, lang.Both("Still waiting for %s", "取得待ち: %s").With(it.waiting.String()).In(e.Lang), width)
		}
		return nil
	}
	n := p.node()
	if n == nil {
		return nil
	}
	d := detail{e: e, width: width}
	d.add(e.Theme.Title, p.nodeTitle(n).In(e.Lang))
	sign, word, style := p.nodeState(page.Env{Theme: e.Theme}, n)
	d.add(style, sign+" "+word.In(e.Lang))
	switch n.Kind {
	case runbook.ProbeNode:
		p.probeDetail(&d, n)
	case runbook.QuestionNode:
		p.questionDetail(&d, n.Question)
	case runbook.StepNode:
		d.row("Do", "作業", n.Step.Do.In(e.Lang))
		d.row("Command", "コマンド", n.Step.Command)
		d.row("Expect", "期待結果", n.Step.Expect.In(e.Lang))
	case runbook.FindingsNode:
		p.findingsDetail(&d, n)
	}
	p.edgesDetail(&d, n)
	return d.out
}

// detail gathers lines.
type detail struct {
	e     page.Env
	width int
	out   []string
}

func (d *detail) add(s theme.Style, text string) {
	d.out = append(d.out, evidence.Paragraph(s, text, d.width)...)
}

func (d *detail) gap() {
	if len(d.out) > 0 {
		d.out = append(d.out, cell.Blank(d.width))
	}
}

func (d *detail) row(en, ja, value string) {
	if value != "" {
		d.out = append(d.out, evidence.Row(d.e, lang.Both(en, ja).In(d.e.Lang), value, d.width)...)
	}
}

func (p *Page) probeDetail(d *detail, n *runbook.Node) {
	v, settled := p.verdict(n.Probe)
	waiting := p.waitingFor(n.Probe)
	if len(waiting) > 0 {
		d.add(d.e.Theme.Running, lang.Both("Still waiting for %s", "取得待ち: %s").With(strings.Join(waiting, ", ")).In(d.e.Lang))
	}
	if !settled {
		return
	}
	if len(v.Findings) == 0 {
		d.add(d.e.Theme.Plain, say.Zoned(v.Say.In(d.e.Lang), d.e.Zone))
	}
	for _, w := range v.Whys {
		d.add(d.e.Theme.Unknown, "[?] "+p.why(d.e, w))
		d.row("Resource", "対象", w.Resource)
		d.row("Answer", "応答", w.Detail)
		p.insideHint(d, w)
	}
	for _, f := range v.Findings {
		d.gap()
		w := p.weighed(f)
		d.add(d.e.Theme.Problem, "["+w.Certainty.Text().In(d.e.Lang)+"] "+evidence.Say(d.e, p.Catalogue, w.Finding).In(d.e.Lang))
		d.add(d.e.Theme.Dim, w.ID())
		d.gap()
		d.out = append(d.out, evidence.Finding(d.e, p.Catalogue, p.d, w, d.width)...)
	}
	if len(v.Evidence) > 0 {
		d.gap()
		d.out = append(d.out, evidence.Lines(d.e, v.Evidence, d.width)...)
	}
}

// waitingFor are the parts of a probe that are being read right now.
func (p *Page) waitingFor(id string) []string {
	if p.d == nil || !p.Lively() {
		return nil
	}
	i, ok := p.judged[id]
	if !ok {
		return nil
	}
	var out []string
	for _, k := range p.d.Probes[i].Parts {
		if slices.Contains(p.d.Waiting, k) {
			out = append(out, k.String())
		}
	}
	return out
}

func (p *Page) questionDetail(d *detail, q *runbook.Question) {
	d.add(d.e.Theme.Plain, q.Text.In(d.e.Lang))
	d.row("Form", "形式", q.Hint.In(d.e.Lang))
	if a, ok := p.answers[q.Name]; ok {
		if a == "" {
			a = lang.Both("don't know", "わからない").In(d.e.Lang)
		}
		d.row("Answer", "回答", a)
	}
	d.add(d.e.Theme.Dim, lang.Both("a answers, d says: don't know", "a で回答、d で「わからない」").In(d.e.Lang))
}

func (p *Page) findingsDetail(d *detail, n *runbook.Node) {
	for _, c := range n.Findings {
		text := string(c)
		if entry, ok := p.Catalogue.Entry(c); ok && !entry.Title.Zero() {
			text = entry.Title.In(d.e.Lang) + " (" + string(c) + ")"
		}
		if p.foundOf(c) != nil {
			d.add(d.e.Theme.Problem, "[x] "+text)
		} else {
			d.add(d.e.Theme.Plain, "[ ] "+text)
		}
	}
}

func (p *Page) edgesDetail(d *detail, n *runbook.Node) {
	list := edges(n)
	if len(list) == 0 {
		return
	}
	d.gap()
	d.add(d.e.Theme.Strong, lang.Both("What comes next", "次の確認").In(d.e.Lang))
	for i, edge := range list {
		to := n.Next[edge]
		if slices.ContainsFunc(list[:i], func(before string) bool { return n.Next[before] == to }) {
			continue // named with the first edge that leads there
		}
		var names []lang.Text
		for _, other := range list[i:] {
			if n.Next[other] == to {
				names = append(names, say.Edge(other))
			}
		}
		name := lang.Same(to)
		if next, ok := p.tree.Node(to); ok {
			name = p.nodeTitle(next)
		}
		d.add(d.e.Theme.Dim, lang.Both("%s: %s", "%s: %s").With(lang.Join(names, lang.Both(", ", "・")), name).In(d.e.Lang))
	}
}

func (p *Page) foundDetail(e page.Env, it item, width int) []string {
	d := detail{e: e, width: width}
	f := *it.found
	if entry, ok := p.Catalogue.Entry(f.Code); ok && !entry.Title.Zero() {
		d.add(e.Theme.Title, entry.Title.In(e.Lang))
	}
	d.add(e.Theme.Problem, "["+f.Severity.Text().In(e.Lang)+" / "+f.Certainty.Text().In(e.Lang)+"] "+evidence.Say(e, p.Catalogue, f.Finding).In(e.Lang))
	d.add(e.Theme.Dim, f.ID())
	d.gap()
	d.out = append(d.out, evidence.Finding(e, p.Catalogue, p.d, f, width)...)
	return d.out
}

func (p *Page) openDetail(e page.Env, it item, width int) []string {
	d := detail{e: e, width: width}
	d.add(e.Theme.Title, it.open.Title.In(e.Lang))
	d.add(e.Theme.Unknown, "[?] "+p.why(e, it.open.Why))
	if retryable(it.open.Why.Reason) {
		d.add(e.Theme.Dim, lang.Both("r reads it again", "r で再取得").In(e.Lang))
	}
	p.insideHint(&d, it.open.Why)
	d.row("Action", "必要な権限", it.open.Why.Action)
	d.row("Resource", "対象", it.open.Why.Resource)
	d.row("Answer", "応答", it.open.Why.Detail)
	if v, ok := p.verdict(it.open.Probe); ok && len(v.Evidence) > 0 {
		d.gap()
		d.out = append(d.out, evidence.Lines(e, v.Evidence, width)...)
	}
	return d.out
}
