// Package finding is the page of one finding: how sure it is and what it stands
// on, then what the catalogue says about it.
package finding

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/finding"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/evidence"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/markdown"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/theme"
	"github.com/monshin/monshin/tui/world"
)

// Page shows one finding, or a code that nothing was found of.
type Page struct {
	catalogue world.Catalogue
	code      finding.Code
	found     *walk.Weighed
	diagnosis *walk.Diagnosis
	scroll    page.Cursor
	lines     cell.Memo[page.Env]
	drawn     []string
}

// New makes the page of a finding.
func New(c world.Catalogue, d *walk.Diagnosis, f walk.Weighed) *Page {
	return &Page{catalogue: c, code: f.Code, found: &f, diagnosis: d}
}

// NewCode makes the page of a code alone.
func NewCode(c world.Catalogue, code finding.Code) *Page { return &Page{catalogue: c, code: code} }

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.Finding }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	if p.scroll.Scroll(a, len(p.drawn)) {
		return page.Next{}
	}
	if a == keys.Commands {
		if p.found == nil {
			return page.Tell("Nothing was found of this code, so there is no evidence", "検出なしのため根拠なし")
		}
		return page.Do(page.OpenCommands{Title: lang.Same(p.found.ID()), Evidence: p.found.Evidence})
	}
	if a == keys.Fixes {
		if p.found == nil {
			return page.Tell("Nothing was found of this code, so there is nothing to fix", "検出なしのため対処不要")
		}
		return page.Do(page.OpenFixes{Finding: p.found.ID()})
	}
	return page.Ignore()
}

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool { return a != keys.Fixes || p.found != nil }

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
	p.drawn = p.lines.Get(e.Still(), func() []string { return p.build(e) })
	p.scroll.Rows = e.Height
	p.scroll.Offset = cell.Scroll(len(p.drawn), e.Height, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
	lines, _ := cell.Window(p.drawn, e.Width, e.Height, p.scroll.Offset, p.scroll.Offset, p.scroll.Offset)
	return page.Frame{Lines: lines}
}

// measure is the widest line that is comfortable to read, in cells.
const measure = 100

func (p *Page) build(e page.Env) []string {
	e = evidence.Clock(e, p.diagnosis)
	t := e.Theme
	width := min(e.Width-2, measure)
	var body []string
	add := func(s theme.Style, text string) {
		for _, l := range cell.Wrap(text, width) {
			body = append(body, cell.NewLine(width).Add(s, l).String())
		}
	}
	add(t.Title, p.title().In(e.Lang))
	if f := p.found; f != nil {
		add(t.Dim, f.ID())
		add(t.Strong, f.Severity.Text().In(e.Lang)+" / "+f.Certainty.Text().In(e.Lang)+p.role(e))
		add(t.Plain, evidence.Say(e, p.catalogue, f.Finding).In(e.Lang))
		body = append(body, cell.Blank(width))
		body = append(body, evidence.Finding(e, p.catalogue, p.diagnosis, *f, width)...)
	}
	body = append(body, cell.NewLine(width).Repeat(t.Border, t.Box.Across, width).String())
	body = append(body, markdown.Render(p.page().In(e.Lang), width, t)...)
	for i, l := range body {
		body[i] = " " + l + cell.Blank(e.Width-1-width)
	}
	return body
}

func (p *Page) role(e page.Env) string {
	switch {
	case p.found.Root:
		return " / " + lang.Both("root cause", "根本原因").In(e.Lang)
	case len(p.found.CausedBy) > 0:
		return " / " + lang.Both("consequence of %s", "派生事象（%s に起因）").With(cell.Clean(strings.Join(p.found.CausedBy, ", "))).In(e.Lang)
	}
	return ""
}

func (p *Page) title() lang.Text {
	if entry, ok := p.catalogue.Entry(p.code); ok && !entry.Title.Zero() {
		return entry.Title
	}
	return lang.Same(string(p.code))
}

func (p *Page) page() lang.Text {
	text, err := p.catalogue.Page(p.code)
	if err != nil {
		return lang.Both("The catalogue has no page for %s: %s", "%s の説明なし: %s").With(string(p.code), cell.Clean(err.Error()))
	}
	return text
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	e = evidence.Clock(e, p.diagnosis)
	out := []string{p.title().In(e.Lang)}
	if f := p.found; f != nil {
		out = append(out, f.ID(), f.Severity.Text().In(e.Lang)+" / "+f.Certainty.Text().In(e.Lang)+p.role(e),
			evidence.Say(e, p.catalogue, f.Finding).In(e.Lang))
		out = append(out, evidence.Text(e, f.Evidence)...)
	}
	return append(out, strings.Split(p.page().In(e.Lang), "\n")...)
}

// Copy implements page.Page.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	what := lang.Both("the finding", "検出結果")
	if p.found == nil {
		return string(p.code) + "\n" + p.title().In(e.Lang), what
	}
	return evidence.Summary(evidence.Clock(e, p.diagnosis), p.catalogue, *p.found), what
}
