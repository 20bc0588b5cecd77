package fix

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/sessions/workorder"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// foot are the lines under the text: the consent, or what can be done here.
func (p *Page) foot(e page.Env) []string {
	p.at = page.Point{}
	if p.form.open {
		return p.formLines(e)
	}
	switch p.view {
	case reading:
		if why := p.mayApply(); !why.Zero() {
			return inset(e, e.Theme.Unknown, why, 2)
		}
		return inset(e, e.Theme.Key, lang.Both("a: approve and carry out   w: work order for somebody else", "a: 承認して実施   w: 作業手順書の出力"), 1)
	case after:
		all := lang.Both("v: what is left   esc: to the walk", "v: 残りの対処   esc: 切り分けに戻る")
		add := func(t lang.Text) { all = lang.Both("%s   %s", "%s   %s").With(t, all) }
		why := p.mayUndo()
		switch {
		case !p.mayRetry():
		case p.unfinished():
			add(lang.Both("r: go on, try again", "r: 続行・再試行"))
		default:
			add(lang.Both("r: check", "r: 事後確認"))
		}
		if why.Zero() {
			add(lang.Both("u: take back", "u: 切り戻し"))
			return inset(e, e.Theme.Key, all, 1)
		}
		if p.run == nil || p.deed != nothing || !p.run.ByHand && !p.run.Begun() {
			return inset(e, e.Theme.Key, all, 1)
		}
		return append(inset(e, e.Theme.Dim, why, 2), inset(e, e.Theme.Key, all, 1)...)
	}
	return nil
}

// inset writes a text one cell from the edge, in so many lines at the most.
func inset(e page.Env, s theme.Style, t lang.Text, lines int) []string {
	var out []string
	all := cell.Wrap(text(e, t), e.Width-2)
	for i, l := range all[:min(len(all), lines)] {
		if i == lines-1 && i < len(all)-1 {
			l = strings.Join(all[i:], " ") // cut with a mark that it is cut
		}
		out = append(out, cell.NewLine(e.Width).Space(1).Within(s, l, e.Width-2).String())
	}
	return out
}

// formLines draws the consent.
func (p *Page) formLines(e page.Env) []string {
	t := e.Theme
	plan := p.chosen.Planned.Plan
	var out []string
	say := func(s theme.Style, words lang.Text) { out = append(out, inset(e, s, words, 2)...) }
	yes := lang.Both("Approve and carry out", "承認して実施")
	switch p.form.to {
	case undoing:
		plan = p.run.Plan
		back, never := p.run.Undoable()
		yes = lang.Both("Take it back", "切り戻す")
		say(t.Strong, lang.Both("Take back (steps: %d): %s", "切り戻し（%d 手順）: %s").With(len(back), plan.Title))
		for _, s := range never {
			say(t.Problem, lang.Both("no way back: %s: %s", "切り戻し不可: %s: %s").With(s.Title, s.NoUndo))
		}
	case continuing:
		plan = p.run.Plan
		yes = lang.Both("Go on", "続行する")
		say(t.Strong, lang.Both("Go on: %s", "続行: %s").With(plan.Title))
	default:
		say(t.Strong, lang.Both("Approve: %s", "承認: %s").With(plan.Title))
	}
	say(t.Strong, lang.Both("Account: %s", "アカウント: %s").With(account(plan)))
	if p.form.to == applying {
		if plan.Undoable() {
			say(t.Dim, lang.Both("Way back: %s", "切り戻し: %s").With(plan.WayBack()))
		} else {
			say(t.Problem, lang.Both("No way back: %s", "切り戻し不可: %s").With(plan.WayBack()))
		}
	}
	fields := p.form.fields(p)
	// In a low window the fields and the buttons are what has to be seen.
	out = out[:min(len(out), max(e.Height-len(fields)-1-lowest, 1))]
	for i, f := range fields {
		l := cell.NewLine(e.Width).Space(1).Add(t.Key, text(e, f.name)+": ")
		if i == p.form.focus {
			x := f.field.Draw(l, t.Plain)
			p.at = page.Point{X: x, Y: len(out)}
		} else {
			l.Add(t.Strong, f.field.Value())
		}
		out = append(out, l.String())
	}
	l := cell.NewLine(e.Width).Space(1)
	button(l, t, lang.Both("Cancel", "キャンセル").In(e.Lang), p.form.focus == len(fields))
	l.Space(2)
	button(l, t, yes.In(e.Lang), p.form.focus > len(fields))
	return append(out, l.String())
}

// lowest is how many lines of the plan stay in sight over the consent: its border and
// one line.
const lowest = 3

func button(l *cell.Line, t *theme.Theme, name string, chosen bool) {
	if chosen {
		l.Add(t.Strong.Over(t.Selected), ">["+name+"]")
		return
	}
	l.Add(t.Dim, "  "+name+" ")
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	const wide = 1000
	var out []string
	for _, l := range p.lines(e, wide) {
		out = append(out, strings.TrimRight(ansi.Strip(l), " "))
	}
	return out
}

// Copy implements page.Page: the plan in sight as a work order.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	d := p.Walk.Diagnosis()
	x, ok := p.selected()
	if p.view == reading {
		x, ok = p.chosen, true
	}
	if !ok || d == nil || x.Refused != nil {
		return "", lang.Text{}
	}
	return workorder.Text(d, x, workorder.Options{Lang: e.Lang, Zone: e.Zone}), lang.Both("the plan", "対処手順")
}
