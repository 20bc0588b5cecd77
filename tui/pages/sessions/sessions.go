// Package sessions shows the investigations that can be gone on with, and what has
// changed since one of them stood still.
package sessions

import (
	"context"
	"fmt"
	"strconv"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/say"
	"github.com/monshin/monshin/tui/world"
)

// Page is the list.
type Page struct {
	source  world.Sessions
	library world.Library
	cancel  context.CancelFunc
	ctx     context.Context

	loading bool
	err     error
	list    []world.Session
	cursor  page.Cursor
	version int
	memo    cell.Memo[stamp]
}

type stamp struct {
	env     page.Env
	version int
}

// listed is the answer of the source.
type listed struct {
	page *Page
	list []world.Session
	err  error
}

// New makes the page. Nothing is read before Start.
func New(ctx context.Context, s world.Sessions, l world.Library) *Page {
	p := &Page{source: s, library: l}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// Start begins to read the list.
func (p *Page) Start() tea.Cmd {
	p.loading, p.err = true, nil
	p.version++
	return func() (m tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				m = listed{page: p, err: fmt.Errorf("monshin failed inside: %v", r)}
			}
		}()
		list, err := p.source.Unfinished(p.ctx)
		return listed{p, list, err}
	}
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	l, ok := m.(listed)
	if !ok || l.page != p {
		return page.Ignore()
	}
	p.loading, p.list, p.err = false, l.list, l.err
	p.cursor.Clamp(len(p.list))
	p.version++
	return page.Next{}
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope { return keys.SessionList }

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	switch a {
	case keys.Choose:
		if len(p.list) == 0 {
			return page.Tell("Nothing to go on with", "再開できる調査なし")
		}
		return page.Do(page.ResumeSession{Session: p.list[p.cursor.At]})
	case keys.Retry:
		return page.Next{Cmd: p.Start()}
	}
	return page.Next{Ignored: !p.cursor.Act(a, len(p.list))}
}

// Type implements page.Page.
func (p *Page) Type(tea.KeyPressMsg) page.Next { return page.Next{} }

// Paste implements page.Page.
func (p *Page) Paste(string) (page.Next, bool) { return page.Next{}, false }

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.loading }

// Close implements page.Page.
func (p *Page) Close() { p.cancel() }

// Copy implements page.Page.
func (p *Page) Copy(page.Env) (string, lang.Text) {
	if len(p.list) == 0 {
		return "", lang.Text{}
	}
	return cell.Clean(p.list[p.cursor.At].ID), lang.Both("the id of the investigation", "調査 ID")
}

// Draw implements page.Page.
func (p *Page) Draw(e page.Env) page.Frame {
	key := stamp{e.Still(), p.version}
	if p.loading {
		key.env.Tick = e.Tick
	}
	return page.Frame{Lines: p.memo.Get(key, func() []string { return p.draw(e) })}
}

// The widths of the columns, in cells: an id and a time with their gaps, the longest
// word for a state.
const (
	idWidth    = 11
	whenWidth  = 20
	stateWidth = 18
	nameWidth  = 21
)

func (p *Page) draw(e page.Env) []string {
	t := e.Theme
	head := cell.NewLine(e.Width).Add(t.Title, lang.Both(" Go on with which investigation?", " 再開する調査の選択").In(e.Lang))
	count := strconv.Itoa(len(p.list))
	if p.loading {
		count = say.Spinner(e.Tick) + " " + say.Running().In(e.Lang)
	}
	head.Right(t.Dim, count+" ")
	lines := []string{head.String(), p.note(e)}
	l := cell.NewLine(e.Width).Space(3)
	l.Column(t.Dim, lang.Both("Last entry", "最終記録").In(e.Lang), whenWidth).Column(t.Dim, lang.Both("Instance", "インスタンス").In(e.Lang), nameWidth)
	l.Column(t.Dim, lang.Both("State", "状態").In(e.Lang), stateWidth).Add(t.Dim, lang.Both("Symptom", "事象").In(e.Lang))
	lines = append(lines, l.String())
	room := e.Height - len(lines)
	p.cursor.Rows = room
	p.cursor.Offset = cell.Scroll(len(p.list), room, p.cursor.Offset, p.cursor.At, p.cursor.At)
	for i := p.cursor.Offset; i < len(p.list) && len(lines) < e.Height; i++ {
		lines = append(lines, p.row(e, p.list[i], i == p.cursor.At))
	}
	return cell.Fill(lines, e.Width, e.Height)
}

func (p *Page) note(e page.Env) string {
	t := e.Theme
	l := cell.NewLine(e.Width).Space(1)
	switch {
	case p.err != nil:
		l.Add(t.Problem, lang.Both("The records could not be read: %s", "作業記録を読み取れず: %s").With(cell.Clean(lang.Said(p.err).In(e.Lang))).In(e.Lang))
	case len(p.list) == 0 && !p.loading:
		l.Add(t.Unknown, lang.Both("No unfinished investigation of this account and region", "このアカウント・リージョンに未完了の調査なし").In(e.Lang))
	default:
		l.Add(t.Dim, lang.Both("What is older than 15 minutes is read again", "15 分以上前に取得した項目は再取得").In(e.Lang))
	}
	return l.String()
}

func (p *Page) row(e page.Env, s world.Session, selected bool) string {
	t := e.Theme
	l, mark, label := cell.NewLine(e.Width), "   ", t.Plain
	if selected {
		l, mark, label = cell.On(e.Width, t.Selected), " > ", t.Strong
	}
	l.Add(t.Focus, mark).Column(t.Plain, say.Short(s.Updated, e.Zone), whenWidth)
	l.Column(label, s.Instance, nameWidth).Column(t.Unknown, state(s).In(e.Lang), stateWidth)
	if title := p.title(s).In(e.Lang); l.Left() > idWidth+cell.Width(title) {
		return l.Column(label, title, l.Left()-idWidth).Add(t.Dim, s.ID).String()
	}
	return l.Add(label, p.title(s).In(e.Lang)).String()
}

func (p *Page) title(s world.Session) lang.Text {
	if t, ok := p.library.Tree(s.Symptom); ok && !t.Title.Zero() {
		return t.Title
	}
	return lang.Same(string(s.Symptom))
}

// state says why there is something to go on with.
func state(s world.Session) lang.Text {
	if s.Cut {
		return lang.Both("cut short", "中断")
	}
	return lang.Both("undecided", "切り分け未完了")
}

// Plain implements page.Page.
func (p *Page) Plain(e page.Env) []string {
	var out []string
	for _, s := range p.list {
		out = append(out, s.ID+"  "+say.Time(s.Updated, e.Zone)+"  "+s.Instance+"  "+state(s).In(e.Lang)+"  "+p.title(s).In(e.Lang))
	}
	return out
}
