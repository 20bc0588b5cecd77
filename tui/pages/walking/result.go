package walking

import (
	"strconv"
	"time"

	"github.com/monshin/monshin/diagnose/fact"
	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// resultLines draws the results: causes with their consequences, what is open, what
// is waited for. It notes where the selected row stands.
func (p *Page) resultLines(e page.Env, width int) []string {
	var out []string
	p.span = [2]int{}
	if p.d == nil {
		return nil
	}
	if len(p.d.RootCauses()) == 0 {
		out = append(out, heading(e, p.noRoot(), width))
	}
	last := section(-1)
	for i, it := range p.items {
		if it.section != last {
			if len(out) > 0 {
				out = append(out, cell.Blank(width))
			}
			last = it.section
			out = append(out, heading(e, p.sectionTitle(it.section), width))
		}
		selected := i == p.cursors[resultPane].At
		from := len(out)
		out = append(out, p.itemLines(e, it, selected, width)...)
		if selected {
			p.span = [2]int{from, len(out) - 1}
		}
		if selected && i == 0 {
			p.span[0] = 0 // the first row scrolls its headings into sight
		}
	}
	return out
}

func heading(e page.Env, text lang.Text, width int) string {
	return cell.NewLine(width).Add(e.Theme.Title, text.In(e.Lang)).String()
}

func (p *Page) noRoot() lang.Text {
	if p.Lively() {
		return lang.Both("No root cause so far", "根本原因: 未特定（確認中）")
	}
	if !p.d.Complete || p.d.Outcome != walk.Clear {
		return lang.Both("No root cause found yet", "根本原因: 未特定")
	}
	return lang.Both("No root cause found in what was checked", "確認した範囲に根本原因なし")
}

func (p *Page) sectionTitle(s section) lang.Text {
	n := 0
	for _, it := range p.items {
		if it.section == s && it.depth == 0 {
			n++
		}
	}
	switch s {
	case rootSection:
		return lang.Both("Root causes (%d)", "根本原因（%d 件）").With(n)
	case openSection:
		if p.Lively() {
			return lang.Both("Cause not known yet (%d)", "原因確認中（%d 件）").With(n)
		}
		return lang.Both("Cause not found (%d)", "原因未特定（%d 件）").With(n)
	case otherSection:
		return lang.Both("For information (%d)", "参考（%d 件）").With(n)
	case unknownSection:
		return lang.Both("Not checked (%d)", "確認できず（%d 件）").With(n)
	}
	return lang.Both("Still waiting for (%d)", "取得待ち（%d 件）").With(n)
}

// why says a reason of unknown; what it waits for is called by its name on the screen.
func (p *Page) why(e page.Env, w fact.Why) string {
	if i, ok := p.judged[w.Blocker]; ok {
		w.Blocker = p.d.Probes[i].Title.In(e.Lang)
	} else if t := probe.TitleOf(w.Blocker); w.Reason == fact.BlockedBy && !t.Zero() {
		w.Blocker = t.In(e.Lang) // it is not in this tree
	}
	if p.tree != nil && w.Reason == fact.NeedsAnswer {
		for _, n := range p.tree.Nodes {
			if n.Question != nil && n.Question.Name == w.Blocker {
				w.Blocker = n.Question.Text.In(e.Lang)
				break
			}
		}
	}
	return say.Why(w, e.Zone).In(e.Lang)
}

// lead is the sign before an item.
func (p *Page) lead(e page.Env, it item) (string, theme.Style) {
	t := e.Theme
	switch {
	case it.found != nil && it.depth > 0:
		return cell.Blank(2*it.depth) + "-> ", t.Dim
	case it.found != nil:
		sign, style := "[x] ", t.Problem
		switch it.found.Severity {
		case finding.Warning:
			sign, style = "[!] ", t.Unknown
		case finding.Info:
			sign, style = "[i] ", t.Dim
		}
		return sign, style
	case it.open != nil:
		if it.open.Needed {
			return "[?] ", t.Unknown
		}
		return "[?] ", t.Dim
	}
	return say.Spinner(0) + " ", t.Running
}

func (p *Page) wording(e page.Env, it item) string {
	switch {
	case it.found != nil && it.depth > 0:
		return evidence.Say(e, p.Catalogue, it.found.Finding).In(e.Lang) + lang.Both(" (consequence)", "（派生事象）").In(e.Lang)
	case it.found != nil:
		return lang.Both("%s: %s", "%s: %s").With(it.found.Certainty.Text(), evidence.Say(e, p.Catalogue, it.found.Finding)).In(e.Lang)
	case it.open != nil:
		text := it.open.Title.In(e.Lang) + ": " + p.why(e, it.open.Why)
		if it.open.Needed {
			text += lang.Both(" (needed)", "（判断に必要）").In(e.Lang)
		}
		return text
	}
	text := it.waiting.String()
	if d := e.Now.Sub(p.since[it.waiting]); d >= slow {
		text += lang.Both(" (%s s)", "（%s 秒経過）").With(strconv.Itoa(int(d / time.Second))).In(e.Lang)
	}
	return text
}

// mostLines is how many lines a result takes in the list; the evidence beside it
// has the whole text. Error messages of Windows are paragraphs.
const mostLines = 4

func (p *Page) itemLines(e page.Env, it item, selected bool, width int) []string {
	t := e.Theme
	lead, style := p.lead(e, it)
	indent := min(cell.Width(lead), width/2)
	var out []string
	lines := cell.Wrap(p.wording(e, it), width-2-indent)
	if len(lines) > mostLines {
		lines = lines[:mostLines]
		lines[mostLines-1] += " .."
	}
	for i, s := range lines {
		l, mark := cell.NewLine(width), "  "
		if selected {
			l = cell.On(width, t.Selected)
			if i == 0 {
				mark = "> "
			}
		}
		l.Add(t.Focus, mark)
		if i == 0 {
			l.Within(style, lead, indent)
		} else {
			l.Space(indent)
		}
		out = append(out, l.Add(t.Plain, s).String())
	}
	return out
}
