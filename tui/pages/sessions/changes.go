package sessions

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// Changes is the page that tells what has changed since.
type Changes struct {
	lines  []lang.Text
	scroll page.Cursor
	length int
	memo   cell.Memo[stamp]
	moves  int
}

// NewChanges makes the page; the first line sums up.
func NewChanges(lines []lang.Text) *Changes { return &Changes{lines: lines} }

// Scope implements page.Page.
func (p *Changes) Scope() keys.Scope { return keys.ChangesPage }

// Act implements page.Page.
func (p *Changes) Act(a keys.Action) page.Next {
	p.moves++
	return page.Next{Ignored: !p.scroll.Scroll(a, p.length)}
}

// Type implements page.Page.
func (p *Changes) Type(tea.KeyPressMsg) page.Next { return page.Next{} }

// Paste implements page.Page.
func (p *Changes) Paste(string) (page.Next, bool) { return page.Next{}, false }

// Receive implements page.Page.
func (p *Changes) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Changes) Lively() bool { return false }

// Close implements page.Page.
func (p *Changes) Close() {}

// Draw implements page.Page.
func (p *Changes) Draw(e page.Env) page.Frame {
	return page.Frame{Lines: p.memo.Get(stamp{e.Still(), p.moves}, func() []string { return p.draw(e) })}
}

func (p *Changes) draw(e page.Env) []string {
	t := e.Theme
	lines := []string{cell.NewLine(e.Width).Add(t.Title, lang.Both(" What has changed since", " 前回からの変更").In(e.Lang)).String()}
	var body []string
	for i, c := range p.lines {
		style, mark := t.Plain, " - "
		if i == 0 {
			style, mark = t.Strong, " "
		}
		for j, s := range cell.Wrap(c.In(e.Lang), e.Width-len(mark)-1) {
			if j > 0 {
				mark = strings.Repeat(" ", len(mark))
			}
			body = append(body, cell.NewLine(e.Width).Add(t.Dim, mark).Add(style, s).String())
		}
	}
	p.length, p.scroll.Rows = len(body), e.Height-len(lines)
	p.scroll.Offset = max(0, min(p.scroll.Offset, p.length-p.scroll.Rows))
	return cell.Fill(append(lines, body[p.scroll.Offset:]...), e.Width, e.Height)
}

// Plain implements page.Page.
func (p *Changes) Plain(e page.Env) []string {
	var out []string
	for _, c := range p.lines {
		out = append(out, cell.Clean(c.In(e.Lang)))
	}
	return out
}

// Copy implements page.Page.
func (p *Changes) Copy(e page.Env) (string, lang.Text) {
	return strings.Join(p.Plain(e), "\n"), lang.Both("what has changed", "変更点")
}
