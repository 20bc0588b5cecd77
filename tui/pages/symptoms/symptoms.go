// Package symptoms is the first screen: what does the operator see, or was told?
package symptoms

import (
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// Page lists the symptoms and searches them by words and by pasted messages.
type Page struct {
	// Many says that there is a page about many instances.
	Many bool
	// unfinished is how many investigations can be gone on with.
	unfinished int
	library    world.Library
	found      []runbook.Symptom
	cursor     page.Cursor
	query      field.Field
	typing     bool
	version    int
	memo       cell.Memo[stamp]
	at         page.Point // of the text cursor
}

type stamp struct {
	env     page.Env
	version int
}

// New makes the page.
func New(l world.Library) *Page {
	return &Page{library: l, found: l.Symptoms()}
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.typing {
		return keys.Text
	}
	return keys.Symptoms
}

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	return (a != keys.Many || p.Many) && (a != keys.Sessions || p.unfinished > 0)
}

// Unfinished says how many investigations can be gone on with.
func (p *Page) Unfinished(n int) {
	p.unfinished = n
	p.version++
}

// Act implements page.Page.
func (p *Page) Act(a keys.Action) page.Next {
	p.version++
	if p.typing {
		return p.edit(a)
	}
	switch a {
	case keys.Choose:
		return p.choose()
	case keys.Filter:
		p.typing = true
	case keys.EnterID:
		return page.Do(page.ChooseInstance{})
	case keys.Sessions:
		return page.Do(page.OpenSessions{})
	case keys.Many:
		if p.Many {
			return page.Do(page.OpenFleet{})
		}
	case keys.Back:
		if p.query.Value() == "" {
			return page.Ignore()
		}
		p.query.Set("")
		p.search()
	default:
		if !p.cursor.Act(a, len(p.found)) {
			return page.Ignore()
		}
	}
	return page.Next{}
}

func (p *Page) edit(a keys.Action) page.Next {
	switch a {
	case keys.Accept:
		p.typing = false
		if len(p.found) == 1 {
			return p.choose()
		}
	case keys.Leave:
		p.typing = false
		p.query.Set("")
		p.search()
	case keys.Up, keys.Down:
		p.cursor.Act(a, len(p.found))
	default:
		changed, handled := p.query.Act(a)
		if changed {
			p.search()
		}
		return page.Next{Ignored: !handled}
	}
	return page.Next{}
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if p.query.Type(k) {
		p.version++
		p.search()
	}
	return page.Next{}
}

// Paste implements page.Page: a pasted message searches, also where no field is open.
func (p *Page) Paste(text string) (page.Next, bool) {
	p.version++
	if !p.typing {
		p.query.Set("")
		p.typing = true
	}
	p.query.Insert(strings.TrimSpace(text))
	p.search()
	return page.Next{}, true
}

// Receive implements page.Page.
func (p *Page) Receive(tea.Msg) page.Next { return page.Ignore() }

// Lively implements page.Page.
func (p *Page) Lively() bool { return false }

// Close implements page.Page.
func (p *Page) Close() {}

// Select puts the cursor on a symptom.
func (p *Page) Select(s runbook.Symptom) {
	for i, f := range p.found {
		if f == s {
			p.cursor.At = i
			p.version++
		}
	}
}

func (p *Page) search() {
	q := strings.TrimSpace(p.query.Value())
	if q == "" {
		p.found = p.library.Symptoms()
	} else {
		p.found = p.library.Search(q)
	}
	p.cursor = page.Cursor{Rows: p.cursor.Rows}
}

func (p *Page) choose() page.Next {
	if len(p.found) == 0 {
		return page.Tell("Nothing to choose: clear the search with esc, or choose the check of everything",
			"該当する事象なし（esc で検索を解除、または「一通り確認する」を選択）")
	}
	return page.Do(page.ChoseSymptom{Symptom: p.found[p.cursor.At]})
}

// Copy implements page.Page.
func (p *Page) Copy(e page.Env) (string, lang.Text) {
	if len(p.found) == 0 {
		return "", lang.Text{}
	}
	return p.label(p.found[p.cursor.At]).In(e.Lang), lang.Both("the symptom", "事象")
}

func (p *Page) label(s runbook.Symptom) lang.Text {
	if t, ok := p.library.Tree(s); ok && !t.Title.Zero() {
		return t.Title
	}
	return lang.Same(string(s))
}

func (p *Page) about(s runbook.Symptom) lang.Text {
	if t, ok := p.library.Tree(s); ok {
		return t.About
	}
	return lang.Text{}
}
