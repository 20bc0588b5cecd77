package shell

import (
	"strings"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/typed"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/screen"
	"github.com/monshin/monshin/tui/theme"
)

// beside is the width from which the steps stand beside the shell.
const beside = 110

// frameKey is everything that the page shows.
type frameKey struct {
	env     page.Env
	version int
	screen  uint64
	d       *walk.Diagnosis
}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	if !p.Lively() {
		e = e.Still()
	}
	k := frameKey{env: e, version: p.version, d: p.Walk.Diagnosis()}
	if p.terminal != nil {
		k.screen = p.terminal.Version()
	}
	f := page.Frame{Lines: p.frame.Get(k, func() []string { return p.draw(e) })}
	if p.Raw() && p.point != nil {
		at := *p.point
		f.Cursor = &at
	}
	return f
}

func (p *Page) draw(e page.Env) []string {
	p.point = nil
	foot := p.foot(e)
	height := max(e.Height-len(foot), 3)
	var out []string
	switch {
	case p.stage == looking || p.stage == asking || p.stage == opening || p.terminal == nil:
		p.fit(e.Width-2, height-2)
		lines := p.before(e, e.Width-2)
		out = cell.Box(e.Theme, p.title().In(e.Lang), true, e.Width, height, cell.Fill(lines, e.Width-2, height-2), false, len(lines) > height-2)
	case p.zoom:
		out = p.box(e, e.Width, height, page.Point{})
	case e.Width >= beside:
		side := e.Width * 36 / 100
		out = cell.Beside(p.stepBox(e, side, height), p.box(e, e.Width-side, height, page.Point{X: side}))
	default:
		top := min(max(height/3, 5), 9)
		out = append(p.stepBox(e, e.Width, top), p.box(e, e.Width, height-top, page.Point{Y: top})...)
	}
	return cell.Fill(append(out, foot...), e.Width, e.Height)
}

func (p *Page) title() lang.Text {
	switch {
	case p.stage == over && p.shell != nil:
		return lang.Both("Session Manager shell (ended)", "セッションマネージャー（終了）")
	case p.terminal == nil:
		return lang.Both("Session Manager shell", "セッションマネージャー")
	case p.typing:
		return lang.Both("Session Manager shell (ctrl+] s: to the steps)", "セッションマネージャー（ctrl+] s で手順へ）")
	}
	return lang.Both("Session Manager shell (tab: into it)", "セッションマネージャー（tab でシェルへ）")
}

// box draws the shell, and has it know its size.
func (p *Page) box(e page.Env, width, height int, at page.Point) []string {
	p.fit(width-2, height-2)
	pic := p.terminal.Picture(screen.View{Width: width - 2, Height: height - 2, Back: p.back, Plain: e.Theme.Plain == e.Theme.OK})
	p.back = pic.Back
	if pic.Cursor != nil {
		p.point = &page.Point{X: at.X + 1 + pic.Cursor.X, Y: at.Y + 1 + pic.Cursor.Y}
	}
	return cell.Box(e.Theme, p.title().In(e.Lang), p.typing, width, height, pic.Lines, pic.Above > 0, p.back > 0)
}

// fit tells the terminal and the shell their size, where it has changed.
func (p *Page) fit(cols, rows int) {
	cols, rows = max(cols, 2), max(rows, 1)
	if cols == p.cols && rows == p.rows {
		return
	}
	p.cols, p.rows = cols, rows
	if p.terminal != nil && p.stage == open {
		p.terminal.Resize(cols, rows)
		p.out.resize(cols, rows)
	}
}

// before is what stands there before a shell is open, or where there is none.
func (p *Page) before(e page.Env, width int) []string {
	t := e.Theme
	para := func(s theme.Style, x lang.Text) []string {
		return evidence.Paragraph(s, cell.Clean(say.Zoned(x.In(e.Lang), e.Zone)), width)
	}
	switch p.stage {
	case looking:
		return para(t.Running, lang.Both("%s Asking whether the session channel works", "%s セッションチャネルの状態を確認中").With(say.Spinner(e.Tick)))
	case opening:
		return para(t.Running, lang.Both("%s Opening the session", "%s セッションを開始中").With(say.Spinner(e.Tick)))
	case over:
		if p.shell != nil {
			return p.afterwards(para, t)
		}
		out := para(t.Problem, lang.Both("No shell could be opened", "シェルを開始できず"))
		if p.err != nil {
			out = append(out, para(t.Plain, lang.Said(p.err))...)
		}
		return append(out, para(t.Dim, lang.Both("r: try again   esc: back", "r: 再試行   esc: 戻る"))...)
	}
	out := para(t.Strong, lang.Both("Open a Session Manager shell on this instance", "このインスタンスへのセッションマネージャー接続"))
	en, ja := strings.Split(p.note.En, "\n"), strings.Split(p.note.Ja, "\n")
	for i := range min(len(en), len(ja)) { // one statement a line
		out = append(out, para(t.Unknown, lang.Both(en[i], ja[i]))...)
	}
	out = append(out, para(t.Plain, lang.Both(
		"What the shell shows is recorded, byte by byte, before it is shown.",
		"シェルの表示内容は、表示前にすべて操作ログに記録。"))...)
	if p.chosen == toWhole {
		out = append(out, para(t.Strong, lang.Both(
			"The shell has the whole terminal until it ends: exit, or Enter and then ~. The steps are not in sight meanwhile.",
			"終了まで端末全体をシェルとして使用。終了は exit、または Enter の直後に ~. を入力。その間、手順は非表示。"))...)
	}
	out = append(out, cell.Blank(width))
	for _, s := range p.steps[:min(len(p.steps), 6)] {
		out = append(out, para(t.Dim, lang.Both("- %s", "- %s").With(s.Title))...)
	}
	return out
}

// stepBox draws the steps around the selected one.
func (p *Page) stepBox(e page.Env, width, height int) []string {
	lines := p.stepLines(e, width-2)
	rows := max(height-2, 1)
	p.cursor.Rows = rows
	var seen []string
	seen, p.cursor.Offset = cell.Window(lines, width-2, rows, p.cursor.Offset, p.selection[0], p.selection[1])
	return cell.Box(e.Theme, lang.Both("Steps (enter sends)", "手順（enter で送信）").In(e.Lang), !p.typing, width, height, seen,
		p.cursor.Offset > 0, p.cursor.Offset+rows < len(lines))
}

func (p *Page) stepLines(e page.Env, width int) []string {
	var out []string
	p.selection = [2]int{}
	for i, s := range p.steps {
		from := len(out)
		sign, style := p.sign(e.Theme, i)
		mark := "  "
		if i == p.cursor.At {
			mark, style = "> ", style.Over(e.Theme.Selected)
		}
		for n, l := range cell.Wrap(cell.Clean(s.Title.In(e.Lang)), width-7) {
			head := "       "
			if n == 0 {
				head = mark + sign + " "
			}
			out = append(out, cell.NewLine(width).Add(style, head+l).String())
		}
		if i != p.cursor.At {
			continue
		}
		// The selected step in full: what is sent has been in sight.
		for _, l := range cell.Wrap(cell.Clean(s.Command), width-4) {
			out = append(out, cell.NewLine(width).Space(4).Add(e.Theme.Key, l).String())
		}
		for _, x := range []lang.Text{s.Why, lang.Both("expect: %s", "期待結果: %s").With(s.Expect)} {
			for _, l := range cell.Wrap(cell.Clean(x.In(e.Lang)), width-4) {
				out = append(out, cell.NewLine(width).Space(4).Add(e.Theme.Dim, l).String())
			}
		}
		p.selection = [2]int{from, len(out) - 1}
	}
	return out
}

// sign is how far a step is, four cells wide.
func (p *Page) sign(t *theme.Theme, i int) (string, theme.Style) {
	if p.sent == i {
		return "[..]", t.Running
	}
	o, done := p.outcomes[i]
	switch {
	case !done:
		return "[  ]", t.Plain
	case o == typed.AsHoped:
		return "[ok]", t.OK
	case o == typed.Not:
		return "[x] ", t.Problem
	}
	return "[>] ", t.Unknown
}

// foot are the lines under the boxes.
func (p *Page) foot(e page.Env) []string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(1)
	switch {
	case p.stage == asking:
		p.choices(l, e)
		return []string{l.String()}
	case p.paste != nil:
		return []string{l.Add(t.Unknown, lang.Both("Paste %d lines? They run as they come. enter: paste   esc: not", "%d 行を貼り付けますか（改行ごとに実行）。enter: 貼り付け   esc: 中止").With(p.paste.Lines).In(e.Lang)).String()}
	case p.led:
		return []string{l.Add(t.Key, lang.Both("ctrl+] ... s steps  z zoom  pgup/pgdown look back  x end", "ctrl+] の後に: s 手順  z 拡大  pgup/pgdown 履歴  x 終了").In(e.Lang)).String()}
	case p.stage == over && p.shell != nil && p.terminal != nil:
		text := lang.Both("%s   recording: %s", "%s   記録: %s").With(p.shell.Ended(), p.shell.Recording())
		return []string{l.Add(t.Unknown, cell.Clean(text.In(e.Lang))).String()}
	case p.terminal != nil && p.terminal.Suspect():
		return []string{l.Add(t.Unknown, lang.Both("Garbled? C reads the output as CP932, or send chcp 65001", "文字化けする場合: C で CP932 として表示、または chcp 65001 を送信").In(e.Lang)).String()}
	case !p.notice.Zero():
		return []string{l.Add(t.Unknown, cell.Clean(p.notice.In(e.Lang))).String()}
	}
	return nil
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	if p.terminal == nil {
		return nil
	}
	var out []string
	for i := range p.terminal.Scrollback() {
		out = append(out, strings.TrimRight(screen.Text(p.terminal.Above(i)), " "))
	}
	for _, row := range p.terminal.Cells() {
		out = append(out, strings.TrimRight(screen.Text(row), " "))
	}
	return out
}

// Copy implements page.Page: the selected step's command.
func (p *Page) Copy(page.Env) (string, lang.Text) {
	if p.cursor.At >= len(p.steps) {
		return "", lang.Text{}
	}
	return p.steps[p.cursor.At].Command, lang.Both("the command", "コマンド")
}
