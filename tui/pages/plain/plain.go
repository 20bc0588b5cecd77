// Package plain shows the text of another page without borders, headers and
// colours, so that a mouse can select it and nothing else.
package plain

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
)

// Page is a text.
type Page struct {
	of     page.Page
	scroll page.Cursor
	memo   cell.Memo[page.Env]
	lines  []string
}

// New makes the page that shows the text of another. The text is taken when the
// page is drawn first, and again when the language or the size changes.
func New(of page.Page) *Page { return &Page{of: of} }

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.PlainPage }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	if p.scroll.Scroll(a, len(p.lines)) {
		return page.Next{}
	}
	return page.Ignore()
}

// Type implements page.Page.
func (p *Page) Type(tea.KeyPressMsg) page.Next { return page.Ignore() }

// Paste implements page.Page.
func (p *Page) Paste(string) (page.Next, bool) { return page.Next{}, false }

// Receive implements page.Page.
func (p *Page) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Page) Lively() bool { return false }

// Close implements page.Page.
func (p *Page) Close() {}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	p.lines = p.memo.Get(e.Still(), func() []string {
		var out []string
		for _, text := range p.of.Plain(e) {
			for _, s := range cell.Wrap(text, e.Width) {
				out = append(out, cell.NewLine(e.Width).Add(theme.Style{}, s).String())
			}
		}
		return out
	})
	p.scroll.Rows = e.Height
	var lines []string
	lines, p.scroll.Offset = cell.Window(p.lines, e.Width, e.Height, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
	return page.Frame{Lines: lines}
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string { return p.of.Plain(e) }

// Copy implements page.Page: all of the text.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	out := ""
	for _, l := range p.of.Plain(e) {
		out += cell.Clean(l) + "\n"
	}
	return out, lang.Both("the whole text", "全文")
}
