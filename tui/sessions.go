package tui

import (
	"slices"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/note"
	"github.com/monshin/monshin/tui/pages/sessions"
	"github.com/monshin/monshin/tui/pages/walking"
	"github.com/monshin/monshin/tui/world"
)

// countedMsg says how many investigations can be gone on with.
type countedMsg struct{ n int }

// countSessions asks for what the first screen offers. That it could not be read is
// told on the page that lists them.
func (m *Model) countSessions() tea.Cmd {
	s, ok := m.o.Backend.(world.Sessions)
	if !ok {
		return nil
	}
	ctx := m.ctx
	return func() (msg tea.Msg) {
		defer func() {
			if recover() != nil {
				msg = countedMsg{}
			}
		}()
		list, err := s.Unfinished(ctx)
		if err != nil {
			return countedMsg{}
		}
		return countedMsg{len(list)}
	}
}

// session does what only the root can do about recorded investigations and notes.
func (m *Model) session(i page.Intent) tea.Cmd {
	switch i := i.(type) {
	case page.OpenSessions:
		s, ok := m.o.Backend.(world.Sessions)
		if !ok {
			return m.say(lang.Both("Nothing recorded can be gone on with here", "ここでは記録済みの調査の再開不可"))
		}
		p := sessions.New(m.ctx, s, m.o.Library)
		m.push(p)
		return p.Start()
	case page.ResumeSession:
		return m.resume(i.Session)
	case page.OpenChanges:
		m.push(sessions.NewChanges(i.Lines))
	case page.TakeNote:
		for _, p := range slices.Backward(m.stack) {
			if w, is := p.(page.Noting); is {
				return m.apply(w.TakeNote(i.Text, i.ForCustomer))
			}
		}
		return m.session(page.CloseNote{Failed: true, Text: needsWalk()})
	case page.CloseNote:
		m.closeNote(i)
		if !i.Text.Zero() {
			return m.say(i.Text)
		}
	}
	return nil
}

// resume goes on with a recorded investigation.
func (m *Model) resume(s world.Session) tea.Cmd {
	m.symptom = s.Symptom
	w := walking.New(m.ctx, walking.Config{
		Backend: m.o.Backend, Catalogue: m.o.Catalogue, Now: m.o.Now, Resume: s.Ref,
		Instance: s.Instance, Symptom: s.Symptom, ReadOnly: m.o.ReadOnly,
	})
	m.push(w)
	return w.Start()
}

func needsWalk() lang.Text {
	return lang.Both("A note belongs to an investigation: start one, or go on with one", "メモは調査に付属します。調査の開始または再開後に記入してください")
}

// note opens the page on which a note is typed, over whatever is in sight.
func (m *Model) note() tea.Cmd {
	for _, p := range m.stack {
		if _, is := p.(page.Noting); is {
			m.push(note.New())
			return nil
		}
	}
	return m.say(needsWalk())
}

// closeNote takes the page away, also from under one that was opened over it; where
// the note could not be kept, what was typed stays.
func (m *Model) closeNote(i page.CloseNote) {
	m.stack = slices.DeleteFunc(m.stack, func(p page.Page) bool {
		n, is := p.(*note.Page)
		if is && i.Failed {
			n.Failed()
			return false
		}
		return is
	})
}
