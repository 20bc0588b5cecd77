package tui

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/fleet"
)

func (m *Model) openFleet() {
	m.kept.instance, m.kept.name = m.instance, m.name
	m.push(fleet.New(m.ctx, fleet.Config{Fleet: m.o.Fleet, Library: m.o.Library, ReadOnly: m.o.ReadOnly, Now: m.own}))
}

// walkMember walks one of many. Its fleet stays under the walk.
func (m *Model) walkMember(i page.WalkMember) tea.Cmd {
	m.instance, m.name, m.symptom = i.ID, i.Name, i.Symptom
	return m.walk()
}

// leaveMember has the header show again what was chosen before the walk of a member.
func (m *Model) leaveMember() {
	if _, back := m.top().(*fleet.Page); back {
		m.instance, m.name, m.symptom = m.kept.instance, m.kept.name, ""
	}
}
