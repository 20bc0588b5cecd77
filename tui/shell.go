package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/shell"
)

// openShell shows a shell beside the steps of the walk below.
func (m *Model) openShell() tea.Cmd {
	for _, p := range slices.Backward(m.stack) {
		if w, is := p.(page.Shellable); is {
			s := shell.New(m.ctx, shell.Config{Walk: w, ReadOnly: m.o.ReadOnly, Now: m.own})
			m.push(s)
			return s.Start()
		}
	}
	return m.say(lang.Both("There is no walk to open a shell for", "対象の切り分けがない"))
}
