// Package note is where the operator types a note. Notes are for colleagues unless
// they are marked for the customer.
package note

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// most is how many lines a note has: a pasted log belongs into the ticket.
const most = 40

// Page is the note that is being typed.
type Page struct {
	lines    []field.Field
	at       int
	customer bool
	saving   bool
	point    page.Point
	version  int
	memo     cell.Memo[stamp]
}

type stamp struct {
	env     page.Env
	version int
}

// New makes the page.
func New() *Page { return &Page{lines: make([]field.Field, 1)} }

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.NotePage }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.saving {
		return page.Next{}
	}
	switch a {
	case keys.Accept:
		return p.save()
	case keys.Leave:
		return page.Do(page.CloseNote{Text: lang.Both("The note was dropped", "メモを破棄")})
	case keys.Audience:
		p.customer = !p.customer
	case keys.Up:
		p.at = max(p.at-1, 0)
	case keys.Down:
		p.down()
	case keys.DeleteBack:
		if p.lines[p.at].Value() == "" && p.at > 0 {
			p.lines = append(p.lines[:p.at], p.lines[p.at+1:]...)
			p.at--
			return page.Next{}
		}
		p.lines[p.at].Act(a)
	default:
		_, handled := p.lines[p.at].Act(a)
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

// down goes to the next line, and behind the last one begins another.
func (p *Page) down() {
	switch {
	case p.at+1 < len(p.lines):
		p.at++
	case p.lines[p.at].Value() != "" && len(p.lines) < most:
		p.lines = append(p.lines, field.Field{})
		p.at++
	}
}

// text is the note.
func (p *Page) text() string {
	var out []string
	for i := range p.lines {
		out = append(out, strings.TrimRight(p.lines[i].Value(), " "))
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

func (p *Page) save() page.Next {
	text := p.text()
	if text == "" {
		return page.Tell("The note is empty; esc leaves", "メモが空です。戻るには esc")
	}
	p.saving = true
	return page.Do(page.TakeNote{Text: text, ForCustomer: p.customer})
}

// Failed lets the operator try again: what was typed is still there.
func (p *Page) Failed() {
	p.saving = false
	p.version++
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if !p.saving && p.lines[p.at].Type(k) {
		p.version++
	}
	return page.Next{}
}

// Paste implements page.Page: lines stay lines.
func (p *Page) Paste(text string) (page.Next, bool) {
	p.version++
	for i, s := range strings.Split(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(strings.TrimRight(text, "\r\n")), "\n") {
		if i > 0 {
			if len(p.lines) == most {
				return page.Tell("A note has 40 lines at most; the rest was left out", "メモは 40 行まで。以降は取り込まず"), true
			}
			p.at++
			p.lines = append(p.lines[:p.at], append([]field.Field{{}}, p.lines[p.at:]...)...)
		}
		p.lines[p.at].Insert(s)
	}
	return page.Next{}, true
}

// Receive implements page.Page: what comes of a note is the walk's.
func (p *Page) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Page) Lively() bool { return false }

// Close implements page.Page.
func (p *Page) Close() {}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	lines := p.memo.Get(stamp{e.Still(), p.version}, func() []string { return p.draw(e) })
	return page.Frame{Lines: lines, Cursor: &p.point}
}

// above are the lines over the text.
const above = 3

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	head := cell.NewLine(e.Width).Add(t.Title, lang.Both(" Note", " メモ").In(e.Lang)).Space(2)
	who := lang.Both("[internal only]", "[社内のみ]")
	style := t.Strong
	if p.customer {
		who, style = lang.Both("[for the customer]", "[お客様へ]"), t.Badge
	}
	head.Add(style, who.In(e.Lang)).Space(2).Add(t.Dim, lang.Both("tab changes for whom it is", "tab で社内のみ・お客様へを切り替え").In(e.Lang))
	hint := lang.Both("It is recorded with the time. Passwords and keys do not belong here.", "時刻とともに記録。パスワードやキーは記載不可。")
	lines := []string{head.String(), cell.NewLine(e.Width).Space(1).Add(t.Dim, hint.In(e.Lang)).String(), cell.Blank(e.Width)}
	room := e.Height - above
	from := max(0, p.at-room+1)
	for i := from; i < len(p.lines) && i-from < room; i++ {
		l := cell.NewLine(e.Width).Space(1).Add(t.Dim, "| ")
		x := p.lines[i].Draw(l, t.Plain)
		if i == p.at {
			p.point = page.Point{X: x, Y: above + i - from}
		}
		lines = append(lines, l.String())
	}
	return cell.Fill(lines, e.Width, e.Height)
}

// Plain implements page.Page.
func (p *Page) Plain(page.Env) []string { return strings.Split(lang.CleanLines(p.text()), "\n") }

// Copy implements page.Page.
func (p *Page) Copy(page.Env) (string, lang.Text) {
	return lang.CleanLines(p.text()), lang.Both("the note", "メモ")
}
