package instances

import (
	"errors"
	"strconv"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
)

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	key := stamp{e.Still(), p.version}
	if p.loading {
		key.env.Tick = e.Tick
	}
	f := page.Frame{Lines: p.memo.Get(key, func() []string { return p.draw(e) })}
	if p.mode != browsing {
		f.Cursor = &p.at
	}
	return f
}

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	head := cell.NewLine(e.Width).Add(t.Title, lang.Both(" Which instance?", " インスタンスの選択").In(e.Lang))
	head.Right(t.Dim, p.count(e)+" ")
	lines := []string{head.String(), p.inputLine(e), p.noteLine(e)}
	c := columnsFor(e.Width)
	lines = append(lines, c.header(e))
	room := e.Height - len(lines)
	p.cursor.Rows = room
	p.cursor.Offset = cell.Scroll(len(p.shown), room, p.cursor.Offset, p.cursor.At, p.cursor.At)
	for i := p.cursor.Offset; i < len(p.shown) && len(lines) < e.Height; i++ {
		lines = append(lines, c.row(e, p.rows.all[p.shown[i]].Listed, i == p.cursor.At))
	}
	return cell.Fill(lines, e.Width, e.Height)
}

func (p *Page) count(e page.Env) string {
	n := strconv.Itoa(len(p.shown)) + "/" + strconv.Itoa(len(p.rows.all))
	if p.loading {
		return say.Spinner(e.Tick) + " " + say.Running().In(e.Lang) + "  " + n
	}
	return n
}

func (p *Page) inputLine(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width)
	switch {
	case p.mode == typingID:
		l.Add(t.Key, lang.Both(" Instance id: ", " インスタンス ID: ").In(e.Lang))
		p.at = page.Point{X: p.id.Draw(l, t.Plain), Y: 1}
	case p.mode == browsing && p.query.Value() == "":
		l.Add(t.Key, lang.Both(" Filter: ", " 絞り込み: ").In(e.Lang))
		l.Add(t.Dim, lang.Both("press / to filter by Name, id or IP; i types an id", "/ で Name・ID・IP を絞り込み、i で ID を入力").In(e.Lang))
	default:
		l.Add(t.Key, lang.Both(" Filter: ", " 絞り込み: ").In(e.Lang))
		p.at = page.Point{X: p.query.Draw(l, t.Plain), Y: 1}
	}
	return l.String()
}

func (p *Page) noteLine(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(1)
	switch {
	case p.badID:
		l.Add(t.Problem, lang.Both("That is no instance id: i- and 8 or 17 of 0-9 a-f", "ID の形式誤り: i- に続けて 0-9 a-f を 8 桁または 17 桁").In(e.Lang))
	case p.mode == typingID:
		l.Add(t.Dim, lang.Both("also of an instance that is gone: CloudTrail keeps 90 days", "終了済み (terminated) で一覧にない ID も可（CloudTrail の 90 日以内）").In(e.Lang))
	case p.err != nil:
		l.Add(t.Problem, cell.Clean(p.failure().In(e.Lang)))
	case len(p.shown) == 0 && !p.loading && p.query.Value() != "":
		if id, ok := ParseID(p.query.Value()); ok {
			l.Add(t.Unknown, lang.Both("not listed; enter takes the id %s as it is", "一覧になし。enter で ID %s をそのまま使用").With(id).In(e.Lang))
		} else {
			l.Add(t.Unknown, lang.Both("nothing matches; esc clears the filter", "一致なし。esc で絞り込みを解除").In(e.Lang))
		}
	case len(p.rows.all) == 0 && !p.loading:
		l.Add(t.Unknown, lang.Both("no Windows instance is listed in this region; i types an id", "このリージョンの一覧に Windows インスタンスなし。ID の入力は i").In(e.Lang))
	}
	return l.String()
}

// failure says why the list is not whole. An error without words of its own is the
// system's, and does not say what it is about.
func (p *Page) failure() lang.Text {
	var own interface{ Said() lang.Text }
	if errors.As(p.err, &own) {
		return own.Said()
	}
	return lang.Both("The list could not be read: %s", "一覧を取得できず: %s").With(p.err.Error())
}

// columns are the widths of the columns; 0 leaves one out.
type columns struct{ name, id, state, kind, ip, when int }

// when is "11-21 00:21 +09:00", state the widest of the words, with a gap each.
const (
	whenWidth  = 19
	stateWidth = 18
	idWidth    = 20
)

func columnsFor(width int) columns {
	c := columns{id: idWidth, state: stateWidth}
	left := width - 3 - c.id - c.state
	for _, extra := range []struct {
		at   *int
		wide int
	}{{&c.when, whenWidth}, {&c.ip, 16}, {&c.kind, 14}} {
		// A Name of 20 cells comes before further columns.
		if left-extra.wide >= 20 {
			*extra.at = extra.wide
			left -= extra.wide
		}
	}
	c.name = max(left, 8)
	return c
}

func (c columns) header(e page.Env) string {
	s := e.Theme.Dim
	l := cell.NewLine(e.Width).Space(3)
	l.Column(s, "Name", c.name).Column(s, "ID", c.id)
	l.Column(s, lang.Both("State", "状態").In(e.Lang), c.state)
	if c.kind > 0 {
		l.Column(s, lang.Both("Type", "タイプ").In(e.Lang), c.kind)
	}
	if c.ip > 0 {
		l.Column(s, lang.Both("Private IP", "プライベート IP").In(e.Lang), c.ip)
	}
	if c.when > 0 {
		l.Column(s, lang.Both("Launched/ended", "起動・終了日時").In(e.Lang), c.when)
	}
	return l.String()
}

func (c columns) row(e page.Env, r estate.Listed, selected bool) string {
	t := e.Theme
	l, mark, name := cell.NewLine(e.Width), "   ", t.Plain
	if selected {
		l, mark, name = cell.On(e.Width, t.Selected), " > ", t.Strong
	}
	gone := !r.Terminated.IsZero() || r.State == "terminated"
	style, word, when := t.Plain, state(r.State), r.Launched
	if gone {
		style, word = t.Unknown, state("terminated")
		if !r.Terminated.IsZero() {
			when = r.Terminated
		}
	}
	l.Add(t.Focus, mark)
	l.Within(name, orDash(r.Name), c.name-1).Space(3 + c.name - l.Used())
	l.Column(t.Plain, r.ID, c.id)
	l.Column(style, word.In(e.Lang), c.state)
	if c.kind > 0 {
		l.Column(t.Dim, r.Type, c.kind)
	}
	if c.ip > 0 {
		l.Column(t.Dim, r.PrivateIP, c.ip)
	}
	if c.when > 0 {
		l.Column(style, say.Short(when, e.Zone), c.when)
	}
	return l.String()
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	var out []string
	for _, i := range p.shown {
		r := p.rows.all[i].Listed
		line := r.ID + "  " + orDash(r.Name) + "  " + state(r.State).In(e.Lang)
		if !r.Terminated.IsZero() {
			line = r.ID + "  " + orDash(r.Name) + "  " + state("terminated").In(e.Lang) + " " + say.Time(r.Terminated, e.Zone)
		}
		out = append(out, line)
	}
	return out
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
