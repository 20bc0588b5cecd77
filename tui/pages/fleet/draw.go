package fleet

import (
	"strconv"

	"github.com/monshin/monshin/diagnose/fleet"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/probe"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	key := stamp{e.Still(), p.version}
	if p.Lively() {
		key.env.Tick = e.Tick
	}
	f := page.Frame{Lines: p.memo.Get(key, func() []string { return p.draw(e) })}
	if p.typing() {
		f.Cursor = &p.at
	}
	return f
}

func (p *Page) draw(e page.Env) []string {
	if p.stage == consenting {
		return p.drawConsent(e)
	}
	lines := []string{p.head(e), p.note(e), cell.Blank(e.Width)}
	room := e.Height - len(lines)
	switch p.stage {
	case running:
		lines = append(lines, p.progress(e)...)
	case naming, namingBad, namingGood:
		lines = append(lines, p.form(e)...)
	case members:
		about := p.aboutGroup(e, e.Width-4)
		list := max(room-len(about)-1, room/2)
		lines = append(lines, p.rows(e, &p.who, len(p.group().members), e.Width, list, p.memberRow)...)
		lines = p.under(e, lines, about)
	case showing:
		about := p.aboutGroup(e, e.Width-4)
		if len(about) > room/2 {
			about = about[:room/2]
		}
		lines = append(lines, p.rows(e, &p.groups, len(p.result.groups), e.Width, room-len(about)-1, p.groupRow)...)
		lines = p.under(e, lines, about)
	case symptoms:
		all := p.Library.Symptoms()
		lines = append(lines, p.rows(e, &p.which, len(all), e.Width, room, func(e page.Env, l *cell.Line, k int, s theme.Style) {
			title := lang.Same(string(all[k]))
			if t, ok := p.Library.Tree(all[k]); ok && !t.Title.Zero() {
				title = t.Title
			}
			l.Add(s, title.In(e.Lang))
		})...)
	default:
		about := evidence.Paragraph(e.Theme.Plain, task(p.pick.At).about().In(e.Lang), e.Width-4)
		lines = append(lines, p.rows(e, &p.pick, int(tasks), e.Width, int(tasks), func(e page.Env, l *cell.Line, k int, s theme.Style) {
			l.Add(s, task(k).title().In(e.Lang))
		})...)
		lines = p.under(e, lines, about)
	}
	return cell.Fill(lines, e.Width, e.Height)
}

func (p *Page) under(e page.Env, lines, about []string) []string {
	lines = append(lines, cell.Blank(e.Width))
	for _, a := range about {
		lines = append(lines, cell.Blank(2)+a+cell.Blank(2))
	}
	return lines
}

func (t task) title() lang.Text {
	switch t {
	case clones:
		return lang.Both("Copies of one Windows", "複製された Windows の確認")
	case check:
		return lang.Both("One symptom over many instances", "1 つの事象を複数台で切り分け")
	}
	return lang.Both("What the instances with a problem have in common", "問題のあるインスタンスの共通点")
}

func (t task) about() lang.Text {
	switch t {
	case clones:
		return lang.Both(
			"Compares computer names and images of the account's own without touching a server. w then reads the machine SIDs with a script that only reads, if that is allowed.",
			"コンピューター名の重複と自己所有の AMI を、サーバーに触れずに確認します。許可がある場合は w で参照用スクリプトを実行し、マシン SID で判定します。")
	case check:
		return lang.Both(
			"Walks the tree of a symptom for each, groups the root causes, and reads only once what instances share. No password is read and no script is run.",
			"各インスタンスで事象の切り分けを行い、根本原因ごとに集計します。共有する構成の取得は 1 回のみで、パスワードの取得やスクリプトの実行は行いません。")
	}
	return lang.Both(
		"Compares image, build, updates, network, role, agent, launch day and tags of instances with a problem to those without it.",
		"問題のあるインスタンスとないインスタンスで、AMI・OS ビルド・更新プログラム・ネットワーク・ロール・エージェント・起動日・タグを比較します。")
}

func (p *Page) head(e page.Env) string {
	t := e.Theme
	title := lang.Both("Many instances", "複数台の切り分け")
	if p.stage != choosing {
		title = p.task.title()
	}
	l := cell.NewLine(e.Width).Space(1).Add(t.Title, title.In(e.Lang))
	if p.task == check && p.symptom != "" && p.stage != choosing && p.stage != symptoms {
		if tree, ok := p.Library.Tree(p.symptom); ok {
			l.Space(2).Add(t.Strong, tree.Title.In(e.Lang))
		}
	}
	if p.result != nil && (p.stage == showing || p.stage == members) {
		l.Right(t.Dim, lang.Both("%d instances", "対象 %d 台").With(p.result.total).In(e.Lang)+" ")
	}
	return l.String()
}

// note is the line under the title: what is asked for, what went wrong, what came out.
func (p *Page) note(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(1)
	switch {
	case !p.failure.Zero():
		return l.Add(t.Problem, cell.Clean(p.failure.In(e.Lang))).String()
	case p.stage == choosing:
		return l.Add(t.Dim, lang.Both("What is to be done?", "実施内容の選択").In(e.Lang)).String()
	case p.stage == symptoms:
		return l.Add(t.Dim, lang.Both("Which symptom?", "事象の選択").In(e.Lang)).String()
	case p.stage == showing || p.stage == members:
		r := p.result
		if !r.complete {
			l.Add(t.Unknown, lang.Both("[!] not whole: ", "[!] 途中までの結果: ").In(e.Lang))
		}
		l.Add(t.Strong, r.conclusion.In(e.Lang))
		for _, w := range r.lacks {
			l.Space(2).Add(t.Unknown, "[?] "+cell.Clean(w.Action)+" "+probe.ReasonWord(w.Reason).In(e.Lang))
		}
	}
	return l.String()
}

// form draws the field in which instances are named.
func (p *Page) form(e page.Env) []string {
	t := e.Theme
	label, hint := lang.Both(" Instances: ", " 対象: "), lang.Both(
		"A tag as KEY=VALUE (several with commas: all of them), or instance ids. Empty: all of this region.",
		"タグ KEY=VALUE（カンマ区切りですべて一致）またはインスタンス ID。空欄はこのリージョンの全台。")
	switch {
	case p.stage == namingBad:
		label, hint = lang.Both(" With the problem: ", " 問題のあるインスタンス: "), lang.Both("Instance ids, with blanks or commas between them.", "インスタンス ID（空白またはカンマ区切り）。")
	case p.stage == namingGood:
		label, hint = lang.Both(" Without it: ", " 問題のないインスタンス: "), lang.Both("Instance ids of the same kind of server that work.", "正しく動作している同種のサーバーのインスタンス ID。")
	case p.task == check:
		hint = lang.Both("A tag as KEY=VALUE (several with commas: all of them), or instance ids.", "タグ KEY=VALUE（カンマ区切りですべて一致）またはインスタンス ID。")
	}
	l := cell.NewLine(e.Width).Add(t.Key, label.In(e.Lang))
	p.at = page.Point{X: p.text.Draw(l, t.Plain), Y: 3}
	return append([]string{l.String(), cell.Blank(e.Width)}, pad(evidence.Paragraph(t.Dim, hint.In(e.Lang), e.Width-2))...)
}

func pad(lines []string) []string {
	for k := range lines {
		lines[k] = cell.Blank(1) + lines[k] + cell.Blank(1)
	}
	return lines
}

// progress draws how far a run is.
func (p *Page) progress(e page.Env) []string {
	t, last := e.Theme, p.job.last
	what := map[fleet.Stage]lang.Text{
		fleet.Listing:   lang.Both("reading the list of instances", "インスタンス一覧を取得中"),
		fleet.Asking:    lang.Both("asking Windows", "OS 内を確認中"),
		fleet.Comparing: lang.Both("comparing", "比較中"),
		fleet.Walking:   lang.Both("walking", "切り分け中"),
	}[last.Stage]
	if what.Zero() {
		what = lang.Both("starting", "開始処理中")
	}
	if p.job.stopping {
		what = lang.Both("stopping", "中断処理中")
	}
	l := cell.NewLine(e.Width).Space(1).Add(t.Running, say.Spinner(e.Tick)+" "+what.In(e.Lang))
	if last.Total > 0 {
		l.Space(2).Add(t.Strong, strconv.Itoa(last.Done)+" / "+strconv.Itoa(last.Total))
	}
	out := []string{l.String()}
	if last.Total > 0 {
		width := min(e.Width-4, 60)
		full := min(width, width*last.Done/last.Total)
		bar := cell.NewLine(e.Width).Space(1).Add(t.Border, "[").Repeat(t.Running, "#", full).Repeat(t.Dim, "-", width-full).Add(t.Border, "]")
		out = append(out, bar.String())
	}
	return append(out, cell.Blank(e.Width),
		cell.NewLine(e.Width).Space(1).Add(t.Dim, lang.Both("esc stops and shows what has been read", "esc で中断し、取得済みの結果を表示").In(e.Lang)).String())
}

// rows draws a list with its cursor.
func (p *Page) rows(e page.Env, c *page.Cursor, n, width, height int, row func(page.Env, *cell.Line, int, theme.Style)) []string {
	t := e.Theme
	height = max(height, 1)
	c.Rows = height
	c.Clamp(n)
	c.Offset = cell.Scroll(n, height, c.Offset, c.At, c.At)
	var out []string
	for k := c.Offset; k < n && len(out) < height; k++ {
		l, mark, s := cell.NewLine(width), "   ", t.Plain
		if k == c.At {
			l, mark, s = cell.On(width, t.Selected), " > ", t.Strong
		}
		l.Add(t.Focus, mark)
		row(e, l, k, s)
		out = append(out, l.String())
	}
	return out
}

func (m mark) sign(t *theme.Theme) (string, theme.Style) {
	switch m {
	case bad:
		return "[x]", t.Problem
	case warned:
		return "[!]", t.Problem
	case open:
		return "[?]", t.Unknown
	case exactly:
		return "[=]", t.Strong
	case nearly:
		return "[~]", t.Dim
	}
	return "[-]", t.Skipped
}

// countWidth holds "1000/1000 台" and a gap.
const countWidth = 13

func (p *Page) groupRow(e page.Env, l *cell.Line, k int, s theme.Style) {
	g := p.result.groups[k]
	sign, style := g.mark.sign(e.Theme)
	l.Add(style, sign).Space(1).Column(s, g.count.In(e.Lang), countWidth)
	title := cell.Clean(g.title.In(e.Lang))
	l.Add(s, title)
	if g.value != "" && l.Left() > 12 {
		l.Space(2).Add(e.Theme.Dim, cell.Clean(g.value))
	}
}

func (p *Page) memberRow(e page.Env, l *cell.Line, k int, s theme.Style) {
	t, m := e.Theme, p.group().members[k]
	l.Column(s, m.id, 21)
	name := 16
	if e.Width >= 100 {
		name = 28
	}
	before := l.Used()
	l.Within(s, orDash(m.name), name-1).Space(before + name - l.Used())
	l.Column(t.Dim, m.standing.Text().In(e.Lang), min(26, max(l.Left()-12, 12)))
	if m.build != "" {
		l.Column(t.Dim, m.build, 13)
	}
	if !m.say.Zero() {
		l.Add(t.Plain, cell.Clean(m.say.In(e.Lang)))
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// aboutGroup says what the selected group means and what to do about it.
func (p *Page) aboutGroup(e page.Env, width int) []string {
	if len(p.result.groups) == 0 {
		return evidence.Paragraph(e.Theme.Unknown, lang.Both("nothing was found to group", "グループ化できる項目なし").In(e.Lang), width)
	}
	g := p.group()
	out := evidence.Paragraph(e.Theme.Title, cell.Clean(g.title.In(e.Lang)), width)
	if g.value != "" {
		out = append(out, evidence.Paragraph(e.Theme.Dim, cell.Clean(g.value), width)...)
	}
	for _, a := range g.about {
		out = append(out, evidence.Paragraph(e.Theme.Plain, cell.Clean(a.In(e.Lang)), width)...)
	}
	return out
}

// Plain implements page.Page: the groups with all their members.
func (p *Page) Plain(e page.Env) []string {
	if p.result == nil || p.stage != showing && p.stage != members {
		return []string{p.task.title().In(e.Lang)}
	}
	out := []string{p.task.title().In(e.Lang), p.result.conclusion.In(e.Lang), say.Time(p.result.at, e.Zone), ""}
	for _, g := range p.result.groups {
		sign, _ := g.mark.sign(e.Theme)
		out = append(out, cell.Clean(sign+" "+g.count.In(e.Lang)+"  "+g.title.In(e.Lang)+"  "+g.value))
		for _, a := range g.about {
			out = append(out, "    "+cell.Clean(a.In(e.Lang)))
		}
		for _, m := range g.members {
			out = append(out, "    "+cell.Clean(m.id+"  "+orDash(m.name)+"  "+m.standing.Text().In(e.Lang)+"  "+m.say.In(e.Lang)))
		}
	}
	return out
}

// Simulated says whether what is shown is a lab's.
func (p *Page) Simulated() bool { return p.result != nil && p.result.simulated }
