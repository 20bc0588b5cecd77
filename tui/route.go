package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/command"
	"github.com/monshin/monshin/tui/pages/finding"
	"github.com/monshin/monshin/tui/pages/help"
	"github.com/monshin/monshin/tui/pages/plain"
	"github.com/monshin/monshin/tui/world"
)

// scope is where keys are looked up now.
func (m *Model) scope() keys.Scope {
	if m.confirming {
		return keys.Confirm
	}
	return m.top().Scope()
}

// key routes a key press; the order is in the package comment.
func (m *Model) key(k tea.KeyPressMsg) tea.Cmd {
	if r, is := m.top().(page.Raw); is && !m.confirming && r.Raw() {
		m.toast = lang.Text{}
		return m.apply(r.Key(k))
	}
	scope := m.scope()
	if scope.Typing() && k.Text != "" {
		return m.apply(m.top().Type(k))
	}
	if !scope.Typing() && keys.Composed(k) {
		return m.say(lang.Both("An input method is on: switch it off for keys, or press / to type words",
			"IMEがオンです。キー操作は半角英数で入力、語句の入力は / を押してから"))
	}
	m.toast = lang.Text{}
	action, ok := m.keys.Lookup(scope, keys.Name(k))
	if !ok {
		return nil
	}
	if m.confirming {
		return m.confirm(action)
	}
	if rootOnly(action) {
		return m.act(action)
	}
	var again tea.Cmd
	if action == keys.Retry && m.identityErr != nil {
		again = m.identify()
	}
	next := m.top().Act(action)
	next.Cmd = tea.Batch(again, next.Cmd)
	if next.Ignored {
		return m.act(action)
	}
	return m.apply(next)
}

// rootOnly lists the actions that no page gets.
func rootOnly(a keys.Action) bool {
	switch a {
	case keys.Interrupt, keys.Redraw, keys.Quit, keys.Help, keys.Language, keys.Plain, keys.Copy, keys.Note:
		return true
	}
	return false
}

func (m *Model) apply(n page.Next) tea.Cmd {
	if n.Do == nil {
		return n.Cmd
	}
	return tea.Batch(n.Cmd, m.intend(n.Do))
}

// act does what belongs to the root.
func (m *Model) act(a keys.Action) tea.Cmd {
	switch a {
	case keys.Interrupt:
		return tea.Quit
	case keys.Redraw:
		return tea.Batch(tea.ClearScreen, tea.RequestWindowSize)
	case keys.Quit:
		return m.quit()
	case keys.Back:
		return m.back()
	case keys.Language:
		if m.env.Lang == lang.Ja {
			m.env.Lang = lang.En
		} else {
			m.env.Lang = lang.Ja
		}
	case keys.Help:
		if _, there := m.top().(*help.Page); !there {
			m.push(help.New(m.keys, m.top().Scope()))
		}
	case keys.Plain:
		if _, there := m.top().(*plain.Page); !there {
			m.push(plain.New(m.top()))
		}
	case keys.Copy:
		return m.copy()
	case keys.Note:
		return m.note()
	}
	return nil
}

// back leaves the page; on the first one it says how to quit instead.
func (m *Model) back() tea.Cmd {
	if len(m.stack) == 1 {
		return m.say(lang.Both("This is the first screen; q quits", "最初の画面です。終了は q"))
	}
	m.pop()
	return nil
}

// unsettled is a page that something would be cut short in.
type unsettled interface {
	Unsettled() bool
	JournalPath() string
}

// quit leaves from the first screen at once, from a walk after a confirmation, and
// from elsewhere not at all: there q is more likely meant for the page.
func (m *Model) quit() tea.Cmd {
	if _, walk := m.top().(unsettled); walk {
		m.confirming = true
		return nil
	}
	if len(m.stack) == 1 {
		return tea.Quit
	}
	return m.say(lang.Both("q quits on the first screen; esc goes back, ctrl+c leaves at once",
		"終了は最初の画面で q。ここでは esc で戻る、ctrl+c でただちに終了"))
}

func (m *Model) confirm(a keys.Action) tea.Cmd {
	switch a {
	case keys.Yes, keys.Interrupt:
		return tea.Quit
	case keys.Redraw:
		return m.act(a)
	}
	m.confirming = false
	return nil
}

func (m *Model) paste(text string) tea.Cmd {
	if m.confirming {
		return nil
	}
	next, taken := m.top().Paste(text)
	if !taken && strings.Contains(text, world.AnswerMark) {
		next, taken = m.pasteUnder(text)
	}
	if !taken {
		return m.say(lang.Both("Nothing to paste into here", "この画面に貼り付け先なし"))
	}
	return m.apply(next)
}

func (m *Model) open(i page.Intent) {
	switch i := i.(type) {
	case page.OpenFinding:
		m.push(finding.New(m.o.Catalogue, i.Diagnosis, i.Finding))
	case page.OpenCode:
		m.push(finding.NewCode(m.o.Catalogue, i.Code))
	case page.OpenCommands:
		m.push(command.New(i.Title, i.Evidence))
	}
}
