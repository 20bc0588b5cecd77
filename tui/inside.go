package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/guest"
)

func (m *Model) openInside(i page.OpenInside) {
	m.push(guest.New(guest.Config{Walk: i.Walk, ReadOnly: m.o.ReadOnly, Now: m.own}))
}

// closeInside takes the page about asking Windows away, also from under a page that
// was opened over it: what it asked for was decided.
func (m *Model) closeInside(i page.CloseInside) tea.Cmd {
	m.stack = slices.DeleteFunc(m.stack, func(p page.Page) bool {
		_, is := p.(*guest.Page)
		if is {
			p.Close()
		}
		return is
	})
	return m.say(i.Text)
}

// pasteUnder gives an answer to the walk under the page on top.
func (m *Model) pasteUnder(text string) (page.Next, bool) {
	for _, p := range slices.Backward(m.stack) {
		if w, is := p.(page.Inside); is {
			return w.Answered(text), true
		}
	}
	return page.Next{}, false
}

// sometimes is a page some of whose keys do nothing at times. The footer does not
// name them then.
type sometimes interface {
	Offers(keys.Action) bool
}

// withheld marks the rows of the footer that the page on top does not offer now.
func (m *Model) withheld() uint64 {
	s, ok := m.top().(sometimes)
	if !ok {
		return 0
	}
	var out uint64
	for i, b := range m.keys.Footer(m.scope()) {
		if !s.Offers(b.Action) {
			out |= 1 << i
		}
	}
	return out
}
