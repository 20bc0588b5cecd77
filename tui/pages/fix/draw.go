package fix

import (
	"fmt"
	"slices"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// beside is the width from which the forecast stands beside the plan.
const beside = 100

// frameKey is everything that the page shows.
type frameKey struct {
	env     page.Env
	version int
	d       *walk.Diagnosis
	running bool
}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	if !p.Lively() {
		e = e.Still()
	}
	k := frameKey{e, p.version, p.Walk.Diagnosis(), p.Walk.Running()}
	f := page.Frame{Lines: p.frame.Get(k, func() []string { return p.draw(e) })}
	if p.Scope() == keys.Text {
		at := p.at
		f.Cursor = &at
	}
	return f
}

func (p *Page) draw(e page.Env) []string {
	foot := p.foot(e)
	height := max(e.Height-len(foot), 3)
	var out []string
	if p.view == reading && e.Width >= beside && p.chosen.Forecast != nil {
		side := e.Width * 38 / 100
		out = cell.Beside(
			p.box(e, p.title(), append(p.headLines(e, e.Width-side-2), p.planLines(e, e.Width-side-2)...), e.Width-side, height, true),
			cell.Box(e.Theme, lang.Both("What the tree will say then", "適用後の見込み").In(e.Lang), false, side, height,
				cell.Fill(p.forecastLines(e, *p.chosen.Forecast, side-2), side-2, height-2), false, false))
	} else {
		out = p.box(e, p.title(), p.lines(e, e.Width-2), e.Width, height, !p.listing())
	}
	if over := len(out) + len(foot) - e.Height; over > 0 {
		out = out[:max(len(out)-over, 0)] // the buttons stay in sight
	}
	p.at.Y += len(out)
	return cell.Fill(append(out, foot...), e.Width, e.Height)
}

// box draws lines that can be scrolled, or a list around its selection.
func (p *Page) box(e page.Env, title lang.Text, lines []string, width, height int, scrolls bool) []string {
	rows := max(height-2, 1)
	var seen []string
	var offset int
	if scrolls {
		p.scroll.Rows, p.length = rows, len(lines)
		seen, p.scroll.Offset = cell.Window(lines, width-2, rows, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
		offset = p.scroll.Offset
	} else {
		p.cursor.Rows = rows
		seen, p.cursor.Offset = cell.Window(lines, width-2, rows, p.cursor.Offset, p.selection[0], p.selection[1])
		offset = p.cursor.Offset
	}
	return cell.Box(e.Theme, title.In(e.Lang), true, width, height, seen, offset > 0, offset+rows < len(lines))
}

func (p *Page) title() lang.Text {
	switch p.view {
	case whole:
		if !p.turns() {
			return lang.Both("All root causes, in order", "すべての根本原因の対処手順（実施順）")
		}
		return lang.Both("All root causes, in order (v: this finding)", "すべての根本原因の対処手順（実施順、v: この検出結果のみ）")
	case reading:
		return lang.Both("Plan %s", "対処手順 %s").With(p.chosen.Planned.Plan.Hash())
	case working:
		switch p.deed {
		case verifying:
			return lang.Both("Checking by the same judgement", "事後確認中")
		case undoing:
			return lang.Both("Taking back", "切り戻し中")
		}
		return lang.Both("Carrying the plan out", "対処手順を実施中")
	case after:
		return p.resultTitle()
	}
	return lang.Both("What can be done (v: all root causes)", "対処方法（v: すべての根本原因）")
}

func (p *Page) lines(e page.Env, width int) []string {
	switch p.view {
	case whole:
		return p.wholeLines(e, width)
	case reading:
		out := p.headLines(e, width)
		if p.chosen.Forecast != nil {
			// What will come of it is what one decides by: it stands first.
			out = append(append(out, heading(e, lang.Both("What the tree will say then", "適用後の見込み"), width)...),
				append(p.forecastLines(e, *p.chosen.Forecast, width), cell.Blank(width))...)
		}
		return append(out, p.planLines(e, width)...)
	case working:
		return p.workLines(e, width)
	case after:
		return p.afterLines(e, width)
	}
	return p.choiceLines(e, width)
}

func heading(e page.Env, t lang.Text, width int) []string {
	return []string{cell.NewLine(width).Add(e.Theme.Title, t.In(e.Lang)).String()}
}

// text is a text in the operator's language and zone, clean.
func text(e page.Env, t lang.Text) string {
	return cell.Clean(say.Zoned(t.In(e.Lang), e.Zone))
}

func para(e page.Env, s theme.Style, t lang.Text, width int) []string {
	return evidence.Paragraph(s, text(e, t), width)
}

// choiceLines draws the finding in short, its fixes, and what was done so far.
func (p *Page) choiceLines(e page.Env, width int) []string {
	var out []string
	p.selection = [2]int{}
	d := p.Walk.Diagnosis()
	if w, ok := found(d, p.Finding); ok {
		out = append(out, para(e, e.Theme.Problem, evidence.Say(e, p.Catalogue, w.Finding), width)...)
		for _, ev := range w.Evidence[:min(len(w.Evidence), 2)] {
			out = append(out, evidence.Row(e, lang.Both("Evidence", "根拠").In(e.Lang), ev.At+": "+ev.Value, width)...)
		}
		out = append(out, cell.Blank(width))
	}
	if wait := p.planningLines(e, width); wait != nil {
		return append(out, wait...)
	}
	for i, x := range p.proposals {
		from := len(out)
		out = append(out, p.proposalLines(e, x, i == 0, p.cursor.At == i, width)...)
		p.mark(i, from, len(out))
	}
	if len(p.proposals) == 0 {
		out = append(out, para(e, e.Theme.Unknown, lang.Both("monshin has no fix for this finding; its page says what to do", "この検出結果に対する対処手順なし（説明ページを参照）"), width)...)
	}
	return p.toEnd(p.runsLines(e, out, width))
}

// toEnd has what follows the last row come into sight with it.
func (p *Page) toEnd(out []string) []string {
	if p.cursor.At == p.rows()-1 {
		p.selection[1] = max(len(out)-1, 0)
	}
	return out
}

// planningLines says that the plans are being made, or why they could not be; nil
// where they are there.
func (p *Page) planningLines(e page.Env, width int) []string {
	switch {
	case p.deed == planning:
		return para(e, e.Theme.Running, lang.Both("%s Making the plans", "%s 対処手順を作成中").With(say.Spinner(e.Tick)), width)
	case p.err != nil:
		out := para(e, e.Theme.Problem, lang.Both("The plans could not be made: %s", "対処手順を作成できず: %s").With(lang.Said(p.err)), width)
		return append(out, para(e, e.Theme.Plain, lang.Both("r makes them again", "r で再作成"), width)...)
	}
	return nil
}

// runsLines adds what was done in this investigation, the newest first.
func (p *Page) runsLines(e page.Env, out []string, width int) []string {
	if len(p.runs) == 0 {
		return out
	}
	out = append(append(out, cell.Blank(width)), para(e, e.Theme.Title, lang.Both("Done in this investigation (enter: go on, check, take back)", "この調査での対処（enter: 続行・事後確認・切り戻し）"), width)...)
	for i, r := range p.runs {
		from, at := len(out), len(p.offered())+i
		word, style := outcome(r)
		out = append(out, p.row(e, p.cursor.At == at, "-", style(e.Theme), lang.Both("%s: %s", "%s: %s").With(word, r.Plan.Title), width)...)
		p.mark(at, from, len(out))
	}
	return out
}

func (p *Page) mark(at, from, to int) {
	if at != p.cursor.At {
		return
	}
	p.selection = [2]int{from, max(to-1, from)}
	if at == 0 {
		p.selection[0] = 0
	}
}

func (p *Page) row(e page.Env, chosen bool, sign string, s theme.Style, t lang.Text, width int) []string {
	mark, style := "  ", s
	if chosen {
		mark, style = "> ", s.Over(e.Theme.Selected)
	}
	var out []string
	for i, l := range cell.Wrap(text(e, t), width-len(mark)-len(sign)-1) {
		line := cell.NewLine(width)
		if chosen {
			line = cell.On(width, e.Theme.Selected)
		}
		if i == 0 {
			line.Add(style, mark+sign+" ")
		} else {
			line.Space(len(mark) + len(sign) + 1)
		}
		out = append(out, line.Add(style, l).String())
	}
	return out
}

func (p *Page) proposalLines(e page.Env, x remedy.Proposal, first, chosen bool, width int) []string {
	t := x.Fix.Title
	switch {
	case x.Refused != nil && x.Refused.Danger:
		out := p.row(e, chosen, "x", e.Theme.Problem, lang.Both("%s: would do harm here", "%s: この環境では実施不可").With(t), width)
		return append(out, indented(e, e.Theme.Dim, x.Refused.Say, width)...)
	case x.Refused != nil:
		out := p.row(e, chosen, "-", e.Theme.Skipped, lang.Both("%s: does not apply", "%s: 適用対象外").With(t), width)
		return append(out, indented(e, e.Theme.Dim, x.Refused.Say, width)...)
	}
	if first {
		t = lang.Both("%s (recommended)", "%s（推奨）").With(t)
	}
	if x.Fix.Mode == remedy.Guided {
		t = byHand(t)
	}
	sign, style := "*", e.Theme.Strong
	if !p.appears(x).Zero() {
		sign, style = "!", e.Theme.Unknown
	}
	out := p.row(e, chosen, sign, style, t, width)
	out = append(out, indented(e, e.Theme.Plain, x.Planned.Plan.Why, width)...)
	out = append(out, indented(e, e.Theme.Problem, p.appears(x), width)...)
	return append(out, indented(e, e.Theme.Dim, summary(x), width)...)
}

func byHand(t lang.Text) lang.Text { return lang.Both("%s (by hand)", "%s（手作業）").With(t) }

// appears says what will be wrong that is not now, "" for nothing.
func (p *Page) appears(x remedy.Proposal) lang.Text {
	if x.Forecast == nil || !x.Forecast.Worse() {
		return lang.Text{}
	}
	var all []lang.Text
	for _, id := range x.Forecast.Appears {
		all = append(all, p.name(id))
	}
	return lang.Both("APPEARS: %s", "新たに発生: %s").With(lang.Join(all, lang.Both(", ", "、")))
}

// summary says in a line how many steps and what risks.
func summary(x remedy.Proposal) lang.Text {
	plan := x.Planned.Plan
	t := lang.Both("steps: %d", "%d 手順").With(len(plan.Steps))
	for _, r := range plan.Risks {
		t = lang.Both("%s, %s", "%s・%s").With(t, r.Words())
	}
	return t
}

func indented(e page.Env, s theme.Style, t lang.Text, width int) []string {
	var out []string
	if t.Zero() {
		return nil
	}
	for _, l := range cell.Wrap(text(e, t), width-4) {
		out = append(out, cell.NewLine(width).Space(4).Add(s, l).String())
	}
	return out
}

// wholeLines draws the fixes of all root causes on one screen.
func (p *Page) wholeLines(e page.Env, width int) []string {
	p.selection = [2]int{}
	if wait := p.planningLines(e, width); wait != nil {
		return wait
	}
	if p.all == nil {
		return nil
	}
	var out []string
	d := p.Walk.Diagnosis()
	if f := p.all.Forecast; f != nil && d != nil {
		out = append(append(out, heading(e, lang.Both("Root causes: %d now, %d after all of these (as foretold)", "根本原因: 現在 %d 件、すべて適用後 %d 件（見込み）").With(len(d.RootCauses()), len(f.Roots)), width)...), cell.Blank(width))
	}
	for i, x := range p.all.Proposals {
		from := len(out)
		t := x.Planned.Plan.Title
		if x.Planned.Plan.Mode == remedy.Guided {
			t = byHand(t)
		}
		out = append(out, p.row(e, p.cursor.At == i, fmt.Sprint(i+1), e.Theme.Strong, t, width)...)
		out = append(out, indented(e, e.Theme.Plain, lang.Both("for: %s", "対象: %s").With(p.name(x.Planned.Plan.Finding)), width)...)
		out = append(out, indented(e, e.Theme.Problem, p.appears(x), width)...)
		out = append(out, indented(e, e.Theme.Dim, summary(x), width)...)
		p.mark(i, from, len(out))
	}
	for _, w := range p.all.Left {
		out = append(out, para(e, e.Theme.Unknown, lang.Both("no fix: %s", "対処手順なし: %s").With(evidence.Say(e, p.Catalogue, w.Finding)), width)...)
	}
	switch f := p.all.Forecast; {
	case f != nil:
		out = append(append(out, cell.Blank(width)), heading(e, lang.Both("After all of them", "すべて適用した後の見込み"), width)...)
		out = append(out, p.forecastLines(e, since(d, *f), width)...)
	case len(p.all.Left) == 0:
		out = append(out, para(e, e.Theme.Strong, lang.Both("No root cause in what was checked", "確認した範囲では根本原因なし"), width)...)
		if d != nil && len(d.Unknowns) > 0 {
			out = append(out, para(e, e.Theme.Unknown, lang.Both("Not checked: %d", "確認できず: %d 件").With(len(d.Unknowns)), width)...)
		}
	}
	return p.toEnd(p.runsLines(e, out, width))
}

func found(d *walk.Diagnosis, id string) (walk.Weighed, bool) {
	if d == nil {
		return walk.Weighed{}, false
	}
	i := slices.IndexFunc(d.Findings, func(w walk.Weighed) bool { return w.ID() == id })
	if i < 0 {
		return walk.Weighed{}, false
	}
	return d.Findings[i], true
}
