package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/fix"
)

// openFixes shows what can be done about a finding of the walk below.
func (m *Model) openFixes(i page.OpenFixes) tea.Cmd {
	for _, p := range slices.Backward(m.stack) {
		w, is := p.(page.Fixable)
		if !is {
			continue
		}
		if w.Fixer() == nil {
			return m.say(lang.Both("Nothing can be planned here", "この画面では対処手順を作成不可"))
		}
		f := fix.New(m.ctx, fix.Config{Walk: w, Catalogue: m.o.Catalogue, Finding: i.Finding, ReadOnly: m.o.ReadOnly, Now: m.own})
		m.push(f)
		return f.Start()
	}
	return m.say(lang.Both("There is no walk to fix anything for", "対象の切り分けがない"))
}

// closeFixes goes back to the walk: the finding that was opened may be gone.
func (m *Model) closeFixes(i page.CloseFixes) tea.Cmd {
	for len(m.stack) > 1 {
		if _, is := m.top().(page.Fixable); is {
			break
		}
		m.pop()
	}
	if i.Text.Zero() {
		return nil
	}
	return m.say(i.Text)
}
