// Package walking is the walk on the screen: the tree with its states as they
// come, what each stands on, the root causes as they become clear, and what stays
// open.
package walking

import (
	"context"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/estate"
	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/runbook"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/feed"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// pane is one of the three parts of the page.
type pane int

const (
	treePane pane = iota
	resultPane
	detailPane
	panes
)

// Config is what the page needs.
type Config struct {
	Backend   world.Backend
	Catalogue world.Catalogue
	Instance  string
	// Name is the instance's Name where the list told it, until the walk knows better.
	Name    string
	Symptom runbook.Symptom
	// Resume names the record to go on with, for world.Sessions; "" begins anew.
	Resume string
	// ReadOnly rules scripts inside Windows out.
	ReadOnly bool
	// Now is the clock from which waiting and ages are told.
	Now func() time.Time
}

// Page is one investigation.
type Page struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc

	walk     world.Walk
	changes  []lang.Text // since the record that it goes on from; nil where not known
	inside   inside
	tree     *runbook.Tree
	run      *feed.Feed[*walk.Diagnosis]
	starting bool
	// again says that something was answered or asked for while a run was under way.
	again bool
	err   error

	d       *walk.Diagnosis
	judged  map[string]int // probe id → place in d.Probes
	onPath  map[string]bool
	items   []item
	answers map[string]string
	since   map[estate.Key]time.Time

	focus   pane
	touched bool // the operator has moved: nothing moves by itself any more
	subject pane // the list whose selection the detail shows
	cursors [panes]page.Cursor
	asking  *runbook.Question
	answer  field.Field
	at      page.Point

	version int // of everything
	data    int // of what was found: the panes' own caches hang on it
	frame   cell.Memo[frameKey]
	parts   [panes]cell.Memo[paneKey]
	span    [2]int // the first and the last line of the selected result
}

// New makes the page. Nothing is read before Start.
func New(ctx context.Context, c Config) *Page {
	p := &Page{Config: c, answers: map[string]string{}, since: map[estate.Key]time.Time{}}
	p.ctx, p.cancel = context.WithCancel(ctx)
	return p
}

// started is the answer of the backend.
type started struct {
	page *Page
	walk world.Walk
	err  error
}

// got is a snapshot of a run, or its end.
type got struct {
	run   *feed.Feed[*walk.Diagnosis]
	d     *walk.Diagnosis
	ended bool
	err   error
}

// Start begins the investigation.
func (p *Page) Start() tea.Cmd {
	p.starting, p.err = true, nil
	p.version++
	return func() (m tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				m = started{page: p, err: fmt.Errorf("monshin failed inside: %v", r)}
			}
		}()
		w, err := p.startOrResume()
		return started{p, w, err}
	}
}

// Receive implements page.Page.
func (p *Page) Receive(m tea.Msg) page.Next {
	switch m := m.(type) {
	case started:
		if m.page != p {
			return page.Ignore()
		}
		return p.begin(m)
	case got:
		if m.run != p.run {
			return page.Ignore()
		}
		return p.take(m)
	}
	if n, is := m.(noteKept); is && n.page == p {
		return p.takeNote(n)
	}
	return p.receiveInside(m)
}

func (p *Page) begin(m started) page.Next {
	p.starting, p.err = false, m.err
	p.version++
	p.data++
	if m.err != nil {
		return page.Next{}
	}
	p.walk, p.tree = m.walk, m.walk.Tree()
	return p.stood(p.runOnce())
}

// runOnce starts a run, or has one follow the run that is under way.
func (p *Page) runOnce() tea.Cmd {
	if p.walk == nil {
		return nil
	}
	if p.run != nil {
		p.again = true
		return nil
	}
	p.again, p.err = false, nil
	p.inside.begin()
	w := p.walk
	p.run = feed.Start(p.ctx,
		func(_, next *walk.Diagnosis) *walk.Diagnosis { return next },
		func(ctx context.Context, emit func(*walk.Diagnosis)) error { w.Run(ctx, emit); return nil })
	return wait(p.run)
}

func wait(f *feed.Feed[*walk.Diagnosis]) tea.Cmd {
	return func() tea.Msg {
		d, _, ended, err := f.Next()
		return got{f, d, ended, err}
	}
}

func (p *Page) take(m got) page.Next {
	p.version++
	p.data++
	if m.ended {
		p.run, p.err = nil, m.err
		if p.again && p.ctx.Err() == nil {
			return page.Next{Cmd: p.runOnce()}
		}
		return p.compared(p.prepare())
	}
	if m.d != nil {
		p.show(m.d)
	}
	return page.Next{Cmd: wait(p.run)}
}

// show takes a snapshot over. The selections stay on what they were on.
func (p *Page) show(d *walk.Diagnosis) {
	p.d = d
	p.judged = make(map[string]int, len(d.Probes))
	for i, j := range d.Probes {
		p.judged[j.Probe] = i
	}
	p.onPath = make(map[string]bool, len(d.Path))
	for _, id := range d.Path {
		p.onPath[id] = true
	}
	now := p.Now()
	since := make(map[estate.Key]time.Time, len(d.Waiting))
	for _, k := range d.Waiting {
		since[k] = now
		if t, ok := p.since[k]; ok {
			since[k] = t
		}
	}
	p.since = since
	chosen := p.item().id()
	p.items = itemsOf(d)
	p.settleItem(chosen)
	if d.Complete && !p.touched && len(d.RootCauses()) > 0 {
		// The answer is what one came for.
		p.setFocus(resultPane)
	}
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.asking != nil {
		return keys.Text
	}
	return keys.Walk
}

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.starting || p.run != nil }

// Unsettled reports whether leaving would cut something short.
func (p *Page) Unsettled() bool { return p.Lively() || p.d != nil && p.d.Paused != nil }

// Close implements page.Page.
func (p *Page) Close() {
	p.cancel()
	if l, ok := p.walk.(world.Leaver); ok {
		ended := p.Ended()
		go func() { // what is under way is recorded first
			<-ended
			l.Leave()
		}()
	}
}

// Ended is closed when nothing of the page runs any more. Close comes first.
func (p *Page) Ended() <-chan struct{} {
	if p.run != nil {
		return p.run.Done()
	}
	done := make(chan struct{})
	close(done)
	return done
}

// Subject is the instance, for the header.
func (p *Page) Subject() (id, name string) {
	if p.d != nil {
		if i, ok := p.d.Instance.Get(); ok && i.Name != "" {
			return p.Instance, i.Name
		}
	}
	return p.Instance, p.Name
}

// Simulated reports whether the walk itself says that its facts are a lab's.
func (p *Page) Simulated() bool { return p.d != nil && p.d.Simulated }

// JournalPath is where the investigation is recorded.
func (p *Page) JournalPath() string {
	if p.walk == nil {
		return ""
	}
	return p.walk.JournalPath()
}

// Type implements page.Page.
func (p *Page) Type(k tea.KeyPressMsg) page.Next {
	if p.answer.Type(k) {
		p.version++
	}
	return page.Next{}
}

// Paste implements page.Page.
func (p *Page) Paste(text string) (page.Next, bool) {
	if strings.Contains(text, world.AnswerMark) {
		return p.Answered(text), true
	}
	if p.asking == nil {
		return page.Next{}, false
	}
	p.answer.Insert(text)
	p.version++
	return page.Next{}, true
}
