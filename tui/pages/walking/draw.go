package walking

import (
	"time"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// Breakpoints of the layout, in cells. Two panes need room for a title of 25
// Japanese characters each; three are comfortable from there on.
const (
	twoPanes   = 100
	threePanes = 150
	// stacked is from how many lines on results and evidence stand over each other.
	stacked = 18
	// roomy is from how many lines on the summary names two root causes.
	roomy = 18
)

type frameKey struct {
	env     page.Env
	version int
}

// paneKey is everything a pane's content depends on.
type paneKey struct {
	env     page.Env
	data    int
	subject pane
	tree    int
	result  int
	focused bool
	width   int
}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	e = p.still(e)
	f := page.Frame{Lines: p.frame.Get(frameKey{e, p.version}, func() []string { return p.draw(e) })}
	if p.asking != nil {
		f.Cursor = &p.at
	}
	return f
}

// still takes out of the Env what does not show: the beat where nothing is being
// read, and seconds where nobody counts them.
func (p *Page) still(e page.Env) page.Env {
	if !p.Lively() {
		e.Tick = 0
		e.Now = e.Now.Truncate(time.Minute)
	}
	return e
}

func (p *Page) draw(e page.Env) []string {
	lines := p.summary(e)
	ask := p.askLines(e, e.Height-2)
	height := e.Height - len(lines) - len(ask)
	switch {
	case e.Width >= threePanes:
		a, b := e.Width*36/100, e.Width*32/100
		lines = append(lines, cell.Beside(
			p.box(e, treePane, a, height), p.box(e, resultPane, b, height), p.box(e, detailPane, e.Width-a-b, height))...)
	case e.Width >= twoPanes:
		a := e.Width * 48 / 100
		lines = append(lines, cell.Beside(p.box(e, treePane, a, height), p.second(e, e.Width-a, height))...)
	default:
		lines = append(lines, p.tabs(e))
		content, _, _ := p.content(e, p.focus, e.Width, height-1)
		lines = append(lines, content...)
	}
	return cell.Fill(append(lines, ask...), e.Width, e.Height)
}

// second is the right half of two: both panes over each other, or the one in use.
func (p *Page) second(e page.Env, width, height int) []string {
	if height >= stacked {
		top := height / 2
		out := append([]string{}, p.box(e, resultPane, width, top)...)
		return append(out, p.box(e, detailPane, width, height-top)...)
	}
	if p.focus == resultPane {
		return p.box(e, resultPane, width, height)
	}
	return p.box(e, detailPane, width, height)
}

func (p *Page) box(e page.Env, which pane, width, height int) []string {
	content, above, below := p.content(e, which, width-2, height-2)
	return cell.Box(e.Theme, title(which).In(e.Lang), p.focus == which, width, height, content, above, below)
}

func title(which pane) lang.Text {
	switch which {
	case treePane:
		return lang.Both("Checks (* the way taken)", "確認項目（* は判断の経路）")
	case resultPane:
		return lang.Both("Causes", "原因と結果")
	}
	return lang.Both("Evidence", "根拠")
}

// content is what a pane shows in width by height cells.
func (p *Page) content(e page.Env, which pane, width, height int) (lines []string, above, below bool) {
	c := &p.cursors[which]
	first, last := 0, 0
	// What depends on it is part of the key, the rest would only spoil the cache.
	key := paneKey{data: p.data, focused: p.focus == which, width: width, env: e}
	key.env.Width, key.env.Height = 0, 0
	build := p.detailLines
	switch which {
	case treePane:
		key.env.Now = time.Time{}
		key.tree = c.At
		build = p.treeLines
		first, last = c.At, c.At
	case resultPane:
		key.env.Tick = 0
		key.result = c.At
		build = p.resultLines
	default:
		key.env.Tick, key.env.Now = 0, e.Now.Truncate(time.Minute)
		key.focused = false
		key.subject, key.tree, key.result = p.subject, p.cursors[treePane].At, p.cursors[resultPane].At
		first, last = c.Offset, c.Offset
	}
	all := p.parts[which].Get(key, func() []string { return build(e, width) })
	if which == resultPane {
		first, last = p.span[0], p.span[1]
	}
	c.Rows = height
	lines, c.Offset = cell.Window(all, width, height, c.Offset, first, last)
	return lines, c.Offset > 0, c.Offset+height < len(all)
}

// tabs names the panes where one is seen at a time.
func (p *Page) tabs(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width)
	names := []lang.Text{
		lang.Both("Checks", "確認項目"), lang.Both("Causes", "原因と結果"), lang.Both("Evidence", "根拠"),
	}
	for i, n := range names {
		if pane(i) == p.focus {
			l.Add(t.Title, " ["+n.In(e.Lang)+"] ")
		} else {
			l.Add(t.Dim, "  "+n.In(e.Lang)+"  ")
		}
	}
	return l.Repeat(t.Border, t.Box.Across, l.Left()).String()
}

// summary says how far it is and what came out; in small windows it names the root
// causes itself, since their pane may be out of sight.
func (p *Page) summary(e page.Env) []string {
	t := e.Theme
	var out []string
	if p.d != nil && p.d.Paused != nil {
		out = append(out, p.pausedLine(e))
	}
	if p.err != nil {
		failed := lang.Both("Stopped: %s  (r tries again)", "中断: %s（r で再試行）").With(said(p.err))
		out = append(out, cell.NewLine(e.Width).Space(1).Add(t.Problem, failed.In(e.Lang)).String())
	}
	l := cell.NewLine(e.Width).Space(1)
	if p.d == nil {
		word := lang.Both("not started", "未開始")
		if p.Lively() {
			l.Add(t.Running, say.Spinner(e.Tick)).Space(1)
			word = lang.Both("starting", "開始処理中")
		}
		return append(out, l.Add(t.Plain, word.In(e.Lang)).String())
	}
	p.outcome(e, l)
	out = append(out, l.String())
	if e.Width >= twoPanes || p.focus == resultPane {
		return out // they are in sight
	}
	most := 1
	if e.Height >= roomy {
		most = 2
	}
	roots := p.d.RootCauses()
	for i, f := range roots {
		if i == most-1 && len(roots) > most {
			more := lang.Both("... and %d more root causes", "ほか根本原因 %d 件").With(len(roots) - i)
			return append(out, cell.NewLine(e.Width).Space(2).Add(t.Problem, more.In(e.Lang)).String())
		}
		out = append(out, p.rootLine(e, f))
	}
	return out
}

func (p *Page) rootLine(e page.Env, f walk.Weighed) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(2).Add(t.Problem, "["+f.Certainty.Text().In(e.Lang)+"]").Space(1)
	return l.Add(t.Plain, evidence.Say(e, p.Catalogue, f.Finding).In(e.Lang)).String()
}

func (p *Page) pausedLine(e page.Env) string {
	text := lang.Both(" Paused: the credentials expired. Press r after renewing them. What was read is kept. (%s)",
		" 一時停止: 認証情報の期限切れ。更新後に r で再開。取得済みの内容は保持。（%s）").With(said(p.d.Paused))
	return cell.NewLine(e.Width).Add(e.Theme.Badge, text.In(e.Lang)).String()
}

// said is what an error says, fit to be shown.
func said(err error) lang.Text {
	t := lang.Said(err)
	return lang.Both(cell.Clean(t.En), cell.Clean(t.Ja))
}

func (p *Page) outcome(e page.Env, l *cell.Line) {
	t, d := e.Theme, p.d
	style := t.Unknown
	switch {
	case p.Lively():
		l.Add(t.Running, say.Spinner(e.Tick)+" "+say.Running().In(e.Lang)).Space(2)
	case d.Complete:
		if d.Outcome == walk.Problems {
			style = t.Problem
		}
		l.Add(style, walk.OutcomeText(d).In(e.Lang)).Space(2)
	default:
		l.Add(style, lang.Both("not finished", "未完了").In(e.Lang)).Space(2)
	}
	l.Add(countStyle(t, len(d.RootCauses()), t.Problem), lang.Both("root causes: %d", "根本原因 %d 件").With(len(d.RootCauses())).In(e.Lang)).Space(2)
	if p.Lively() || !d.Complete || d.Outcome != walk.Undecided {
		// An undecided outcome counts what is missing itself.
		l.Add(countStyle(t, len(d.Unknowns), t.Unknown), lang.Both("not checked: %d", "確認できず %d 件").With(len(d.Unknowns)).In(e.Lang)).Space(2)
	}
	if len(d.Waiting) > 0 && p.Lively() {
		l.Add(t.Running, p.waitingText(e).In(e.Lang)).Space(2)
	}
	l.Right(t.Dim, lang.Both("calls: %d ", "API 呼び出し %d 回 ").With(d.Calls.Total).In(e.Lang))
}

func countStyle(t *theme.Theme, n int, s theme.Style) theme.Style {
	if n == 0 {
		return t.Dim
	}
	return s
}
