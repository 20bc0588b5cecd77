// Package fix is the page about one finding's fixes: what can be done, what it will
// change and what the tree will say then, consent to exactly that, the carrying-out
// as it goes, and the judgement before and after.
package fix

import (
	"context"
	"slices"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/monshin/monshin/diagnose/lang"
	"github.com/monshin/monshin/diagnose/remedy"
	"github.com/monshin/monshin/diagnose/walk"
	"github.com/monshin/monshin/tui/cell"
	"github.com/monshin/monshin/tui/feed"
	"github.com/monshin/monshin/tui/field"
	"github.com/monshin/monshin/tui/keys"
	"github.com/monshin/monshin/tui/page"
	"github.com/monshin/monshin/tui/world"
)

// view is what the page shows.
type view int

const (
	choices view = iota // the fixes of the finding
	whole               // the fixes of all root causes, in order
	reading             // one plan
	working             // it is being carried out, checked or taken back
	after               // what came of it
)

// grace is how long a choice has to have been in sight before enter takes it: a key
// that was pressed before the screen changed must not approve anything.
const grace = 700 * time.Millisecond

// Config is what the page needs.
type Config struct {
	Walk      page.Fixable
	Catalogue world.Catalogue
	Finding   string
	ReadOnly  bool
	Now       func() time.Time
}

// deed is what the page has under way.
type deed int

const (
	nothing deed = iota
	planning
	applying
	continuing
	verifying
	undoing
	handing
)

// Page is the fixes of one finding.
type Page struct {
	Config
	ctx    context.Context
	cancel context.CancelFunc

	view view
	deed deed
	// back is the list from which the plan was opened.
	back      view
	proposals []remedy.Proposal
	runs      []*remedy.Run // of this investigation, the newest first
	all       *remedy.Whole
	err       error
	// stopped says that the operator ended what was under way.
	stopped bool
	finish  func()

	chosen remedy.Proposal
	order  string // the path of its work order
	// notYet says that the chosen plan comes after others: it is planned on what they
	// leave, and made again when it is its turn.
	notYet bool
	dry    map[string]remedy.DryRun
	run    *remedy.Run
	// before and later are compared; was and is name them.
	before  *walk.Diagnosis
	later   *walk.Diagnosis
	was, is lang.Text

	feed   *feed.Feed[[]remedy.Progress]
	states map[string]remedy.Progress
	wait   lang.Text

	form   form
	cursor page.Cursor
	// selection is the first and the last line of what is chosen.
	selection [2]int
	scroll    page.Cursor
	length    int
	at        page.Point
	version   int
	frame     cell.Memo[frameKey]
}

// form is the consent as it is being given.
type form struct {
	open bool
	// to is what the consent is to.
	to                      deed
	typed, approver, ticket field.Field
	// focus is the place in the form: fields first, then cancel, then go.
	focus int
	armed time.Time
}

// New makes the page. Nothing is read before Start. Without a finding it begins with
// the fixes of all root causes.
func New(ctx context.Context, c Config) *Page {
	p := &Page{Config: c, states: map[string]remedy.Progress{}}
	p.ctx, p.cancel = context.WithCancel(ctx)
	if c.Finding == "" {
		p.view = whole
	}
	return p
}

// Start makes the plans.
func (p *Page) Start() tea.Cmd {
	if p.view == whole {
		return p.overview()
	}
	return p.plan()
}

// Scope implements page.Page.
func (p *Page) Scope() keys.Scope {
	if p.form.open && p.form.text(p) != nil {
		return keys.Text
	}
	return keys.Fixing
}

// Offers reports whether a key does something now.
func (p *Page) Offers(a keys.Action) bool {
	switch a {
	case keys.NextPane:
		return p.form.open
	case keys.Choose:
		return p.form.open || p.view == reading && p.mayApply().Zero() || p.listing() && p.rows() > 0
	case keys.View:
		return !p.form.open && p.turns()
	case keys.Approve:
		return p.view == reading && !p.form.open && p.mayApply().Zero()
	case keys.HandOut:
		return p.view == reading && !p.form.open && !p.notYet
	case keys.Undo:
		return p.view == after && !p.form.open && p.mayUndo().Zero()
	case keys.Retry:
		return p.view == after && !p.form.open && p.mayRetry() || p.listing() && p.err != nil
	}
	return true
}

// listing reports whether something is chosen from a list.
func (p *Page) listing() bool { return p.view == choices || p.view == whole }

// turns reports whether View shows something else.
func (p *Page) turns() bool {
	switch p.view {
	case choices, after:
		return true
	case whole: // the finding may be gone
		_, still := found(p.Walk.Diagnosis(), p.Finding)
		return still
	}
	return false
}

// Lively implements page.Page.
func (p *Page) Lively() bool { return p.deed != nothing || p.Walk.Running() }

// Unsettled reports whether leaving would cut something short.
func (p *Page) Unsettled() bool {
	return p.deed == applying || p.deed == continuing || p.deed == undoing
}

// JournalPath is where the investigation is recorded.
func (p *Page) JournalPath() string {
	if w, ok := p.Walk.(interface{ JournalPath() string }); ok {
		return w.JournalPath()
	}
	return ""
}

// Close implements page.Page. A call that is under way is recorded with its result.
func (p *Page) Close() { p.cancel() }

// Ended is closed when nothing of the page runs any more.
func (p *Page) Ended() <-chan struct{} {
	if p.feed != nil {
		return p.feed.Done()
	}
	done := make(chan struct{})
	close(done)
	return done
}

// offered are the proposals of the list in sight.
func (p *Page) offered() []remedy.Proposal {
	switch {
	case p.deed == planning || p.err != nil:
		return nil
	case p.view == choices:
		return p.proposals
	case p.view == whole && p.all != nil:
		return p.all.Proposals
	}
	return nil
}

// rows is how many things can be chosen in the list in sight: the fixes, and under
// them what was done in this investigation.
func (p *Page) rows() int {
	if p.listing() {
		return len(p.offered()) + len(p.runs)
	}
	return 0
}

// selected is the proposal under the cursor.
func (p *Page) selected() (remedy.Proposal, bool) {
	list := p.offered()
	if p.cursor.At < 0 || p.cursor.At >= len(list) {
		return remedy.Proposal{}, false
	}
	return list[p.cursor.At], true
}

// selectedRun is the run under the cursor.
func (p *Page) selectedRun() *remedy.Run {
	if i := p.cursor.At - len(p.offered()); p.listing() && i >= 0 && i < len(p.runs) {
		return p.runs[i]
	}
	return nil
}

// frozen is why nothing at all can be changed here, zero where it can.
func (p *Page) frozen() lang.Text {
	if p.ReadOnly {
		return lang.Both("Not possible in read-only mode", "読み取り専用モードのため実施不可")
	}
	if f := p.Walk.Fixer(); f != nil {
		return f.Frozen()
	}
	return lang.Text{}
}

// mayApply is why the plan in sight cannot be carried out, zero where it can.
func (p *Page) mayApply() lang.Text {
	switch {
	case !p.frozen().Zero():
		return p.frozen()
	case p.deed != nothing:
		return lang.Both("Something is under way", "処理中")
	case p.Walk.Running():
		return lang.Both("The walk is still reading", "切り分けの実行中")
	case p.notYet:
		return lang.Both("Its turn comes after the fixes above it; it is planned again then", "先の番号の手順を実施後に実施可能（手順は再作成）")
	case p.chosen.Planned.Plan.Mode == remedy.Guided:
		return lang.Both("Carried out by hand: w writes the work order, and monshin checks afterwards", "手作業の対処手順: w で作業手順書を出力、実施後に事後確認が可能")
	case p.chosen.Forecast != nil && p.chosen.Forecast.Worse() && p.dangerous():
		return lang.Both("Not offered: something would appear that is wrong", "実施不可: 新たな問題が発生する見込み")
	}
	return lang.Text{}
}

// dangerous reports whether something appears although the finding itself stays.
func (p *Page) dangerous() bool {
	f := p.chosen.Forecast
	return slices.Contains(f.Stays, p.chosen.Planned.Plan.Finding)
}

// mayUndo is why nothing can be taken back now.
func (p *Page) mayUndo() lang.Text {
	switch {
	case p.run == nil:
		return lang.Both("Nothing was done", "実施済みの手順なし")
	case p.run.ByHand:
		return lang.Both("Carried out by hand: the work order says how it is taken back", "手作業の対処手順（切り戻し方法は作業手順書に記載）")
	case !p.frozen().Zero():
		return p.frozen()
	case p.deed != nothing:
		return lang.Both("Something is under way", "処理中")
	}
	back, never := p.run.Undoable()
	switch {
	case len(back) > 0:
		return lang.Text{}
	case len(never) > 0:
		return lang.Both("There is no way back: %s", "切り戻し不可: %s").With(never[0].NoUndo)
	}
	return lang.Both("Nothing is left to be taken back", "切り戻し対象なし")
}

// mayRetry reports whether the run in sight can be gone on with, or checked.
func (p *Page) mayRetry() bool {
	return p.run != nil && p.deed == nothing && (p.unfinished() || p.run.Undone == nil && (p.run.ByHand || p.run.Begun()))
}

// unfinished reports whether the run in sight was cut short and can be gone on with.
func (p *Page) unfinished() bool {
	r := p.run
	return r != nil && p.frozen().Zero() && r.Approval != nil && !r.ByHand && r.Undone == nil && !r.Finished() &&
		!slices.ContainsFunc(r.Plan.Steps, func(s remedy.Step) bool {
			return r.State(s.ID) == remedy.Undoing || r.State(s.ID) == remedy.Reverted
		})
}

// fields are the text fields of the form, with their names. Only a plan is approved
// in somebody's name.
func (f *form) fields(p *Page) []named {
	if f.to != applying {
		return nil
	}
	var out []named
	if p.typedWord() != "" {
		out = append(out, named{lang.Both("Type %s", "確認のため %s を入力").With(cell.Clean(p.typedWord())), &f.typed})
	}
	return append(out,
		named{lang.Both("Approver (optional)", "承認者（任意）"), &f.approver},
		named{lang.Both("Ticket (optional)", "チケット番号（任意）"), &f.ticket})
}

type named struct {
	name  lang.Text
	field *field.Field
}

// text is the field that has the keys, nil for the buttons.
func (f *form) text(p *Page) *field.Field {
	all := f.fields(p)
	if f.focus < len(all) {
		return all[f.focus].field
	}
	return nil
}

// typedWord is the word that has to be typed, "" for none.
func (p *Page) typedWord() string {
	if p.form.to != applying {
		return ""
	}
	return p.chosen.Planned.Plan.Typed
}
