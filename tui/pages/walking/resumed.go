package walking

import (
	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// startOrResume begins the investigation, or goes on with a recorded one.
func (p *Page) startOrResume() (world.Walk, error) {
	if p.Resume == "" {
		return p.Backend.Start(p.ctx, p.Instance, p.Symptom)
	}
	s, ok := p.Backend.(world.Sessions)
	if !ok {
		return nil, &lang.Error{Say: lang.Both("nothing recorded can be gone on with here", "ここでは記録済みの調査の再開不可")}
	}
	return s.Resume(p.ctx, p.Resume)
}

// stood puts the cursor on the node at which the record stood, and says what has to
// be known at once.
func (p *Page) stood(run tea.Cmd) page.Next {
	r, ok := p.walk.(world.Resumed)
	if !ok {
		return page.Next{Cmd: run}
	}
	for i := range p.tree.Nodes {
		if id := p.tree.Nodes[i].ID; id != "" && id == r.Node() {
			p.cursors[treePane].At = i
		}
	}
	if t := r.Told(); !t.Zero() {
		return page.Saying(t, run)
	}
	return page.Next{Cmd: run}
}

// compared says, after the first run that came to its end, what has changed since.
func (p *Page) compared(next tea.Cmd) page.Next {
	r, ok := p.walk.(world.Resumed)
	if !ok || p.changes != nil {
		return page.Next{Cmd: next}
	}
	if p.changes = r.Changes(); len(p.changes) == 0 {
		return page.Next{Cmd: next}
	}
	p.version++
	return page.Saying(lang.Both("Going on from the record: %s (s shows them)", "記録から再開: %s（s で表示）").With(p.changes[0]), next)
}

func (p *Page) openChanges() page.Next {
	if len(p.changes) == 0 {
		return page.Tell("This walk goes on from no record, or is not through yet", "再開した調査ではない、または再取得の途中")
	}
	return page.Do(page.OpenChanges{Lines: p.changes})
}

// noteKept says how keeping a note went.
type noteKept struct {
	page *Page
	err  error
}

// TakeNote implements page.Noting. The note belongs to the node that is selected.
func (p *Page) TakeNote(text string, forCustomer bool) page.Next {
	n, ok := p.walk.(world.Noter)
	if !ok {
		return page.Do(page.CloseNote{Failed: true, Text: lang.Both("No note can be kept here", "ここではメモの保存不可")})
	}
	node := ""
	if at := p.node(); at != nil && p.subject == treePane {
		node = at.ID
	}
	return page.Next{Cmd: func() tea.Msg {
		return noteKept{p, guarded(func() error { return n.Note(text, forCustomer, node) })}
	}}
}

func (p *Page) takeNote(n noteKept) page.Next {
	if n.err != nil {
		why := lang.Said(n.err)
		return page.Do(page.CloseNote{Failed: true, Text: lang.Both("The note is not recorded: %s", "メモは未保存: %s").
			With(lang.Both(cell.Clean(why.En), cell.Clean(why.Ja)))})
	}
	return page.Do(page.CloseNote{Text: lang.Both("The note is recorded", "メモを記録済み")})
}
