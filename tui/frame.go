package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/pages/plain"
)

// headLines are the lines above a page, footLines those under it.
const (
	headLines = 3
	footLines = 1
)

// frame draws everything. Parts that did not change are not built again.
func (m *Model) frame() (string, *tea.Cursor) {
	switch {
	case m.width <= 0 || m.height <= 0:
		return "", nil
	case m.width < minWidth || m.height < minHeight:
		return m.tooSmall(), nil
	}
	e := m.env
	_, bare := m.top().(*plain.Page)
	top := headLines
	if bare {
		top = 0
	}
	e.Width, e.Height = m.width, m.height-top-footLines
	f := m.top().Draw(e)
	head := ""
	if !bare {
		head = m.header()
	}
	foot := m.footer(bare)
	var cursor *tea.Cursor
	if f.Cursor != nil && !m.confirming {
		cursor = tea.NewCursor(f.Cursor.X, f.Cursor.Y+top)
	}
	return m.join(head, foot, f), cursor
}

func (m *Model) join(head, foot string, f page.Frame) string {
	c := &m.cache
	if c.content != "" && c.head == head && c.foot == foot && same(c.lines, f.Lines) {
		return c.content
	}
	var b strings.Builder
	if head != "" {
		b.WriteString(head)
		b.WriteByte('\n')
	}
	for _, l := range f.Lines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	b.WriteString(foot)
	c.head, c.foot, c.lines, c.content = head, foot, f.Lines, b.String()
	return c.content
}

// same reports whether two slices are one: pages give back the slice they built
// as long as nothing changed.
func same(a, b []string) bool {
	return len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
}

func (m *Model) tooSmall() string {
	lines := []string{
		lang.Both("The window is too small", "ウィンドウが小さすぎます").In(m.env.Lang),
		lang.Both("now %dx%d, needed %dx%d", "現在 %dx%d、必要 %dx%d").With(m.width, m.height, minWidth, minHeight).In(m.env.Lang),
		lang.Both("ctrl+c leaves", "ctrl+c で終了").In(m.env.Lang),
	}
	var out []string
	for _, s := range lines {
		for _, w := range cell.Wrap(s, m.width) {
			out = append(out, cell.NewLine(m.width).Add(m.env.Theme.Strong, w).String())
		}
	}
	return strings.Join(cell.Fill(out, m.width, m.height), "\n")
}

// footKey is everything that the footer shows.
type footKey struct {
	env              page.Env
	width            int
	scope            keys.Scope
	first            bool
	toast            lang.Text
	bare, simulated  bool
	question, record string
	withheld         uint64
}

// footer is the last line: a question, a message, or the keys that work now.
func (m *Model) footer(bare bool) string {
	k := footKey{env: m.env.Still(), width: m.width, scope: m.scope(), first: len(m.stack) == 1, toast: m.toast,
		bare: bare, simulated: m.simulated(), withheld: m.withheld()}
	if m.confirming {
		k.question = m.question().In(m.env.Lang)
		if u, ok := m.top().(unsettled); ok {
			k.record = u.JournalPath()
		}
	}
	return m.foot.Get(k, func() []string { return []string{m.footLine(k)} })[0]
}

func (m *Model) footLine(k footKey) string {
	t := m.env.Theme
	l := cell.NewLine(m.width)
	switch {
	case k.question != "":
		l.Add(t.Badge, k.question).Space(1)
		m.keyHints(l, keys.Confirm, k.first, 0)
		if k.record != "" {
			l.Space(1).Add(t.Dim, lang.Both("record: %s", "作業記録: %s").With(cell.Clean(k.record)).In(m.env.Lang))
		}
		return l.String()
	case !k.toast.Zero():
		return l.Space(1).Add(t.Strong, k.toast.In(m.env.Lang)).String()
	}
	if k.bare && k.simulated {
		l.Add(t.Badge, badge().In(m.env.Lang)).Space(1)
	}
	m.keyHints(l, k.scope, k.first, k.withheld)
	return l.String()
}

func (m *Model) question() lang.Text {
	if u, ok := m.top().(unsettled); ok && u.Unsettled() {
		return lang.Both(" Quit? The walk is not finished. ", " 終了しますか？（切り分けの途中） ")
	}
	return lang.Both(" Quit? ", " 終了しますか？ ")
}

// mostHints is how many keys a footer names: more are not read. The first screen names
// more, as nobody knows the keys yet.
const mostHints, mostFirst = 6, 8

// keyHints writes the keys of a scope, best first, as long as they fit whole.
func (m *Model) keyHints(l *cell.Line, scope keys.Scope, first bool, withheld uint64) {
	t := m.env.Theme
	n, most := 0, mostHints
	if first {
		most = mostFirst
	}
	for i, b := range m.keys.Footer(scope) {
		if n == most {
			return
		}
		if withheld>>i&1 == 1 {
			continue
		}
		if b.Action == keys.Back && first || b.Action == keys.Quit && !first && scope != keys.Walk {
			continue // it would only say that it does nothing here
		}
		if b.Action == keys.Help && scope == keys.HelpPage {
			continue
		}
		name, short := b.Keys[0], b.Short.In(m.env.Lang)
		if cell.Width(name)+cell.Width(short)+3 > l.Left() {
			continue
		}
		l.Space(1).Add(t.Key, name).Space(1).Add(t.Plain, short).Space(1)
		n++
	}
}
