// Package command shows the AWS CLI lines with which the operator, or somebody
// else, can see the evidence without monshin.
package command

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
)

// Page lists CLI lines.
type Page struct {
	title   lang.Text
	entries []entry
	cursor  page.Cursor
	version int
	memo    cell.Memo[stamp]
}

type stamp struct {
	env     page.Env
	version int
}

// entry is one line, with what it shows.
type entry struct{ cli, call, at string }

// New makes the page. Evidence of the same call is listed once.
func New(title lang.Text, list []finding.Evidence) *Page {
	p := &Page{title: title}
	seen := map[string]bool{}
	for _, ev := range list {
		if ev.Origin.CLI == "" || seen[ev.Origin.CLI] {
			continue
		}
		seen[ev.Origin.CLI] = true
		p.entries = append(p.entries, entry{ev.Origin.CLI, ev.Origin.Call, ev.At})
	}
	return p
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.CLI }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.cursor.Act(a, len(p.entries)) {
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
	return page.Frame{Lines: p.memo.Get(stamp{e.Still(), p.version}, func() []string { return p.draw(e) })}
}

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	head := lang.Both(" AWS CLI: %s", " AWS CLI: %s").With(cell.Clean(p.title.In(e.Lang)))
	out := []string{cell.NewLine(e.Width).Add(t.Title, head.In(e.Lang)).String(), cell.Blank(e.Width)}
	if len(p.entries) == 0 {
		none := lang.Both("No call of the AWS API stands behind this.", "該当する AWS API 呼び出しなし。")
		out = append(out, cell.NewLine(e.Width).Space(3).Add(t.Dim, none.In(e.Lang)).String())
		return cell.Fill(out, e.Width, e.Height)
	}
	var lines []string
	first, last := 0, 0
	for i, en := range p.entries {
		from := len(lines)
		selected := i == p.cursor.At
		lines = append(lines, caption(e, en, selected))
		for _, s := range cell.Wrap(en.cli, e.Width-5) {
			lines = append(lines, cell.NewLine(e.Width).Space(5).Add(t.Key, s).String())
		}
		lines = append(lines, cell.Blank(e.Width))
		if selected {
			first, last = from, len(lines)-1
		}
	}
	room := e.Height - len(out)
	p.cursor.Rows = max(room/3, 2)
	var seen []string
	seen, p.cursor.Offset = cell.Window(lines, e.Width, room, p.cursor.Offset, first, last)
	return append(out, seen...)
}

func caption(e page.Env, en entry, selected bool) string {
	l, mark := cell.NewLine(e.Width), "   "
	if selected {
		l, mark = cell.On(e.Width, e.Theme.Selected), " > "
	}
	return l.Add(e.Theme.Focus, mark).Add(e.Theme.Strong, en.call).Add(e.Theme.Dim, "  "+en.at).String()
}

// Plain implements page.Page.
func (p *Page) Plain(page.Env) []string {
	var out []string
	for _, en := range p.entries {
		out = append(out, cell.Clean(en.cli))
	}
	return out
}

// Copy implements page.Page.
func (p *Page) Copy(page.Env) (string, lang.Text) {
	if p.cursor.At >= len(p.entries) {
		return "", lang.Text{}
	}
	return cell.Clean(p.entries[p.cursor.At].cli), lang.Both("the AWS CLI line", "AWS CLI コマンド")
}
