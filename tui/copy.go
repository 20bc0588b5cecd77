package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
)

// copiedMsg says how copying to the operator's own clipboard went.
type copiedMsg struct {
	text string
	what lang.Text
	err  error
}

// copy puts what the page offers on the clipboard: the machine's own first, then
// by way of the terminal, which may ignore it without a word.
func (m *Model) copy() tea.Cmd {
	text, what := m.top().Copy(m.env)
	if text == "" {
		return m.say(lang.Both("Nothing is selected to copy", "コピーする選択項目なし"))
	}
	if m.simulated() && strings.Contains(text, "\n") {
		// Not before a single command or id: that is to be pasted as it is.
		text = badge().In(m.env.Lang) + "\n" + text
	}
	native := m.o.Copy
	if native == nil {
		return tea.Batch(tea.SetClipboard(text), m.saidOSC(what))
	}
	return func() tea.Msg { return copiedMsg{text, what, native(text)} }
}

func (m *Model) copied(c copiedMsg) tea.Cmd {
	if c.err != nil {
		return tea.Batch(tea.SetClipboard(c.text), m.saidOSC(c.what))
	}
	return m.say(lang.Both("Copied %s (clipboard of this machine)", "コピー済み: %s（この端末のクリップボード）").With(c.what))
}

func (m *Model) saidOSC(what lang.Text) tea.Cmd {
	return m.say(lang.Both("Sent by OSC 52: %s. If pasting brings nothing, p shows it",
		"OSC 52 で送信: %s。貼り付けできない場合は p でテキスト表示").With(what))
}
