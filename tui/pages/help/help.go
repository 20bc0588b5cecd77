// Package help lists the keys of the screen it was called from.
package help

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// Page is the list of keys.
type Page struct {
	keys    *keys.Map
	scope   keys.Scope
	query   field.Field
	typing  bool
	scroll  page.Cursor
	version int
	memo    cell.Memo[stamp]
	at      page.Point
	total   int
}

type stamp struct {
	env     page.Env
	version int
}

// New makes the help of a scope.
func New(m *keys.Map, scope keys.Scope) *Page { return &Page{keys: m, scope: scope} }

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.typing {
		return keys.Text
	}
	return keys.HelpPage
}

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.typing {
		switch a {
		case keys.Accept:
			p.typing = false
		case keys.Leave:
			p.typing = false
			p.query.Set("")
		case keys.Up, keys.Down:
			p.scroll.Scroll(a, p.total)
		default:
			_, handled := p.query.Act(a)
			return page.Next{Ignored: !handled}
		}
		return page.Next{}
	}
	switch {
	case a == keys.Filter:
		p.typing = true
	case a == keys.Back && p.query.Value() != "":
		p.query.Set("")
	case !p.scroll.Scroll(a, p.total):
		return page.Ignore()
	}
	return page.Next{}
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if p.query.Type(k) {
		p.version++
		p.scroll.Offset = 0
	}
	return page.Next{}
}

// Paste implements page.Page.
func (p *Page) Paste(text string) (page.Next, bool) {
	if !p.typing {
		return page.Next{}, false
	}
	p.query.Insert(text)
	p.version++
	return page.Next{}, true
}

// Receive implements page.Page.
func (p *Page) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Page) Lively() bool { return false }

// Close implements page.Page.
func (p *Page) Close() {}

// rows lists what the filter lets through.
func (p *Page) rows(l lang.Lang) []keys.Binding {
	var out []keys.Binding
	words := strings.Fields(strings.ToLower(p.query.Value()))
next:
	for _, b := range p.keys.Of(p.scope) {
		hay := strings.ToLower(b.Label() + " " + b.Long.En + " " + b.Long.Ja + " " + b.Scope.Name().In(l))
		for _, w := range words {
			if !strings.Contains(hay, w) {
				continue next
			}
		}
		out = append(out, b)
	}
	return out
}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	f := page.Frame{Lines: p.memo.Get(stamp{e.Still(), p.version}, func() []string { return p.draw(e) })}
	if p.typing {
		f.Cursor = &p.at
	}
	return f
}

// labelWidth is the width of the widest list of keys, and a gap.
const labelWidth = 22

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	out := []string{cell.NewLine(e.Width).Add(t.Title, lang.Both(" Keys: %s", " キー一覧: %s").With(p.scope.Name()).In(e.Lang)).String()}
	l := cell.NewLine(e.Width).Add(t.Key, lang.Both(" Filter: ", " 絞り込み: ").In(e.Lang))
	if p.typing || p.query.Value() != "" {
		p.at = page.Point{X: p.query.Draw(l, t.Plain), Y: 1}
	} else {
		l.Add(t.Dim, lang.Both("press / to filter", "/ で絞り込み").In(e.Lang))
	}
	out = append(out, l.String())
	var lines []string
	scope := keys.Scope("")
	for _, b := range p.rows(e.Lang) {
		if b.Scope != scope {
			scope = b.Scope
			lines = append(lines, cell.NewLine(e.Width).Space(1).Add(t.Strong, scope.Name().In(e.Lang)).String())
		}
		for i, s := range cell.Wrap(b.Long.In(e.Lang), e.Width-4-labelWidth) {
			row := cell.NewLine(e.Width).Space(3)
			if i == 0 {
				row.Column(t.Key, b.Label(), labelWidth)
			} else {
				row.Space(labelWidth)
			}
			lines = append(lines, row.Add(t.Plain, s).String())
		}
	}
	p.total = len(lines)
	p.scroll.Rows = e.Height - len(out)
	var seen []string
	seen, p.scroll.Offset = cell.Window(lines, e.Width, p.scroll.Rows, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
	return append(out, seen...)
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	var out []string
	for _, b := range p.rows(e.Lang) {
		out = append(out, b.Label()+"  "+b.Long.In(e.Lang))
	}
	return out
}

// Copy implements page.Page.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	return strings.Join(p.Plain(e), "\n"), lang.Both("the list of keys", "キー一覧")
}
