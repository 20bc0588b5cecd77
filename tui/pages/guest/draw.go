package guest

import (
	"strconv"
	"strings"
	"unicode"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/theme"
)

// beside is the width from which the explanation stands beside the script: each
// then has room for a line of the other's language.
const beside = 120

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	a := p.Walk.Asked()
	if a.Script != p.seen {
		// Another script than the one that was being read: the choice starts anew.
		p.seen, p.armed, p.run = a.Script, p.Now(), false
		p.version++
	}
	if !p.Lively() {
		e = e.Still()
	}
	k := frameKey{e, p.version, a, p.Walk.Diagnosis()}
	f := page.Frame{Lines: p.frame.Get(k, func() []string { return p.draw(e, a, k.d) })}
	if p.typing {
		f.Cursor = &p.at
	}
	return f
}

func (p *Page) draw(e page.Env, a page.Asked, d *walk.Diagnosis) []string {
	foot := p.controls(e, a)
	height := e.Height - len(foot)
	var out []string
	half := e.Width * 42 / 100
	about := p.about(e, a, d, half-2)
	if e.Width >= beside && len(about) <= height-2 {
		lines := p.script(e, a, e.Width-half-2)
		seen := p.window(lines, e.Width-half-2, height-2)
		out = cell.Beside(
			cell.Box(e.Theme, p.title().In(e.Lang), false, half, height, about, false, false),
			cell.Box(e.Theme, heading(p.view, a).In(e.Lang), true, e.Width-half, height, seen, p.scroll.Offset > 0, p.scroll.Offset+height-2 < len(lines)))
	} else {
		// One text under the other, one scroll for both.
		lines := append(p.about(e, a, d, e.Width-2), cell.Blank(e.Width-2),
			cell.NewLine(e.Width-2).Add(e.Theme.Title, heading(p.view, a).In(e.Lang)).String())
		lines = append(lines, p.script(e, a, e.Width-2)...)
		seen := p.window(lines, e.Width-2, height-2)
		out = cell.Box(e.Theme, p.title().In(e.Lang), true, e.Width, height, seen, p.scroll.Offset > 0, p.scroll.Offset+height-2 < len(lines))
	}
	p.at.Y += len(out)
	return cell.Fill(append(out, foot...), e.Width, e.Height)
}

func (p *Page) window(lines []string, width, height int) []string {
	p.scroll.Rows, p.length = max(height, 1), len(lines)
	var seen []string
	seen, p.scroll.Offset = cell.Window(lines, width, height, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
	return seen
}

// controls are the lines under the text: the ticket, and the choice.
func (p *Page) controls(e page.Env, a page.Asked) []string {
	t := e.Theme
	if p.view == requestView {
		return []string{p.pasteLine(e), p.choices(e, a)}
	}
	l := cell.NewLine(e.Width).Space(1)
	if a.Consented {
		ticket := a.Ticket
		if ticket == "" {
			ticket = lang.Both("none named", "記入なし").In(e.Lang)
		}
		l.Add(t.OK, lang.Both("Allowed; ticket: %s", "承認済み（チケット番号: %s）").With(cell.Clean(ticket)).In(e.Lang))
		return []string{l.String(), p.choices(e, a)}
	}
	if !p.may() {
		return []string{l.String(), p.choices(e, a)}
	}
	l.Add(t.Key, lang.Both("Ticket (optional): ", "チケット番号（任意）: ").In(e.Lang))
	switch {
	case p.typing:
		p.at = page.Point{X: p.ticket.Draw(l, t.Plain)}
	case p.ticket.Value() != "":
		l.Add(t.Strong, p.ticket.Value())
	default:
		l.Add(t.Dim, lang.Both("t to type", "t で入力").In(e.Lang))
	}
	return []string{l.String(), p.choices(e, a)}
}

func (p *Page) pasteLine(e page.Env) string {
	l := cell.NewLine(e.Width).Space(1)
	return l.Add(e.Theme.Key, lang.Both("Paste the line that comes back (MONSHIN1A ...) into this screen",
		"返送された行（MONSHIN1A で始まる 1 行）をこの画面に貼り付け").In(e.Lang)).String()
}

// choices draws the two choices, or the one there is and why there is no other.
func (p *Page) choices(e page.Env, a page.Asked) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(1)
	if p.view == requestView {
		choice(l, t, lang.Both("Back", "戻る").In(e.Lang), true)
		l.Space(2)
		if p.ReadOnly {
			l.Add(t.Unknown, p.blocked(a).In(e.Lang))
		}
		return l.String()
	}
	if why := p.blocked(a); !why.Zero() {
		choice(l, t, lang.Both("Back", "戻る").In(e.Lang), true)
		l.Space(2)
		if p.Lively() {
			l.Add(t.Running, say.Spinner(e.Tick)+" ")
		}
		return l.Add(t.Unknown, why.In(e.Lang)).String()
	}
	choice(l, t, lang.Both("Cancel", "キャンセル").In(e.Lang), !p.run)
	l.Space(2)
	choice(l, t, lang.Both("Allow and run", "承認して実行").In(e.Lang), p.run)
	return l.String()
}

// choice draws a choice; brackets mark the chosen one where there is no colour.
func choice(l *cell.Line, t *theme.Theme, name string, chosen bool) {
	if chosen {
		l.Add(t.Strong.Over(t.Selected), ">["+name+"]")
		return
	}
	l.Add(t.Dim, "  "+name+" ")
}

// textKey is everything that the lines of a long text depend on.
type textKey struct {
	theme *theme.Theme
	view  view
	width int
	text  string
}

// script draws the text in sight: the script with numbered lines, or the request.
func (p *Page) script(e page.Env, a page.Asked, width int) []string {
	s := text(p.view, a, e.Lang)
	if s == "" {
		return nil
	}
	return p.text.Get(textKey{e.Theme, p.view, width, s}, func() []string {
		if p.view == requestView {
			return prose(e.Theme, s, width)
		}
		return numbered(e.Theme, s, width)
	})
}

// linesOf are the lines of a text that ends with a line feed, or does not.
func linesOf(text string) []string {
	return strings.Split(strings.TrimSuffix(strings.ReplaceAll(text, "\r\n", "\n"), "\n"), "\n")
}

// numbered draws a script so that every character of it is seen: long lines go on
// under themselves, and the numbers tell which lines are the script's own.
func numbered(t *theme.Theme, text string, width int) []string {
	all := linesOf(text)
	column := len(strconv.Itoa(len(all))) + 1
	var out []string
	for i, s := range all {
		for k, piece := range pieces(s, width-column-1) {
			number := ""
			if k == 0 {
				number = strconv.Itoa(i + 1)
			}
			l := cell.NewLine(width).Space(column-1-len(number)).Add(t.Dim, number)
			out = append(out, l.Space(2).Add(t.Plain, piece).String())
		}
	}
	return out
}

// prose draws the request: sentences broken as sentences, commands as commands.
func prose(t *theme.Theme, text string, width int) []string {
	var out []string
	for _, s := range linesOf(text) {
		broken := pieces(s, width)
		if cell.Width(s) != len(s) { // not ASCII: a sentence in Japanese
			broken = cell.Wrap(cell.Clean(s), width)
		}
		for _, piece := range broken {
			out = append(out, cell.NewLine(width).Add(t.Plain, piece).String())
		}
	}
	return out
}

// pieces breaks a line at exactly width cells and loses nothing, unlike wrapping,
// which drops the spaces at a break.
func pieces(s string, width int) []string {
	s, width = cell.Clean(s), max(width, 2)
	var out []string
	from, used := 0, 0
	for i, r := range s {
		w := 1
		switch {
		case unicode.Is(unicode.Variation_Selector, r):
			// It may widen the character before it by a cell.
		case unicode.In(r, unicode.Mn, unicode.Me):
			w = 0 // belongs to the character before it
		case r >= 0x80:
			w = cell.Width(string(r))
		}
		if used+w > width {
			out = append(out, s[from:i])
			from, used = i, 0
		}
		used += w
	}
	return append(out, s[from:])
}
