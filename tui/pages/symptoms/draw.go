package symptoms

import (
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// wide is from where the text about a symptom stands beside the list and not under it.
const wide = 110

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	f := page.Frame{Lines: p.memo.Get(stamp{e.Still(), p.version}, func() []string { return p.draw(e) })}
	if p.typing {
		f.Cursor = &p.at
	}
	return f
}

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	head := cell.NewLine(e.Width).Add(t.Title, lang.Both(" What do you see, or what were you told?", " どの事象ですか").In(e.Lang))
	if p.unfinished > 0 {
		head.Right(t.Key, lang.Both("s: unfinished investigations: %d ", "s: 未完了の調査 %d 件 ").With(p.unfinished).In(e.Lang))
	}
	lines := []string{
		head.String(),
		p.searchLine(e),
		cell.Blank(e.Width),
	}
	room := e.Height - len(lines)
	if e.Width >= wide {
		left := e.Width / 2
		list := p.list(e, left, room)
		about := cell.Fill(p.aboutLines(e, e.Width-left-3), e.Width-left-3, room)
		for i := range list {
			list[i] += cell.NewLine(3).Space(1).Repeat(t.Border, t.Box.Down, 1).String() + about[i]
		}
		return append(lines, list...)
	}
	about := p.aboutLines(e, e.Width-4)
	// The text may take what the list leaves, and a third where the list is long.
	most := max(room-len(p.found)-1, room/3)
	if len(about) > most {
		about = about[:most]
	}
	lines = append(lines, p.list(e, e.Width, room-len(about)-1)...)
	lines = append(lines, cell.Blank(e.Width))
	for _, a := range about {
		lines = append(lines, "  "+a+"  ")
	}
	return cell.Fill(lines, e.Width, e.Height)
}

func (p *Page) searchLine(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Add(t.Key, lang.Both(" Search: ", " 検索: ").In(e.Lang))
	if !p.typing && p.query.Value() == "" {
		hint := lang.Both("press / to type words, or paste an error message", "/ で語句を入力、またはエラーメッセージを貼り付け")
		return l.Add(t.Dim, hint.In(e.Lang)).String()
	}
	p.at = page.Point{X: p.query.Draw(l, t.Plain), Y: 1}
	return l.String()
}

func (p *Page) list(e page.Env, width, height int) []string {
	t := e.Theme
	if len(p.found) == 0 {
		none := lang.Both("No symptom has these words. esc clears the search.", "該当する事象なし。esc で検索を解除。")
		return cell.Fill([]string{cell.NewLine(width).Space(3).Add(t.Unknown, none.In(e.Lang)).String()}, width, height)
	}
	p.cursor.Rows = height
	p.cursor.Offset = cell.Scroll(len(p.found), height, p.cursor.Offset, p.cursor.At, p.cursor.At)
	var lines []string
	for i := p.cursor.Offset; i < len(p.found) && len(lines) < height; i++ {
		lines = append(lines, p.row(e, p.found[i], i == p.cursor.At, width))
	}
	return cell.Fill(lines, width, height)
}

func (p *Page) row(e page.Env, s runbook.Symptom, selected bool, width int) string {
	t := e.Theme
	l, mark, label := cell.NewLine(width), "   ", t.Plain
	if selected {
		l, mark, label = cell.On(width, t.Selected), " > ", t.Strong
	}
	l.Add(t.Focus, mark)
	const id = 24 // the longest symptom's id and a gap
	if width >= 70 {
		l.Column(label, p.label(s).In(e.Lang), width-3-id).Add(t.Dim, string(s))
		return l.String()
	}
	return l.Add(label, p.label(s).In(e.Lang)).String()
}

func (p *Page) aboutLines(e page.Env, width int) []string {
	if len(p.found) == 0 {
		return nil
	}
	var lines []string
	for _, s := range cell.Wrap(p.about(p.found[p.cursor.At]).In(e.Lang), width) {
		lines = append(lines, cell.NewLine(width).Add(theme.Style{}, s).String())
	}
	return lines
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	var out []string
	for _, s := range p.found {
		out = append(out, p.label(s).In(e.Lang)+"  ("+string(s)+")")
		if a := p.about(s); !a.Zero() {
			out = append(out, "  "+a.In(e.Lang))
		}
	}
	return out
}
