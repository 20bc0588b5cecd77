// Package instances is the picker: the Windows instances of the region as they
// come in, those that were terminated lately, and an id typed by hand.
package instances

import (
	"context"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/feed"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// mode is which text field has the keys.
type mode int

const (
	browsing mode = iota
	filtering
	typingID
)

// Page is the picker.
type Page struct {
	backend world.Backend
	ctx     context.Context
	feed    *feed.Feed[[]estate.Listed]
	loading bool
	err     error

	rows    rows
	shown   []int
	cursor  page.Cursor
	mode    mode
	query   field.Field
	id      field.Field
	badID   bool
	version int
	memo    cell.Memo[stamp]
	at      page.Point
}

type stamp struct {
	env     page.Env
	version int
}

// got is a piece of the list.
type got struct {
	feed  *feed.Feed[[]estate.Listed]
	list  []estate.Listed
	ended bool
	err   error
}

// New makes the page. Nothing is read before Start.
func New(b world.Backend) *Page { return &Page{backend: b} }

// Start begins to read the list.
func (p *Page) Start(ctx context.Context) tea.Cmd {
	p.ctx, p.loading, p.err = ctx, true, nil
	p.feed = feed.Start(ctx,
		func(old, next []estate.Listed) []estate.Listed { return append(old[:len(old):len(old)], next...) },
		func(ctx context.Context, emit func([]estate.Listed)) error { return p.backend.List(ctx, emit) })
	return wait(p.feed)
}

func wait(f *feed.Feed[[]estate.Listed]) tea.Cmd {
	return func() tea.Msg {
		list, _, ended, err := f.Next()
		return got{f, list, ended, err}
	}
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	g, ok := m.(got)
	if !ok || g.feed != p.feed {
		return page.Ignore()
	}
	p.version++
	if g.ended {
		p.loading, p.err = false, g.err
		return page.Next{}
	}
	chosen := p.selected().ID
	p.rows.add(g.list)
	p.shown = p.rows.filter(p.query.Value(), p.shown)
	p.choose(chosen)
	return page.Next{Cmd: wait(p.feed)}
}

// choose keeps the cursor on the same instance while rows come in around it. The
// first row keeps the cursor only once somebody has moved it.
func (p *Page) choose(id string) {
	if id != "" && p.cursor.At > 0 {
		for i, at := range p.shown {
			if p.rows.all[at].ID == id {
				p.cursor.At = i
				return
			}
		}
	}
	p.cursor.Clamp(len(p.shown))
}

func (p *Page) selected() estate.Listed {
	if p.cursor.At >= len(p.shown) {
		return estate.Listed{}
	}
	return p.rows.all[p.shown[p.cursor.At]].Listed
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.mode != browsing {
		return keys.Text
	}
	return keys.Instances
}

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.mode != browsing {
		return p.edit(a)
	}
	switch a {
	case keys.Choose:
		return p.take()
	case keys.Filter:
		p.mode = filtering
	case keys.EnterID:
		p.mode, p.badID = typingID, false
		if id, ok := ParseID(p.query.Value()); ok {
			p.id.Set(id)
		}
	case keys.Retry:
		if p.loading {
			return page.Tell("The list is still being read", "一覧を取得中")
		}
		return page.Next{Cmd: p.Start(p.ctx)}
	case keys.Back:
		if p.query.Value() == "" {
			return page.Ignore()
		}
		p.query.Set("")
		p.filter()
	default:
		if !p.cursor.Act(a, len(p.shown)) {
			return page.Ignore()
		}
	}
	return page.Next{}
}

func (p *Page) edit(a keys.Action) page.Next {
	current := &p.query
	if p.mode == typingID {
		current = &p.id
	}
	switch {
	case a == keys.Leave:
		current.Set("")
		p.mode, p.badID = browsing, false
		p.filter()
	case a == keys.Accept && p.mode == typingID:
		return p.takeID(p.id.Value())
	case a == keys.Accept:
		p.mode = browsing
		if len(p.shown) <= 1 {
			return p.take()
		}
	case a == keys.Up || a == keys.Down:
		p.cursor.Act(a, len(p.shown))
	default:
		changed, handled := current.Act(a)
		if changed {
			p.changed()
		}
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

func (p *Page) changed() {
	if p.mode == typingID {
		p.badID = false
		return
	}
	p.filter()
}

func (p *Page) filter() {
	p.shown = p.rows.filter(p.query.Value(), p.shown)
	p.cursor = page.Cursor{Rows: p.cursor.Rows}
}

// take goes on with the selected instance, or with what was typed where it is an
// id that the list does not have: EC2 drops a terminated instance after about an hour.
func (p *Page) take() page.Next {
	if len(p.shown) > 0 {
		s := p.selected()
		return page.Do(page.ChoseInstance{ID: s.ID, Name: s.Name})
	}
	if id, ok := ParseID(p.query.Value()); ok {
		return page.Do(page.ChoseInstance{ID: id})
	}
	return page.Tell("No instance is selected. i types an id.", "インスタンス未選択。ID の入力は i。")
}

func (p *Page) takeID(s string) page.Next {
	id, ok := ParseID(s)
	if !ok {
		p.badID = true
		return page.Next{}
	}
	p.mode = browsing
	name := ""
	if i, listed := p.rows.place[id]; listed {
		name = p.rows.all[i].Name
	}
	return page.Do(page.ChoseInstance{ID: id, Name: name})
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	current := &p.query
	if p.mode == typingID {
		current = &p.id
	}
	if current.Type(k) {
		p.version++
		p.changed()
	}
	return page.Next{}
}

// Paste implements page.Page.
func (p *Page) Paste(text string) (page.Next, bool) {
	p.version++
	if p.mode == typingID {
		p.id.Insert(text)
		p.badID = false
		return page.Next{}, true
	}
	if p.mode == browsing {
		p.query.Set("")
		p.mode = filtering
	}
	p.query.Insert(text)
	p.filter()
	return page.Next{}, true
}

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.loading }

// Close implements page.Page.
func (p *Page) Close() {
	if p.feed != nil {
		p.feed.Stop()
	}
}

// Copy implements page.Page.
func (p *Page) Copy(page.Env) (string, lang.Text) {
	return cell.Clean(p.selected().ID), lang.Both("the instance id", "インスタンス ID")
}
